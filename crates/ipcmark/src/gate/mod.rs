//! `ipcmark gate`: whether a change may pass, by a policy in a file, in the formats that CI systems read.

mod args;
mod terminal;

pub(crate) use args::{EXAMPLES, GateArgs};

use crate::exit::{Exit, Usage};
use crate::{output, run};
use anyhow::{Context as _, Result, bail};
use ipcmark_gate::{
    Decision, Outcome, POLICY_FILE, Policy, SUMMARY_BYTES, TEMPLATE, annotations, cut_summary,
    judge, judge_unequal, outputs, to_json, to_junit, to_markdown,
};
use ipcmark_judge::{Error, Findings, compare, judge_paired};
use ipcmark_record::Paired;
use std::io::Write as _;
use std::path::Path;

/// Decides.
///
/// # Errors
/// A policy with a slip in it; documents that cannot be read; a file that cannot be written.
pub(crate) fn gate(args: &GateArgs) -> Result<Exit> {
    if args.print_policy {
        output::print(TEMPLATE)?;
        return Ok(Exit::Ok);
    }
    // Before what takes longer: a slip in the policy is told at once.
    let policy = policy(args.policy.as_deref())?;
    let outcome = match &args.of[..] {
        [paired] => judge(&of_pairs(paired)?, &policy),
        [base, new] => of_records(base, new, &policy)?,
        _ => bail!(Usage("name one paired comparison, or two records".into())),
    };
    report(&outcome, args)?;
    Ok(exit_of(&outcome))
}

/// The policy that was named, or that lies in the folder, or is built in.
///
/// # Errors
/// A file that was named and cannot be read; a slip in it.
pub(crate) fn policy(named: Option<&Path>) -> Result<Policy> {
    let own = Path::new(POLICY_FILE);
    let path = named.or_else(|| own.exists().then_some(own));
    let policy = path.map_or_else(|| Ok(Policy::default()), Policy::read);
    policy.map_err(|error| match error {
        ipcmark_gate::Error::Wrong { .. } => Usage(error.to_string()).into(),
        ipcmark_gate::Error::Read { .. } => anyhow::Error::new(error),
    })
}

/// What a document of a paired comparison says.
fn of_pairs(path: &Path) -> Result<Findings> {
    let within = path.join("paired.json");
    let path = if path.is_dir() { &within } else { path };
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !Paired::is_one(&text) {
        bail!(Usage(format!(
            "{} is no paired comparison (`ipcmark ab --out` writes one); to hold a record against another, name both",
            path.display()
        )));
    }
    let paired = Paired::parse(&text, &path.display().to_string())?;
    Ok(judge_paired(&paired, &ipcmark_judge::Policy::default()).findings())
}

/// What two records say that were taken at different times.
fn of_records(base: &Path, new: &Path, policy: &Policy) -> Result<Outcome> {
    let (base, new) = (run::read(base)?, run::read(new)?);
    match compare(&base, &new, &ipcmark_judge::Policy::default()) {
        Ok(comparison) => Ok(judge(&comparison.findings(), policy)),
        Err(Error::HostsDiffer { differences }) => {
            let words = |record| ipcmark_judge::Run::of(record).words();
            Ok(judge_unequal(&words(&base), &words(&new), &differences, policy))
        }
        Err(error) => Err(error.into()),
    }
}

/// Everything that was asked for: the files first, so that they are there whoever reads standard output.
///
/// # Errors
/// A file that cannot be written.
pub(crate) fn report(outcome: &Outcome, args: &GateArgs) -> Result<()> {
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    let markdown = to_markdown(outcome);
    args.markdown.as_ref().map_or(Ok(()), |path| write(path, &markdown))?;
    args.junit.as_ref().map_or(Ok(()), |path| write(path, &to_junit(outcome)))?;
    if args.json {
        return output::print(&to_json(outcome));
    }
    let mut text = terminal::text(outcome, output::columns());
    if args.github {
        for_github(outcome, &markdown)?;
        let root = std::env::var("GITHUB_WORKSPACE").ok();
        text += &annotations(outcome, root.as_deref());
    }
    output::print(&text)
}

/// Appends to the files that a workflow's step is given.
fn for_github(outcome: &Outcome, markdown: &str) -> Result<()> {
    if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        let path = Path::new(&path);
        let there = std::fs::metadata(path).map_or(0, |data| data.len() as usize);
        append(path, &cut_summary(markdown, SUMMARY_BYTES.saturating_sub(there)))?;
    }
    if let Some(path) = std::env::var_os("GITHUB_OUTPUT").filter(|path| !path.is_empty()) {
        append(Path::new(&path), &outputs(outcome))?;
    }
    Ok(())
}

fn append(path: &Path, text: &str) -> Result<()> {
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot append to {}", path.display()))
}

fn exit_of(outcome: &Outcome) -> Exit {
    match outcome.decision {
        Decision::Passed => Exit::Ok,
        Decision::Regressed => Exit::Failed,
        Decision::Inconclusive => Exit::Inconclusive,
    }
}

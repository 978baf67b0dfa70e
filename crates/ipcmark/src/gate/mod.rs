//! `ipcmark gate`: decides by a policy in a file whether a change may pass, for CI systems.

mod args;

pub(crate) use args::{EXAMPLES, GateArgs};

use crate::exit::{self, Exit, Usage};
use crate::{output, run};
use anyhow::{Context as _, Result, bail};
use ipcmark_judge::gate::{
    Outcome, POLICY_FILE, Policy, SUMMARY_BYTES, TEMPLATE, annotations, cut_summary, judge,
    judge_unequal, outputs, to_junit,
};
use ipcmark_judge::sequential::{self, Run};
use ipcmark_judge::{Error, Findings, Shares, Thresholds, paired, to_json};
use ipcmark_record::Paired;
use std::io::Write as _;
use std::path::Path;

/// Decides whether a change may pass.
///
/// # Errors
/// A policy with a mistake; documents that cannot be read; a file that cannot be written.
pub(crate) fn gate(args: &GateArgs) -> Result<Exit> {
    if args.print_policy {
        output::print(TEMPLATE)?;
        return Ok(Exit::Ok);
    }
    // First, because it is quick: a mistake in the policy shows immediately.
    let policy = policy(args.policy.as_deref())?;
    let outcome = match &args.of[..] {
        [paired] => judge(&of_pairs(paired)?, &policy),
        [base, new] => of_records(base, new, &policy)?,
        _ => bail!(Usage("name one paired comparison, or two records".into())),
    };
    report(&outcome, args)?;
    Ok(exit::of_verdict(outcome.decision.verdict()))
}

/// Returns the policy that was named, the one in the folder, or the built-in one.
fn policy(named: Option<&Path>) -> Result<Policy> {
    let own = Path::new(POLICY_FILE);
    let path = named.or_else(|| own.exists().then_some(own));
    let policy = path.map_or_else(|| Ok(Policy::default()), Policy::read);
    policy.map_err(|error| match error {
        Error::Policy(_) => Usage(error.to_string()).into(),
        error => anyhow::Error::new(error),
    })
}

/// Returns the findings of a paired comparison.
fn of_pairs(path: &Path) -> Result<Findings> {
    let within = path.join("paired.json");
    let path = if path.is_dir() { &within } else { path };
    let text = ipcmark_record::read_text(path)?;
    if !Paired::is_one(&text) {
        bail!(Usage(format!(
            "{} is not a paired comparison (`ipcmark ab --out` writes one); to compare two records, \
             name both",
            path.display()
        )));
    }
    let document = Paired::parse(&text, &path.display().to_string())?;
    Ok(paired::judge(&document, &Thresholds::default()).findings())
}

/// Judges two records of different times.
fn of_records(base: &Path, new: &Path, policy: &Policy) -> Result<Outcome> {
    let (base, new) = (run::read(base)?, run::read(new)?);
    match sequential::compare(&base, &new, &Shares::default()) {
        Ok(comparison) => Ok(judge(&comparison.findings(), policy)),
        Err(Error::HostsDiffer { differences }) => {
            let words = |record| Run::of(record).words();
            Ok(judge_unequal(&words(&base), &words(&new), &differences, policy))
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes the files first, so that they exist even if standard output fails.
fn report(outcome: &Outcome, args: &GateArgs) -> Result<()> {
    let document = outcome.document();
    let markdown = document.markdown();
    args.markdown.as_ref().map_or(Ok(()), |path| output::write(path, &markdown))?;
    args.junit.as_ref().map_or(Ok(()), |path| output::write(path, &to_junit(outcome)))?;
    if args.json {
        return output::print(&to_json(outcome));
    }
    output::document(&document, false, "--markdown FILE")?;
    if args.github {
        for_github(outcome, &markdown)?;
        let root = std::env::var("GITHUB_WORKSPACE").ok();
        let lines = annotations(outcome, root.as_deref());
        return if lines.is_empty() { Ok(()) } else { output::print(&lines) };
    }
    Ok(())
}

/// Appends to the files of a workflow's step.
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

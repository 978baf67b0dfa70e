//! `ipcmark rules`: the rules that each mechanism documents, checked on this machine.

use crate::Catalog;
use crate::cli::{RulesArgs, all};
use crate::exit::{Exit, Usage};
use crate::{folder, output, rules};
use anyhow::{Context as _, Result};
use ipcmark_record::{Record, Rule, Verdict, Writer};
use ipcmark_rules::{Trial, Watch};
use ipcmark_show::{plural, wall};
use ipcmark_suite::Selector;
use ipcmark_sys::process::{self, Interrupts};
use serde::Serialize;
use std::slice::from_ref;
use std::time::{Duration, Instant};

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// Names this form; the number behind the slash is its version.
    schema: &'static str,
    rules: &'a [Rule],
}

/// Tries the rules that the command line names.
///
/// # Errors
/// A glob names nothing; a record cannot be read or written.
pub(crate) fn rules(catalog: &Catalog, args: &RulesArgs) -> Result<Exit> {
    let trials = chosen(catalog, args)?;
    if args.list {
        output::print(&listed(&trials))?;
        return Ok(Exit::Ok);
    }
    let _interrupts = Interrupts::handle()?;
    let (tried, interrupted) = try_out(&trials, None, args.quiet)?;
    if args.json {
        let document = Document { schema: "ipcmark.rules/1", rules: &tried };
        output::print(&serde_json::to_string_pretty(&document)?)?;
    } else {
        output::print(&rules::text(&tried, output::columns()))?;
    }
    if interrupted {
        output::warn(&format!("interrupted after {} of {} rules", tried.len(), trials.len()));
        return Ok(Exit::Interrupted);
    }
    if let Some(path) = &args.into {
        keep(path, &tried)?;
    }
    let broken = tried.iter().any(|rule| rule.verdict == Verdict::Broken);
    Ok(if broken { Exit::Failed } else { Exit::Ok })
}

/// Tries every rule for at most `within`, for the record of a run; `None` if a signal came before all
/// were tried. The run handles signals already ([`Interrupts`]): a second handler would forget an
/// earlier signal.
pub(crate) fn all_rules(
    catalog: &Catalog,
    within: Duration,
    quiet: bool,
) -> Result<Option<Vec<Rule>>> {
    let (tried, interrupted) = try_out(catalog.rules(), Some(within), quiet)?;
    Ok((!interrupted).then_some(tried))
}

/// Tries rules; returns them, and true if a signal came.
fn try_out(trials: &[Trial], within: Option<Duration>, quiet: bool) -> Result<(Vec<Rule>, bool)> {
    if !quiet {
        let at_most = within.map(|within| format!(", for at most {}", wall(within)));
        let rules = plural(trials.len(), "documented rule");
        output::say(&format!("Checking {rules}{}.", at_most.unwrap_or_default()));
    }
    let until = within.map(|within| Instant::now() + within);
    let tried = ipcmark_rules::run(trials, until, &mut Progress { quiet, left: trials.len() })?;
    Ok((tried, process::is_interrupted()))
}

/// Returns the rules whose `family/name` a glob matches; all of them without globs.
fn chosen(catalog: &Catalog, args: &RulesArgs) -> Result<Vec<Trial>> {
    let trials = catalog.rules();
    let names: Vec<String> = trials.iter().map(Trial::full_name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let globs = all(&args.rules);
    // The selector's own message would be about transports.
    let stray = globs.iter().find(|&glob| Selector::choose(from_ref(glob), &names).is_err());
    if let Some(stray) = stray {
        let mut families: Vec<_> = trials.iter().map(|trial| trial.family).collect();
        families.dedup();
        let families = families.join(", ");
        return Err(Usage(format!(
            "'{stray}': no rule has this name. There are rules of {families}; `ipcmark rules --list` shows each"
        ))
        .into());
    }
    let wanted = Selector::choose(&globs, &names).map_err(|e| Usage(e.to_string()))?;
    Ok(trials
        .iter()
        .zip(&names)
        .filter(|(_, name)| wanted.contains(name))
        .map(|(t, _)| *t)
        .collect())
}

/// Returns name and rule of each.
fn listed(trials: &[Trial]) -> String {
    let width = trials.iter().map(|trial| trial.full_name().len()).max().unwrap_or(0);
    let line = |trial: &Trial| {
        format!("{:<width$}  {} ({})\n", trial.full_name(), trial.rule, trial.reference)
    };
    trials.iter().map(line).collect()
}

/// Adds the rules to the record of a run, and writes its report again.
fn keep(path: &std::path::Path, tried: &[Rule]) -> Result<()> {
    let file = folder::record_at(path);
    let mut record = Record::read(&file)?;
    for rule in tried {
        record.rules.retain(|old| (&old.family, &old.name) != (&rule.family, &rule.name));
        record.rules.push(rule.clone());
    }
    Writer::create(&file, &record)?.finish(&record)?;
    let folder = file.parent().unwrap_or(path);
    ipcmark_report::write(&record, folder)
        .context("the rules are in the record, but its report could not be written")?;
    output::say(&format!("Report: {}", folder.join("index.html").display()));
    Ok(())
}

/// One line on standard error for each rule under way, where that is a terminal.
struct Progress {
    quiet: bool,
    left: usize,
}

impl Watch for Progress {
    fn begins(&mut self, trial: &Trial) {
        if !self.quiet && console::user_attended_stderr() {
            let _ = console::Term::stderr().write_str(&format!(
                "\r\x1b[K{} to go: {}",
                self.left,
                trial.full_name()
            ));
        }
    }

    fn ended(&mut self, _: &Rule) {
        self.left -= 1;
        if !self.quiet && console::user_attended_stderr() {
            let _ = console::Term::stderr().clear_line();
        }
    }
}

//! `ipcmark compare`: two records side by side, and an exit code for scripts.

use crate::cli::CompareArgs;
use crate::exit::{Exit, Usage};
use crate::{output, run};
use anyhow::{Context as _, Result};
use ipcmark_compare::{Comparison, Error, Policy, Verdict, compare as judge, to_json, to_markdown};

/// Compares.
///
/// # Errors
/// Records that cannot be read; records of different machines, unless the user insists; a file that cannot be written.
pub(crate) fn compare(args: &CompareArgs) -> Result<Exit> {
    let (base, new) = (run::read(&args.base)?, run::read(&args.new)?);
    let policy = Policy { across_hosts: args.across_hosts, ..Policy::default() };
    let comparison = judge(&base, &new, &policy).map_err(|error| match error {
        Error::HostsDiffer { .. } | Error::TooFewRuns { .. } => Usage(error.to_string()).into(),
        Error::Record { .. } => anyhow::Error::new(error),
    })?;
    let markdown = to_markdown(&comparison);
    if let Some(path) = &args.markdown {
        std::fs::write(path, &markdown)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    output::print(&if args.json { to_json(&comparison) } else { markdown })?;
    Ok(exit_of(&comparison))
}

/// Inconclusive is never green.
fn exit_of(comparison: &Comparison) -> Exit {
    match comparison.worst() {
        Verdict::Regressed => Exit::Failed,
        Verdict::Inconclusive => Exit::Inconclusive,
        Verdict::Improved | Verdict::Equivalent => Exit::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::sample;

    #[test]
    fn the_exit_follows_the_worst_verdict() {
        let policy = Policy::default();
        let base = sample::record(1, 6);
        let same = judge(&base, &base, &policy).unwrap();
        assert_ne!(exit_of(&same), Exit::Failed, "a record against itself has not regressed");
        let mut short = base.clone();
        short.cells.iter_mut().for_each(|cell| cell.invocations.truncate(1));
        let undecided = judge(&base, &short, &policy).unwrap();
        assert_eq!(exit_of(&undecided), Exit::Inconclusive, "one invocation decides nothing");
    }
}

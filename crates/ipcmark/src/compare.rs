//! `ipcmark compare`: two records side by side, and an exit code for scripts.

use crate::cli::CompareArgs;
use crate::exit::{self, Exit, Usage};
use crate::{output, run};
use anyhow::{Context as _, Result, bail};
use ipcmark_judge::{
    Comparison, Error, Policy, across_to_json, across_to_markdown, compare as judge,
    compare_across_hosts, to_json, to_markdown,
};
use ipcmark_record::Record;

/// Compares.
///
/// # Errors
/// Records that cannot be read; records of different machines, unless the user insists; a file that cannot be written.
pub(crate) fn compare(args: &CompareArgs) -> Result<Exit> {
    let (base, new) = (run::read(&args.base)?, run::read(&args.new)?);
    let comparison = match judge(&base, &new, &Policy::default()) {
        Err(Error::HostsDiffer { .. }) if args.across_hosts => return across(&base, &new, args),
        Err(error @ Error::Record { .. }) => return Err(error.into()),
        Err(error) => bail!(Usage(error.to_string())),
        Ok(comparison) => comparison,
    };
    let json = args.json.then(|| to_json(&comparison));
    print(&to_markdown(&comparison), json, args)?;
    Ok(exit_of(&comparison))
}

/// Machines that differ: each cell beside the limits of its own. No verdict, so never an exit that says that all is well.
fn across(base: &Record, new: &Record, args: &CompareArgs) -> Result<Exit> {
    let comparison = compare_across_hosts(base, new)?;
    let json = args.json.then(|| across_to_json(&comparison));
    print(&across_to_markdown(&comparison), json, args)?;
    Ok(Exit::Inconclusive)
}

fn print(markdown: &str, json: Option<String>, args: &CompareArgs) -> Result<()> {
    if let Some(path) = &args.markdown {
        std::fs::write(path, markdown)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    output::print(json.as_deref().unwrap_or(markdown))
}

fn exit_of(comparison: &Comparison) -> Exit {
    exit::of_verdict(comparison.worst())
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

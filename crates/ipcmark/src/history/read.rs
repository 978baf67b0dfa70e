//! From a store to the series that a user asks for.

use super::read_args::SeriesArgs;
use crate::exit::Usage;
use crate::output;
use anyhow::{Result, bail};
use ipcmark_history::{History, Line, Scanned, Store, Wanted};
use ipcmark_show::plural;
use ipcmark_stats::Scan;
use std::collections::BTreeMap;

/// Name of all branches together.
const ALL: &str = "*";

/// Returns the runs of one branch.
///
/// # Errors
/// Those of the store; a branch without runs; a store without runs.
pub(super) fn runs(store: &dyn Store, args: &SeriesArgs) -> Result<Vec<Line>> {
    let lines = super::lines(store)?;
    if lines.runs.is_empty() {
        let name = store.name();
        bail!(Usage(format!("{name} holds no runs; `ipcmark history add RECORD` adds one")));
    }
    of_branch(lines.runs, args.branch.as_deref())
}

/// Returns their series that `globs` match, scanned. The result of a series depends on the number of
/// series scanned.
///
/// # Errors
/// Globs that match no series.
pub(super) fn scanned(runs: &[Line], globs: &[String]) -> Result<Scanned> {
    let wanted = Wanted::new(globs);
    let all = History::of(runs);
    let example = all.series.first().map_or_else(String::new, |s| s.name());
    let history = all.keep(|series| wanted.takes(series));
    if history.series.is_empty() {
        bail!(Usage(format!(
            "no series matches '{}'; a name is e.g. '{example}'",
            globs.join("', '")
        )));
    }
    Ok(Scanned::of(history, &Scan::default()))
}

/// Returns the runs of one branch: a change that was never merged is not a change of the project.
fn of_branch(runs: Vec<Line>, asked: Option<&str>) -> Result<Vec<Line>> {
    let mut branches: BTreeMap<&str, usize> = BTreeMap::new();
    for branch in runs.iter().filter_map(|line| line.attributes.branch.as_deref()) {
        *branches.entry(branch).or_default() += 1;
    }
    let known: Vec<&str> = branches.keys().copied().collect();
    let most = branches.iter().max_by_key(|(_, n)| **n).map_or(ALL, |(branch, _)| *branch);
    let branch = asked.unwrap_or(most).to_owned();
    if branch != ALL && !known.contains(&branch.as_str()) {
        bail!(Usage(format!(
            "branch '{branch}' has no runs; there are runs of {}",
            if known.is_empty() { "no branch at all".into() } else { known.join(", ") }
        )));
    }
    let taken = |line: &Line| {
        branch == ALL || line.attributes.branch.as_ref().is_none_or(|known| *known == branch)
    };
    let others = runs.iter().filter(|line| !taken(line)).count();
    if others > 0 && asked.is_none() {
        let others = plural(others, "run");
        output::warn(&format!(
            "runs of branch {branch}; {others} of other branches left out (--branch '{ALL}' takes all)"
        ));
    }
    Ok(runs.into_iter().filter(taken).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_history::sample;

    #[test]
    fn one_branch_is_taken_unless_all_are_asked_for() {
        let mut runs = sample::lines(1, 10, 1);
        let all = runs.len();
        for (line, branch) in runs.iter_mut().zip([Some("try"), Some("try"), None]) {
            line.attributes.branch = branch.map(Into::into);
        }
        let of = |branch| of_branch(runs.clone(), branch).map(|runs| runs.len());
        assert_eq!(of(None).unwrap(), all - 2);
        assert_eq!(of(Some("try")).unwrap(), 3);
        assert_eq!(of(Some("*")).unwrap(), all);
        let said = of(Some("master")).unwrap_err().to_string();
        assert!(said.contains("'master'") && said.contains("main, try"), "{said}");
    }

    #[test]
    fn a_glob_that_fits_nothing_is_told_what_would() {
        let runs = sample::lines(1, 10, 2);
        let said = scanned(&runs, &["telepathy".into()]).unwrap_err().to_string();
        assert!(said.contains("'telepathy'") && said.contains("pipe/block ping-pong"), "{said}");
        assert!(!scanned(&runs, &["pipe".into()]).unwrap().history.series.is_empty());
    }
}

//! `ipcmark history list`: which runs there are.

use super::args::ListArgs;
use crate::exit::Exit;
use crate::layout::{fitting, plain};
use crate::output;
use anyhow::Result;
use ipcmark_history::{Line, Store};
use jiff::Timestamp;

/// Lists, newest last.
///
/// # Errors
/// What the store says; standard output that cannot be written to.
pub(super) fn list(store: &dyn Store, args: &ListArgs) -> Result<Exit> {
    let lines = super::lines(store)?;
    if args.json {
        let texts: Result<Vec<String>, _> = lines.runs.iter().map(serde_json::to_string).collect();
        let texts = texts?;
        if !texts.is_empty() {
            output::print(&texts.join("\n"))?;
        }
        return Ok(Exit::Ok);
    }
    let mut table = plain(&["run", "commit", "committed", "branch", "machine", "suite", "figures"]);
    table.add_rows(lines.runs.iter().map(row));
    let machines: std::collections::BTreeSet<&str> =
        lines.runs.iter().map(|line| line.attributes.host.as_str()).collect();
    let (runs, hosts) = (lines.runs.len(), machines.len());
    let runs = if runs == 1 { "1 run".into() } else { format!("{runs} runs") };
    let hosts = if hosts == 1 { "1 machine".into() } else { format!("{hosts} machines") };
    let text = fitting(&mut table, output::columns(), &[6, 5, 3, 2]);
    output::print(&format!("{text}\n\n{}: {runs} of {hosts}", store.name()))?;
    Ok(Exit::Ok)
}

fn row(line: &Line) -> [String; 7] {
    let attributes = &line.attributes;
    let or_none = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".into());
    let committed = attributes.commit_time.is_some().then(|| day(line.timestamp));
    [
        line.run.clone(),
        attributes.git_commit.as_deref().map_or_else(|| "-".into(), |hash| short(hash).into()),
        or_none(&committed.flatten()),
        or_none(&attributes.branch),
        attributes.host.clone(),
        attributes.suite.clone(),
        line.metrics.len().to_string(),
    ]
}

fn day(seconds: i64) -> Option<String> {
    Some(Timestamp::from_second(seconds).ok()?.strftime("%Y-%m-%d %H:%M").to_string())
}

/// The twelve digits of a commit that people read.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

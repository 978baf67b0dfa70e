//! `ipcmark history list`: the runs of a store.

use super::args::ListArgs;
use crate::exit::Exit;
use crate::output;
use anyhow::Result;
use ipcmark_history::{Line, Store};
use ipcmark_show::{Head, Table, plural, terminal};
use jiff::Timestamp;

/// Lists, newest last.
///
/// # Errors
/// Those of the store; standard output that cannot be written to.
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
    let heads = vec![
        Head::words("run", ""),
        Head::words("commit", ""),
        Head::words("committed", ""),
        Head::words("branch", "").spare(4),
        Head::words("machine", "").spare(3),
        Head::words("suite", "").spare(2),
        Head::number("figures", "").spare(1),
    ];
    let rows = lines.runs.iter().map(|line| row(line).map(Into::into).to_vec()).collect();
    let text = terminal::table(&Table { heads, rows }, output::columns(), &output::paint);
    let machines: std::collections::BTreeSet<&str> =
        lines.runs.iter().map(|line| line.attributes.host.as_str()).collect();
    let (runs, hosts) = (plural(lines.runs.len(), "run"), plural(machines.len(), "machine"));
    output::print(&format!("{text}\n{}: {runs} of {hosts}", store.name()))?;
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

/// Returns twelve digits of a commit.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

//! `ipcmark history add`: runs into a store.

use super::args::AddArgs;
use super::list::short;
use crate::exit::{Exit, Usage};
use crate::{output, run};
use anyhow::{Context as _, Result};
use ipcmark_history::{Appended, Error, Provenance, Run, Store};
use ipcmark_record::Record;
use ipcmark_show::plural;
use jiff::Timestamp;
use std::path::Path;

/// Adds each of the records; what was added before an error stays added.
///
/// # Errors
/// A record that cannot be read or has no end; errors of the store.
pub(super) fn add(store: &dyn Store, args: &AddArgs) -> Result<Exit> {
    let reference = args.reference.as_deref().map(run::read).transpose();
    let reference = reference.context("the reference")?;
    for path in &args.records {
        let record = run::read(path)?;
        let provenance = provenance(args, &record);
        let run = Run::of(&record, &provenance, reference.as_ref()).map_err(|e| unfit(path, e))?;
        let appended = store.append(&run).with_context(|| path.display().to_string())?;
        for remark in remarks(&record, &provenance) {
            output::warn(&format!("{}: {remark}", path.display()));
        }
        output::print(&told(store, &run, &provenance, appended))?;
    }
    Ok(Exit::Ok)
}

fn provenance(args: &AddArgs, record: &Record) -> Provenance {
    let variable = |name: &str| std::env::var(name).ok();
    let (commit, measured) = (args.commit.as_deref(), record.host.checkout.as_ref());
    let found = Provenance::found(Path::new("."), commit, measured, variable);
    Provenance {
        commit_time: args.commit_time.or(found.commit_time),
        branch: args.branch.clone().or(found.branch),
        repository: args.repository.clone().or(found.repository),
        more: args.attribute.iter().cloned().collect(),
        ..found
    }
}

fn unfit(path: &Path, error: Error) -> anyhow::Error {
    match error {
        Error::Unfit(what) => Usage(format!("{}: {what}", path.display())).into(),
        other => anyhow::Error::new(other).context(path.display().to_string()),
    }
}

/// Returns what makes a run doubtful as a point of a history.
fn remarks(record: &Record, provenance: &Provenance) -> Vec<String> {
    let mut remarks = Vec::new();
    if record.tool.profile != "release" {
        let profile = &record.tool.profile;
        remarks.push(format!("measured by a {profile} build, whose figures make a poor history"));
    }
    let started = record.started.parse::<Timestamp>().ok();
    if let Some((started, time)) = started.zip(provenance.commit_time)
        && started < time
    {
        remarks.push(format!(
            "the run began at {started}, before its commit was made at {time}; if it measured another commit, name that with \
             --commit"
        ));
    }
    let measured = record.host.checkout.as_ref().and_then(|checkout| checkout.commit.as_deref());
    if let Some((measured, named)) = measured.zip(provenance.commit.as_deref())
        && !named.starts_with(measured)
    {
        remarks.push(format!(
            "the run began in a checkout of {}, and is added under {}, which was named",
            short(measured),
            short(named)
        ));
    }
    remarks
}

/// `added 2026/01/... (236 figures, commit 0123456789ab) to reports/history`.
fn told(store: &dyn Store, run: &Run, provenance: &Provenance, appended: Appended) -> String {
    let line = run.line();
    let why = provenance.unknown.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
    let commit = match &line.attributes.git_commit {
        None => format!("commit not known{why}: its place in a series is the time of the run"),
        Some(hash) if provenance.commit_time.is_none() => {
            format!("commit {}, whose time is not known{why}", short(hash))
        }
        Some(hash) => format!("commit {}", short(hash)),
    };
    let (key, figures) = (run.key(), plural(line.metrics.len(), "figure"));
    match appended {
        Appended::New => format!("added {key} ({figures}, {commit}) to {}", store.name()),
        Appended::Already => format!("{key} is in {} already; nothing was added", store.name()),
    }
}

//! `ipcmark history add`: runs into a store.

use super::args::AddArgs;
use crate::exit::{Exit, Usage};
use crate::{output, run};
use anyhow::{Context as _, Result};
use ipcmark_history::{Appended, Error, Provenance, Run, Store};
use ipcmark_record::Record;
use std::path::Path;

/// Adds each of the records; what was added before an error stays added.
///
/// # Errors
/// A record that cannot be read or has no end; errors of the store.
pub(super) fn add(store: &dyn Store, args: &AddArgs) -> Result<Exit> {
    let provenance = provenance(args);
    let reference = args.reference.as_deref().map(run::read).transpose();
    let reference = reference.context("the reference")?;
    for path in &args.records {
        let record = run::read(path)?;
        let run = Run::of(&record, &provenance, reference.as_ref()).map_err(|e| unfit(path, e))?;
        let appended = store.append(&run).with_context(|| path.display().to_string())?;
        remarks(path, &record);
        output::print(&told(store, &run, appended))?;
    }
    Ok(Exit::Ok)
}

fn provenance(args: &AddArgs) -> Provenance {
    let found =
        Provenance::found(Path::new("."), args.commit.as_deref(), |name| std::env::var(name).ok());
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

fn remarks(path: &Path, record: &Record) {
    if record.tool.profile != "release" {
        let profile = &record.tool.profile;
        output::warn(&format!(
            "{} was measured by a {profile} build: its figures make a poor history",
            path.display()
        ));
    }
}

/// `added 2026/01/... (236 figures, commit 0123456789ab) to reports/history`.
fn told(store: &dyn Store, run: &Run, appended: Appended) -> String {
    let line = run.line();
    let commit = line.attributes.git_commit.as_deref().map_or_else(
        || "commit not known: its place in a series is the time of the run".into(),
        |hash| format!("commit {}", super::list::short(hash)),
    );
    let (key, figures) = (run.key(), line.metrics.len());
    match appended {
        Appended::New => format!("added {key} ({figures} figures, {commit}) to {}", store.name()),
        Appended::Already => format!("{key} is in {} already; nothing was added", store.name()),
    }
}

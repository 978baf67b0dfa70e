//! All that the program reads from others, as functions over bytes: property tests and fuzzers call them.
//!
//! Each does with its document what the commands do with it, in memory: it judges, exports and draws, and prints nothing.
//! A document is taken or refused in words; nothing of it makes a reader panic, hang, or take memory without end.

use crate::cli::{Cli, Command, RunArgs};
use crate::selection::Job;
use crate::steer::steer;
use crate::{Catalog, rules, table};
use anyhow::{Result, ensure};
use clap::Parser as _;
use ipcmark_export::{Document, Format, Options, export};
use ipcmark_history::{History, Lines, Provenance, Run, Scanned, otava, store};
use ipcmark_judge::gate::{Policy, annotations, judge, outputs, to_junit};
use ipcmark_judge::{
    Findings, Shares, Terminal, Thresholds, agreement, paired, sequential, to_json,
};
use ipcmark_record::{Paired, Record};
use ipcmark_stats::Scan;
use ipcmark_suite::{Axes, Suite};
use ipcmark_summary::summarize;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A reader of one kind of document.
pub type Reader = fn(&[u8]) -> Result<()>;

/// All readers; each has the name of the folder of its seeds in `fuzz/seeds`.
pub const ALL: [(&str, Reader); 8] = [
    ("record", record),
    ("journal", journal),
    ("paired", pairs),
    ("history", history),
    ("store", stored),
    ("suite", suite),
    ("policy", policy),
    ("command", command),
];

/// Width of the terminal that is not there.
const COLUMNS: Option<u16> = Some(100);

/// Reads a record, and does with it what `report`, `run --resume`, `export`, `compare`, `gate`, `repeat` and `history add` do.
///
/// # Errors
/// Why it is refused.
pub fn record(bytes: &[u8]) -> Result<()> {
    let record = Record::parse(std::str::from_utf8(bytes)?, "record.json")?;
    use_record(record)
}

fn use_record(record: Record) -> Result<()> {
    let resumed = Job::of_record(&Catalog::builtin(), &record, &RunArgs::default()).map(|_| ());
    steer(&record.settings).round(&record);
    let told = tell(&record);
    let drawn = ipcmark_report::html(&record).and_then(|_| ipcmark_report::markdown(&record));
    let is_over = record.finished.is_some();
    let filed = is_over.then(|| Run::of(&record, &Provenance::default(), None)).transpose();
    let compared = sequential::compare(&record, &record, &Shares::default());
    let compared = compared.map(|comparison| show(&comparison.findings(), &Policy::default()));
    let across = sequential::compare_across_hosts(&record, &record).map(|c| to_json(&c));
    let agreed =
        agreement::agreement(&[record.clone(), record.clone()]).map(|a| a.document().markdown());
    export_all(&Document::Record(Box::new(record)))?;
    resumed.and(told)?;
    drawn?;
    filed?;
    compared?;
    across?;
    agreed?;
    Ok(())
}

/// Makes the tables of the terminal.
fn tell(record: &Record) -> Result<()> {
    let summary = summarize(record)?;
    let _ = table::machine(record, &summary, COLUMNS)
        + &table::tables(&summary, COLUMNS)
        + &table::answer(&summary, &record.knees, COLUMNS)
        + &rules::text(&record.rules, COLUMNS)
        + &serde_json::to_string(&summary.rows)?;
    Ok(())
}

fn export_all(document: &Document) -> Result<()> {
    let options = Options { baseline: None, timestamps: true };
    let results = Format::ALL.map(|format| export(document, format, &options));
    // A format that this build lacks, or that takes no such document, says nothing about the document.
    ensure!(results.iter().any(Result::is_ok), "no format takes it");
    Ok(())
}

/// Writes all that a gate writes.
fn show(findings: &Findings, policy: &Policy) {
    let outcome = judge(findings, policy);
    let document = outcome.document();
    let plain = |_, text: &str| text.to_owned();
    let how = Terminal { columns: COLUMNS, all: true, paint: &plain, rest: "--all" };
    let _ = document.markdown() + &document.terminal(how) + &to_json(&outcome);
    let _ = annotations(&outcome, Some("/")) + &outputs(&outcome) + &to_junit(&outcome);
}

/// Reads a record, which is the first line, and the lines of its journal behind it.
///
/// # Errors
/// Why the record is refused. A bad line of the journal is left out.
pub fn journal(bytes: &[u8]) -> Result<()> {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (first, lines) = bytes.split_at(end);
    let record = in_folder(|folder| {
        let path = folder.join("record.json");
        std::fs::write(&path, first)?;
        std::fs::write(ipcmark_record::journal_path(&path), lines)?;
        Ok(Record::read(&path)?)
    })?;
    use_record(record)
}

/// Does something in a folder of its own, which is gone afterwards.
fn in_folder<T>(work: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let name = format!("ipcmark-readers-{}-{:?}", std::process::id(), std::thread::current().id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder)?;
    let done = work(&folder);
    std::fs::remove_dir_all(&folder)?;
    done
}

/// Reads a paired comparison and judges it.
///
/// # Errors
/// Why it is refused.
pub fn pairs(bytes: &[u8]) -> Result<()> {
    let document = Paired::parse(std::str::from_utf8(bytes)?, "paired.json")?;
    let policy = Thresholds::default();
    let comparison = paired::judge(&document, &policy);
    let _ = comparison.document().markdown() + &to_json(&comparison);
    show(&comparison.findings(), &Policy::default());
    let _ = paired::candidates(&document, &policy);
    let _ = paired::needs_more(&document, &policy);
    let _ = paired::unconfirmed(&document, &policy);
    let _ = paired::Trials::of(&[comparison]);
    export_all(&Document::Paired(Box::new(document)))
}

/// Reads lines of a history, scans them and draws their page.
///
/// # Errors
/// Why they are refused.
pub fn history(bytes: &[u8]) -> Result<()> {
    let mut lines = Lines::default();
    lines.read("lines.ndjson", bytes);
    use_lines(&lines)
}

fn use_lines(lines: &Lines) -> Result<()> {
    ensure!(!lines.runs.is_empty(), lines.census());
    let history = History::of(&lines.runs);
    let _ = otava(&history);
    let scanned = Scanned::of(history, &Scan::default());
    let steps = scanned.latest_first();
    steps.into_iter().for_each(|(series, change)| drop(scanned.next_step(series, change)));
    ipcmark_report::history::html(&scanned, "history")?;
    Ok(())
}

/// Puts the bytes into a store, once as a line and once as a packed record; reads and repairs it.
///
/// # Errors
/// Why it is refused.
pub fn stored(bytes: &[u8]) -> Result<()> {
    in_folder(|folder| use_store(folder, bytes))
}

fn use_store(folder: &Path, bytes: &[u8]) -> Result<()> {
    const KEY: &str = "2026/11/20261130T140000Z-0000000000000000";
    for (place, ending) in [("lines", "ndjson"), ("runs", "json.gz")] {
        let path = folder.join(format!("{place}/{KEY}.{ending}"));
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(path, bytes)?;
    }
    let store = store::open(&folder.to_string_lossy())?;
    let as_line = use_lines(&store.lines()?);
    store.repair()?;
    let as_record = store.record(KEY);
    let again = use_lines(&store.lines()?);
    // It cannot be both.
    as_record.map(|_| ()).or(as_line.or(again))
}

/// Reads a suite and expands it to cells.
///
/// # Errors
/// Why it is refused.
pub fn suite(bytes: &[u8]) -> Result<()> {
    let suite = Suite::parse(std::str::from_utf8(bytes)?, "suite.toml")?;
    suite.cells(&Axes::default(), &Catalog::builtin().infos())?;
    Ok(())
}

/// Reads a policy.
///
/// # Errors
/// Why it is refused.
pub fn policy(bytes: &[u8]) -> Result<()> {
    Policy::parse(std::str::from_utf8(bytes)?, "policy.toml")?;
    Ok(())
}

/// Reads a command line, whose arguments a byte of 0 separates; `run` finds its cells, too.
///
/// # Errors
/// Why it is refused.
pub fn command(bytes: &[u8]) -> Result<()> {
    let words = bytes.split(|byte| *byte == 0).map(OsStr::from_bytes);
    let line = Cli::try_parse_from([OsStr::new("ipcmark")].into_iter().chain(words))?;
    if let Some(Command::Run(args)) = line.command {
        Job::of(&Catalog::builtin(), &args)?.refuse_empty_phases()?;
    }
    Ok(())
}

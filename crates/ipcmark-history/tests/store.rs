//! Stores, tried with made-up records.

use ipcmark_history::{Appended, Figure, Provenance, Run, TroubleKind, store};
use ipcmark_record::{Record, sample};
use ipcmark_summary::Bound;
use std::path::Path;

/// A record that no other call with another number makes.
fn record(n: u64) -> Record {
    let mut record = sample::record_of(n, 7, |key| key.size_bytes == 64);
    record.started = format!("2026-03-01T10:{:02}:00.5Z", n % 60);
    record.finished = Some(format!("2026-03-01T10:{:02}:50Z", n % 60));
    record
}

fn run(n: u64) -> Run {
    let commit = Some(format!("{n:040x}"));
    Run::of(&record(n), &Provenance { commit, ..Provenance::default() }, None).unwrap()
}

fn open(folder: &Path) -> Box<dyn store::Store> {
    store::open(folder.to_str().unwrap()).unwrap()
}

#[test]
fn what_was_added_is_read_and_twice_is_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(store.lines().unwrap().census(), "read 0 runs");
    for n in [2, 1, 3] {
        assert_eq!(store.append(&run(n)).unwrap(), Appended::New);
    }
    assert_eq!(store.append(&run(2)).unwrap(), Appended::Already);
    let lines = store.lines().unwrap();
    assert_eq!(lines.census(), "read 3 runs");
    let expected: Vec<_> = (1..=3).map(|n| run(n).line().clone()).collect();
    assert_eq!(lines.runs, expected, "in order of time, each as it was given");
    assert_eq!(store.record(run(2).key()).unwrap(), record(2));
    assert!(store.record("2026/03/none").unwrap_err().to_string().contains("history list"));
    assert!(!folder.path().join(".writing").exists());
}

#[test]
fn a_line_holds_the_figures_of_its_record() {
    let record = record(5);
    let line = run(5).line().clone();
    let p50 = line
        .metrics
        .iter()
        .find(|m| m.name == "pipe/block ping-pong 64 B cross-core @one cache: p50");
    let p50 = p50.unwrap_or_else(|| panic!("{:#?}", line.metrics));
    let (low, high) = p50.interval().unwrap();
    assert!(low <= p50.value && p50.value <= high && p50.n >= 6, "{p50:?}");
    assert_eq!(line.attributes.host, record.host.fingerprint);
    for figure in
        [Figure::P50, Figure::P99, Figure::TimePerMessage, Figure::Times(Bound::LineOrCopies)]
    {
        assert!(line.metrics.iter().any(|m| m.figure() == Some(figure)), "{figure}");
    }
    let mut names: Vec<_> = line.metrics.iter().map(|m| &m.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), line.metrics.len(), "names are unique");
}

#[test]
fn a_ratio_to_a_reference_tells_how_much_slower() {
    let reference = record(1);
    let mut slow = record(2);
    slow.cells.iter_mut().for_each(|cell| sample::slow_down(cell, 1.5));
    let run = Run::of(&slow, &Provenance::default(), Some(&reference)).unwrap();
    let ratios: Vec<_> =
        run.line().metrics.iter().filter(|m| m.figure() == Some(Figure::TimesReference)).collect();
    assert!(ratios.len() > 3, "{:#?}", run.line().metrics);
    for metric in &ratios {
        assert!((1.2..1.9).contains(&metric.value), "{metric:?}");
    }
    let mut other = record(1);
    other.host.fingerprint = "0000000000000000".into();
    let said = Run::of(&slow, &Provenance::default(), Some(&other)).unwrap_err().to_string();
    assert!(said.contains("one machine"), "{said}");
}

#[test]
fn a_bad_file_costs_no_other_and_a_line_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let runs: Vec<_> = (1..=4).map(run).collect();
    for run in &runs {
        store.append(run).unwrap();
    }
    let line_at = |n: usize| folder.path().join(format!("lines/{}.ndjson", runs[n].key()));
    let text = std::fs::read(line_at(0)).unwrap();
    std::fs::write(line_at(0), &text[..text.len() / 2]).unwrap();
    std::fs::remove_file(line_at(1)).unwrap();
    let newer = String::from_utf8(std::fs::read(line_at(2)).unwrap()).unwrap();
    std::fs::write(line_at(2), newer.replace("ipcmark.history/1", "ipcmark.history/2")).unwrap();
    std::fs::write(folder.path().join("lines/notes.txt"), "bought milk").unwrap();
    let lines = store.lines().unwrap();
    assert_eq!(lines.runs, [runs[3].line().clone()]);
    let found = |kind: TroubleKind| lines.troubles.iter().filter(|t| t.kind == kind).count();
    for kind in [
        TroubleKind::CutShort,
        TroubleKind::NoLine,
        TroubleKind::Newer { version: 2 },
        TroubleKind::Foreign,
    ] {
        assert_eq!(found(kind.clone()), 1, "{kind}: {:?}", lines.troubles);
    }
    let repaired = store.repair().unwrap();
    assert_eq!(repaired.renewed, [runs[0].key()]);
    assert_eq!(repaired.adopted, [runs[1].key()]);
    let lines = store.lines().unwrap();
    let expected: Vec<_> = [0, 1, 3].map(|n| runs[n].line().clone()).into();
    assert_eq!(lines.runs, expected, "as they were, with their commits");
    assert_eq!(lines.troubles.len(), 2, "{}", lines.census());
}

#[test]
fn a_run_without_an_end_is_refused() {
    let mut unended = record(1);
    unended.finished = None;
    let said = Run::of(&unended, &Provenance::default(), None).unwrap_err().to_string();
    assert!(said.contains("--resume"), "{said}");
}

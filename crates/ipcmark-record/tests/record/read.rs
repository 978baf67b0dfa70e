//! What is written can be read; what cannot be read or written is refused in words that help.

use ipcmark_record::{Error, Record, Writer, journal_path, sample};
use proptest::prelude::*;
use std::path::Path;

fn text(record: &Record) -> String {
    serde_json::to_string(record).unwrap()
}

fn refusal(text: &str) -> (Error, String) {
    let error = Record::parse(text, "a.json").unwrap_err();
    let words = error.to_string();
    (error, words)
}

#[test]
fn a_finished_record_is_read_as_it_was_and_nothing_else_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("record.json");
    let record = sample::record(1, 2);
    Writer::create(&path, &record).unwrap().finish(&record).unwrap();
    assert!(Record::read(&path).unwrap() == record);
    let left: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["record.json"]);
}

proptest! {
    /// A distance of 118.60839999999999 ns is not one of 118.6084 ns: a report made again must not differ.
    #[test]
    fn every_number_comes_back_to_the_last_bit(ns in 0.0f64..1e6) {
        let mut record = sample::record_of(1, 1, |_| false);
        record.harness.clock_ns = ns;
        let back = Record::parse(&text(&record), "a.json").unwrap();
        prop_assert_eq!(back.harness.clock_ns.to_bits(), ns.to_bits());
    }
}

#[test]
fn unknown_fields_of_the_same_version_are_read_over() {
    let record = sample::record_of(1, 1, |_| false);
    let mut value = serde_json::to_value(&record).unwrap();
    value["a_field_of_tomorrow"] = 1.into();
    assert!(Record::parse(&value.to_string(), "a.json").unwrap() == record);
}

#[test]
fn a_damaged_record_is_told_from_a_foreign_and_a_newer_one() {
    let whole = text(&sample::record_of(1, 1, |_| false));
    let (error, words) = refusal(&whole[..whole.len() / 2]);
    assert!(matches!(error, Error::Damaged { .. }), "{words}");
    assert!(words.starts_with("a.json is damaged: EOF"), "{words}");

    let (error, words) = refusal(&whole.replacen("\"cells\"", "\"sells\"", 1));
    assert!(matches!(error, Error::Damaged { .. }), "{words}");
    assert!(words.contains("missing field `cells`"), "{words}");

    for foreign in
        ["{}", "[1]", r#"{"schema":"ipcmark.comparison/1"}"#, r#"{"schema":"ipcmark.record/x"}"#]
    {
        let (error, words) = refusal(foreign);
        assert!(matches!(error, Error::Foreign { .. }), "{foreign}: {words}");
        assert!(words.contains("is not an ipcmark record"), "{words}");
    }

    let (error, words) = refusal(&whole.replacen("ipcmark.record/1", "ipcmark.record/2", 1));
    assert!(matches!(error, Error::Newer { version: 2, known: 1, .. }), "{words}");
    assert!(words.contains("update ipcmark"), "{words}");
}

#[test]
fn a_missing_file_is_named() {
    let words = Record::read(Path::new("/nonexistent/record.json")).unwrap_err().to_string();
    assert!(words.starts_with("cannot read /nonexistent/record.json: No such file"), "{words}");
}

/// The kernel lets no user, root included, make a file there.
#[test]
fn a_folder_that_cannot_be_written_gives_the_advice() {
    let path = Path::new("/sys/ipcmark-record.json");
    let words = Writer::create(path, &sample::record_of(1, 1, |_| false)).unwrap_err().to_string();
    assert!(words.starts_with("cannot write /sys/ipcmark-record.json: "), "{words}");
    assert!(words.ends_with("name a folder you may write to with --out"), "{words}");
}

/// reliability 3: two runs into one folder, and one was lost.
#[test]
fn another_run_is_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("record.json");
    let first = sample::record_of(1, 2, |k| k.transport == "pipe/block");
    Writer::create(&path, &first).unwrap().finish(&first).unwrap();
    let second = Record { started: "2031-01-01T00:00:00Z".into(), ..first.clone() };
    let words = Writer::create(&path, &second).unwrap_err().to_string();
    assert!(words.contains("holds another run") && words.contains("--out"), "{words}");
    assert!(Record::read(&path).unwrap() == first);
    assert!(!journal_path(&path).exists());
}

/// reliability 6: a link under the journal's name led to a file that was emptied.
#[test]
fn a_link_in_the_place_of_the_journal_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (path, secret) = (dir.path().join("record.json"), dir.path().join("secret"));
    std::fs::write(&secret, "keep").unwrap();
    std::os::unix::fs::symlink(&secret, journal_path(&path)).unwrap();
    let words = Writer::create(&path, &sample::record_of(1, 1, |_| false)).unwrap_err().to_string();
    assert!(words.contains("it is a link"), "{words}");
    assert_eq!(std::fs::read(&secret).unwrap(), b"keep");
}

#[test]
fn a_name_that_is_a_folder_is_refused_and_no_temporary_file_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("record.json");
    std::fs::create_dir(&path).unwrap();
    let words = Writer::create(&path, &sample::record_of(1, 1, |_| false)).unwrap_err().to_string();
    assert!(words.starts_with("cannot write"), "{words}");
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1);
}

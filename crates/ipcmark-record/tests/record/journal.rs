//! A run that ends without a word loses at most the cell in flight.

use ipcmark_record::{
    Cell, Error, Invocation, Record, Refusal, State, Writer, journal_path, sample,
};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Tells a re-run of this test binary where to write.
const TARGET: &str = "IPCMARK_TEST_RECORD";

/// Two cells with three invocations each, and the same without.
fn full_and_empty() -> (Record, Record) {
    let full = sample::record_of(1, 3, |k| k.transport == "mq/block" && k.size_bytes == 64);
    assert_eq!(full.cells.len(), 2);
    let mut empty = full.clone();
    for cell in &mut empty.cells {
        cell.invocations.clear();
        cell.state = State::Pending;
        cell.capacity = None;
    }
    (full, empty)
}

/// What the harness does after a visit.
fn visit(writer: &mut Writer, into: &mut Cell, from: &Cell, invocation: &Invocation) {
    into.state = from.state.clone();
    into.capacity = from.capacity;
    into.invocations.push(invocation.clone());
    writer.append(into, into.invocations.last()).unwrap();
}

/// Visits all cells in rounds and ends without a word: the writer is dropped as a kill drops it.
fn killed(path: &Path) -> Record {
    let (full, mut record) = full_and_empty();
    let mut writer = Writer::create(path, &record).unwrap();
    for round in 0..3 {
        for (into, from) in record.cells.iter_mut().zip(&full.cells) {
            visit(&mut writer, into, from, &from.invocations[round]);
        }
    }
    assert!(record == full);
    record
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("record.json");
    (dir, path)
}

#[test]
fn what_was_appended_is_read_back() {
    let (_dir, path) = place();
    let record = killed(&path);
    assert!(
        Record::parse(&std::fs::read_to_string(&path).unwrap(), "").unwrap().cells[0]
            .invocations
            .is_empty()
    );
    assert!(Record::read(&path).unwrap() == record);
}

#[test]
fn wherever_the_last_line_is_torn_the_lines_before_it_are_kept() {
    let (_dir, path) = place();
    let record = killed(&path);
    let journal = journal_path(&path);
    let bytes = std::fs::read(&journal).unwrap();
    let last = bytes[..bytes.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
    for end in [last, last + 1, (last + bytes.len()) / 2, bytes.len() - 1] {
        std::fs::write(&journal, &bytes[..end]).unwrap();
        let read = Record::read(&path).unwrap();
        assert_eq!(read.cells[0], record.cells[0]);
        assert_eq!(read.cells[1].invocations, record.cells[1].invocations[..2]);
    }
    // Torn inside a character of two bytes.
    let mut torn = bytes[..last].to_vec();
    torn.extend(b"{\"run\":\"\xc2");
    std::fs::write(&journal, torn).unwrap();
    assert_eq!(Record::read(&path).unwrap().cells[1].invocations.len(), 2);
}

/// reliability 8: one line of zeros hid a whole record.
#[test]
fn a_damaged_line_costs_no_other_line() {
    let (_dir, path) = place();
    let whole = killed(&path);
    let journal = journal_path(&path);
    let text = std::fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let visits = |record: &Record| record.cells.iter().map(|c| c.invocations.len()).sum::<usize>();
    for damage in ["{}", "\0\0\0", "{\"run\":"] {
        let mut damaged = lines.clone();
        damaged[2] = damage;
        std::fs::write(&journal, damaged.join("\n") + "\n").unwrap();
        let mut said = Vec::new();
        let read = Record::read_and(&path, |line| said.push(line.to_owned())).unwrap();
        assert_eq!(visits(&read) + 1, visits(&whole), "{damage:?}");
        assert!(said.len() == 1 && said[0].contains("journal: line 3 is left out"), "{said:?}");
    }
}

/// Killed after the document was written and before the journal was emptied.
#[test]
fn lines_that_the_document_holds_are_not_added_twice() {
    let (_dir, path) = place();
    let record = killed(&path);
    std::fs::write(&path, serde_json::to_string(&record).unwrap()).unwrap();
    assert!(Record::read(&path).unwrap() == record);
}

#[test]
fn a_line_that_never_reached_the_disk_takes_no_later_one_with_it() {
    let (_dir, path) = place();
    killed(&path);
    let journal = journal_path(&path);
    let text = std::fs::read_to_string(&journal).unwrap();
    let without_second: Vec<&str> =
        text.lines().enumerate().filter(|(at, _)| *at != 1).map(|(_, l)| l).collect();
    std::fs::write(&journal, without_second.join("\n") + "\n").unwrap();
    let counts: Vec<usize> =
        Record::read(&path).unwrap().cells.iter().map(|c| c.invocations.len()).collect();
    assert_eq!(counts, [3, 2]);
}

#[test]
fn a_state_without_an_invocation_is_kept_too() {
    let (_dir, path) = place();
    let (_, mut record) = full_and_empty();
    let mut writer = Writer::create(&path, &record).unwrap();
    record.cells[1].state = State::Unavailable(Refusal::new("not here"));
    writer.append(&record.cells[1], None).unwrap();
    drop(writer);
    assert!(Record::read(&path).unwrap() == record);
}

#[test]
fn a_checkpoint_empties_the_journal_and_the_run_goes_on() {
    let (_dir, path) = place();
    let (full, mut record) = full_and_empty();
    let mut writer = Writer::create(&path, &record).unwrap();
    let from = &full.cells[0];
    visit(&mut writer, &mut record.cells[0], from, &from.invocations[0]);
    writer.checkpoint(&record).unwrap();
    assert_eq!(std::fs::metadata(journal_path(&path)).unwrap().len(), 0);
    visit(&mut writer, &mut record.cells[0], from, &from.invocations[1]);
    drop(writer);
    assert!(Record::read(&path).unwrap() == record);
}

/// A new run under an old name, killed between its document and the emptying of the old journal.
#[test]
fn lines_of_an_earlier_run_are_left_alone() {
    let (_dir, path) = place();
    killed(&path);
    let (_, mut empty) = full_and_empty();
    empty.started = "2025-02-03T04:05:06Z".into();
    std::fs::write(&path, serde_json::to_string(&empty).unwrap()).unwrap();
    assert!(Record::read(&path).unwrap() == empty);
}

#[test]
fn resuming_a_killed_run_takes_its_journal_over() {
    let (_dir, path) = place();
    let record = killed(&path);
    let resumed = Record::read(&path).unwrap();
    drop(Writer::create(&path, &resumed).unwrap());
    assert_eq!(std::fs::metadata(journal_path(&path)).unwrap().len(), 0);
    assert!(Record::read(&path).unwrap() == record);
}

/// F5: a memory limit may kill the whole run, again and again in the same cell.
#[test]
fn the_cell_in_which_a_run_died_is_known_and_passed_over() {
    let (_dir, path) = place();
    let (full, mut record) = full_and_empty();
    let mut writer = Writer::create(&path, &record).unwrap();
    let from = &full.cells[0];
    writer.begin(&record.cells[0], 0).unwrap();
    visit(&mut writer, &mut record.cells[0], from, &from.invocations[0]);
    writer.begin(&record.cells[1], 0).unwrap();
    assert!(Record::read(&path).unwrap() == record, "it is alive and holds its lock");
    drop(writer);
    let mut said = Vec::new();
    let read = Record::read_and(&path, |line| said.push(line.to_owned())).unwrap();
    assert!(said.len() == 1 && said[0].contains("the run died while it measured"), "{said:?}");
    let [whole, deadly] = &read.cells[..] else { panic!("two cells") };
    assert_eq!(whole, &record.cells[0]);
    assert!(deadly.is_deadly() && deadly.deaths == 1 && !deadly.invocations[0].is_ok());
    // A cell with figures gets one more try: most kills have another reason.
    let mut again = read.clone();
    for deaths in [1, 2] {
        let mut writer = Writer::create(&path, &again).unwrap();
        writer.begin(&again.cells[0], 1).unwrap();
        drop(writer);
        again = Record::read(&path).unwrap();
        let cell = &again.cells[0];
        assert_eq!((cell.deaths, cell.is_deadly()), (deaths, deaths == 2));
        assert_eq!(cell.invocations.len() as u32, deaths, "the second is a failure");
    }
    // What ended well is no death, and neither is a line of a document that has more.
    let mut writer = Writer::create(&path, &again).unwrap();
    writer.begin(&again.cells[0], 2).unwrap();
    writer.append(&again.cells[0], None).unwrap();
    drop(writer);
    assert!(Record::read(&path).unwrap() == again);
}

/// F5: the same of the limits, which are measured between the cells.
#[test]
fn a_run_that_died_while_limits_were_measured_does_not_measure_them_again() {
    let (_dir, path) = place();
    let (full, mut record) = full_and_empty();
    record.limits.clear();
    let died = |record: &Record, said: &str| {
        let mut writer = Writer::create(&path, record).unwrap();
        writer.begin_limits().unwrap();
        assert!(Record::read(&path).unwrap() == *record, "it is alive");
        drop(writer);
        let mut heard = Vec::new();
        let read = Record::read_and(&path, |line| heard.push(line.to_owned())).unwrap();
        assert!(heard.len() == 1 && heard[0].contains(said), "{heard:?}");
        read
    };
    let skips = "the limits of the machine; a resumed run skips them, unless --retry is given";
    let read = died(&record, skips);
    assert!(read.limit_deaths == 1 && read.limits_are_deadly());
    assert!(read.cells == record.cells, "no cell died");
    // With limits it gets one more try.
    record.limits.clone_from(&sample::record(1, 1).limits);
    assert!(!record.limits.is_empty());
    let once = died(&record, "a resumed run tries them again");
    assert!(once.limit_deaths == 1 && !once.limits_are_deadly());
    assert!(died(&once, skips).limits_are_deadly());
    // What ended well is no death, and neither is the one before a visit.
    let mut writer = Writer::create(&path, &record).unwrap();
    writer.begin_limits().unwrap();
    writer.end_limits().unwrap();
    visit(&mut writer, &mut record.cells[0], &full.cells[0], &full.cells[0].invocations[0]);
    drop(writer);
    assert!(Record::read(&path).unwrap() == record);
}

/// Appends without end and says so after each line; runs in a process of its own.
#[test]
#[ignore = "run by the tests below, as a process to be killed or starved of disk"]
fn child_that_appends() {
    let path = PathBuf::from(std::env::var_os(TARGET).expect("the parent says where to write"));
    let (full, mut record) = full_and_empty();
    let mut writer = Writer::create(&path, &record).unwrap();
    let from = &full.cells[0];
    let mut out = std::io::stderr();
    for round in 0.. {
        let cell = &mut record.cells[0];
        cell.state = from.state.clone();
        cell.invocations.push(from.invocations[round % 3].clone());
        if let Err(e) = writer.append(cell, cell.invocations.last()) {
            writeln!(out, "refused: {e}").unwrap();
            return;
        }
        writeln!(out, "appended").unwrap();
    }
}

/// This test binary again, as [`child_that_appends`], under `sh` with `limits` set.
fn child(path: &Path, limits: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            &format!(
                "{limits} exec \"$0\" --exact journal::child_that_appends --ignored --nocapture"
            ),
        ])
        .arg(std::env::current_exe().unwrap())
        .env(TARGET, path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

#[test]
fn a_process_killed_by_sigkill_loses_nothing_that_it_had_appended() {
    let (_dir, path) = place();
    let mut child = child(&path, "").spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines();
    let appended = said.take(50).filter(|l| l.as_ref().unwrap() == "appended").count();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(appended > 0);
    let kept = Record::read(&path).unwrap().cells[0].invocations.len();
    assert!(kept >= appended, "{kept} kept of {appended} appended");
}

/// A limit on the size of files acts as a full disk: the kernel takes a part of the line and refuses the rest.
#[test]
fn a_line_that_the_disk_took_half_of_is_taken_back() {
    let (_dir, path) = place();
    let output = child(&path, "trap '' XFSZ; ulimit -f 24;").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let appended = said.lines().filter(|l| *l == "appended").count();
    assert!(appended > 0 && said.contains("refused: cannot write"), "{said}");
    let journal = std::fs::read(journal_path(&path)).unwrap();
    assert_eq!(journal.last(), Some(&b'\n'), "no half line stands at the end");
    assert_eq!(Record::read(&path).unwrap().cells[0].invocations.len(), appended);
}

#[test]
fn one_process_keeps_a_record_at_a_time() {
    let (_dir, path) = place();
    let (_, record) = full_and_empty();
    let writer = Writer::create(&path, &record).unwrap();
    let refused = Writer::create(&path, &record).unwrap_err();
    assert!(matches!(&refused, Error::Busy { .. }), "{refused}");
    assert!(refused.to_string().contains("another ipcmark is writing"), "{refused}");
    drop(writer);
    Writer::create(&path, &record).unwrap().finish(&record).unwrap();
    assert!(!journal_path(&path).exists());
}

#[test]
fn an_older_state_does_not_replace_what_was_measured_since() {
    let (_dir, path) = place();
    let measured = killed(&path);
    let (_, empty) = full_and_empty();
    let refused = Writer::create(&path, &empty).unwrap_err();
    assert!(matches!(&refused, Error::Outdated { .. }), "{refused}");
    assert!(Record::read(&path).unwrap() == measured, "nothing is lost by the refusal");
    Writer::create(&path, &measured).unwrap();
}

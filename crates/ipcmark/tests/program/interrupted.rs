//! Stopped by the user, and gone on with.

use crate::desk::{Desk, record, stdout};
use ipcmark_record::{Outcome, Record};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A run far longer than any test, under way.
fn long_run(desk: &Desk) -> Child {
    desk.command()
        .args([
            "run",
            "--transport",
            "pipe/block",
            "--size",
            "64",
            "--rounds",
            "9000",
            "--measure",
            "5ms",
        ])
        .args(["--budget", "10m", "--out", "out"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the record on disk holds figures.
fn await_figures(record: &Path) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        let read = Record::read(record);
        if read.is_ok_and(|r| r.cells.iter().any(|c| c.invocations.len() > 2)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no figures within a minute");
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn ctrl_c_leaves_a_whole_record_a_report_and_nothing_else() {
    for (asked, name) in [(Signal::INT, "SIGINT"), (Signal::TERM, "SIGTERM")] {
        let desk = Desk::new();
        let child = long_run(&desk);
        await_figures(&desk.path("out/record.json"));
        signal(&child, asked);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{name}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("pipe/block") && text.contains("--resume out"), "{name}: {text}");
        assert_eq!(record(&desk.path("out")).outcome, Outcome::Interrupted);
        assert!(desk.path("out/index.html").is_file());
        assert!(!desk.path("out/record.json.journal").exists());
        desk.assert_clean();
    }
}

#[test]
fn a_killed_run_is_gone_on_with() {
    let desk = Desk::new();
    let mut child = long_run(&desk);
    await_figures(&desk.path("out/record.json"));
    child.kill().unwrap();
    child.wait().unwrap();
    let before = record(&desk.path("out"));
    assert_eq!(before.outcome, Outcome::Running, "nobody wrote an end");
    let text =
        stdout(&desk.ipcmark(&["run", "--resume", "out", "--budget", "1s", "--quiet"]).success());
    assert!(text.contains("pipe/block"), "{text}");
    let after = record(&desk.path("out"));
    assert_eq!(after.settings.seed, before.settings.seed);
    assert_eq!(after.started, before.started);
    for (old, new) in before.cells.iter().zip(&after.cells) {
        assert_eq!(old.key, new.key);
        assert_eq!(
            old.invocations,
            new.invocations[..old.invocations.len()],
            "what was measured stays"
        );
    }
    let count = |r: &Record| r.cells.iter().map(|c| c.invocations.len()).sum::<usize>();
    assert!(count(&after) > count(&before), "{} then {}", count(&before), count(&after));
}

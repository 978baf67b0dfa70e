//! Runs that a user stops, and then resumes.

use crate::desk::{Desk, record, stderr, stdout};
use ipcmark_record::{Outcome, Paired, Record};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Mechanisms that need names: in the private folder, among the queues, in shared memory.
const NAMED: &str = "fifo/block,mq/block,shm-ring-posix/hybrid";
/// Time that a machine under load may need for what takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run far longer than any test, under way.
fn long_run(desk: &Desk) -> Child {
    long(desk, "run")
}

fn long(desk: &Desk, command: &str) -> Child {
    let flags = ["--size", "64", "--rounds", "9000", "--measure", "5ms", "--budget", "10m"];
    desk.command()
        .args([command, "--transport", NAMED, "--out", "out"])
        .args(flags)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until `holds`, and says what did not come otherwise.
fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until the record on disk holds figures.
fn await_figures(record: &Path) {
    let has_figures = |r: Record| r.cells.iter().any(|c| c.invocations.len() > 2);
    wait_for("figures", || Record::read(record).is_ok_and(has_figures));
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// The processes that were forked from `parent`, and theirs: the sides and the watcher.
fn descendants(parent: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_whitespace().map(|pid| pid.parse::<u32>().unwrap());
    children.flat_map(|pid| [vec![pid], descendants(pid)].concat()).collect()
}

/// Returns true while `pid` runs and is one of ours: another program may have got its number.
fn is_ours(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let is_zombie = state.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'));
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    !is_zombie && [NAMED, "slices"].iter().any(|word| String::from_utf8_lossy(&line).contains(word))
}

/// The names in `folder` that begin with the token of the run whose process was `pid`.
fn names_of(pid: u32, folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(&format!("ipcmark-{pid}-"))).collect()
}

/// Nothing of the run stays: no file, no name, no process. The watcher of a killed run needs a moment.
fn assert_nothing_left(desk: &Desk, pid: u32, processes: &[u32]) {
    for folder in [desk.temporary(), Path::new("/dev/shm"), Path::new("/dev/mqueue")] {
        let what = format!("an end of the run's names in {}", folder.display());
        wait_for(&what, || names_of(pid, folder).is_empty());
    }
    desk.assert_clean();
    wait_for("the end of the run's processes", || !processes.iter().any(|pid| is_ours(*pid)));
}

#[test]
fn ctrl_c_leaves_a_whole_record_a_report_and_nothing_else() {
    for (asked, name) in [(Signal::INT, "SIGINT"), (Signal::TERM, "SIGTERM")] {
        let desk = Desk::new();
        let child = long_run(&desk);
        let pid = child.id();
        await_figures(&desk.path("out/record.json"));
        assert_eq!(names_of(pid, desk.temporary()).len(), 1, "the run has its private folder");
        let processes = descendants(pid);
        assert!(processes.iter().any(|pid| is_ours(*pid)), "the watcher, at least: {processes:?}");
        signal(&child, asked);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{name}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("fifo/block") && text.contains("--resume out"), "{name}: {text}");
        assert_eq!(record(&desk.path("out")).outcome, Outcome::Interrupted);
        assert!(desk.path("out/index.html").is_file());
        assert!(!desk.path("out/record.json.journal").exists());
        assert_nothing_left(&desk, pid, &processes);
    }
}

#[test]
fn ctrl_c_while_the_rules_are_tried_ends_the_run_and_takes_its_folder_back() {
    let desk = Desk::new();
    let child = desk
        .command()
        .args(["run", "--size", "64", "--measure", "5ms", "--out", "some/out"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    wait_for("the run's folder", || desk.path("some/out").is_dir());
    // The watcher is there all the time; each rule is an experiment in a process of its own.
    wait_for("a rule under way", || descendants(pid).len() > 1);
    signal(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    let (text, said) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
    let (text, said) = (text.unwrap(), said.unwrap());
    assert_eq!(output.status.code(), Some(130), "{text}{said}");
    assert!(said.contains("interrupted before anything was measured"), "{said}");
    assert_eq!(text, "", "nothing was measured, nothing is shown");
    assert!(!desk.path("some").exists(), "the folders are taken back");
    assert_nothing_left(&desk, pid, &[]);
}

#[test]
fn a_killed_run_leaves_nothing_and_is_gone_on_with() {
    let desk = Desk::new();
    let mut child = long_run(&desk);
    let pid = child.id();
    await_figures(&desk.path("out/record.json"));
    let processes = descendants(pid);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_nothing_left(&desk, pid, &processes);
    let before = record(&desk.path("out"));
    assert_eq!(before.outcome, Outcome::Running, "no process wrote an end");
    let by_record = ["run", "--resume", "out/record.json", "--budget", "4s", "--quiet"];
    let text = stdout(&desk.ipcmark(&by_record).success());
    assert!(text.contains("fifo/block"), "{text}");
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

/// F5
#[test]
fn a_resumed_run_passes_over_the_cell_that_it_died_in() {
    let desk = Desk::new();
    let flags = ["--rounds", "1", "--fixed", "--measure", "3s", "--no-counting", "--quiet"];
    let mut child = desk
        .command()
        .args(["run", "--transport", "pipe/block,fifo/block", "--pattern", "ping-pong"])
        .args(["--size", "64", "--placement", "same-core", "--out", "out"])
        .args(flags)
        .spawn()
        .unwrap();
    let journal = desk.path("out/record.json.journal");
    let visits = |text: String| text.contains("\"begins\"");
    wait_for("a visit", || fs::read_to_string(&journal).is_ok_and(visits));
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = desk.ipcmark(&["run", "--resume", "out", "--quiet"]).code(1);
    assert!(stderr(&resumed).contains("the run died while it measured"), "{}", stderr(&resumed));
    let text = stdout(&resumed);
    assert!(text.contains("the whole run died") && text.contains("--retry"), "{text}");
    let good = |record: &Record| {
        record.cells.iter().filter(|c| c.invocations.iter().any(|i| i.is_ok())).count()
    };
    let passed_over = record(&desk.path("out"));
    assert_eq!((passed_over.outcome, good(&passed_over)), (Outcome::Complete, 1));
    let again = desk.ipcmark(&["run", "--resume", "out", "--quiet"]).code(1);
    assert!(stdout(&again).contains("the whole run died"), "it stays a row");
    desk.ipcmark(&["run", "--resume", "out", "--retry", "--quiet"]).success();
    assert_eq!(good(&record(&desk.path("out"))), 2);
    assert_nothing_left(&desk, child.id(), &[]);
}

/// F5: the same of limits. The journal is cut behind its first line, as a death at that time leaves it.
#[test]
fn a_resumed_run_passes_over_limits_that_it_died_of() {
    let desk = Desk::new();
    let cell = ["--transport", "pipe/block", "--pattern", "ping-pong", "--size", "64"];
    let flags = ["--rounds", "1", "--fixed", "--measure", "2s", "--no-counting", "--quiet"];
    let place = ["--placement", "same-core", "--out", "out"];
    let mut command = desk.command();
    let mut child = command.arg("run").args(cell).args(flags).args(place).spawn().unwrap();
    let journal = desk.path("out/record.json.journal");
    wait_for("a line", || fs::read_to_string(&journal).is_ok_and(|text| text.contains('\n')));
    child.kill().unwrap();
    child.wait().unwrap();
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, format!("{}\n", text.lines().next().unwrap())).unwrap();
    fs::create_dir(desk.path("again")).unwrap();
    for file in ["record.json", "record.json.journal"] {
        fs::copy(desk.path("out").join(file), desk.path("again").join(file)).unwrap();
    }
    let said = stderr(&desk.ipcmark(&["run", "--resume", "out", "--quiet"]).success());
    assert!(said.contains("the run died while it measured the limits"), "{said}");
    let without = record(&desk.path("out"));
    assert!(without.outcome == Outcome::Complete && without.limits.is_empty());
    let why =
        without.not_counted.iter().find(|line| line.starts_with("limits: the whole run died"));
    assert!(why.is_some_and(|why| why.contains("--retry")), "{:?}", without.not_counted);
    desk.ipcmark(&["run", "--resume", "again", "--retry", "--quiet"]).success();
    assert!(!record(&desk.path("again")).limits.is_empty());
    assert_nothing_left(&desk, child.id(), &[]);
}

#[test]
fn a_repetition_ends_with_the_run_under_way_and_takes_it_along_when_it_is_killed() {
    for (asked, code) in [(Signal::TERM, Some(130)), (Signal::KILL, None)] {
        let desk = Desk::new();
        let child = long(&desk, "repeat");
        await_figures(&desk.path("out/01/record.json"));
        let processes = descendants(child.id());
        let run = processes[0];
        assert!(processes.iter().filter(|pid| is_ours(**pid)).count() > 1, "{processes:?}");
        signal(&child, asked);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), code);
        assert_nothing_left(&desk, run, &processes);
        let left = record(&desk.path("out/01"));
        assert!(left.cells.iter().any(|cell| !cell.invocations.is_empty()));
        let said = String::from_utf8(output.stderr).unwrap();
        if asked == Signal::TERM {
            assert_eq!(left.outcome, Outcome::Interrupted);
            assert!(said.contains("run 1 of 10: ") && said.contains("too few"), "{said}");
        }
        assert!(!desk.path("out/02").exists());
    }
}

#[test]
fn two_processes_do_not_write_one_record() {
    let desk = Desk::new();
    let child = long_run(&desk);
    await_figures(&desk.path("out/record.json"));
    let said = stderr(&desk.ipcmark(&["run", "--resume", "out", "--quiet"]).code(4));
    assert!(said.contains("another ipcmark is writing out/record.json"), "{said}");
    signal(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "the first goes on unharmed");
    assert_eq!(record(&desk.path("out")).outcome, Outcome::Interrupted);
}

/// Between the first handler and the first pair: 130 like any other moment, and no word on the sides.
#[test]
fn a_comparison_that_is_stopped_in_its_first_moments_says_so() {
    let desk = Desk::new();
    for name in ["a", "b", "c"] {
        let child = desk
            .command()
            .args(["ab", "--transport", NAMED, "--size", "64", "--budget", "10m", "--out", name])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id();
        wait_for("its folder", || desk.path(name).exists());
        match name {
            "a" => {}
            "b" => wait_for("the first side", || !descendants(pid).is_empty()),
            _ => wait_for("several", || descendants(pid).len() > 2),
        }
        let processes = descendants(pid);
        signal(&child, Signal::INT);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{name}: {said}");
        assert!(!said.contains("name an ipcmark"), "{name}: {said}");
        assert_nothing_left(&desk, pid, &processes);
    }
}

#[test]
fn a_comparison_that_is_stopped_keeps_its_pairs_and_leaves_nothing_running() {
    let desk = Desk::new();
    let flags = ["ab", "--transport", NAMED, "--size", "64", "--pairs", "900", "--budget", "10m"];
    let child = desk
        .command()
        .args(flags)
        .args(["--out", "out"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    // Three programs, each with a watcher, and their sides.
    wait_for("all three arms", || descendants(pid).len() >= 9);
    let processes = descendants(pid);
    signal(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let paired = Paired::read(&desk.path("out/paired.json")).unwrap();
    assert_eq!(paired.outcome, Outcome::Interrupted);
    assert!(desk.path("out/comparison.md").is_file());
    assert_nothing_left(&desk, pid, &processes);
}

/// Returns the watcher of a run: the child that leads a session of its own.
fn watcher(run: u32) -> u32 {
    let leads = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        fields.split(' ').nth(3) == Some(&pid.to_string())
    };
    let mut found = None;
    wait_for("the watcher", || {
        found = descendants(run).into_iter().find(leads);
        found.is_some()
    });
    found.unwrap()
}

fn kill(pid: u32) {
    let _ = kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL);
}

/// reliability 14: a run and its watcher were killed together.
#[test]
fn the_next_start_removes_what_the_dead_left_and_nothing_of_the_living() {
    let desk = Desk::new();
    let mut living = long(&desk, "run");
    await_figures(&desk.path("out/record.json"));
    let flags = ["--size", "64", "--rounds", "9000", "--measure", "5ms", "--budget", "10m"];
    let mut dead = desk.command();
    dead.args(["run", "--transport", NAMED, "--out", "dead"]).args(flags);
    let mut dead = dead.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    await_figures(&desk.path("dead/record.json"));
    let processes = descendants(dead.id());
    kill(watcher(dead.id()));
    dead.kill().unwrap();
    dead.wait().unwrap();
    wait_for("the end of its sides", || !processes.iter().any(|pid| is_ours(*pid)));
    assert_eq!(names_of(dead.id(), desk.temporary()).len(), 1, "no one was left to remove it");
    // What only looks like a run's.
    let decoys = ["ipcmark-1-abcdef", "ipcmark-1-notours", "ipcmark-x", "ipcmark-2-abcdef"];
    let decoys = decoys.map(|name| desk.temporary().join(name));
    decoys[..3].iter().for_each(|decoy| fs::create_dir(decoy).unwrap());
    let left = desk.temporary().join(&names_of(dead.id(), desk.temporary())[0]);
    fs::copy(left.join("objects"), decoys[1].join("objects")).unwrap();
    std::os::unix::fs::symlink(&left, &decoys[3]).unwrap();

    let said = stderr(&desk.ipcmark(&["rules", "fifo/*"]).success());
    let words = "removed what killed runs of this user had left: 1 temporary folder";
    assert!(said.contains(words), "{said}");
    assert!(!left.exists());
    assert!(decoys.iter().all(|decoy| decoy.symlink_metadata().is_ok()), "{decoys:?}");
    assert_eq!(names_of(living.id(), desk.temporary()).len(), 1, "the living keeps its own");
    let said = stderr(&desk.ipcmark(&["rules", "fifo/*"]).success());
    assert!(!said.contains("removed what"), "once is enough: {said}");
    signal(&living, Signal::INT);
    assert_eq!(living.wait().unwrap().code(), Some(130), "and goes on unharmed");
}

/// reliability 12: Ctrl-Z and `fg`, a paused container, a machine that slept.
#[test]
fn what_was_stopped_for_a_while_is_measured_again() {
    use rustix::process::kill_process_group;
    use std::os::unix::process::CommandExt as _;
    let desk = Desk::new();
    let cell = ["-t", "shm-ring/hybrid,pipe/block", "--size", "64", "-p", "ping-pong"];
    let start = |words: &[&str]| {
        let mut command = desk.command();
        command.args(words).args(cell).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).spawn().unwrap()
    };
    let run = start(&[
        "run",
        "--measure",
        "300ms",
        "--rounds",
        "2",
        "--fixed",
        "--budget",
        "22s",
        "--out",
        "run",
    ]);
    let ab = start(&["ab", "--budget", "20s", "--out", "ab"]);
    await_figures_soon(&desk);
    let groups = [&run, &ab].map(|child| Pid::from_raw(child.id().try_into().unwrap()).unwrap());
    groups.iter().for_each(|group| kill_process_group(*group, Signal::STOP).unwrap());
    // Longer than any invocation may take, and than both budgets.
    std::thread::sleep(Duration::from_secs(23));
    groups.iter().for_each(|group| kill_process_group(*group, Signal::CONT).unwrap());
    let (run, ab) = (run.wait_with_output().unwrap(), ab.wait_with_output().unwrap());
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    let measured = record(&desk.path("run"));
    assert_eq!(measured.outcome, Outcome::Complete);
    for cell in &measured.cells {
        assert!(cell.invocations.iter().all(|i| i.is_ok()), "{}: {:?}", cell.key, cell.invocations);
        let kept = cell.invocations.iter().filter(|i| i.marks.is_empty());
        assert!(kept.clone().all(|i| i.elapsed_ns < 5_000_000_000), "{}", cell.key);
    }
    let said = String::from_utf8_lossy(&ab.stderr);
    assert!(matches!(ab.status.code(), Some(0 | 3)), "{:?}: {said}", ab.status.code());
    let paired = Paired::read(&desk.path("ab/paired.json")).unwrap();
    let arms = paired.cells.iter().flat_map(|cell| &cell.pairs);
    let mut arms = arms.flat_map(|pair| [&pair.base, &pair.new, &pair.again]);
    let long = |arm: &ipcmark_record::Arm| arm.slices.iter().any(|s| s.elapsed_ns > 5_000_000_000);
    assert!(arms.all(|arm| !long(arm)), "no slice has the stop in it");
}

/// Waits until the run has figures; the comparison is then under way.
fn await_figures_soon(desk: &Desk) {
    let has_one = |r: Record| r.cells.iter().any(|c| !c.invocations.is_empty());
    wait_for("figures", || Record::read(&desk.path("run/record.json")).is_ok_and(has_one));
}

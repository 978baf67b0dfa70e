//! Gaps, connections, spin budgets and neighbours, as a user asks for them.

use crate::desk::{Desk, record, stderr, stdout};
use ipcmark_record::{Cell, Record, State};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Runs `flags` into `out`, for two rounds of each cell.
fn run(desk: &Desk, flags: &[&str]) -> (String, Record) {
    let rest = ["--rounds", "2", "--fixed", "--measure", "5ms", "--out", "out", "--quiet"];
    let all = [&["run"], flags, &rest].concat();
    let text = stdout(&desk.ipcmark(&all).success());
    (text, record(&desk.path("out")))
}

fn measured(cell: &Cell) -> bool {
    cell.state == State::Measured && cell.invocations.iter().all(ipcmark_record::Invocation::is_ok)
}

#[test]
fn a_connection_for_each_message_is_a_workload_and_others_say_why_not() {
    let desk = Desk::new();
    let transports = "unix-path/block,unix-abstract/block,tcp/block,pipe/block,mq/block";
    let flags = ["-t", transports, "-p", "connect", "-s", "64", "--placement", "same-core"];
    let (text, record) = run(&desk, &[&["--suite", "full"], &flags[..]].concat());
    let of = |name: &str| {
        record
            .cells
            .iter()
            .find(|cell| cell.key.transport == name)
            .unwrap_or_else(|| panic!("{name}"))
    };
    for name in ["unix-path/block", "unix-abstract/block", "tcp/block"] {
        let cell = of(name);
        assert!(measured(cell), "{name}: {:?}", cell.state);
        assert!(
            cell.invocations.iter().all(|i| i.messages > 0 && i.setup.unwrap().first_ns > Some(0))
        );
    }
    for (name, why) in [("pipe/block", "one after another"), ("mq/block", "one after another")] {
        let State::Unsupported { reason } = &of(name).state else { panic!("{:?}", of(name).state) };
        assert!(reason.contains(why), "{name}: {reason}");
    }
    assert!(text.contains("Connection, round trip"), "{text}");
    desk.assert_clean();
}

#[test]
fn a_connection_costs_more_than_a_message_over_one_that_stays() {
    let desk = Desk::new();
    let flags = ["-t", "unix-path/block", "-p", "connect,ping-pong", "-s", "64"];
    let (_, record) = run(&desk, &[&flags[..], &["--placement", "same-core"]].concat());
    let rate = |word: &str| {
        let cell = record.cells.iter().find(|cell| cell.key.workload.name() == word).unwrap();
        let (n, ns) =
            cell.invocations.iter().fold((0, 0), |(n, ns), i| (n + i.messages, ns + i.elapsed_ns));
        n as f64 / ns as f64
    };
    assert!(rate("ping-pong") > rate("connect"), "{} {}", rate("ping-pong"), rate("connect"));
}

#[test]
fn gaps_are_cells_of_their_own_and_a_gap_of_nothing_is_the_plain_wake_up() {
    let desk = Desk::new();
    let flags = ["-t", "eventfd/block", "-p", "wake-up", "--gap", "0,100us,2ms"];
    let (text, record) = run(&desk, &[&flags[..], &["--placement", "same-core"]].concat());
    let keys: Vec<_> = record.cells.iter().map(|cell| cell.key.to_string()).collect();
    let expected = ["", " (gap 100 us)", " (gap 2 ms)"];
    assert_eq!(keys, expected.map(|gap| format!("eventfd/block wake-up 0 B same-core{gap}")));
    assert!(record.cells.iter().all(measured));
    let sparse = &record.cells[2].invocations[0];
    assert!(sparse.elapsed_ns >= sparse.messages * 2_000_000);
    assert!(text.contains("gap 100 us"), "{text}");
    let json = fs::read_to_string(desk.path("out/record.json")).unwrap();
    assert_eq!(json.matches("gap_us").count(), 2);
    let said = stderr(&desk.ipcmark(&["run", "--gap", "11ms"]).failure());
    assert!(said.contains("up to 10ms"), "{said}");
}

#[test]
fn a_spin_budget_is_for_hybrid_waits_only() {
    let desk = Desk::new();
    let budget = ["--spin-budget", "0,1ms,adaptive", "-p", "ping-pong", "-s", "64"];
    let flags = ["-t", "shm-ring/hybrid", "-t", "pipe/block", "--placement", "same-core"];
    let (text, record) = run(&desk, &[&flags[..], &budget].concat());
    let of =
        |name: &'static str| record.cells.iter().filter(move |cell| cell.key.transport == name);
    let budgets: Vec<_> =
        of("shm-ring/hybrid").map(|c| c.key.spin_budget.unwrap().to_string()).collect();
    assert_eq!(budgets, ["0", "1ms", "adaptive"]);
    assert!(of("shm-ring/hybrid").all(measured));
    for cell in of("pipe/block") {
        let State::Unsupported { reason } = &cell.state else { panic!("{:?}", cell.state) };
        assert!(reason.contains("hybrid"), "{reason}");
    }
    assert!(text.contains("spin budget adaptive"), "{text}");
    // On one CPU a side that spins keeps its peer from running: the budget is really spent.
    let each = |at: usize| {
        let cell = of("shm-ring/hybrid").nth(at).unwrap();
        let (n, ns) =
            cell.invocations.iter().fold((0, 0), |(n, ns), i| (n + i.messages, ns + i.elapsed_ns));
        ns as f64 / n as f64
    };
    assert!(each(1) > 3.0 * each(0), "{} {}", each(1), each(0));
    let said = stderr(&desk.ipcmark(&["run", "--spin-budget", "2ms"]).failure());
    assert!(said.contains("1ms"), "{said}");
}

/// The processes that were forked from `parent`.
fn children(parent: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    children.unwrap_or_default().split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

fn lives(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[test]
fn neighbours_run_next_to_the_cells_and_the_record_and_the_tables_say_so() {
    let desk = Desk::new();
    let flags = ["-t", "pipe/block", "-p", "paced-ping-pong", "--rate", "1000", "-s", "1KiB"];
    let near = ["--neighbours", "cpu=1,wakeups=1", "--placement", "same-core"];
    let (text, record) = run(&desk, &[&flags[..], &near].concat());
    let cell = &record.cells[0];
    assert_eq!(cell.key.neighbours.unwrap().to_string(), "cpu=1,wakeups=1");
    assert!(measured(cell));
    for invocation in &cell.invocations {
        let progress = invocation.neighbours.unwrap();
        assert!(progress.computations > 0 && progress.cpus == 1, "{progress:?}");
        assert!((0.0..1.0).contains(&progress.lost()), "{progress:?}");
    }
    assert!(text.contains("neighbours cpu=1,wakeups=1") && text.contains("Neighbours"), "{text}");
    // A cell without them is another cell: no comparison mixes the two.
    let rest = ["--rounds", "2", "--fixed", "--measure", "5ms", "--out", "quiet", "--quiet"];
    let alone = ["--placement", "same-core"];
    desk.ipcmark(&[&["run"], &flags[..], &alone, &rest].concat()).success();
    let said = desk.ipcmark(&["compare", "quiet", "out"]);
    let said = stdout(&said);
    let differ = "Neighbours: none in the base, cpu=1,wakeups=1 in the new record";
    assert!(said.replace("\n  ", " ").contains(differ), "{said}");
    let wrong = stderr(&desk.ipcmark(&["run", "--neighbours", "disk=1"]).failure());
    assert!(wrong.contains("cpu, memory, cache, wakeups"), "{wrong}");
}

#[test]
fn neighbours_die_with_a_killed_run() {
    let desk = Desk::new();
    let mut child = desk
        .command()
        .args([
            "run",
            "-t",
            "pipe/block",
            "-p",
            "ping-pong",
            "-s",
            "64",
            "--placement",
            "same-core",
        ])
        .args(["--neighbours", "cpu=2,cache=1,wakeups=1", "--rounds", "9000", "--measure", "5ms"])
        .args(["--budget", "10m", "--out", "out", "--quiet"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let wait_for = |what: &str, holds: &mut dyn FnMut() -> bool| {
        while !holds() {
            assert!(begun.elapsed() < Duration::from_secs(120), "{what} did not come");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let folder = desk.path("out");
    let has_figures = || {
        Record::read(&folder.join("record.json"))
            .is_ok_and(|r| r.cells.iter().any(|c| c.invocations.len() > 2))
    };
    wait_for("figures", &mut || has_figures());
    // Those that are older than an invocation: the watcher, and four neighbours.
    let before = children(child.id());
    std::thread::sleep(Duration::from_millis(200));
    let stay: Vec<u32> =
        children(child.id()).into_iter().filter(|pid| before.contains(pid)).collect();
    assert!(stay.len() >= 4, "{before:?} {stay:?}");
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    child.wait().unwrap();
    wait_for("the end of the neighbours", &mut || !stay.iter().any(|pid| lives(*pid)));
}

//! What sending costs, as a user sees it: how long a send holds the sender, what was dropped, energy.

use crate::desk::{Desk, record, stdout};
use assert_cmd::Command;
use ipcmark_record::{Drops, State};
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

fn run(desk: &Desk, flags: &str) -> Value {
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let fixed =
        ["--rounds", "2", "--fixed", "--measure", "20ms", "--json", "--quiet", "--out", "o"];
    let args = [&["run"], &flags[..], &fixed[..]].concat();
    serde_json::from_str(&stdout(&desk.ipcmark(&args).success())).unwrap()
}

fn row<'a>(document: &'a Value, transport: &str) -> &'a Value {
    let rows = document["rows"].as_array().unwrap();
    rows.iter().find(|row| row["key"]["transport"] == transport).unwrap()
}

#[test]
fn a_stream_says_how_long_a_send_holds_its_sender() {
    let desk = Desk::new();
    let document = run(&desk, "-t shm-ring/futex,pipe/block -p stream -s 64 --placement same-core");
    for (transport, known_by) in [("shm-ring/futex", "refusal"), ("pipe/block", "sleep")] {
        let sending = &row(&document, transport)["sending"];
        assert_eq!(sending["blocked_known_by"], known_by, "{sending}");
        let share = sending["blocked_share"]["value"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&share), "{sending}");
        let held = |at: usize| sending["held"][at]["ns"]["value"].as_f64().unwrap();
        assert!(held(0) > 0.0 && held(0) <= held(2), "{sending}");
        assert!(held(2) <= sending["held_max_ns"].as_f64().unwrap() * 1.001, "{sending}");
    }
    let csv = stdout(&desk.ipcmark(&["export", "o", "--format", "cells-csv"]).success());
    assert!(csv.contains("held_p50_ns") && csv.contains("blocked_share"), "{csv}");
    let page = std::fs::read_to_string(desk.path("o/index.html")).unwrap();
    for head in ["Send holds", "Sends that", "Wake-ups"] {
        assert!(page.contains(head), "{head}");
    }
}

#[test]
fn dropped_received_and_lost_messages_are_those_that_were_due() {
    let desk = Desk::new();
    let flags = "-t shm-ring/futex,unix-seqpacket/block,pipe/block -p paced --rate 20000 -s 64 \
                 --placement same-core --capacity 4KiB --when-full drop";
    let document = run(&desk, flags);
    let record = record(&desk.path("o"));
    for cell in &record.cells {
        if cell.key.transport == "pipe/block" {
            let State::Unsupported { reason } = &cell.state else { panic!("{:?}", cell.state) };
            assert!(reason.contains("so it cannot drop"), "{reason}");
            continue;
        }
        assert!(cell.key.to_string().contains("drop when full"), "{}", cell.key);
        for invocation in &cell.invocations {
            assert!(invocation.is_ok(), "{:?}", invocation.outcome);
            let Drops { offered, dropped, received } = invocation.drops.unwrap();
            assert_eq!(offered, dropped + received + invocation.integrity.lost, "{}", cell.key);
            assert!(received > 0, "{}", cell.key);
        }
        let dropped = &row(&document, &cell.key.transport)["sending"]["dropped"];
        assert!(dropped["messages"].is_u64() && dropped["share"].is_f64(), "{dropped}");
    }
    let table = stdout(&desk.ipcmark(&["report", "o", "--table"]).success());
    assert!(table.contains("drop when full") && table.contains(": dropped "), "{table}");
}

#[test]
fn a_matchmaker_is_a_third_party_and_a_pipe_has_none() {
    let desk = Desk::new();
    let flags = "-t rpc-unix-matchmaker/block,pipe/block -p paced-ping-pong --rate 1000 -s 64 \
                 --placement same-core";
    let document = run(&desk, flags);
    for cell in &record(&desk.path("o")).cells {
        let sides = || cell.invocations.iter().flat_map(|invocation| &invocation.sides);
        let others = sides().filter_map(|side| side.third_parties).collect::<Vec<_>>();
        let expected = usize::from(cell.key.transport != "pipe/block");
        assert_eq!(others.len(), expected * cell.invocations.len(), "{}", cell.key);
        assert!(others.iter().all(|others| others.processes == 1), "{others:?}");
        let cost = &row(&document, &cell.key.transport)["cost"];
        assert_eq!(cost["third_parties_ns_per_message"].is_object(), expected == 1, "{cost}");
        assert!(cost["memory"]["links"] == 1, "{cost}");
    }
}

/// Makes a folder of counters, as the kernel's is.
fn counters(desk: &Desk) -> std::path::PathBuf {
    let zone = desk.path("powercap/intel-rapl:0");
    std::fs::create_dir_all(&zone).unwrap();
    std::fs::write(zone.join("name"), "package-0\n").unwrap();
    std::fs::write(zone.join("max_energy_range_uj"), "262143328850\n").unwrap();
    std::fs::write(zone.join("energy_uj"), "5000\n").unwrap();
    desk.path("powercap")
}

fn measure(desk: &Desk, folder: &Path, out: &str) {
    let args =
        ["run", "-t", "pipe/block", "-p", "ping-pong", "-s", "64", "--placement", "same-core"];
    let fixed = ["--rounds", "2", "--fixed", "--measure", "20ms", "--quiet", "--out", out];
    let mut command = desk.command();
    command.env("IPCMARK_POWERCAP", folder);
    Command::from_std(command).args(args).args(fixed).assert().success();
}

#[test]
fn energy_is_in_the_record_where_the_machine_tells_it_and_else_the_reason() {
    let desk = Desk::new();
    let folder = counters(&desk);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let file = folder.join("intel-rapl:0/energy_uj");
            let next = folder.join("intel-rapl:0/next");
            let mut energy_uj = 5_000_u64;
            while !over.load(Ordering::Relaxed) {
                energy_uj += 1_000;
                // A reader sees the old number or the new one.
                std::fs::write(&next, format!("{energy_uj}\n")).unwrap();
                std::fs::rename(&next, &file).unwrap();
                std::thread::sleep(std::time::Duration::from_micros(500));
            }
        });
        measure(&desk, &folder, "with");
        over.store(true, Ordering::Relaxed);
    });
    let with = record(&desk.path("with"));
    let energy = with.cells.iter().flat_map(|cell| &cell.invocations).map(|i| i.energy.unwrap());
    for energy in energy {
        assert!(energy.packages_uj > 0 && energy.window_ns > 0, "{energy:?}");
    }
    let page = std::fs::read_to_string(desk.path("with/index.html")).unwrap();
    assert!(page.contains("whatever ran on them") && page.contains(" µJ"));

    measure(&desk, &desk.path("absent"), "without");
    let without = record(&desk.path("without"));
    assert!(without.cells.iter().flat_map(|cell| &cell.invocations).all(|i| i.energy.is_none()));
    let reason = without.not_counted.iter().find(|line| line.starts_with("energy: not measured"));
    assert!(
        reason.is_some_and(|line| line.contains("no RAPL counters")),
        "{:?}",
        without.not_counted
    );
}

//! Writes the report of a made-up record with as many transports as a full catalog has: `specimen FOLDER`.
//!
//! Nothing in it was measured. It is there to look at the report, and for the browser test, on machines where measuring
//! takes too long.
#![forbid(unsafe_code)]

use ipcmark_record::{Cell, Record, sample};
use std::path::Path;
use std::process::ExitCode;

/// Families, their mechanisms, their waits, and how much slower than the sample's pipe each mechanism is.
const CATALOG: [(&str, &[&str], &[&str], f64); 6] = [
    ("pipe", &["pipe", "pipe-packet"], &["block", "spin", "poll", "epoll"], 1.0),
    ("fifo", &["fifo"], &["block", "spin", "poll", "epoll"], 1.02),
    (
        "unix",
        &["unix-stream", "unix-seqpacket", "unix-dgram"],
        &["block", "spin", "poll", "epoll"],
        1.2,
    ),
    ("tcp", &["tcp4", "tcp6"], &["block", "spin", "epoll"], 1.5),
    ("mq", &["mq"], &["block", "spin", "epoll"], 1.05),
    ("shm", &["shm-ring"], &["spin", "yield", "hybrid"], 0.003),
];

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        return fail("name a folder: specimen FOLDER");
    };
    match ipcmark_report::write(&crowded(), Path::new(&folder)) {
        Ok(_) => ExitCode::SUCCESS,
        Err(e) => fail(&e.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "an example is a program")]
fn fail(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}

/// The sample, with cells of the whole catalog made from those of its pipe.
fn crowded() -> Record {
    let mut record = sample::record(1, 8);
    let models: Vec<Cell> =
        record.cells.iter().filter(|c| c.key.transport == "pipe/block").cloned().collect();
    record.cells.retain(|c| {
        c.floor
            || !CATALOG.iter().any(|(family, ..)| *family == c.family)
            || c.invocations.is_empty()
    });
    for (family, mechanisms, waits, slower) in CATALOG {
        for (m, mechanism) in mechanisms.iter().enumerate() {
            for (w, wait) in waits.iter().enumerate() {
                for model in &models {
                    let mut cell = model.clone();
                    cell.key.transport = format!("{mechanism}/{wait}");
                    cell.family = family.into();
                    cell.wait = (*wait).into();
                    if record.cell(&cell.key).is_some() {
                        continue;
                    }
                    let wake = if *wait == "spin" && model.key.placement == "cross-core" {
                        0.05
                    } else {
                        1.0
                    };
                    let share = slower * wake * (1.0 + 0.15 * m as f64 + 0.04 * w as f64);
                    sample::slow_down(&mut cell, share);
                    record.cells.push(cell);
                }
            }
        }
    }
    record
}

//! Writes the report of a made-up record with as many transports and workloads as a full catalog has: `specimen FOLDER`.
//!
//! Nothing in it was measured. It serves to look at the report, and the browser test, where measuring takes too long.
#![forbid(unsafe_code)]

use ipcmark_record::{Cell, Placement, Record, State, sample};
use std::path::Path;
use std::process::ExitCode;

/// Waits of one family.
const FILES: &[&str] = &["block", "spin", "poll", "epoll", "uring"];
const MEMORY: &[&str] = &["spin", "pause", "yield", "hybrid", "futex", "eventfd", "sem", "condvar"];
const QUEUES: &[&str] = &["block", "spin", "epoll"];

/// Families, their mechanisms, their waits, and how much slower than the sample's pipe each mechanism is.
const CATALOG: [(&str, &[&str], &[&str], f64); 12] = [
    ("pipe", &["pipe", "pipe-packet", "pipe-vmsplice"], FILES, 1.0),
    ("fifo", &["fifo"], FILES, 1.02),
    ("unix", &["unix-stream", "unix-seqpacket", "unix-dgram", "unix-fd"], FILES, 1.2),
    ("tcp", &["tcp4", "tcp6"], FILES, 1.5),
    ("udp", &["udp4", "udp4-gso"], QUEUES, 1.4),
    ("vsock", &["vsock"], QUEUES, 1.9),
    ("pty", &["pty"], QUEUES, 2.2),
    ("mq", &["mq", "mq-priority"], QUEUES, 1.05),
    ("sysv", &["sysv-queue"], &["block", "spin"], 1.1),
    ("shm", &["shm-ring", "shm-ring-posix", "shm-ring-sysv", "shm-ring-file"], MEMORY, 0.003),
    ("file", &["file-fcntl", "file-flock"], QUEUES, 1.3),
    ("vm", &["vm-readv"], &["block", "spin"], 0.9),
];

/// The sizes of ping-pong and stream in the specimen, bytes.
const SIZES_BYTES: [u64; 2] = [64, 65_536];

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

/// Makes the sample of every workload, with cells of the whole catalog made from those of its pipe.
fn crowded() -> Record {
    let mut record = sample::every(1, 8);
    let simple = |c: &Cell| ["ping-pong", "stream"].contains(&c.key.workload.name());
    let models: Vec<Cell> = record
        .cells
        .iter()
        .filter(|c| c.key.transport == "pipe/block" && c.key.placement == Placement::CrossCore)
        .filter(|c| SIZES_BYTES.contains(&c.key.size_bytes) || c.key.size_bytes == 0)
        .cloned()
        .collect();
    record.cells.retain(|c| {
        let replaced = simple(c) && CATALOG.iter().any(|(family, ..)| *family == c.family);
        c.floor || c.invocations.is_empty() || !replaced
    });
    for (family, mechanisms, waits, slower) in CATALOG {
        for (m, mechanism) in mechanisms.iter().enumerate() {
            for (w, wait) in waits.iter().enumerate() {
                // The other workloads of two waits of each mechanism; of all what they cannot run.
                let wanted = |c: &&Cell| simple(c) || c.state != State::Measured || w < 2;
                for model in models.iter().filter(wanted) {
                    let mut cell = model.clone();
                    cell.key.transport = format!("{mechanism}/{wait}");
                    cell.family = family.into();
                    cell.wait = wait.parse().expect("a known wait");
                    if record.cell(&cell.key).is_some() {
                        continue;
                    }
                    let keeps_its_cpu = cell.wait.burns_cpu();
                    let wake = if keeps_its_cpu { 0.05 } else { 1.0 };
                    let share = slower * wake * (1.0 + 0.15 * m as f64 + 0.04 * w as f64);
                    sample::slow_down(&mut cell, share);
                    record.cells.push(cell);
                }
            }
        }
    }
    record
}

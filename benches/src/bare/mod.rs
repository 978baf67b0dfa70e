//! Bare loops: two forked, pinned processes and the calls of the mechanism, nothing else. No traits that hide a type, no
//! check values, no histogram; the clock is read twice.
//!
//! Both sides meet with nothing under way before the clock starts, as ipcmark's do: what warm-up left in the buffers
//! would come for free. Where each has a CPU of its own, the distance between the two is measured before and after.

mod calls;
mod ring;

use ipcmark_core::{Error, Result, Side, Workload};
use ipcmark_harness::placement::Cpus;
use ipcmark_record::Distance;
use ipcmark_sys::barrier::{self, Barrier};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process::{self, Exit};
use ipcmark_sys::shared::{Lines, Parcel};
use ipcmark_sys::{affinity, distance};
use std::time::{Duration, Instant};

/// A mechanism with a bare loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bare {
    /// Two pipes.
    Pipe,
    /// A Unix stream socket pair.
    UnixStream,
    /// A TCP connection over loopback, no delay.
    Tcp,
    /// A ring in each direction, used directly by sides that spin.
    Ring,
}

/// What both sides do.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// Round trips, or a stream.
    pub pattern: Workload,
    /// Bytes of a message.
    pub size: usize,
    /// Of a ring, bytes.
    pub capacity: Option<u64>,
    /// Where the two run.
    pub cpus: &'a Cpus,
    /// Keeps the time.
    pub clock: Clock,
    /// Round trips or messages that are timed; a tenth as many come before.
    pub count: u64,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// For each round trip or message.
    pub ns: f64,
    /// How far apart the CPUs were; `None` where there was one.
    pub distance: Option<Distance>,
}

/// One side of a mechanism, ready to run.
trait Loops {
    /// In the process that will run it, before anything else.
    fn prepare(&self) {}
    /// Sends, and waits for the answer.
    fn initiate(&mut self, trips: u64) -> Result<()>;
    /// Waits, and answers.
    fn respond(&mut self, trips: u64) -> Result<()>;
    /// Sends.
    fn send(&mut self, messages: u64) -> Result<()>;
    /// Receives.
    fn receive(&mut self, messages: u64) -> Result<()>;

    /// The side's part of a pattern.
    fn run(&mut self, pattern: Workload, side: Side, count: u64) -> Result<()> {
        match (pattern, side) {
            (Workload::PingPong, Side::Initiator) => self.initiate(count),
            (Workload::PingPong, Side::Responder) => self.respond(count),
            (_, Side::Initiator) => self.send(count),
            (_, Side::Responder) => self.receive(count),
        }
    }
}

impl Bare {
    /// All of them, each with the name of its transport in the catalog.
    pub const ALL: [(Bare, &'static str); 4] = [
        (Bare::Pipe, "pipe/block"),
        (Bare::UnixStream, "unix-stream/block"),
        (Bare::Tcp, "tcp/block"),
        (Bare::Ring, "shm-ring/spin"),
    ];

    /// True when its sides keep their CPUs while they wait.
    #[must_use]
    pub fn spins(self) -> bool {
        self == Bare::Ring
    }

    /// Initiator and responder.
    fn sides(self, task: &Task<'_>) -> Result<[Box<dyn Loops>; 2]> {
        match self {
            Bare::Ring => ring::sides(task),
            Bare::Pipe => calls::sides(calls::pipes()?, task.size),
            Bare::UnixStream => calls::sides(calls::unix()?, task.size),
            Bare::Tcp => calls::sides(calls::tcp()?, task.size),
        }
    }
}

/// Has the task done by two processes made for it.
pub fn run(bare: Bare, task: &Task<'_>) -> Result<Trial> {
    let parcels = [Parcel::new(64)?, Parcel::new(64)?];
    let lines = Lines::new(barrier::LINES + 1)?;
    let mut sides = bare.sides(task)?.map(Some);
    let mut children = Vec::new();
    for side in Side::ALL {
        children.push(process::fork(|| {
            let mine = sides[side.index()].take();
            // The other's ends would keep the link open.
            sides = [None, None];
            let Some(mut mine) = mine else { return 1 };
            match perform(mine.as_mut(), side, task, &lines) {
                Ok(found) => {
                    let bytes = found.map(f64::to_le_bytes).concat();
                    i32::from(parcels[side.index()].put(&bytes).is_err())
                }
                Err(_) => 1,
            }
        })?);
    }
    drop(sides);
    let end = Instant::now() + Duration::from_secs(60);
    while children.iter().any(|c| c.exit().is_none()) && Instant::now() < end {
        process::wait_any(children.iter_mut(), Duration::from_millis(100))?;
    }
    let failed = children.iter().any(|c| c.exit() != Some(Exit::Code(0)));
    let found = parcels.each_ref().map(|parcel| parcel.get().and_then(|bytes| unpack(&bytes)));
    let ([Some(initiator), Some(responder)], false) = (found, failed) else {
        return Err(Error::Protocol("the bare loop failed".into()));
    };
    // The one whose work ends last: whoever began a round trip, and whoever receives a stream.
    let [elapsed_ns, ..] = if task.pattern == Workload::PingPong { initiator } else { responder };
    let [_, before_ns, after_ns] = initiator;
    Ok(Trial {
        ns: elapsed_ns / task.count as f64,
        distance: apart(task).then_some(Distance { before_ns, after_ns }),
    })
}

fn apart(task: &Task<'_>) -> bool {
    task.cpus.apart(0, 1)
}

/// Time, and the distance before and after, ns: 0 on one CPU.
type Found = [f64; 3];

fn unpack(bytes: &[u8]) -> Option<Found> {
    let mut found = [0.0; 3];
    for (value, bytes) in found.iter_mut().zip(bytes.chunks_exact(8)) {
        *value = f64::from_le_bytes(bytes.try_into().ok()?);
    }
    (bytes.len() == 24).then_some(found)
}

/// One process's part.
fn perform(mine: &mut dyn Loops, side: Side, task: &Task<'_>, lines: &Lines) -> Result<Found> {
    let Task { pattern, cpus, clock, count, .. } = *task;
    if let Some(cpu) = cpus.of(side.index()) {
        affinity::pin(cpu)?;
    }
    let lacking = || Error::Protocol("too few lines to meet on".into());
    let (barrier, rest) = lines.lines().split_first_chunk().ok_or_else(lacking)?;
    let probe = &rest.first().ok_or_else(lacking)?.word;
    let meeting = Barrier::new(barrier, 2);
    let apart = apart(task);
    let meet = || meeting.meet(&clock, apart);
    let distance_ns = || match apart {
        true => distance::median_ns(probe, &clock, side == Side::Initiator),
        false => 0.0,
    };
    mine.prepare();
    meet()?;
    mine.run(pattern, side, count / 10 + 1)?;
    meet()?;
    let before_ns = distance_ns();
    let begun = meet()?;
    mine.run(pattern, side, count)?;
    let end = clock.now();
    meet()?;
    let after_ns = distance_ns();
    meet()?;
    Ok([clock.ns(end - begun), before_ns, after_ns])
}

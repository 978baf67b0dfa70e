//! Bare loops: two forked, pinned processes and the calls of the mechanism. They have no traits
//! that hide a type, no check values and no histogram, and read the clock twice.
//!
//! Both sides meet with nothing under way before the clock starts, as ipcmark's do: messages that
//! the warm-up left in the buffers would come for free. If each has its own CPU, the distance
//! between the two is measured before and after.

mod calls;
mod ring;

use crate::pairs::Trial;
use ipcmark_core::{Error, Result, Side, Workload};
use ipcmark_harness::placement::Cpus;
use ipcmark_record::Distance;
use ipcmark_sys::barrier::{self, Barrier};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::crew::Crew;
use ipcmark_sys::shared::Lines;
use ipcmark_sys::{affinity, distance};
use std::time::{Duration, Instant};

/// Time for one task at most.
const DEADLINE: Duration = Duration::from_secs(60);

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

/// Task of both sides.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// Round trips, or a stream.
    pub pattern: Workload,
    /// Bytes of a message.
    pub size: usize,
    /// Capacity of a ring, bytes.
    pub capacity: Option<u64>,
    /// CPUs of the two.
    pub cpus: &'a Cpus,
    /// Keeps the time.
    pub clock: Clock,
    /// Round trips or messages that are timed; a tenth of this number comes before.
    pub count: u64,
}

/// One side of a mechanism, ready to run.
trait Loops {
    /// Prepares the side in the process that runs it.
    fn prepare(&self) {}
    /// Sends, and waits for the answer.
    fn initiate(&mut self, trips: u64) -> Result<()>;
    /// Waits, and answers.
    fn respond(&mut self, trips: u64) -> Result<()>;
    /// Sends.
    fn send(&mut self, messages: u64) -> Result<()>;
    /// Receives.
    fn receive(&mut self, messages: u64) -> Result<()>;

    /// Runs the side's part of a pattern.
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
    /// All bare loops, each with the name of its transport in the catalog.
    pub const ALL: [(Bare, &'static str); 4] = [
        (Bare::Pipe, "pipe/block"),
        (Bare::UnixStream, "unix-stream/block"),
        (Bare::Tcp, "tcp/block"),
        (Bare::Ring, "shm-ring/spin"),
    ];

    /// Returns true if its sides keep their CPUs while they wait.
    #[must_use]
    pub fn spins(self) -> bool {
        self == Bare::Ring
    }

    /// Makes the initiator and the responder.
    fn sides(self, task: &Task<'_>) -> Result<[Box<dyn Loops>; 2]> {
        match self {
            Bare::Ring => ring::sides(task),
            Bare::Pipe => calls::sides(calls::pipes()?, task.size),
            Bare::UnixStream => calls::sides(calls::unix()?, task.size),
            Bare::Tcp => calls::sides(calls::tcp()?, task.size),
        }
    }
}

/// Runs the task in two new processes.
pub fn run(bare: Bare, task: &Task<'_>) -> Result<Trial> {
    let lines = Lines::new(barrier::LINES + 1)?;
    let mut sides = bare.sides(task)?.map(Some);
    let mut crew = Crew::new(2, size_of::<Found>())?;
    for side in Side::ALL {
        crew.fork(|| {
            let mine = sides[side.index()].take();
            // The other's ends would keep the link open.
            sides = [None, None];
            let mut mine = mine.ok_or("a side was taken twice")?;
            Ok(perform(mine.as_mut(), side, task, &lines)?.map(f64::to_le_bytes).concat())
        })?;
    }
    drop(sides);
    let results = crew.finish(Instant::now() + DEADLINE)?.results();
    let results = results.map_err(|e| Error::Protocol(format!("the bare loop failed: {e}")))?;
    let [initiator, responder] = [0, 1].map(|side| unpack(&results[side]));
    // The side whose work ends last: the one that began a round trip, or the one that receives a
    // stream.
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

/// Time, and the distance before and after, ns; 0 on one CPU.
type Found = [f64; 3];

fn unpack(bytes: &[u8]) -> Found {
    let mut found = [f64::NAN; 3];
    for (value, bytes) in found.iter_mut().zip(bytes.as_chunks().0) {
        *value = f64::from_le_bytes(*bytes);
    }
    found
}

/// Runs one process's part.
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

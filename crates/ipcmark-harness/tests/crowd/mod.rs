//! A toy of pipes for several processes: on one link together, or each on a link of its own; one of
//! them misbehaves as its parameter says.
//!
//! A pipe is a link that many may share as long as a message is at most `PIPE_BUF` bytes long and
//! all are of one length: writes are whole then, and so are reads (pipe(7)).

use ipcmark_core::{
    Availability, Capacity, Error, Extent, Framing, Info, Limits, Link, Plan, Receiver, Result,
    Sender, Side, Transport, WaitKind, Workload,
};
use ipcmark_harness::placement::Cpus;
use ipcmark_harness::{Bench, Entry, Report, Scratch};
use ipcmark_record::{Invocation, InvocationOutcome};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::shared::Lines;
use libtest_mimic::Failed;
use rustix::io::{read, write};
use rustix::pipe::pipe;
use rustix::process::{Signal, getpid, kill_process};
use std::os::fd::OwnedFd;
use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Behaves.
pub(crate) const GOOD: u8 = 0;
/// One initiator is killed at its seventh message.
pub(crate) const INITIATOR_DIES: u8 = 1;
/// One responder is killed at the seventh message it receives.
pub(crate) const RESPONDER_DIES: u8 = 2;
/// One message is left out.
pub(crate) const LOSES: u8 = 3;
/// One message is sent twice.
pub(crate) const REPEATS: u8 = 4;
/// One message has a wrong byte.
pub(crate) const DAMAGES: u8 = 5;
/// May lose what is sent, and says so.
pub(crate) const LOSSY: u8 = 6;
/// Says that a process can hold one link of it only.
pub(crate) const ONE_LINK: u8 = 7;

/// Runs one invocation of a cell of several processes, without a warm-up. Returns its folder, too.
pub(crate) fn report_in(
    entry: Entry,
    workload: Workload,
    size: usize,
    extent: Extent,
) -> (Report, Scratch) {
    let scratch = Scratch::new().unwrap();
    let plan = Plan {
        workload,
        extent,
        warm_up: Duration::ZERO,
        deadline: Duration::from_secs(60),
        seed: 7,
        ..Plan::new(size, scratch.names())
    };
    let bench = Bench { clock: Clock::calibrate(), cpus: Cpus::FREE, neighbours: None };
    (entry.invoke(&plan, &bench), scratch)
}

/// Returns the side that failed, and what it says.
pub(crate) fn failure(invocation: &Invocation) -> std::result::Result<(&str, &str), Failed> {
    match &invocation.outcome {
        InvocationOutcome::Failed { side, what } => Ok((side, what)),
        InvocationOutcome::Ok => Err("it ended well".into()),
    }
}

/// Beyond a warm-up of no time, and no phase's last, which everybody would wait for.
const FATAL: u64 = 7;

/// Number of times that the fault has happened, in all processes.
static HAPPENED: LazyLock<Lines> = LazyLock::new(|| Lines::new(1).unwrap());

/// Returns true for one process: the first to ask in this invocation.
fn is_the_one() -> bool {
    HAPPENED.lines()[0].word.fetch_add(1, Ordering::AcqRel) == 0
}

fn die() {
    let _ = kill_process(getpid(), Signal::KILL);
}

/// Two pipes; `SHARED` says whether several may use them.
pub(crate) struct Crowd<const SHARED: bool, const FAULT: u8>;

pub(crate) struct CrowdSender {
    fd: OwnedFd,
    side: Side,
    fault: u8,
    fixed: bool,
    buffer: Vec<u8>,
    sent: u64,
}

pub(crate) struct CrowdReceiver {
    fd: OwnedFd,
    side: Side,
    fault: u8,
    fixed: bool,
    buffer: Vec<u8>,
    received: u64,
}

impl<const SHARED: bool, const FAULT: u8> Transport for Crowd<SHARED, FAULT> {
    const INFO: Info = Info {
        many_senders: SHARED,
        many_receivers: SHARED,
        lossy: FAULT == LOSSY,
        one_link: FAULT == ONE_LINK,
        family: "toy",
        mechanism: "crowd",
        wait: WaitKind::Block,
        framing: Framing::Stream,
        summary: "a crowd",
        reference: "pipe(7)",
        ..Info::DEFAULT
    };
    type Fixture = (Plan, [(OwnedFd, OwnedFd); 2]);
    type Tx = CrowdSender;
    type Rx = CrowdReceiver;

    fn available() -> Availability {
        let (max_message, limited_by) = (Some(1 << 16), "the toy box");
        Availability::Available(Limits { max_message, limited_by, remedy: None })
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        assert!(plan.names.dir.is_dir(), "each link has a folder for its names");
        HAPPENED.lines()[0].word.store(0, Ordering::Release);
        let make = || pipe().map_err(|e| Error::os("pipe", e));
        Ok((plan.clone(), [make()?, make()?]))
    }

    fn capacity(_: &Self::Fixture) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(1 << 16), messages: None })
    }

    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<CrowdSender, CrowdReceiver>> {
        let (plan, [there, back]) = fixture;
        let (reader, writer) = match side {
            Side::Initiator => (back.0, there.1),
            Side::Responder => (there.0, back.1),
        };
        let (fault, fixed) = (FAULT, plan.fixed);
        Ok(Link {
            tx: CrowdSender { fd: writer, side, fault, fixed, buffer: Vec::new(), sent: 0 },
            rx: CrowdReceiver {
                fd: reader,
                side,
                fault,
                fixed,
                buffer: vec![0; plan.size],
                received: 0,
            },
        })
    }
}

impl CrowdSender {
    /// Messages of one length go as they are, others with their length before them.
    fn write(&self) -> Result<()> {
        let len = (self.buffer.len() as u32).to_le_bytes();
        if !self.fixed {
            self.push(&len)?;
        }
        self.push(&self.buffer)
    }

    fn push(&self, mut rest: &[u8]) -> Result<()> {
        while !rest.is_empty() {
            match write(&self.fd, rest) {
                Ok(n) => rest = &rest[n..],
                Err(rustix::io::Errno::PIPE) => return Err(Error::Closed),
                Err(e) => return Err(Error::os("write", e)),
            }
        }
        Ok(())
    }
}

impl Sender for CrowdSender {
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        self.buffer.resize(len, 0);
        Ok(&mut self.buffer)
    }

    fn commit(&mut self) -> Result<()> {
        self.sent += 1;
        let has_fault = matches!(self.fault, INITIATOR_DIES | LOSES | REPEATS | DAMAGES);
        if has_fault && self.side == Side::Initiator && self.sent == FATAL && is_the_one() {
            match self.fault {
                INITIATOR_DIES => die(),
                LOSES => return Ok(()),
                REPEATS => self.write()?,
                DAMAGES => *self.buffer.last_mut().expect("no message is empty") ^= 1,
                _ => {}
            }
        }
        self.write()
    }
}

impl CrowdReceiver {
    fn fill(&self, mut space: &mut [u8]) -> Result<()> {
        while !space.is_empty() {
            match read(&self.fd, &mut *space).map_err(|e| Error::os("read", e))? {
                0 => return Err(Error::Closed),
                n => space = &mut space[n..],
            }
        }
        Ok(())
    }
}

impl Receiver for CrowdReceiver {
    fn receive(&mut self) -> Result<&[u8]> {
        self.received += 1;
        let is_responder = self.side == Side::Responder;
        if self.fault == RESPONDER_DIES && is_responder && self.received == FATAL && is_the_one() {
            die();
        }
        let len = if self.fixed {
            self.buffer.len()
        } else {
            let mut len = [0; 4];
            self.fill(&mut len)?;
            u32::from_le_bytes(len) as usize
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        let got = self.fill(&mut buffer[..len]);
        self.buffer = buffer;
        got.map(|()| &self.buffer[..len])
    }

    fn release(&mut self) -> Result<()> {
        Ok(())
    }
}

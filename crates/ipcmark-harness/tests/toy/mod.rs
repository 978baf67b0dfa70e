//! A transport over two pipes that misbehaves as its parameter says: what the harness must see
//! through.
#![allow(dead_code, reason = "each test uses some of the toys")]

pub(crate) mod signals;
pub(crate) mod stream;

use ipcmark_core::{
    Availability, Capacity, Error, Framing, Info, Limits, Link, Plan, Receiver, Refusal, Result,
    Sender, Side, Transport, WaitKind,
};
use ipcmark_sys::clock::monotonic_ns;
use ipcmark_sys::shared::Lines;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{read, write};
use rustix::pipe::pipe;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Behaves.
pub(crate) const GOOD: u8 = 0;
/// The responder's 50th send kills its process.
pub(crate) const DIES: u8 = 1;
/// The responder's 50th send never returns.
pub(crate) const HANGS: u8 = 2;
/// The responder's 50th send panics.
pub(crate) const PANICS: u8 = 3;
/// The initiator's 50th message is left out.
pub(crate) const LOSES: u8 = 4;
/// The initiator's 50th message has a wrong byte.
pub(crate) const DAMAGES: u8 = 5;
/// The fixture cannot be made.
pub(crate) const NO_FIXTURE: u8 = 6;
/// The fixture turns out not to be possible.
pub(crate) const NO_ROOM: u8 = 10;
/// Not available.
pub(crate) const UNAVAILABLE: u8 = 7;
/// The responder reads slowly: 20 µs a message.
pub(crate) const SLOW_READER: u8 = 8;
/// The responder is ready 30 ms late.
pub(crate) const LATE: u8 = 9;

/// May lose: the initiator's messages number 3, 13, 23 ... never come, nor the first copies of what
/// ends a phase.
pub(crate) const DROPS: u8 = 11;
/// The responder's 60th receive comes 20 ms late.
pub(crate) const STALLS_THERE: u8 = 12;
/// The initiator's 60th send takes 20 ms.
pub(crate) const STALLS_HERE: u8 = 13;
/// Holds one message each way.
pub(crate) const NARROW: u8 = 14;
/// Sends nothing while its process is traced.
pub(crate) const SHY: u8 = 15;
/// The responder's process freezes for 10 ms in every 200 ms, by the clock.
pub(crate) const FREEZES: u8 = 17;

/// Each of the initiator's messages has a wrong byte between its stamps, but a phase's last.
pub(crate) const FLIPS: u8 = 18;

/// [`SLOW_READER`], whose sides look for messages instead of sleeping.
pub(crate) const SLOW_LOOKER: u8 = 19;

/// [`SLOW_READER`], whose sender can refuse to wait.
pub(crate) const REFUSES: u8 = 20;
/// The responder starts another process, which works.
pub(crate) const STARTS: u8 = 21;

const FATAL: u64 = 50;
/// Number of the message that meets the stall of a stalling toy, and the stall's length.
const STALLED: u64 = 60;
const STALL: Duration = Duration::from_millis(20);

const FREEZE_NS: u64 = 10_000_000;
const FREEZE_EVERY_NS: u64 = 200_000_000;

/// Returns true if the kernel says that this process is traced.
fn is_traced() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
}

/// Keeps the CPU for this long.
fn burn(time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {}
}

/// Messages the initiator of [`GOOD`] has sent, in its own memory: a thread would see it in
/// another's.
pub(crate) static SENT: AtomicU64 = AtomicU64::new(0);

/// Reports of the toys in all processes to the test, in memory that is made before any fork.
pub(crate) struct Board {
    lines: Lines,
}

impl Board {
    pub(crate) fn get() -> &'static Board {
        static BOARD: OnceLock<Board> = OnceLock::new();
        BOARD.get_or_init(|| Board { lines: Lines::new(3).expect("a shared page") })
    }

    pub(crate) fn clear(&self) {
        self.lines.lines().iter().for_each(|line| line.word.store(0, Ordering::SeqCst));
    }

    /// Messages that were dropped and are none of the harness's own.
    pub(crate) fn dropped(&self) -> &AtomicU64 {
        &self.lines.lines()[0].word
    }

    /// Messages the initiator has sent.
    pub(crate) fn sent(&self) -> &AtomicU64 {
        &self.lines.lines()[1].word
    }

    /// The most of them that were on their way when the responder asked for one.
    pub(crate) fn most_under_way(&self) -> &AtomicU64 {
        &self.lines.lines()[2].word
    }
}

/// Two pipes and a fault.
pub(crate) struct Toy<const FAULT: u8>;

pub(crate) struct ToySender {
    fd: OwnedFd,
    side: Side,
    fault: u8,
    buffer: Vec<u8>,
    sent: u64,
    /// Copies of the end of a phase that were dropped.
    ends_dropped: u64,
    ended: Rc<Lines>,
    /// A process that the responder of [`STARTS`] started.
    helper: Option<Child>,
}

pub(crate) struct ToyReceiver {
    fd: OwnedFd,
    side: Side,
    fault: u8,
    buffer: Vec<u8>,
    received: u64,
    /// Marked when the responder's sending half is dropped.
    ended: Rc<Lines>,
}

impl<const FAULT: u8> Transport for Toy<FAULT> {
    const INFO: Info = Info {
        mechanism: match FAULT {
            GOOD => "good",
            DIES => "dies",
            HANGS => "hangs",
            LOSES => "loses",
            UNAVAILABLE => "unavailable",
            SLOW_READER => "slow-reader",
            _ => "other",
        },
        lossy: FAULT == DROPS,
        overlaps: true,
        never_waits: FAULT == REFUSES,
        family: "toy",
        wait: if FAULT == SLOW_LOOKER { WaitKind::Spin } else { WaitKind::Block },
        framing: Framing::Stream,
        summary: "a transport with a fault",
        reference: "pipe(7)",
        ..Info::DEFAULT
    };
    type Fixture = (usize, [(OwnedFd, OwnedFd); 2], Rc<Lines>);
    type Tx = ToySender;
    type Rx = ToyReceiver;

    fn available() -> Availability {
        if FAULT == UNAVAILABLE {
            let remedy = Some("wait for a fine day".into());
            return Availability::Unavailable(Refusal { reason: "it rains".into(), remedy });
        }
        Availability::Available(Limits {
            max_message: Some(1 << 20),
            limited_by: "the toy box",
            remedy: None,
        })
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        if FAULT == NO_FIXTURE {
            return Err(Error::Protocol("the toy box is empty".into()));
        }
        if FAULT == NO_ROOM {
            let remedy = Some("buy a larger one".into());
            return Err(Error::Unavailable(Refusal {
                reason: "the toy box is full".into(),
                remedy,
            }));
        }
        let make = || pipe().map_err(|e| Error::os("pipe", e));
        Ok((plan.size, [make()?, make()?], Rc::new(Lines::new(1)?)))
    }

    fn capacity(_: &Self::Fixture) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(1 << 16), messages: (FAULT == NARROW).then_some(1) })
    }

    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<ToySender, ToyReceiver>> {
        let (size, [there, back], ended) = fixture;
        let (reader, writer) = match side {
            Side::Initiator => (back.0, there.1),
            Side::Responder => (there.0, back.1),
        };
        if FAULT == LATE && side == Side::Responder {
            std::thread::sleep(Duration::from_millis(30));
        }
        Ok(Link {
            tx: ToySender {
                fd: writer,
                side,
                fault: FAULT,
                buffer: vec![0; size],
                sent: 0,
                ends_dropped: 0,
                ended: Rc::clone(&ended),
                helper: (FAULT == STARTS && side == Side::Responder).then(helper),
            },
            rx: ToyReceiver {
                fd: reader,
                side,
                fault: FAULT,
                buffer: vec![0; size],
                received: 0,
                ended,
            },
        })
    }
}

impl Drop for ToySender {
    fn drop(&mut self) {
        if self.side == Side::Responder {
            self.ended.lines()[0].word.store(1, Ordering::Release);
        }
        if let Some(helper) = &mut self.helper {
            let _ = helper.kill();
            let _ = helper.wait();
        }
    }
}

/// Starts a process that works until it is killed, and for two seconds at most.
fn helper() -> Child {
    let script = "ulimit -t 2; while :; do :; done";
    Command::new("sh").args(["-c", script]).spawn().expect("there is a shell")
}

impl Sender for ToySender {
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        assert_eq!(len, self.buffer.len());
        Ok(&mut self.buffer)
    }

    fn commit(&mut self) -> Result<()> {
        self.sent += 1;
        if self.side == Side::Initiator {
            SENT.fetch_add(1, Ordering::Relaxed);
            Board::get().sent().fetch_add(1, Ordering::SeqCst);
        }
        match (self.fault, self.side) {
            (DROPS, Side::Initiator) if self.is_dropped() => return Ok(()),
            (STALLS_HERE, Side::Initiator) if self.sent == STALLED => std::thread::sleep(STALL),
            (SHY, _) if is_traced() => {
                return Err(Error::Protocol("somebody watches".into()));
            }
            _ => {}
        }
        if self.sent == FATAL {
            match (self.fault, self.side) {
                (DIES, Side::Responder) => {
                    let _ = rustix::process::kill_process(
                        rustix::process::getpid(),
                        rustix::process::Signal::KILL,
                    );
                }
                (HANGS, Side::Responder) => loop {
                    std::thread::park();
                },
                (PANICS, Side::Responder) => panic!("a toy fell over"),
                (LOSES, Side::Initiator) => return Ok(()),
                (DAMAGES, Side::Initiator) => self.buffer[20] ^= 1,
                _ => {}
            }
        }
        let flips = self.fault == FLIPS && self.side == Side::Initiator && self.buffer[7] >> 7 == 0;
        let at = 8 + self.sent as usize * 7 % self.buffer.len().saturating_sub(16).max(1);
        if flips {
            self.buffer[at] ^= 1;
            Board::get().dropped().fetch_add(1, Ordering::SeqCst);
        }
        let mut rest = &self.buffer[..];
        while !rest.is_empty() {
            let n = write(&self.fd, rest).map_err(|e| Error::os("write", e))?;
            rest = &rest[n..];
        }
        if flips {
            self.buffer[at] ^= 1;
        }
        Ok(())
    }

    fn try_claim(&mut self, len: usize) -> Result<Option<&mut [u8]>> {
        self.claim(len).map(Some)
    }

    fn try_commit(&mut self) -> Result<bool> {
        let mut fds = [PollFd::new(&self.fd, PollFlags::OUT)];
        let room = poll(&mut fds, Some(&Timespec::default())).map_err(|e| Error::os("poll", e))?;
        if room > 0 { self.commit().map(|()| true) } else { Ok(false) }
    }
}

impl ToySender {
    /// By the head of a message of 16 bytes or more: its number, and above it whether it is a
    /// phase's last.
    fn is_dropped(&mut self) -> bool {
        if self.buffer.len() < 8 {
            // 7 bits tell 128 messages apart, and 64 of them ahead from 64 behind: 70 in a row are
            // too many.
            let dropped = self.buffer[0] >> 7 == 0 && self.sent % 200 >= 130;
            Board::get().dropped().fetch_add(dropped.into(), Ordering::SeqCst);
            return dropped;
        }
        let head = u64::from_le_bytes(self.buffer[..8].try_into().expect("eight bytes"));
        if head >> 63 != 0 {
            self.ends_dropped += 1;
            return !self.ends_dropped.is_multiple_of(3);
        }
        let dropped = head % 10 == 3;
        if dropped {
            Board::get().dropped().fetch_add(1, Ordering::SeqCst);
        }
        dropped
    }
}

impl Receiver for ToyReceiver {
    fn receive(&mut self) -> Result<&[u8]> {
        if self.side == Side::Responder {
            assert_eq!(
                SENT.load(Ordering::Relaxed),
                0,
                "the initiator's memory is the responder's"
            );
        }
        self.received += 1;
        if self.side == Side::Responder {
            let board = Board::get();
            let under_way = board.sent().load(Ordering::SeqCst).saturating_sub(self.received - 1);
            board.most_under_way().fetch_max(under_way, Ordering::SeqCst);
            if self.fault == STALLS_THERE && self.received == STALLED {
                std::thread::sleep(STALL);
            }
        }
        if matches!(self.fault, SLOW_READER | SLOW_LOOKER | REFUSES) && self.side == Side::Responder
        {
            burn(Duration::from_micros(20));
        }
        let mut filled = 0;
        while filled < self.buffer.len() {
            match read(&self.fd, &mut self.buffer[filled..]).map_err(|e| Error::os("read", e))? {
                0 => return Err(Error::Closed),
                n => filled += n,
            }
        }
        if self.fault == FREEZES && self.side == Side::Responder {
            let frozen_ns = FREEZE_NS.saturating_sub(monotonic_ns() % FREEZE_EVERY_NS);
            std::thread::sleep(Duration::from_nanos(frozen_ns));
        }
        if self.side == Side::Initiator {
            let ended = self.ended.lines()[0].word.load(Ordering::Acquire);
            assert_eq!(ended, 0, "the responder packed up while its last answer was awaited");
        }
        Ok(&self.buffer)
    }

    fn release(&mut self) -> Result<()> {
        Ok(())
    }

    fn ready(&mut self) -> Result<bool> {
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec::default())).map(|n| n > 0).map_err(|e| Error::os("poll", e))
    }
}

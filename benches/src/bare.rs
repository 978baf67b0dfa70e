//! Bare loops: `read(2)` and `write(2)` between two forked, pinned processes, and nothing else. No traits, no check
//! values, no histogram; the clock is read twice.

use ipcmark_core::{Buffer, Error, Pattern, Result, Side};
use ipcmark_harness::placement::Cpus;
use ipcmark_sys::affinity;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process::{self, Exit};
use ipcmark_sys::shared::Parcel;
use rustix::io::{read, write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
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
}

/// One side's descriptors.
struct Ends {
    out: OwnedFd,
    back: OwnedFd,
}

impl Bare {
    /// All of them, each with the name of its transport in the catalog.
    pub const ALL: [(Bare, &'static str); 3] = [
        (Bare::Pipe, "pipe/block"),
        (Bare::UnixStream, "unix-stream/block"),
        (Bare::Tcp, "tcp/block"),
    ];

    /// Both sides' ends: initiator's, responder's.
    fn ends(self) -> Result<[Ends; 2]> {
        let io = |call: &'static str| move |e: std::io::Error| Error::os(call, e);
        let both = |a: OwnedFd, b: OwnedFd| -> Result<[Ends; 2]> {
            let [a_2, b_2] = [a.try_clone().map_err(io("dup"))?, b.try_clone().map_err(io("dup"))?];
            Ok([Ends { out: a, back: a_2 }, Ends { out: b, back: b_2 }])
        };
        match self {
            Bare::Pipe => {
                let (there_read, there_write) =
                    rustix::pipe::pipe().map_err(|e| Error::os("pipe", e))?;
                let (back_read, back_write) =
                    rustix::pipe::pipe().map_err(|e| Error::os("pipe", e))?;
                Ok([
                    Ends { out: there_write, back: back_read },
                    Ends { out: back_write, back: there_read },
                ])
            }
            Bare::UnixStream => {
                let (a, b) = UnixStream::pair().map_err(io("socketpair"))?;
                both(a.into(), b.into())
            }
            Bare::Tcp => {
                let listener = TcpListener::bind("127.0.0.1:0").map_err(io("bind"))?;
                let address = listener.local_addr().map_err(io("getsockname"))?;
                let a = TcpStream::connect(address).map_err(io("connect"))?;
                let (b, _) = listener.accept().map_err(io("accept"))?;
                a.set_nodelay(true)
                    .and_then(|()| b.set_nodelay(true))
                    .map_err(io("TCP_NODELAY"))?;
                both(a.into(), b.into())
            }
        }
    }
}

/// Runs `count` round trips or messages of `size` bytes after a tenth of that to warm up; returns ns for each.
pub fn run(
    bare: Bare,
    pattern: Pattern,
    size: usize,
    cpus: &Cpus,
    clock: Clock,
    count: u64,
) -> Result<f64> {
    let parcel = Parcel::new(64)?;
    let mut ends = bare.ends()?.map(Some);
    let mut children = Vec::new();
    for side in Side::ALL {
        children.push(process::fork(|| {
            let [initiator, responder] = &mut ends;
            let (mine, other) = match side {
                Side::Initiator => (initiator, responder),
                Side::Responder => (responder, initiator),
            };
            *other = None;
            let Some(mine) = mine else { return 1 };
            let warm_up = count / 10 + 1;
            let timed = cpus.of(side.index()).map_or(Ok(()), affinity::pin).and_then(|()| {
                match (pattern, side) {
                    (Pattern::PingPong, Side::Initiator) => {
                        initiate(mine, size, clock, warm_up, count)
                    }
                    (Pattern::PingPong, Side::Responder) => respond(mine, size, warm_up + count),
                    (_, Side::Initiator) => send(mine, size, warm_up, count),
                    (_, Side::Responder) => receive(mine, size, clock, warm_up, count),
                }
            });
            match timed {
                Ok(Some(ns)) => i32::from(parcel.put(&ns.to_le_bytes()).is_err()),
                Ok(None) => 0,
                Err(_) => 1,
            }
        })?);
    }
    drop(ends);
    let end = Instant::now() + Duration::from_secs(60);
    while children.iter().any(|c| c.exit().is_none()) && Instant::now() < end {
        process::wait_any(children.iter_mut(), Duration::from_millis(100))?;
    }
    let failed = children.iter().any(|c| c.exit() != Some(Exit::Code(0)));
    let total = parcel.get().and_then(|bytes| bytes.try_into().ok()).map(f64::from_le_bytes);
    match total {
        Some(total) if !failed => Ok(total / count as f64),
        _ => Err(Error::Protocol("the bare loop failed".into())),
    }
}

type Timed = Result<Option<f64>>;

fn initiate(ends: &Ends, size: usize, clock: Clock, warm_up: u64, count: u64) -> Timed {
    let mut buffer = Buffer::new(size);
    let mut trips = |n| -> Result<()> {
        for _ in 0..n {
            write_all(&ends.out, &buffer)?;
            read_exact(&ends.back, &mut buffer)?;
        }
        Ok(())
    };
    trips(warm_up)?;
    let begun = clock.now();
    trips(count)?;
    Ok(Some(clock.ns(clock.now() - begun)))
}

fn respond(ends: &Ends, size: usize, count: u64) -> Timed {
    let mut buffer = Buffer::new(size);
    for _ in 0..count {
        read_exact(&ends.back, &mut buffer)?;
        write_all(&ends.out, &buffer)?;
    }
    Ok(None)
}

fn send(ends: &Ends, size: usize, warm_up: u64, count: u64) -> Timed {
    let buffer = Buffer::new(size);
    let messages = |n| (0..n).try_for_each(|_| write_all(&ends.out, &buffer));
    messages(warm_up)?;
    read_exact(&ends.back, &mut [0])?;
    messages(count)?;
    Ok(None)
}

/// The clock starts with nothing under way, as ipcmark's does: what warm-up left in the buffers would come for free.
fn receive(ends: &Ends, size: usize, clock: Clock, warm_up: u64, count: u64) -> Timed {
    let mut buffer = Buffer::new(size);
    let mut messages = |n| (0..n).try_for_each(|_| read_exact(&ends.back, &mut buffer));
    messages(warm_up)?;
    let begun = clock.now();
    write_all(&ends.out, &[0])?;
    messages(count)?;
    Ok(Some(clock.ns(clock.now() - begun)))
}

#[inline]
fn write_all(fd: impl AsFd, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        let n = write(&fd, bytes).map_err(|e| Error::os("write", e))?;
        bytes = &bytes[n..];
    }
    Ok(())
}

#[inline]
fn read_exact(fd: impl AsFd, mut space: &mut [u8]) -> Result<()> {
    while !space.is_empty() {
        match read(&fd, &mut *space).map_err(|e| Error::os("read", e))? {
            0 => return Err(Error::Closed),
            n => space = &mut space[n..],
        }
    }
    Ok(())
}

//! Anonymous pipes: two of them, one a direction.
//!
//! The mechanism's own rules, as [pipe(7)](https://man7.org/linux/man-pages/man7/pipe.7.html) has them:
//!
//! - A pipe carries bytes in one direction, in order, without boundaries; [`Framed`] adds them.
//! - It holds 64 KiB unless told otherwise (`F_SETPIPE_SZ`), in pages: a message of one byte may take a page's slot. An
//!   ordinary user gets no pipe over `fs.pipe-max-size`, and small ones once all of that user's pass
//!   `fs.pipe-user-pages-soft`.
//! - A write to a full pipe sleeps, or says `EAGAIN` when the writer is non-blocking. Up to `PIPE_BUF` (4096) bytes
//!   go in whole; a longer non-blocking write may go in by parts.
//! - When the last writer is gone the reader sees end of file; when the last reader is gone the writer gets `EPIPE`,
//!   and `SIGPIPE`, which Rust programs ignore. So each side must close the ends it does not use.
//!
//! As every user does, the loop makes one `write(2)` and one `read(2)` a message that fits.
#![forbid(unsafe_code)]

use ipcmark_core::{
    Availability, ByteStream, Capacity, Error, Framed, Framing, Info, Limits, Link, Plan, Result,
    Side,
};
use ipcmark_sys::fd::{
    FdSink, FdSource, FdWait, availability, match_pipe_capacities, pipe_capacity,
};
use rustix::pipe::{PipeFlags, pipe_with};
use std::marker::PhantomData;
use std::os::fd::OwnedFd;

/// Messages over two pipes.
pub type Pipe<W> = Framed<PipeStream<W>>;

/// Bytes over two pipes.
#[derive(Debug)]
pub struct PipeStream<W>(PhantomData<W>);

/// Both pipes, with all four ends.
#[derive(Debug)]
pub struct PipeFixture {
    forth: Ends,
    back: Ends,
}

#[derive(Debug)]
struct Ends {
    reader: OwnedFd,
    writer: OwnedFd,
}

impl Ends {
    /// `pipe2()` - creates a pipe.
    fn new() -> Result<Ends> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).map_err(|e| Error::os("pipe2", e))?;
        Ok(Ends { reader, writer })
    }
}

impl<W: FdWait> ByteStream for PipeStream<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        ..Info::new(
            ("pipe", "pipe"),
            W::KIND,
            Framing::Stream,
            "anonymous pipe, one a direction; write(2) and read(2)",
            "pipe(7)",
        )
    };
    type Fixture = PipeFixture;
    type Sink = FdSink<W>;
    type Source = FdSource<W>;

    fn available() -> Availability {
        availability(Ends::new().map(|_| Limits::none()))
    }

    fn fixture(plan: &Plan) -> Result<PipeFixture> {
        let (forth, back) = (Ends::new()?, Ends::new()?);
        match_pipe_capacities([&forth.writer, &back.writer], plan.capacity)?;
        Ok(PipeFixture { forth, back })
    }

    /// What one direction holds, read back: the kernel may grant less than was asked, and both get the same.
    fn capacity(fixture: &PipeFixture) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(pipe_capacity(&fixture.forth.writer)?), messages: None })
    }

    fn split(fixture: PipeFixture, side: Side) -> Result<Link<FdSink<W>, FdSource<W>>> {
        let (writer, reader) = match side {
            Side::Initiator => (fixture.forth.writer, fixture.back.reader),
            Side::Responder => (fixture.back.writer, fixture.forth.reader),
        };
        Ok(Link { tx: FdSink::new(writer)?, rx: FdSource::new(reader)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::{ByteSink, ByteSource, Names, Transport};
    use ipcmark_sys::fd::{Block, Epoll, Poll, Spin, Yield, sysctl};

    fn plan(capacity: Option<usize>) -> Plan {
        Plan {
            capacity,
            ..Plan::new(64, Names { token: "test".into(), dir: "/nonexistent".into() })
        }
    }

    #[test]
    fn the_capacity_is_the_kernels() {
        let of = |asked| {
            let fixture = Pipe::<Block>::fixture(&plan(asked)).unwrap();
            Pipe::<Block>::capacity(&fixture).unwrap().bytes.unwrap()
        };
        assert_eq!(of(Some(5_000)), 8_192);
        assert_eq!(of(Some(65_536)), 65_536);
        assert!(of(None) >= 4_096);
    }

    /// An ordinary user comes to the limit, a privileged one passes it; neither is refused.
    #[test]
    fn a_capacity_over_the_limit_is_granted_up_to_it_and_told() {
        let max = sysctl("fs.pipe-max-size").unwrap() as usize;
        let fixture = PipeStream::<Block>::fixture(&plan(Some(4 * max))).unwrap();
        let told = PipeStream::<Block>::capacity(&fixture).unwrap().bytes.unwrap();
        assert!(told == max || told == 4 * max, "{told} where fs.pipe-max-size is {max}");
        for Ends { reader, writer } in [fixture.forth, fixture.back] {
            let mut tx = FdSink::<Block>::new(writer).unwrap();
            let mut rx = FdSource::<Block>::new(reader).unwrap();
            // A full page a slot fills the pipe; one thread could not send more.
            let mut left = told;
            while left > 0 {
                left -= tx.write(&vec![7; left]).unwrap();
            }
            let mut space = vec![0; told];
            while left < told {
                left += rx.read(&mut space[left..]).unwrap();
            }
            assert!(space.iter().all(|&byte| byte == 7));
        }
    }

    /// Splitting in one process keeps one side only: its peer's ends are closed, which is what the peer's death does.
    #[test]
    fn split_leaves_one_side_with_its_own_ends() {
        let fixture = PipeStream::<Poll>::fixture(&plan(None)).unwrap();
        let Link { mut tx, mut rx } = PipeStream::<Poll>::split(fixture, Side::Responder).unwrap();
        assert!(matches!(tx.write(&[1]), Err(Error::Closed)));
        assert_eq!(rx.read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn every_wait_is_a_transport() {
        let names = [
            Pipe::<Block>::INFO.name(),
            Pipe::<Spin>::INFO.name(),
            Pipe::<Yield>::INFO.name(),
            Pipe::<Poll>::INFO.name(),
            Pipe::<Epoll>::INFO.name(),
        ];
        assert_eq!(names, ["pipe/block", "pipe/spin", "pipe/yield", "pipe/poll", "pipe/epoll"]);
        assert!(matches!(Pipe::<Block>::available(), Availability::Available(_)));
    }
}

//! io_uring as a wait: the call itself is an operation handed to the kernel, and the side waits for its completion.
//!
//! A half has a ring of its own. A read is a `READ` entry and a write a `WRITE` entry; `io_uring_enter(2)` submits it
//! and waits for the completion in one call. The descriptor stays blocking: an operation that finds nothing is not
//! refused, it completes later. Where it can at once, it completes inside that same call, as a `read(2)` would.
//!
//! To look without waiting ([`ByteWait::ready`]) a side leaves a `POLL_ADD` with the kernel and looks at the completion
//! queue, which is memory: no system call, however often it looks, until something has come. A `READ` left there ahead
//! would save a call, but must land in memory that outlives the caller's borrow, i.e. in a buffer of its own, and be
//! copied again; and a side that closes would have to take it back, perhaps with bytes in it. The order of a look
//! and a read is kept: a read first awaits the look that is under way, since both wait for the same bytes.
//!
//! The descriptor is not registered with the ring: the ring would hold the file open until the kernel has taken it
//! apart, some time after it is closed, and the peer would see the end of the stream late.

use super::bytes::ByteWait;
use super::wait::{Interest, set_nonblocking};
use io_uring::{IoUring, Probe, opcode, squeue, types};
use ipcmark_core::{Called, Error, Refusal, Result, Wait, WaitKind};
use rustix::io::Errno;
use std::fmt;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Entries of a ring: a read or a write, a look, and taking the look back.
const ENTRIES: u32 = 4;
/// Names of completions: the read or write, the look, and the look's end.
const CALL: u64 = 0;
const LOOK: u64 = 1;
const END_OF_LOOK: u64 = 2;

/// The call is an io_uring operation; the side waits for its completion.
pub struct Uring {
    ring: IoUring,
    look: Look,
}

/// State of a look ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// None is under way.
    None,
    /// The kernel has it.
    Posted,
    /// There is something to read, or the end.
    Found,
}

impl fmt::Debug for Uring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uring").field("look", &self.look).finish_non_exhaustive()
    }
}

impl Wait for Uring {
    const KIND: WaitKind = WaitKind::Uring;
}

/// `io_uring_setup()` - makes a ring of `entries`.
///
/// # Errors
/// [`Error::Unavailable`] with what denies it and the line that changes that.
///
/// # References
/// [io_uring_setup(2)](https://man7.org/linux/man-pages/man2/io_uring_setup.2.html)
pub(crate) fn ring(entries: u32) -> Result<IoUring> {
    IoUring::new(entries).map_err(denied)
}

impl Uring {
    fn new() -> Result<Self> {
        Ok(Uring { ring: ring(ENTRIES)?, look: Look::None })
    }

    fn submit(&mut self, entry: &squeue::Entry) -> Result<()> {
        // SAFETY: what the entry points to stays valid until its completion: the callers wait for it.
        let pushed = unsafe { self.ring.submission().push(entry) };
        pushed.map_err(|_| Error::Protocol("the submission queue of a ring is full".into()))
    }

    /// Submits what was pushed, and waits for the completion called `awaited`; returns its result.
    #[inline]
    fn complete(&mut self, awaited: u64) -> i32 {
        loop {
            match self.ring.submit_and_wait(1) {
                Ok(_) => {}
                // Interrupted, or short of memory for the moment.
                Err(e)
                    if matches!(
                        Errno::from_io_error(&e),
                        Some(Errno::INTR | Errno::AGAIN | Errno::BUSY)
                    ) => {}
                // The kernel may still write into the buffer, and will not say when it is done: there is no way back.
                Err(_) => std::process::abort(),
            }
            let mut result = None;
            for completion in self.ring.completion() {
                match completion.user_data() {
                    name if name == awaited => result = Some(completion.result()),
                    LOOK => self.look = Look::Found,
                    _ => {}
                }
            }
            if let Some(result) = result {
                return result;
            }
        }
    }

    /// Makes one call, again where a signal cut it short.
    #[inline]
    fn call(&mut self, name: &'static str, entry: &squeue::Entry) -> Result<usize> {
        loop {
            self.submit(entry)?;
            match self.complete(CALL) {
                done @ 0.. => return Ok(done as usize),
                failed => match Errno::from_raw_os_error(-failed) {
                    Errno::INTR | Errno::AGAIN => {}
                    Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN => return Err(Error::Closed),
                    errno => return Err(Error::os(format!("io_uring {name}"), errno)),
                },
            }
        }
    }
}

impl ByteWait for Uring {
    const OVERLAPS: bool = true;
    const SHARES: bool = true;

    fn available() -> Result<()> {
        let uring = Uring::new()?;
        let mut probe = Probe::new();
        uring
            .ring
            .submitter()
            .register_probe(&mut probe)
            .called("io_uring_register(IORING_REGISTER_PROBE)")?;
        let needed = [opcode::Read::CODE, opcode::Write::CODE, opcode::PollAdd::CODE];
        if needed.into_iter().all(|code| probe.is_supported(code)) {
            return Ok(());
        }
        Err(Error::Unavailable(
            Refusal::new("this kernel's io_uring has no READ, WRITE or POLL_ADD")
                .with_remedy("take a kernel of 5.6 or later"),
        ))
    }

    fn begin(fd: BorrowedFd<'_>, _: Interest) -> Result<Self> {
        set_nonblocking(fd, false)?;
        Uring::new()
    }

    /// Reads; first awaits a look that is under way.
    #[inline]
    fn read(&mut self, fd: BorrowedFd<'_>, space: &mut [u8]) -> Result<usize> {
        if self.look == Look::Posted {
            self.complete(LOOK);
        }
        self.look = Look::None;
        let len = u32::try_from(space.len()).unwrap_or(u32::MAX);
        let entry = opcode::Read::new(types::Fd(fd.as_raw_fd()), space.as_mut_ptr(), len);
        self.call("READ", &entry.offset(NOWHERE).build().user_data(CALL))
    }

    #[inline]
    fn write(&mut self, fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize> {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let entry = opcode::Write::new(types::Fd(fd.as_raw_fd()), bytes.as_ptr(), len);
        self.call("WRITE", &entry.offset(NOWHERE).build().user_data(CALL))
    }

    #[inline]
    fn ready(&mut self, fd: BorrowedFd<'_>) -> Result<bool> {
        if self.look == Look::None {
            let readable = libc::POLLIN as u32;
            let entry = opcode::PollAdd::new(types::Fd(fd.as_raw_fd()), readable);
            self.submit(&entry.build().user_data(LOOK))?;
            self.ring.submit().called("io_uring_enter")?;
            self.look = Look::Posted;
        }
        if self.look == Look::Posted && self.ring.completion().next().is_some() {
            self.look = Look::Found;
        }
        Ok(self.look == Look::Found)
    }
}

/// Takes back a look under way: the kernel would hold the file open until it has taken the ring apart.
impl Drop for Uring {
    fn drop(&mut self) {
        if self.look == Look::Posted {
            let entry = opcode::PollRemove::new(LOOK).build().user_data(END_OF_LOOK);
            if self.submit(&entry).is_ok() {
                self.complete(LOOK);
            }
        }
    }
}

/// The offset of a file that has none: as `read(2)`, not as `pread(2)`.
const NOWHERE: u64 = u64::MAX;

/// Returns why there is no ring, and what would change it.
#[cold]
fn denied(error: std::io::Error) -> Error {
    let disabled = super::sysctl("kernel.io_uring_disabled").unwrap_or(0);
    let (reason, remedy) = match Errno::from_io_error(&error) {
        Some(Errno::NOSYS) => ("this kernel has no io_uring", "take a kernel of 5.6 or later"),
        Some(Errno::PERM | Errno::ACCESS) if disabled > 0 => (
            "kernel.io_uring_disabled denies io_uring to this process",
            "sysctl kernel.io_uring_disabled=0",
        ),
        Some(Errno::PERM | Errno::ACCESS) => (
            "io_uring is denied to this process, as container engines do with seccomp(2)",
            "run the container with --security-opt seccomp=unconfined",
        ),
        Some(Errno::NOMEM) => ("there is no memory to be locked for a ring", "ulimit -l unlimited"),
        _ => return Error::os("io_uring_setup", error),
    };
    Error::Unavailable(Refusal::new(format!("{reason} ({error})")).with_remedy(remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::pipe;
    use std::os::fd::AsFd;

    /// Returns true if there is nothing to try: a machine that denies io_uring says so in the rows of the catalog.
    fn half(fd: BorrowedFd<'_>, interest: Interest) -> Option<Uring> {
        Uring::available().ok().map(|()| Uring::begin(fd, interest).unwrap())
    }

    #[test]
    fn a_look_finds_bytes_and_is_good_for_one_read() {
        let (reader, writer) = pipe().unwrap();
        let rx = reader.as_fd();
        let Some(mut uring) = half(rx, Interest::Readable) else { return };
        assert!(!uring.ready(rx).unwrap());
        rustix::io::write(&writer, b"one").unwrap();
        assert!(uring.ready(rx).unwrap());
        let mut space = [0; 8];
        assert_eq!(uring.read(rx, &mut space).unwrap(), 3);
        assert!(!uring.ready(rx).unwrap(), "the look before was for what has been read");
        rustix::io::write(&writer, b"two").unwrap();
        assert_eq!(uring.read(rx, &mut space).unwrap(), 3);
        assert!(!uring.ready(rx).unwrap());
        drop(writer);
        assert!(uring.ready(rx).unwrap());
        assert_eq!(uring.read(rx, &mut space).unwrap(), 0);
    }

    #[test]
    fn a_half_that_is_dropped_with_a_look_under_way_holds_nothing_open() {
        let (reader, writer) = pipe().unwrap();
        let Some(mut uring) = half(reader.as_fd(), Interest::Readable) else { return };
        assert!(!uring.ready(reader.as_fd()).unwrap());
        drop(uring);
        drop(reader);
        assert_eq!(rustix::io::write(&writer, &[1]), Err(Errno::PIPE));
    }
}

//! The loop around a system call: try, wait when it says `EAGAIN`, try again.

use super::wait::{FdWait, Waited};
use crate::lifeline::{Lifeline, Peer};
use ipcmark_core::{Error, Result};
use rustix::io::{self, Errno};
use std::os::fd::BorrowedFd;

/// Repeats `try_once`, which sends on `fd`, until it succeeds or the peer is gone.
///
/// `name` is the system call's, for errors. A mechanism whose descriptor does not tell that the peer is gone hands in
/// its `lifeline`.
#[inline(always)]
pub(crate) fn until_sent<W: FdWait, R>(
    wait: &mut W,
    fd: BorrowedFd<'_>,
    lifeline: Option<&Lifeline>,
    name: &'static str,
    mut try_once: impl FnMut() -> io::Result<R>,
) -> Result<R> {
    loop {
        match try_once() {
            Ok(sent) => return Ok(sent),
            Err(Errno::AGAIN) => {
                if wait.wait(fd, lifeline)? == Waited::Long
                    && let Some(lifeline) = lifeline
                    && lifeline.peer_is_gone()
                {
                    return Err(lifeline.end());
                }
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(failed(name, errno)),
        }
    }
}

/// Repeats `try_once`, which receives from `fd`, until it succeeds or the peer is gone.
///
/// As [`until_sent`]. When the lifeline or a reset has told that the peer sends nothing more, what it sent before may
/// still be there to be received (a Unix socket for packets tells of the reset first): it is tried again, and only then
/// does `EAGAIN`, or a second reset, mean the end.
#[inline(always)]
pub(super) fn until_received<W: FdWait, R>(
    wait: &mut W,
    fd: BorrowedFd<'_>,
    lifeline: Option<&Lifeline>,
    name: &'static str,
    mut try_once: impl FnMut() -> io::Result<R>,
) -> Result<R> {
    let mut peer = Peer::Here;
    loop {
        match try_once() {
            Ok(received) => return Ok(received),
            Err(Errno::AGAIN) => {
                match peer {
                    Peer::Here => {}
                    Peer::Closed => return Err(Error::Closed),
                    Peer::Gone => return Err(Error::PeerDied),
                }
                if wait.wait(fd, lifeline)? == Waited::Long
                    && let Some(lifeline) = lifeline
                {
                    peer = lifeline.peer();
                }
            }
            Err(Errno::INTR) => {}
            Err(Errno::CONNRESET | Errno::CONNREFUSED) if peer == Peer::Here => peer = Peer::Closed,
            Err(errno) => return Err(failed(name, errno)),
        }
    }
}

/// Returns the error of a failed call: the peer is gone, or something is wrong.
#[cold]
pub(super) fn failed(name: &'static str, errno: Errno) -> Error {
    match errno {
        Errno::PIPE | Errno::CONNRESET | Errno::CONNREFUSED | Errno::NOTCONN => Error::Closed,
        _ => Error::os(name, errno),
    }
}

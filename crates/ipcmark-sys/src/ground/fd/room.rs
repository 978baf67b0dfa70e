//! The number of messages that a link of sockets holds, tried.
//!
//! A kernel charges a socket's buffer more than a message's bytes: its own bookkeeping, rounded up, by rules that differ
//! from kernel to kernel. So a link of the same kind is made, filled and counted, once for each kind, buffer and length.

use ipcmark_core::{Error, Result};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::cell::RefCell;
use std::collections::HashMap;
use std::os::fd::OwnedFd;

/// Largest number of messages that is counted.
const ROOM_MAX: usize = 1 << 16;

/// Least charge for a message, beyond its own bytes.
const BOOKKEEPING: usize = 256;

/// Name of a kind of link, bytes of its buffer, and bytes of a message.
type Kind = (&'static str, usize, usize);

/// Returns the number of messages that one direction of a link of this kind holds, up to 65,536. `link` makes one
/// to be filled, unless this process has tried it before: the end that sends, and the end that receives.
pub fn room(kind: Kind, link: impl FnOnce() -> Result<[OwnedFd; 2]>) -> Result<usize> {
    tried(kind, || {
        let [tx, _rx] = link()?;
        fill(&tx, kind, ROOM_MAX).map(|bytes| bytes / kind.2.max(1))
    })
}

/// Does the same for a link that loses what it does not hold: what comes out of it is counted.
pub fn room_before_loss(kind: Kind, link: impl FnOnce() -> Result<[OwnedFd; 2]>) -> Result<usize> {
    tried(kind, || {
        let (_, buffer, len) = kind;
        let [tx, rx] = link()?;
        // No kernel charges a message less than this.
        fill(&tx, kind, buffer / (len + BOOKKEEPING) + 1)?;
        let (mut space, mut bytes) = (vec![0; len.max(1)], 0);
        loop {
            match recv(&rx, &mut space, RecvFlags::DONTWAIT) {
                Ok((_, came)) => bytes += came,
                Err(Errno::INTR) => {}
                Err(_) => return Ok(bytes / len.max(1)),
            }
        }
    })
}

fn tried(kind: Kind, count: impl FnOnce() -> Result<usize>) -> Result<usize> {
    thread_local! {
        static TRIED: RefCell<HashMap<Kind, usize>> = RefCell::default();
    }
    if let Some(held) = TRIED.with_borrow(|tried| tried.get(&kind).copied()) {
        return Ok(held);
    }
    let held = count()?;
    TRIED.with_borrow_mut(|tried| tried.insert(kind, held));
    Ok(held)
}

/// Sends up to `most` messages, or until there is no room; returns the bytes that went in.
fn fill(tx: &OwnedFd, (name, _, len): Kind, most: usize) -> Result<usize> {
    let message = vec![0; len];
    let (mut bytes, mut calls) = (0, 0);
    while calls < most {
        match send(tx, &message, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
            Ok(n) => (bytes, calls) = (bytes + n, calls + 1),
            Err(Errno::AGAIN | Errno::NOBUFS) => break,
            Err(Errno::INTR) => {}
            Err(e) => return Err(Error::os(format!("send, to see how much {name} holds"), e)),
        }
    }
    Ok(bytes)
}

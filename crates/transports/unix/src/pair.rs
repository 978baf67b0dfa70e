//! A connected pair of sockets, and how long a message it carries.

use ipcmark_core::{Called, Capacity, Error, Limits, Refusal, Result, Side};
use ipcmark_sys::fd::{self, set_send_buffer, sysctl};
use rustix::io::Errno;
use rustix::net::sockopt::socket_send_buffer_size;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair,
};
use std::os::fd::OwnedFd;

/// Part of a send buffer that the kernel keeps when it decides whether a message fits (`sock_alloc_send_pskb` callers in
/// `net/unix/af_unix.c` compare with `sk_sndbuf - 32`).
const RESERVED: usize = 32;

/// Both ends of one connection, before the fork.
#[derive(Debug)]
pub struct Pair {
    ends: [OwnedFd; 2],
    /// Longest message of the plan, in bytes.
    size: usize,
}

impl Pair {
    /// `socketpair()` - creates a pair whose send buffers hold `capacity` bytes, where that is asked, or what
    /// `net.core.wmem_max` grants of them.
    ///
    /// # References
    /// [socketpair(2)](https://man7.org/linux/man-pages/man2/socketpair.2.html)
    pub(crate) fn stream(size: usize, capacity: Option<usize>) -> Result<Pair> {
        let pair = Pair::new(SocketType::STREAM, size)?;
        if let Some(bytes) = capacity {
            pair.set_buffers(bytes)?;
        }
        Ok(pair)
    }

    /// Returns the same for a type that keeps boundaries: the buffers are made to hold one message of `size` bytes
    /// at least, and where that is more than the default, one is sent to see that it passes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with the setting in the way, when the kernel lets no such message pass, and
    /// [`Error::TooLong`] beyond what [`longest_message`] tells.
    pub(crate) fn messages(kind: SocketType, size: usize, capacity: Option<usize>) -> Result<Pair> {
        let pair = Pair::new(kind, size)?;
        if let Some(bytes) = capacity {
            pair.set_buffers(bytes)?;
        }
        let needed = size + RESERVED;
        if pair.send_buffer()? < needed {
            // Asked for once, granted twice over; what the kernel caps may still be enough.
            pair.set_buffers(needed)?;
            let granted = pair.send_buffer()?;
            if granted < needed {
                return Err(too_small(size, granted));
            }
            // The kernel may let more pass now than it will under pressure: the reported value is the one that is kept.
            let told = longest_message(kind)?;
            if let Some(max) = told.max_message.filter(|&max| size > max) {
                return Err(Error::TooLong { len: size, max, limited_by: told.limited_by });
            }
            pair.try_message(size)?;
        }
        Ok(pair)
    }

    /// Returns the same pair for messages of at most `size` bytes, of which not all pass through
    /// it.
    pub(crate) fn of(self, size: usize) -> Pair {
        Pair { size, ..self }
    }

    /// Returns both ends.
    pub(crate) fn ends(&self) -> &[OwnedFd; 2] {
        &self.ends
    }

    fn new(kind: SocketType, size: usize) -> Result<Pair> {
        let (a, b) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)
            .called("socketpair(AF_UNIX)")?;
        Ok(Pair { ends: [a, b], size })
    }

    /// Sets the send buffer of both ends, as far as the kernel grants it: the same for both.
    fn set_buffers(&self, bytes: usize) -> Result<()> {
        self.ends.iter().try_for_each(|end| set_send_buffer(end, bytes).map(|_| ()))
    }

    /// Returns bytes of the send buffer as the kernel counts them.
    pub(crate) fn send_buffer(&self) -> Result<usize> {
        socket_send_buffer_size(&self.ends[0]).called("getsockopt(SO_SNDBUF)")
    }

    /// Sends one message of `size` bytes through the pair and takes it out again.
    fn try_message(&self, size: usize) -> Result<()> {
        let [from, to] = &self.ends;
        match send(from, &vec![0; size], SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(_) => recv(to, &mut [0], RecvFlags::DONTWAIT).map(|_| ()).called("recv"),
            Err(errno @ (Errno::MSGSIZE | Errno::NOBUFS | Errno::NOMEM)) => {
                Err(Error::Unavailable(Refusal::new(format!(
                        "this kernel lets no message of {size} bytes through a Unix-domain socket ({errno}), \
                         although SO_SNDBUF holds it"
                    )).with_remedy("ask for smaller messages, or take unix-stream")))
            }
            Err(errno) => Err(Error::os("send", errno)),
        }
    }

    /// Returns what one direction holds: the sender's `SO_SNDBUF`, read back, and the messages of the plan's size that
    /// it has room for. The receive buffer plays no part.
    pub(crate) fn capacity(&self, kind: SocketType) -> Result<Capacity> {
        let bytes = self.send_buffer()?;
        Ok(Capacity { bytes: Some(bytes), messages: Some(room(kind, bytes, self.size)?) })
    }

    /// Keeps `side`'s end and closes the other; tells the longest message.
    pub(crate) fn split(self, side: Side) -> (OwnedFd, usize) {
        let [initiator, responder] = self.ends;
        let end = match side {
            Side::Initiator => initiator,
            Side::Responder => responder,
        };
        (end, self.size)
    }
}

/// Returns how many messages of `len` bytes a socket of `kind` sends into a buffer of `bytes` before it has to wait.
pub(crate) fn room(kind: SocketType, bytes: usize, len: usize) -> Result<usize> {
    let name = match kind {
        SocketType::DGRAM => "a Unix datagram socket",
        SocketType::SEQPACKET => "a Unix socket for packets",
        _ => "a Unix stream socket",
    };
    fd::room((name, bytes, len), || {
        let pair = Pair::new(kind, len)?;
        // The kernel grants twice what is asked.
        pair.set_buffers(bytes / 2)?;
        Ok(pair.ends)
    })
}

/// Returns a send buffer of `granted` bytes, the largest that the kernel grants, is too small for a message of
/// `size`.
#[cold]
fn too_small(size: usize, granted: usize) -> Error {
    let needed = size + RESERVED;
    let max = sysctl("net.core.wmem_max").map_or_else(|| "unknown".into(), |max| max.to_string());
    Error::Unavailable(Refusal::new(format!(
            "a message of {size} bytes needs an SO_SNDBUF of {needed} bytes, and {granted} are granted; \
             net.core.wmem_max is {max}"
        )).with_remedy(format!("sysctl net.core.wmem_max={needed}")))
}

/// Returns the longest message of `kind` that this kernel lets pass: the largest send buffer is set, then messages
/// are tried the whole of it, then powers of two downwards.
pub(crate) fn longest_message(kind: SocketType) -> Result<Limits> {
    let pair = Pair::new(kind, 1)?;
    let buffer = set_send_buffer(&pair.ends[0], usize::MAX)?;
    let whole = buffer.saturating_sub(RESERVED);
    if pair.try_message(whole).is_ok() {
        return Ok(Limits {
            max_message: Some(whole),
            limited_by: "net.core.wmem_max",
            // A buffer is twice the setting, so this doubles it.
            remedy: Some(format!("sysctl net.core.wmem_max={buffer}")),
        });
    }
    let powers = (0..usize::BITS).rev().map(|bit| 1 << bit).filter(|&size| size < whole);
    for size in powers {
        if pair.try_message(size).is_ok() {
            return Ok(Limits {
                max_message: Some(size),
                limited_by: "the longest run of kernel memory",
                remedy: None,
            });
        }
    }
    Err(Error::Unavailable(Refusal::new("no message passes through a Unix-domain socket here")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_pass_both_ways_under_a_capacity_over_the_limit() {
        let over = Some(sysctl("net.core.wmem_max").unwrap() as usize + 1_000_000);
        for mut pair in [
            Pair::stream(65_536, over).unwrap(),
            Pair::messages(SocketType::SEQPACKET, 65_536, over).unwrap(),
            Pair::messages(SocketType::DGRAM, 65_536, over).unwrap(),
        ] {
            pair.try_message(65_536).unwrap();
            pair.ends.reverse();
            pair.try_message(65_536).unwrap();
        }
    }
}

//! Sending a socket's bytes from where they lie: `MSG_ZEROCOPY`, and the notices that they may be changed again.
//!
//! # References
//! - [msg_zerocopy](https://docs.kernel.org/networking/msg_zerocopy.html),
//!   [send(2)](https://man7.org/linux/man-pages/man2/send.2.html)

use ipcmark_core::{Error, Refusal, Result};
use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use rustix::io::{self, Errno};
use rustix::net::SendFlags;
use std::os::fd::{AsFd, AsRawFd};

/// Flag of `linux/socket.h`; rustix has no name for it.
const MSG_ZEROCOPY: SendFlags = SendFlags::from_bits_retain(libc::MSG_ZEROCOPY as u32);
/// Origin in `linux/errqueue.h`.
const SO_EE_ORIGIN_ZEROCOPY: u8 = 5;
const SO_EE_CODE_ZEROCOPY_COPIED: u8 = 1;

/// Sends that the kernel is through with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// Number of the first of them, from 0, in the order in which they were made; the count wraps.
    pub first: u32,
    /// Number of the last.
    pub last: u32,
    /// The kernel made a copy after all.
    pub copied: bool,
}

/// `setsockopt(SO_ZEROCOPY)` - lets a socket send without a copy.
///
/// # Errors
/// [`Error::Unavailable`] where the kernel or this kind of socket cannot.
///
/// # References
/// [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html)
pub fn enable(socket: impl AsFd) -> Result<()> {
    let on: libc::c_int = 1;
    let (fd, len) = (socket.as_fd().as_raw_fd(), size_of::<libc::c_int>() as libc::socklen_t);
    let value = (&raw const on).cast();
    // SAFETY: `value` is readable for `len` bytes.
    let rc = unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_ZEROCOPY, value, len) };
    if rc == 0 {
        return Ok(());
    }
    let e = std::io::Error::last_os_error();
    Err(Error::Unavailable(
        Refusal::new(format!("setsockopt(SO_ZEROCOPY) fails here: {e}"))
            .with_remedy("Linux 4.14 or newer is needed"),
    ))
}

/// `send(MSG_ZEROCOPY)` - sends some of `bytes`, waiting as the socket does. The kernel reads them until the send with
/// this number is part of a [`Completion`]; what is changed before that may or may not be sent as changed.
pub fn send(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    rustix::net::send(socket, bytes, MSG_ZEROCOPY | SendFlags::NOSIGNAL)
}

/// `recvmsg(MSG_ERRQUEUE)` - takes the oldest notice, if there is one; never waits. `poll(2)` says `POLLERR` when
/// there is.
pub fn take_completion(socket: impl AsFd) -> Result<Option<Completion>> {
    let mut space = cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    let flags = MsgFlags::MSG_ERRQUEUE;
    let fd = socket.as_fd().as_raw_fd();
    let failed = |e| Error::os("recvmsg(MSG_ERRQUEUE)", e);
    loop {
        let message = match recvmsg::<()>(fd, &mut [], Some(&mut space), flags) {
            Ok(message) => message,
            Err(nix::errno::Errno::EAGAIN) => return Ok(None),
            Err(nix::errno::Errno::EINTR) => continue,
            Err(e) => return Err(failed(Errno::from_raw_os_error(e as i32))),
        };
        for control in message.cmsgs().map_err(|e| failed(Errno::from_raw_os_error(e as i32)))? {
            if let ControlMessageOwned::Ipv4RecvErr(notice, _)
            | ControlMessageOwned::Ipv6RecvErr(notice, _) = control
                && notice.ee_origin == SO_EE_ORIGIN_ZEROCOPY
            {
                return Ok(Some(Completion {
                    first: notice.ee_info,
                    last: notice.ee_data,
                    copied: notice.ee_code & SO_EE_CODE_ZEROCOPY_COPIED != 0,
                }));
            }
        }
    }
}

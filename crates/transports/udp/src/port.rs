//! One end as a port: each try is one call.

use ipcmark_sys::fd::MessagePort;
use rustix::io;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A connected socket.
#[derive(Debug)]
pub struct UdpPort(pub(crate) OwnedFd);

impl UdpPort {
    /// Returns a second descriptor for the same socket.
    pub(crate) fn try_clone(&self) -> std::io::Result<UdpPort> {
        self.0.try_clone().map(UdpPort)
    }
}

impl AsFd for UdpPort {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl MessagePort for UdpPort {
    const SEND: &'static str = "send";
    const RECEIVE: &'static str = "recv";
    const LIMITED_BY: &'static str =
        "the size this link was made for, within the length field of a datagram";

    /// `send()` - sends one datagram.
    ///
    /// # References
    /// [send(2)](https://man7.org/linux/man-pages/man2/send.2.html)
    #[inline]
    fn try_send(&self, message: &[u8]) -> io::Result<()> {
        send(&self.0, message, SendFlags::NOSIGNAL).map(|_| ())
    }

    /// `recv()` - takes one datagram. An empty one is the end of the stream.
    ///
    /// # References
    /// [recv(2)](https://man7.org/linux/man-pages/man2/recv.2.html)
    #[inline]
    fn try_receive(&self, space: &mut [u8]) -> io::Result<usize> {
        recv(&self.0, space, RecvFlags::empty()).map(|(_, len)| len)
    }

    fn try_end(&self) -> io::Result<()> {
        send(&self.0, &[], SendFlags::NOSIGNAL | SendFlags::DONTWAIT).map(|_| ())
    }
}

//! The buffers of sockets.

use ipcmark_core::{Called, Error, Result};
use rustix::net::sockopt;
use std::os::fd::AsFd;

/// `setsockopt(SO_SNDBUF)` - makes the send buffer hold `bytes` of messages, or as many as `net.core.wmem_max` grants;
/// returns its size in bytes as the kernel counts it, which is twice what was granted, to leave room for bookkeeping.
///
/// # References
/// [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html)
pub fn set_send_buffer(socket: impl AsFd, bytes: usize) -> Result<usize> {
    let bytes = bytes.min(MOST);
    sockopt::set_socket_send_buffer_size(&socket, bytes)
        .map_err(|e| Error::os(format!("setsockopt(SO_SNDBUF, {bytes})"), e))?;
    sockopt::socket_send_buffer_size(&socket).called("getsockopt(SO_SNDBUF)")
}

/// `setsockopt(SO_RCVBUF)` - the same for the receive buffer, which `net.core.rmem_max` bounds. Set it before a TCP
/// socket connects or listens: the window's scale is agreed on then.
///
/// # References
/// [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html),
/// [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html)
pub fn set_receive_buffer(socket: impl AsFd, bytes: usize) -> Result<usize> {
    let bytes = bytes.min(MOST);
    sockopt::set_socket_recv_buffer_size(&socket, bytes)
        .map_err(|e| Error::os(format!("setsockopt(SO_RCVBUF, {bytes})"), e))?;
    sockopt::socket_recv_buffer_size(&socket).called("getsockopt(SO_RCVBUF)")
}

/// Bytes that can be asked for: the kernel doubles them within an `int`.
const MOST: usize = i32::MAX as usize / 2;

#[cfg(test)]
mod tests {
    use super::super::limit::sysctl;
    use super::*;
    use rustix::net::{AddressFamily, SocketType, socket};

    #[test]
    fn a_buffer_is_granted_twice_over() {
        let s = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        assert_eq!(set_send_buffer(&s, 30_000).unwrap(), 60_000);
        assert_eq!(set_receive_buffer(&s, 20_000).unwrap(), 40_000);
    }

    #[test]
    fn a_capped_buffer_is_granted_up_to_the_cap() {
        let s = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        let max = |of| sysctl(of).unwrap() as usize;
        let (sent, received) = (max("net.core.wmem_max"), max("net.core.rmem_max"));
        assert_eq!(set_send_buffer(&s, sent + 1_000_000).unwrap(), 2 * sent);
        assert_eq!(set_receive_buffer(&s, received + 1_000_000).unwrap(), 2 * received);
        assert_eq!(set_send_buffer(&s, usize::MAX).unwrap(), 2 * sent);
    }
}

//! The buffers of sockets.

use super::limit::sysctl;
use ipcmark_core::{Error, Result};
use rustix::net::sockopt;
use std::os::fd::AsFd;

/// `setsockopt(SO_SNDBUF)` - makes the send buffer hold `bytes` of messages; returns its size in bytes as the kernel
/// counts it, which is twice that, to leave room for bookkeeping.
///
/// # Errors
/// [`Error::Unavailable`] when the kernel would silently grant less, with the setting that caps it.
///
/// # References
/// [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html)
pub fn set_send_buffer(socket: impl AsFd, bytes: usize) -> Result<usize> {
    let bytes = bytes.min(i32::MAX as usize / 2);
    sockopt::set_socket_send_buffer_size(&socket, bytes)
        .map_err(|e| Error::os(format!("setsockopt(SO_SNDBUF, {bytes})"), e))?;
    let granted = sockopt::socket_send_buffer_size(&socket)
        .map_err(|e| Error::os("getsockopt(SO_SNDBUF)", e))?;
    checked("SO_SNDBUF", "net.core.wmem_max", bytes, granted)
}

/// `setsockopt(SO_RCVBUF)` - the same for the receive buffer. Set it before a TCP socket connects or listens: the
/// window's scale is agreed on then.
///
/// # Errors
/// As [`set_send_buffer`].
///
/// # References
/// [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html),
/// [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html)
pub fn set_receive_buffer(socket: impl AsFd, bytes: usize) -> Result<usize> {
    let bytes = bytes.min(i32::MAX as usize / 2);
    sockopt::set_socket_recv_buffer_size(&socket, bytes)
        .map_err(|e| Error::os(format!("setsockopt(SO_RCVBUF, {bytes})"), e))?;
    let granted = sockopt::socket_recv_buffer_size(&socket)
        .map_err(|e| Error::os("getsockopt(SO_RCVBUF)", e))?;
    checked("SO_RCVBUF", "net.core.rmem_max", bytes, granted)
}

fn checked(
    option: &'static str,
    setting: &'static str,
    bytes: usize,
    granted: usize,
) -> Result<usize> {
    if granted >= 2 * bytes {
        return Ok(granted);
    }
    let max = sysctl(setting).map_or_else(|| "unknown".into(), |max| max.to_string());
    Err(Error::Unavailable {
        reason: format!(
            "{option} of {bytes} bytes was asked for and {} granted; {setting} is {max}",
            granted / 2
        ),
        remedy: Some(format!("sysctl {setting}={bytes}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketType, socket};

    #[test]
    fn a_buffer_is_granted_twice_over() {
        let s = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        assert_eq!(set_send_buffer(&s, 30_000).unwrap(), 60_000);
        assert_eq!(set_receive_buffer(&s, 20_000).unwrap(), 40_000);
    }

    #[test]
    fn a_capped_buffer_is_refused_by_name() {
        let s = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        let over = sysctl("net.core.wmem_max").unwrap() as usize + 1_000_000;
        let error = set_send_buffer(&s, over).unwrap_err().to_string();
        assert!(error.contains("net.core.wmem_max is"), "{error}");
        assert!(error.contains(&format!("sysctl net.core.wmem_max={over}")), "{error}");
    }
}

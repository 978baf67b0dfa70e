//! The buffers of vsock sockets, which have options of their own.

use ipcmark_core::{Error, Result};
use std::os::fd::{AsFd, AsRawFd};

/// Options of `linux/vm_sockets.h`; their level is the address family.
const SO_VM_SOCKETS_BUFFER_SIZE: libc::c_int = 0;
const SO_VM_SOCKETS_BUFFER_MAX_SIZE: libc::c_int = 2;

/// `setsockopt(SO_VM_SOCKETS_BUFFER_SIZE)` - makes the receive buffer hold `bytes`, raising its own bound where it must;
/// returns what it holds then. The peer may have that many bytes on their way to it.
///
/// # References
/// [vsock(7)](https://man7.org/linux/man-pages/man7/vsock.7.html)
pub fn set_buffer(socket: impl AsFd, bytes: u64) -> Result<u64> {
    for (option, name) in [
        (SO_VM_SOCKETS_BUFFER_MAX_SIZE, "SO_VM_SOCKETS_BUFFER_MAX_SIZE"),
        (SO_VM_SOCKETS_BUFFER_SIZE, "SO_VM_SOCKETS_BUFFER_SIZE"),
    ] {
        // The bound is only ever raised: it also holds for the size that is there already.
        if option == SO_VM_SOCKETS_BUFFER_MAX_SIZE && get(&socket, option)? >= bytes {
            continue;
        }
        let (fd, len) = (socket.as_fd().as_raw_fd(), size_of::<u64>() as libc::socklen_t);
        let value = (&raw const bytes).cast();
        // SAFETY: `value` is readable for `len` bytes.
        let rc = unsafe { libc::setsockopt(fd, libc::AF_VSOCK, option, value, len) };
        if rc != 0 {
            let e = std::io::Error::last_os_error();
            return Err(Error::os(format!("setsockopt({name}, {bytes})"), e));
        }
    }
    buffer(socket)
}

/// `getsockopt(SO_VM_SOCKETS_BUFFER_SIZE)` - bytes that the receive buffer holds.
///
/// # References
/// [vsock(7)](https://man7.org/linux/man-pages/man7/vsock.7.html)
pub fn buffer(socket: impl AsFd) -> Result<u64> {
    get(socket, SO_VM_SOCKETS_BUFFER_SIZE)
}

fn get(socket: impl AsFd, option: libc::c_int) -> Result<u64> {
    let mut bytes = 0u64;
    let mut len = size_of::<u64>() as libc::socklen_t;
    let (fd, value) = (socket.as_fd().as_raw_fd(), (&raw mut bytes).cast());
    // SAFETY: `value` is writable for `len` bytes.
    let rc = unsafe { libc::getsockopt(fd, libc::AF_VSOCK, option, value, &raw mut len) };
    if rc == 0 {
        Ok(bytes)
    } else {
        Err(Error::os("getsockopt(SO_VM_SOCKETS_BUFFER_SIZE)", std::io::Error::last_os_error()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketType, socket};

    /// Options are answered by the address family, whether a transport is loaded or not.
    #[test]
    fn a_buffer_is_set_and_read_back() {
        let Ok(s) = socket(AddressFamily::VSOCK, SocketType::STREAM, None) else { return };
        assert_eq!(set_buffer(&s, 1 << 20).unwrap(), 1 << 20);
        assert_eq!(set_buffer(&s, 64 << 10).unwrap(), 64 << 10);
    }
}

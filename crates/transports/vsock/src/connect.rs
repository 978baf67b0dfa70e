//! A connection from this machine to itself, made before the fork.

use ipcmark_core::{Capacity, Error, Refusal, Result, Side};
use ipcmark_sys::{fd, vsock};
use nix::errno::Errno;
use nix::libc::{VMADDR_CID_LOCAL, VMADDR_PORT_ANY};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrLike, VsockAddr, bind, connect,
    getpeername, getsockname, listen, socket,
};
use rustix::net::{SocketFlags, accept_with};
use std::os::fd::{AsRawFd, OwnedFd};

/// Both ends of one connection.
#[derive(Debug)]
pub struct Connection {
    ends: [OwnedFd; 2],
}

impl Connection {
    /// Connects over the loopback. With `capacity`, each end gets a receive buffer of that many bytes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where the kernel has no vsock, no loopback for it, or no sockets of this kind.
    pub fn new(kind: SockType, capacity: Option<usize>) -> Result<Connection> {
        let address = VsockAddr::new(VMADDR_CID_LOCAL, VMADDR_PORT_ANY);
        let ends = connected(AddressFamily::Vsock, kind, &address)
            .map_err(|(call, errno)| explain(call, errno, kind))?;
        let connection = Connection { ends };
        if let Some(bytes) = capacity {
            connection.set_buffers(bytes)?;
        }
        Ok(connection)
    }

    fn set_buffers(&self, bytes: usize) -> Result<()> {
        self.ends.iter().try_for_each(|end| vsock::set_buffer(end, bytes as u64).map(|_| ()))
    }

    /// Makes the buffers hold a message of `size` bytes, if they do not.
    pub(crate) fn hold(&self, size: usize) -> Result<()> {
        if vsock::buffer(&self.ends[1])? < size as u64 { self.set_buffers(size) } else { Ok(()) }
    }

    /// Returns what one direction holds: the receiver's buffer, read back.
    pub(crate) fn capacity(&self) -> Result<Capacity> {
        let bytes = vsock::buffer(&self.ends[1])? as usize;
        Ok(Capacity { bytes: Some(bytes), messages: None })
    }

    /// Returns how many messages of `len` bytes one direction holds.
    pub(crate) fn room(&self, kind: SockType, len: usize) -> Result<usize> {
        let bytes = vsock::buffer(&self.ends[1])? as usize;
        let name = if kind == SockType::Stream { "vsock-stream" } else { "vsock-seqpacket" };
        let twin = || Connection::new(kind, Some(bytes)).map(|connection| connection.ends);
        fd::room((name, bytes, len), twin)
    }

    /// Keeps `side`'s end and closes the other.
    pub(crate) fn split(self, side: Side) -> OwnedFd {
        let [initiator, responder] = self.ends;
        match side {
            Side::Initiator => initiator,
            Side::Responder => responder,
        }
    }
}

/// A call that failed, and how.
type Failed = (&'static str, Errno);

/// Binds a listener to `address`, connects to where it is then bound, and accepts that connection.
fn connected<A: SockaddrLike + PartialEq>(
    family: AddressFamily,
    kind: SockType,
    address: &A,
) -> std::result::Result<[OwnedFd; 2], Failed> {
    let call = |name: &'static str| move |errno: Errno| (name, errno);
    let endpoint = || socket(family, kind, SockFlag::SOCK_CLOEXEC, None).map_err(call("socket"));
    let listener = endpoint()?;
    bind(listener.as_raw_fd(), address).map_err(call("bind"))?;
    listen(&listener, Backlog::new(1).map_err(call("listen"))?).map_err(call("listen"))?;
    let bound: A = getsockname(listener.as_raw_fd()).map_err(call("getsockname"))?;
    let client = endpoint()?;
    connect(client.as_raw_fd(), &bound).map_err(call("connect"))?;
    let here: A = getsockname(client.as_raw_fd()).map_err(call("getsockname"))?;
    loop {
        let server = match accept_with(&listener, SocketFlags::CLOEXEC) {
            Ok(server) => server,
            Err(rustix::io::Errno::INTR) => continue,
            Err(e) => return Err(("accept4", Errno::from_raw(e.raw_os_error()))),
        };
        // Any process of this machine may connect to the port; only our own connection counts.
        if getpeername::<A>(server.as_raw_fd()).is_ok_and(|there| there == here) {
            return Ok([client, server]);
        }
    }
}

/// Returns what is missing, and what would bring it.
fn explain(call: &'static str, errno: Errno, kind: SockType) -> Error {
    let (reason, remedy) = match errno {
        Errno::EAFNOSUPPORT => {
            ("this kernel has no vsock", "a kernel with CONFIG_VSOCKETS is needed; modprobe vsock")
        }
        Errno::EADDRNOTAVAIL | Errno::ENODEV | Errno::ENETUNREACH | Errno::ECONNRESET => {
            ("vsock has no loopback here", "modprobe vsock_loopback (CONFIG_VSOCKETS_LOOPBACK)")
        }
        Errno::ESOCKTNOSUPPORT | Errno::EOPNOTSUPP if kind == SockType::SeqPacket => {
            ("vsock has no sequenced packets here", "Linux 5.14 or newer is needed")
        }
        _ => return Error::os(format!("{call}(AF_VSOCK)"), errno),
    };
    Error::Unavailable(Refusal::new(format!("{reason} ({call}: {errno})")).with_remedy(remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::UnixAddr;
    use rustix::io::{read, write};

    /// The same calls, over a family that every kernel has.
    #[test]
    fn the_two_ends_are_each_others_peers() {
        for kind in [SockType::Stream, SockType::SeqPacket] {
            // No name at all: the kernel gives one, as it gives a port.
            let ends = connected(AddressFamily::Unix, kind, &UnixAddr::new_unnamed()).unwrap();
            let [client, server] = &ends;
            for (from, to) in [(client, server), (server, client)] {
                write(from, b"hello").unwrap();
                let mut space = [0; 8];
                assert_eq!(read(to, &mut space).unwrap(), 5);
                assert_eq!(&space[..5], b"hello");
            }
        }
    }

    #[test]
    fn what_is_missing_is_named_with_what_would_bring_it() {
        for kind in [SockType::Stream, SockType::SeqPacket] {
            match Connection::new(kind, None) {
                Ok(connection) => assert!(connection.capacity().unwrap().bytes > Some(0)),
                Err(error) => {
                    assert!(matches!(error, Error::Unavailable(_)), "{error}");
                    assert!(error.to_string().contains("modprobe vsock"), "{error}");
                }
            }
        }
    }
}

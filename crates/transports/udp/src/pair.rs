//! Two sockets on loopback, connected to each other before the fork.

use crate::{UdpPort, Variant};
use ipcmark_core::{Called, Capacity, Error, Refusal, Result, Side};
use ipcmark_sys::fd::{room_before_loss, set_receive_buffer, set_send_buffer};
use rustix::io::Errno;
use rustix::net::sockopt::socket_recv_buffer_size;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddr, SocketFlags, SocketType, bind, connect,
    getsockname, recv, send, socket_with,
};
use std::os::fd::OwnedFd;

/// Both ends.
#[derive(Debug)]
pub struct Pair {
    ends: [OwnedFd; 2],
}

impl Pair {
    /// Makes two sockets of this kind for messages of up to `size` bytes, whose buffers hold `capacity` bytes where
    /// that is asked, or what `net.core.rmem_max` and `net.core.wmem_max` grant of them.
    ///
    /// # Errors
    /// [`Error::TooLong`] for a message that no datagram holds; [`Error::Unavailable`] where there is no loopback
    /// address of this kind.
    pub fn new<V: Variant>(size: usize, capacity: Option<usize>) -> Result<Pair> {
        if size > V::BYTES_MAX {
            return Err(Error::TooLong { len: size, max: V::BYTES_MAX, limited_by: V::LIMITED_BY });
        }
        let (a, here) = endpoint::<V>(capacity)?;
        let (b, there) = endpoint::<V>(capacity)?;
        for (end, peer) in [(&a, there), (&b, here)] {
            connect(end, &peer).map_err(|e| missing::<V>("connect", e))?;
            // A stranger may have sent something before the socket was connected.
            while recv(end, &mut [0], RecvFlags::DONTWAIT) != Err(Errno::AGAIN) {}
        }
        Ok(Pair { ends: [a, b] })
    }

    /// Sends a message of `size` bytes from one end to the other, and takes it.
    pub(crate) fn try_message(&self, size: usize) -> Result<()> {
        let [from, to] = &self.ends;
        let os = |call: &'static str| move |e| Error::os(format!("{call}({size} bytes)"), e);
        send(from, &vec![0; size], SendFlags::DONTWAIT).map_err(os("send"))?;
        let (_, len) = recv(to, &mut vec![0; size], RecvFlags::DONTWAIT).map_err(os("recv"))?;
        if len == size {
            Ok(())
        } else {
            Err(Error::Protocol(format!("of {size} bytes sent as one message {len} came as one")))
        }
    }

    /// Returns what one direction holds: the receiver's buffer, as the kernel counts it, and the messages of `size`
    /// bytes that it has room for.
    pub(crate) fn capacity<V: Variant>(&self, size: usize) -> Result<Capacity> {
        let bytes = socket_recv_buffer_size(&self.ends[1]).called("getsockopt(SO_RCVBUF)")?;
        // The kernel grants twice what is asked.
        let twin = || Pair::new::<V>(size, Some(bytes / 2)).map(|pair| pair.ends);
        let messages = room_before_loss((V::MECHANISM, bytes, size), twin)?;
        Ok(Capacity { bytes: Some(bytes), messages: Some(messages) })
    }

    /// Keeps `side`'s end, as a port to send and one to receive, and closes the other.
    pub(crate) fn split(self, side: Side) -> Result<[UdpPort; 2]> {
        let port = UdpPort(self.keep(side));
        let second = port.try_clone().called("fcntl(F_DUPFD_CLOEXEC)")?;
        Ok([second, port])
    }

    /// Keeps `side`'s end, and closes the other.
    pub(crate) fn keep(self, side: Side) -> OwnedFd {
        let [initiator, responder] = self.ends;
        match side {
            Side::Initiator => initiator,
            Side::Responder => responder,
        }
    }

    /// Returns both ends in one process.
    #[cfg(test)]
    pub(crate) fn into_ports(self) -> [UdpPort; 2] {
        self.ends.map(UdpPort)
    }
}

/// Returns what `errno` of `call` means: that there is no such address here, or something else.
fn missing<V: Variant>(call: &str, errno: Errno) -> Error {
    let loopback = V::address();
    match errno {
        Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT | Errno::NETUNREACH => Error::Unavailable(
            Refusal::new(format!("there is no loopback address {}: {errno}", loopback.ip()))
                .with_remedy(match loopback {
                    SocketAddr::V4(_) => "ip link set lo up",
                    SocketAddr::V6(_) => {
                        "sysctl net.ipv6.conf.lo.disable_ipv6=0; ip link set lo up"
                    }
                }),
        ),
        _ => Error::os(format!("{call}({})", loopback.ip()), errno),
    }
}

/// Returns a socket that is bound to a free port, and its address.
fn endpoint<V: Variant>(capacity: Option<usize>) -> Result<(OwnedFd, SocketAddr)> {
    let loopback = V::address();
    let family = match loopback {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
        .map_err(|e| missing::<V>("socket", e))?;
    V::prepare(&socket)?;
    if let Some(bytes) = capacity {
        set_send_buffer(&socket, bytes)?;
        set_receive_buffer(&socket, bytes)?;
    }
    bind(&socket, &loopback).map_err(|e| missing::<V>("bind", e))?;
    let address = getsockname(&socket).called("getsockname")?;
    let address = SocketAddr::try_from(address).called("getsockname")?;
    Ok((socket, address))
}

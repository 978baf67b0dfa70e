//! A connection from this process to itself over loopback, made before the fork.

use crate::listen::Listening;
use ipcmark_core::{Called, Capacity, Result, Side};
use ipcmark_sys::fd::room;
use rustix::net::sockopt::{set_tcp_nodelay, socket_recv_buffer_size, socket_send_buffer_size};
use std::os::fd::OwnedFd;

/// Both ends of one connection.
#[derive(Debug)]
pub struct Connection {
    ends: [OwnedFd; 2],
    /// Bytes asked of each buffer.
    asked: Option<usize>,
}

impl Connection {
    /// Connects over 127.0.0.1, or over ::1 where there is no IPv4. With `capacity`, each end gets a send and a receive
    /// buffer of that many bytes, or of what `net.core.wmem_max` and `net.core.rmem_max` grant.
    ///
    /// # Errors
    /// [`ipcmark_core::Error::Unavailable`] when loopback is down or missing.
    pub fn new(capacity: Option<usize>) -> Result<Connection> {
        Ok(Listening::new(capacity)?.1)
    }

    /// Returns the same over ::1 and nothing else.
    ///
    /// # Errors
    /// [`ipcmark_core::Error::Unavailable`] when there is no ::1.
    pub fn over_v6(capacity: Option<usize>) -> Result<Connection> {
        Ok(Listening::over_v6(capacity)?.1)
    }

    /// Lets Nagle's algorithm hold small writes back at both ends, as it does unless a program asks otherwise.
    pub(crate) fn with_nagle(self) -> Result<Connection> {
        for end in &self.ends {
            set_tcp_nodelay(end, false).called("setsockopt(TCP_NODELAY, 0)")?;
        }
        Ok(self)
    }

    /// Joins both ends of one connection.
    pub(crate) const fn of(ends: [OwnedFd; 2], asked: Option<usize>) -> Connection {
        Connection { ends, asked }
    }

    /// Returns what one direction holds, as the kernel counts it: the sender's send buffer and the receiver's receive
    /// buffer.
    pub(crate) fn capacity(&self) -> Result<Capacity> {
        let [client, server] = &self.ends;
        let sent = socket_send_buffer_size(client).called("getsockopt(SO_SNDBUF)")?;
        let received = socket_recv_buffer_size(server).called("getsockopt(SO_RCVBUF)")?;
        Ok(Capacity { bytes: Some(sent + received), messages: None })
    }

    /// Returns how many messages of `frame` bytes one direction holds before its sender waits; `twin` makes a connection
    /// like this one.
    pub(crate) fn room(
        &self,
        name: &'static str,
        frame: usize,
        twin: impl FnOnce(Option<usize>) -> Result<Connection>,
    ) -> Result<usize> {
        let bytes = socket_send_buffer_size(&self.ends[0]).called("getsockopt(SO_SNDBUF)")?;
        room((name, bytes, frame), || twin(self.asked).map(|connection| connection.ends))
    }

    /// Returns both ends, to set an option on each.
    pub(crate) fn ends(&self) -> &[OwnedFd; 2] {
        &self.ends
    }

    /// Returns both ends in one process.
    pub(crate) fn into_ends(self) -> [OwnedFd; 2] {
        self.ends
    }

    /// Keeps `side`'s end and closes the other.
    pub(crate) fn split(self, side: Side) -> OwnedFd {
        let [client, server] = self.ends;
        match side {
            Side::Initiator => client,
            Side::Responder => server,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::address_of;
    use ipcmark_core::Error;
    use ipcmark_sys::fd::sysctl;
    use rustix::net::sockopt::tcp_nodelay;

    #[test]
    fn both_ends_send_at_once() {
        let connection = Connection::new(None).unwrap();
        assert!(connection.ends.iter().all(|end| tcp_nodelay(end).unwrap()));
    }

    #[test]
    fn nagle_is_on_where_it_is_asked_for() {
        let connection = Connection::new(None).unwrap().with_nagle().unwrap();
        assert!(connection.ends.iter().all(|end| !tcp_nodelay(end).unwrap()));
    }

    #[test]
    fn both_ends_have_the_asked_buffers() {
        let Connection { ends: [client, server], .. } = Connection::new(Some(50_000)).unwrap();
        for end in [&client, &server] {
            assert_eq!(socket_send_buffer_size(end).unwrap(), 100_000);
            assert_eq!(socket_recv_buffer_size(end).unwrap(), 100_000);
        }
        let capacity = Connection { ends: [client, server], asked: None }.capacity().unwrap();
        assert_eq!(capacity.bytes, Some(200_000));
    }

    /// As on a stock kernel, where 256 KiB are over both limits.
    #[test]
    fn a_capacity_over_the_limits_is_granted_up_to_them_and_told() {
        let max = |of| sysctl(of).unwrap() as usize;
        let (sent, received) = (max("net.core.wmem_max"), max("net.core.rmem_max"));
        let connection = Connection::new(Some(sent.max(received) + 1_000_000)).unwrap();
        assert_eq!(connection.capacity().unwrap().bytes, Some(2 * (sent + received)));
        let [client, server] = &connection.ends;
        for (from, to) in [(client, server), (server, client)] {
            assert_eq!(rustix::io::write(from, &[7; 1_000]).unwrap(), 1_000);
            let mut space = vec![0; 2_000];
            assert_eq!(rustix::io::read(to, &mut space).unwrap(), 1_000);
        }
    }

    #[test]
    fn the_ends_are_each_others_peers() {
        let Connection { ends: [client, server], .. } = Connection::new(None).unwrap();
        rustix::io::write(&client, b"hello").unwrap();
        let mut space = [0; 8];
        assert_eq!(rustix::io::read(&server, &mut space).unwrap(), 5);
        assert_eq!(&space[..5], b"hello");
    }

    #[test]
    fn ipv6_serves_where_it_is() {
        match Connection::over_v6(None) {
            Ok(connection) => {
                let address = address_of(&connection.ends[0]).unwrap();
                assert!(address.is_ipv6() && address.ip().is_loopback());
            }
            Err(error) => assert!(matches!(error, Error::Unavailable(_)), "{error}"),
        }
    }
}

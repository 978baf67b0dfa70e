//! A port on loopback, and the connections to it.
//!
//! The port is one that the kernel chooses, so no other socket has it and none is in `TIME_WAIT` on it: `SO_REUSEADDR`
//! would change nothing. No end sets `SO_LINGER` either: with a time of 0 a close would reset the connection in place
//! of ending it, which is not what a client does. So each connection leaves its client's port in `TIME_WAIT` for a
//! minute. The kernel gives such a port to a new connection over loopback after a second (`net.ipv4.tcp_tw_reuse` 2, the
//! default); where it does not, a client that connects for each request runs out of ports, and says so.

use crate::Connection;
use ipcmark_core::{Called, Error, Refusal, Result, Side};
use ipcmark_sys::fd::{accept_own, set_receive_buffer, set_send_buffer};
use rustix::io::Errno;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::net::{
    AddressFamily, Ipv4Addr, Ipv6Addr, SocketAddr, SocketFlags, SocketType, acceptfrom_with, bind,
    connect, getsockname, listen, socket_with,
};
use std::os::fd::OwnedFd;

/// Connections that wait to be accepted at most: a client that opens a new one for each request may be one ahead.
const BACKLOG: i32 = 16;

/// A socket that listens on a loopback address.
#[derive(Debug)]
pub struct Listening {
    listener: OwnedFd,
    address: SocketAddr,
    /// Bytes asked of each buffer.
    asked: Option<usize>,
}

impl Listening {
    /// Listens on 127.0.0.1, or on ::1 where there is no IPv4, and connects once: only that shows that the address is up.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when loopback is down or missing.
    pub fn new(asked: Option<usize>) -> Result<(Listening, Connection)> {
        let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        match Listening::at(v4, asked) {
            Err(error) if is_no_such_address(&error) => match Listening::over_v6(asked) {
                Err(_) => Err(Error::Unavailable(
                    Refusal::new(format!("there is no loopback address to connect over: {error}"))
                        .with_remedy("ip link set lo up"),
                )),
                over_v6 => over_v6,
            },
            over_v4 => over_v4,
        }
    }

    /// Does the same on ::1 and nothing else.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when there is no ::1.
    pub fn over_v6(asked: Option<usize>) -> Result<(Listening, Connection)> {
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
        Listening::at(v6, asked).map_err(|error| {
            if is_no_such_address(&error) {
                Error::Unavailable(
                    Refusal::new(format!("there is no ::1 to connect over: {error}"))
                        .with_remedy("sysctl net.ipv6.conf.lo.disable_ipv6=0; ip link set lo up"),
                )
            } else {
                error
            }
        })
    }

    fn at(loopback: SocketAddr, asked: Option<usize>) -> Result<(Listening, Connection)> {
        let listener = endpoint(&loopback, asked)?;
        bind(&listener, &loopback).map_err(|e| Error::os(format!("bind({loopback})"), e))?;
        listen(&listener, BACKLOG).called("listen")?;
        let address = address_of(&listener)?;
        let client = connected(address, asked)?;
        let here = address_of(&client)?;
        // Any process of this machine may connect to the port; only our own connection counts.
        let server = accepted(&listener, |from| (from != here).then(|| from.to_string()))?;
        let connection = Connection::of([client, server], asked);
        Ok((Listening { listener, address, asked }, connection))
    }

    /// Returns what makes one side's ends of one connection after another.
    pub(crate) fn enter(self, side: Side) -> impl FnMut() -> Result<OwnedFd> {
        let Listening { listener, address, asked } = self;
        // A client that kept the listener would not be refused when the server is gone.
        let listener = Some(listener).filter(|_| side == Side::Responder);
        move || match &listener {
            None => connected(address, asked).map_err(|error| out_of_ports(error, address)),
            // The kernel's table of connections tells whose the other end is, but reading it takes longer than the
            // connection: a stranger's first message is not the one that is due, and ends the run.
            Some(listener) => accepted(listener, |_| None),
        }
    }
}

fn connected(address: SocketAddr, asked: Option<usize>) -> Result<OwnedFd> {
    let client = endpoint(&address, asked)?;
    // Its port would tell nothing, and would make of one reason as many as there are transports.
    connect(&client, &address).map_err(|e| Error::os(format!("connect({})", address.ip()), e))?;
    at_once(client)
}

fn accepted(
    listener: &OwnedFd,
    stranger: impl Fn(SocketAddr) -> Option<String>,
) -> Result<OwnedFd> {
    let accept = || acceptfrom_with(listener, SocketFlags::CLOEXEC);
    let (server, _) = accept_own(accept, |(_, from)| {
        let from = from.clone().and_then(|from| SocketAddr::try_from(from).ok());
        from.map_or_else(|| Some("somebody without an address".into()), &stranger)
    })?;
    at_once(server)
}

/// Says what a client is out of whose connection the kernel gave no port.
#[cold]
fn out_of_ports(error: Error, to: SocketAddr) -> Error {
    if error.errno() != Some(Errno::ADDRNOTAVAIL.raw_os_error()) {
        return error;
    }
    let reason = format!(
        "no port is left for a connection to {}: those of ended connections wait in TIME_WAIT for a minute",
        to.ip()
    );
    let remedy = "sysctl net.ipv4.tcp_tw_reuse=2 (loopback uses such a port again after a second), or a wider net.ipv4.ip_local_port_range";
    Error::Unavailable(Refusal::new(reason).with_remedy(remedy))
}

/// Has each write sent at once.
fn at_once(end: OwnedFd) -> Result<OwnedFd> {
    set_tcp_nodelay(&end, true).called("setsockopt(TCP_NODELAY)")?;
    Ok(end)
}

/// Returns a socket for `address`, with its buffers set before it can connect: the window's scale depends on
/// them. What a listener accepts inherits its buffers.
fn endpoint(address: &SocketAddr, capacity: Option<usize>) -> Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)
        .map_err(|e| Error::os(format!("socket({address})"), e))?;
    if let Some(bytes) = capacity {
        set_send_buffer(&socket, bytes)?;
        set_receive_buffer(&socket, bytes)?;
    }
    Ok(socket)
}

/// Returns the address of a socket's own end.
pub(crate) fn address_of(socket: &OwnedFd) -> Result<SocketAddr> {
    let address = getsockname(socket).called("getsockname")?;
    SocketAddr::try_from(address).called("getsockname")
}

/// Returns the errors that a missing or sleeping loopback gives.
fn is_no_such_address(error: &Error) -> bool {
    matches!(
        error.errno().map(Errno::from_raw_os_error),
        Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT | Errno::NETUNREACH | Errno::HOSTUNREACH)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves as a server that ends each connection after its client.
    fn serve(listening: Listening, connections: usize) {
        let mut accept = listening.enter(Side::Responder);
        for _ in 0..connections {
            let server = accept().unwrap();
            let mut space = [0; 8];
            while rustix::io::read(&server, &mut space).unwrap() > 0 {
                rustix::io::write(&server, b"ok").unwrap();
            }
        }
    }

    #[test]
    fn one_connection_after_another_reaches_the_same_listener() {
        let (listening, _) = Listening::new(None).unwrap();
        let client = Listening { listener: listening.listener.try_clone().unwrap(), ..listening };
        let mut connect = client.enter(Side::Initiator);
        let server = std::thread::spawn(move || serve(listening, 20));
        let mut ports = Vec::new();
        for _ in 0..20 {
            let client = connect().unwrap();
            ports.push(address_of(&client).unwrap().port());
            rustix::io::write(&client, b"hello").unwrap();
            assert_eq!(rustix::io::read(&client, &mut [0; 8]).unwrap(), 2);
        }
        server.join().unwrap();
        ports.sort_unstable();
        ports.dedup();
        assert!(ports.len() > 1, "each is a connection of its own");
        // The server is gone, and so is its listener.
        assert_eq!(connect().unwrap_err().errno(), Some(Errno::CONNREFUSED.raw_os_error()));
    }

    #[test]
    fn a_client_without_a_port_says_what_it_is_out_of() {
        let (listening, _) = Listening::new(None).unwrap();
        let of = |errno| out_of_ports(Error::os("connect", errno), listening.address).to_string();
        let said = of(Errno::ADDRNOTAVAIL);
        assert!(said.contains("TIME_WAIT") && said.contains("tcp_tw_reuse"), "{said}");
        assert!(of(Errno::CONNREFUSED).contains("connect"));
    }
}

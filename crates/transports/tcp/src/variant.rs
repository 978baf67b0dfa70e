//! What distinguishes the rows: the address, and whether small writes may be held back.

use crate::{Connection, Listening};
use ipcmark_core::{Called, Result};
use rustix::net::sockopt::set_tcp_nodelay;
use std::os::fd::OwnedFd;

/// One kind of connection, as a type.
pub trait Variant: 'static {
    /// Name of the mechanism, without the wait.
    const MECHANISM: &'static str;
    /// One line for people.
    const SUMMARY: &'static str;
    /// Makes a connection; see [`Connection::new`].
    fn connect(capacity: Option<usize>) -> Result<Connection>;
    /// Makes a place to connect to again and again; see [`Listening::new`].
    fn listen(capacity: Option<usize>) -> Result<Listening> {
        Ok(Listening::new(capacity)?.0)
    }
    /// Sets what an end of such a connection needs.
    fn prepare(_: &OwnedFd) -> Result<()> {
        Ok(())
    }
}

/// Over IPv4, each write sent at once: what all who care for latency ask for.
#[derive(Debug)]
pub struct NoDelay;

impl Variant for NoDelay {
    const MECHANISM: &'static str = "tcp";
    const SUMMARY: &'static str = "TCP over loopback with TCP_NODELAY; write(2) and read(2)";

    fn connect(capacity: Option<usize>) -> Result<Connection> {
        Connection::new(capacity)
    }
}

/// Over IPv4, small writes held back while earlier ones are not acknowledged: what a program gets that does not ask.
#[derive(Debug)]
pub struct Nagle;

impl Variant for Nagle {
    const MECHANISM: &'static str = "tcp-nagle";
    const SUMMARY: &'static str = "TCP over loopback, Nagle's algorithm on; write(2) and read(2)";

    fn connect(capacity: Option<usize>) -> Result<Connection> {
        Connection::new(capacity)?.with_nagle()
    }

    fn prepare(end: &OwnedFd) -> Result<()> {
        set_tcp_nodelay(end, false).called("setsockopt(TCP_NODELAY, 0)")
    }
}

/// Over IPv6, each write sent at once.
#[derive(Debug)]
pub struct V6;

impl Variant for V6 {
    const MECHANISM: &'static str = "tcp6";
    const SUMMARY: &'static str = "TCP over IPv6 loopback with TCP_NODELAY; write(2) and read(2)";

    fn connect(capacity: Option<usize>) -> Result<Connection> {
        Connection::over_v6(capacity)
    }

    fn listen(capacity: Option<usize>) -> Result<Listening> {
        Ok(Listening::over_v6(capacity)?.0)
    }
}

//! What distinguishes the rows: the address, and whether small writes may be held back.

use crate::Connection;
use ipcmark_core::Result;

/// One kind of connection, as a type.
pub trait Variant: 'static {
    /// Name of the mechanism, without the wait.
    const MECHANISM: &'static str;
    /// One line for people.
    const SUMMARY: &'static str;
    /// Makes a connection; see [`Connection::new`].
    fn connect(capacity: Option<usize>) -> Result<Connection>;
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
}

//! What distinguishes the rows: the address, and who cuts a message to the size of a frame.

use ipcmark_core::{Error, Refusal, Result};
use nix::sys::socket::{setsockopt, sockopt};
use rustix::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

/// Bytes that one datagram of `udp-gso` carries: what an Ethernet frame has room for, with the headers of IPv6.
const SEGMENT_BYTES: i32 = 1_440;

/// One kind of pair, as a type.
pub trait Variant: 'static {
    /// Name of the mechanism, without the wait.
    const MECHANISM: &'static str;
    /// One line for people.
    const SUMMARY: &'static str;
    /// Bytes of the longest message: the 65,535 that the length field can tell, less the headers it counts.
    const BYTES_MAX: usize;
    /// Name of that limit.
    const LIMITED_BY: &'static str = "the length field of a datagram, 16 bits";
    /// Returns the loopback address, any port.
    fn address() -> SocketAddr;
    /// Returns what the sockets need beyond that.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where this kernel lacks it.
    fn prepare(_: &OwnedFd) -> Result<()> {
        Ok(())
    }
}

/// Over IPv4.
#[derive(Debug)]
pub struct V4;

impl Variant for V4 {
    const MECHANISM: &'static str = "udp";
    const SUMMARY: &'static str =
        "UDP over loopback, connected; send(2) and recv(2); drops when full";
    const BYTES_MAX: usize = 65_535 - 20 - 8;

    fn address() -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
    }
}

/// Over IPv6.
#[derive(Debug)]
pub struct V6;

impl Variant for V6 {
    const MECHANISM: &'static str = "udp6";
    const SUMMARY: &'static str =
        "UDP over IPv6 loopback, connected; send(2) and recv(2); drops when full";
    const BYTES_MAX: usize = 65_535 - 8;

    fn address() -> SocketAddr {
        SocketAddr::from((Ipv6Addr::LOCALHOST, 0))
    }
}

/// Over IPv4, each message cut by the kernel.
#[derive(Debug)]
pub struct Gso;

impl Variant for Gso {
    const MECHANISM: &'static str = "udp-gso";
    const SUMMARY: &'static str = "UDP over loopback, one send(2) cut into 1,440-byte datagrams (UDP_SEGMENT), received joined (UDP_GRO)";
    /// A row of datagrams passes loopback in one piece when it is shorter than the device's `gso_max_size`, 65,536 bytes
    /// with all headers, the frame's 14 bytes too; a longer one is cut before it gets there.
    const BYTES_MAX: usize = 65_535 - 14 - 20 - 8;
    const LIMITED_BY: &'static str = "the gso_max_size of the loopback device";

    fn address() -> SocketAddr {
        V4::address()
    }

    /// `setsockopt(UDP_SEGMENT)`, `setsockopt(UDP_GRO)` - cuts what is sent, and joins what is received.
    ///
    /// # References
    /// [udp(7)](https://man7.org/linux/man-pages/man7/udp.7.html)
    fn prepare(socket: &OwnedFd) -> Result<()> {
        let lacking = |option, e: nix::errno::Errno| {
            Error::Unavailable(
                Refusal::new(format!("setsockopt({option}) fails here: {e}"))
                    .with_remedy("Linux 5.0 or newer is needed"),
            )
        };
        setsockopt(socket, sockopt::UdpGsoSegment, &SEGMENT_BYTES)
            .map_err(|e| lacking("UDP_SEGMENT", e))?;
        setsockopt(socket, sockopt::UdpGroSegment, &true).map_err(|e| lacking("UDP_GRO", e))
    }
}

//! Users at the other end of a connection.
//!
//! Any process of the machine may connect to an abstract name or to a port on loopback. Who accepts must look at who came.

use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;

/// State of a connection in the kernel's table.
const ESTABLISHED: &str = "01";

/// Returns true if the peer of a Unix socket runs as this user.
///
/// # References
/// - [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html), `SO_PEERCRED`
pub fn is_this_user(socket: &impl AsFd) -> bool {
    socket_peercred(socket).is_ok_and(|peer| peer.uid == geteuid())
}

/// Returns false if the kernel's table says that the end `there` of a TCP connection to `here` is another user's.
///
/// # References
/// - [proc_pid_net(5)](https://man7.org/linux/man-pages/man5/proc_pid_net.5.html), `tcp`
#[must_use]
pub fn is_this_user_at(there: SocketAddr, here: SocketAddr) -> bool {
    let table =
        if there.is_ipv4() { "/proc/thread-self/net/tcp" } else { "/proc/thread-self/net/tcp6" };
    let Ok(table) = std::fs::read_to_string(table) else { return true };
    allows(&table, there, here, geteuid().as_raw())
}

fn allows(table: &str, there: SocketAddr, here: SocketAddr, user: u32) -> bool {
    let (there, here) = (as_listed(there), as_listed(here));
    let of = |line: &str| -> Option<bool> {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let is_it = fields.next()? == there && fields.next()? == here;
        let is_open = fields.next()? == ESTABLISHED;
        let owner: u32 = fields.nth(3)?.parse().ok()?;
        // The kernel may forget whose a closed end was: then it says 0.
        is_it.then_some(owner == user || (!is_open && owner == 0))
    };
    // A table that changes while it is read may leave a line out: that is no proof.
    table.lines().find_map(of).unwrap_or(true)
}

/// Returns an address as the table has it: words in the machine's order, in hexadecimal digits.
fn as_listed(address: SocketAddr) -> String {
    let octets = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words =
        octets.chunks_exact(4).map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]));
    let words: String = words.map(|word| format!("{word:08X}")).collect();
    format!("{words}:{:04X}", address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;

    /// reliability 5
    #[test]
    fn another_user_is_told_from_this_one() {
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(is_this_user(&one));
        for loopback in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(loopback) else { continue };
            let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, there) = listener.accept().unwrap();
            let here = server.local_addr().unwrap();
            assert!(is_this_user_at(there, here), "{loopback}");
            let name = if there.is_ipv4() {
                "/proc/thread-self/net/tcp"
            } else {
                "/proc/thread-self/net/tcp6"
            };
            let table = std::fs::read_to_string(name).unwrap();
            assert!(table.contains(&as_listed(there)), "{}", as_listed(there));
            assert!(!allows(&table, there, here, geteuid().as_raw() + 1), "{loopback}");
            assert!(allows("", there, here, 0), "no proof");
        }
    }
}

//! Users at the other end of a connection.
//!
//! Any process of the machine may connect to an abstract name or to a port on loopback. Who accepts must look at who came.

use ipcmark_core::{Error, Result};
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;

/// Strangers that are turned away before the meeting is given up.
const STRANGERS_MOST: u32 = 1_000;
/// State of a connection in the kernel's table.
const ESTABLISHED: &str = "01";

/// Accepts until one comes who is no stranger; the connections of strangers are closed.
///
/// # Errors
/// What `accept` says, and the name of a stranger who comes again and again.
pub fn accept_own<T, E: Into<io::Error>>(
    mut accept: impl FnMut() -> std::result::Result<T, E>,
    stranger: impl Fn(&T) -> Option<String>,
) -> Result<T> {
    let mut turned_away = 0;
    loop {
        match accept().map_err(Into::into) {
            Ok(came) => {
                let Some(name) = stranger(&came) else { return Ok(came) };
                turned_away += 1;
                if turned_away == STRANGERS_MOST {
                    return Err(Error::Protocol(format!(
                        "{name} connected in the peer's place, after {} other connections of strangers",
                        turned_away - 1
                    )));
                }
            }
            Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {
            }
            Err(e) => return Err(Error::os("accept4", e)),
        }
    }
}

/// Returns the name of the peer of a Unix socket unless it runs as this user: `user 65534 (process 4711)`.
///
/// # References
/// - [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html), `SO_PEERCRED`
pub fn stranger(socket: &impl AsFd) -> Option<String> {
    match socket_peercred(socket) {
        Ok(peer) if peer.uid == geteuid() => None,
        Ok(peer) => {
            Some(format!("user {} (process {})", peer.uid.as_raw(), peer.pid.as_raw_nonzero()))
        }
        Err(_) => Some("somebody without a name".into()),
    }
}

/// Returns the name of another user, if the kernel's table says that the end `there` of a TCP connection to `here` is theirs.
///
/// # References
/// - [proc_pid_net(5)](https://man7.org/linux/man-pages/man5/proc_pid_net.5.html), `tcp`
#[must_use]
pub fn stranger_at(there: SocketAddr, here: SocketAddr) -> Option<String> {
    let table =
        if there.is_ipv4() { "/proc/thread-self/net/tcp" } else { "/proc/thread-self/net/tcp6" };
    let table = std::fs::read_to_string(table).ok()?;
    let owner = other_owner(&table, there, here, geteuid().as_raw())?;
    Some(format!("user {owner}"))
}

/// Returns the owner of the end `there`, unless it is `user`.
fn other_owner(table: &str, there: SocketAddr, here: SocketAddr, user: u32) -> Option<u32> {
    let (there, here) = (as_listed(there), as_listed(here));
    let of = |line: &str| -> Option<u32> {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let is_it = fields.next()? == there && fields.next()? == here;
        let is_open = fields.next()? == ESTABLISHED;
        let owner: u32 = fields.nth(3)?.parse().ok()?;
        // The kernel may forget whose a closed end was: then it says 0.
        is_it.then_some(if !is_open && owner == 0 { user } else { owner })
    };
    // A table that changes while it is read may leave a line out: that is no proof.
    table.lines().find_map(of).filter(|owner| *owner != user)
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
        assert_eq!(stranger(&one), None);
        for loopback in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(loopback) else { continue };
            let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, there) = listener.accept().unwrap();
            let here = server.local_addr().unwrap();
            assert_eq!(stranger_at(there, here), None, "{loopback}");
            let name = if there.is_ipv4() {
                "/proc/thread-self/net/tcp"
            } else {
                "/proc/thread-self/net/tcp6"
            };
            let table = std::fs::read_to_string(name).unwrap();
            assert!(table.contains(&as_listed(there)), "{}", as_listed(there));
            let me = geteuid().as_raw();
            assert_eq!(other_owner(&table, there, here, me + 1), Some(me), "{loopback}");
            assert_eq!(other_owner("", there, here, 0), None, "no proof");
        }
    }

    #[test]
    fn a_stranger_who_comes_again_and_again_is_named() {
        let mut door = 0..;
        let mut accept = || Ok::<_, io::Error>(door.next().unwrap_or(0));
        let name = |n: u32| move |came: &u32| (*came < n).then(|| format!("user 7 ({came})"));
        assert_eq!(accept_own(&mut accept, name(3)).unwrap(), 3);
        let said = accept_own(&mut accept, name(u32::MAX)).unwrap_err().to_string();
        assert!(
            said.contains("user 7 (1003) connected in the peer's place, after 999 other"),
            "{said}"
        );
    }
}

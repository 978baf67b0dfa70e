//! Runs that are alive at the same time on this machine.
//!
//! A run holds a name in the abstract namespace of Unix sockets while it is alive. The kernel removes the name with the run, however
//! it ends, and `/proc/net/unix` shows the names of all users. A child inherits its run's name and is no other run.
//!
//! Limit: a container with a network namespace of its own neither sees the names of others nor shows its own.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Start of all names; the process and a number follow, as processes in two namespaces may have one number.
const PREFIX: &str = "ipcmark-run-";

/// The name of one run, held until it is dropped.
#[derive(Debug)]
pub struct Presence {
    name: String,
    /// `None` if the name could not be had: the run then counts others, and is not counted.
    _held: Option<UnixDatagram>,
}

impl Presence {
    /// Makes this run's presence known.
    #[must_use]
    pub fn announce() -> Presence {
        let (process, time) = (std::process::id(), std::time::UNIX_EPOCH.elapsed());
        let name = format!("{PREFIX}{process}-{:x}", time.unwrap_or_default().as_nanos());
        let held = || -> io::Result<UnixDatagram> {
            UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name)?)
        };
        let held = held().ok();
        Presence { name, _held: held }
    }

    /// Counts the other runs that are alive; `None` if the kernel does not tell.
    #[must_use]
    pub fn others(&self) -> Option<u32> {
        let text = std::fs::read_to_string("/proc/net/unix").ok()?;
        let names = text.lines().filter_map(|line| line.rsplit_once(" @").map(|(_, name)| name));
        Some(names.filter(|name| name.starts_with(PREFIX) && *name != self.name).count() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_sees_another_and_not_itself() {
        let first = Presence::announce();
        let before = first.others().unwrap();
        let second = Presence::announce();
        // Other runs may come and go; each of these two sees at least the other.
        assert!(second.others().unwrap() >= 1);
        assert!(first.others().unwrap() >= 1, "{before} before");
        let text = std::fs::read_to_string("/proc/net/unix").unwrap();
        assert!(text.contains(&second.name));
        drop(second);
        assert_eq!(
            std::fs::read_to_string("/proc/net/unix").unwrap().matches(&first.name).count(),
            1
        );
    }
}

//! What a process holds, and what names the system holds: the two places where something may be left behind.
//!
//! Descriptors, shared mappings, threads and children belong to a process and are counted exactly. Names belong to the
//! machine, where other programs come and go; so what seems to be left is looked at again for a while before it counts,
//! and a segment that another program holds is not ours.

use nix::mqueue::{MQ_OFlag, MqAttr, mq_close, mq_open, mq_unlink};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::Mode;
use rustix::process::{WaitOptions, waitpid};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a name may take to go: kernels free some things later than they say so.
const PATIENCE: Duration = Duration::from_secs(2);

/// What one process holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holdings(BTreeSet<String>);

impl Holdings {
    /// What this process holds now: descriptors, shared mappings, threads.
    pub(crate) fn now() -> Result<Holdings, String> {
        let mut all = BTreeSet::new();
        let fds = fs::read_dir("/proc/self/fd").map_err(|e| format!("/proc/self/fd: {e}"))?;
        for entry in fds.flatten() {
            // The descriptor that reads the directory leads back to it.
            if let Ok(to) = fs::read_link(entry.path())
                && !to.starts_with("/proc")
            {
                let fd = entry.file_name();
                all.insert(format!("descriptor {} ({})", fd.display(), to.display()));
            }
        }
        let maps = fs::read_to_string("/proc/self/maps").map_err(|e| format!("maps: {e}"))?;
        for line in maps.lines() {
            // address perms offset device inode path, see proc_pid_maps(5); the fourth permission is s(hared).
            let mut fields = line.split_ascii_whitespace();
            if let (Some(range), Some(perms)) = (fields.next(), fields.next())
                && perms.ends_with('s')
            {
                let path = fields.nth(3).unwrap_or("anonymous");
                all.insert(format!("shared mapping {range} ({path})"));
            }
        }
        let tasks = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
        for n in 1..tasks {
            all.insert(format!("thread {n} beside the main thread"));
        }
        Ok(Holdings(all))
    }

    /// What this process holds now and did not hold then.
    pub(crate) fn gained(&self) -> Result<Vec<String>, String> {
        Ok(Holdings::now()?.0.difference(&self.0).cloned().collect())
    }
}

/// Says which children this process has not waited for. Orphans of its children count, as it is their reaper.
pub(crate) fn children() -> Option<String> {
    match waitpid(None, WaitOptions::NOHANG) {
        Err(_) => None,
        Ok(None) => Some("a child process that still runs".into()),
        Ok(Some((pid, _))) => Some(format!("a child process ({pid}) that nobody waited for")),
    }
}

/// Waits for what a killed process had forked, in the place of init, which would reap it: it must have ended with it.
pub(crate) fn bury_orphans() -> Result<(), String> {
    let begun = Instant::now();
    loop {
        match waitpid(None, WaitOptions::NOHANG) {
            Err(_) => return Ok(()),
            Ok(None) if begun.elapsed() > PATIENCE => {
                return Err("a process outlives its parent, which was killed".into());
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Ok(Some(_)) => {}
        }
    }
}

/// The names and segments that outlive processes.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    named: BTreeSet<String>,
    /// Bytes of POSIX message queues charged to this user, above a constant; `None` where they cannot be measured.
    queue_bytes: Option<u64>,
}

impl Names {
    /// What the system holds now.
    pub(crate) fn now() -> Names {
        let mut named = BTreeSet::new();
        for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            named.insert(entry.path().display().to_string());
        }
        for kind in ["msg", "sem", "shm"] {
            let table = fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap_or_default();
            for line in table.lines().skip(1) {
                let id: Vec<_> = line.split_ascii_whitespace().take(2).collect();
                named.insert(format!("System V {kind} {}", id.join(" ")));
            }
        }
        Names { named, queue_bytes: queue_bytes() }
    }

    /// What is there now, was not then, and does not go within a while.
    pub(crate) fn gained(&self) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let now = Names::now();
            let mut gained: Vec<String> = now.named.difference(&self.named).cloned().collect();
            if let (Some(before), Some(after)) = (self.queue_bytes, now.queue_bytes)
                && after > before
            {
                gained.push(format!("{} bytes of POSIX message queues", after - before));
            }
            if gained.is_empty() || begun.elapsed() > PATIENCE {
                gained.retain(|name| !name.starts_with('/') || !is_held(Path::new(name)));
                return gained;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// True when some process other than this one has the file open or mapped.
fn is_held(path: &Path) -> bool {
    let me = std::process::id().to_string();
    let text = path.display().to_string();
    fs::read_dir("/proc").into_iter().flatten().flatten().any(|process| {
        let name = process.file_name().display().to_string();
        if name == me || !name.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        let mapped = fs::read_to_string(process.path().join("maps"));
        mapped.is_ok_and(|maps| maps.contains(&text))
            || fs::read_dir(process.path().join("fd"))
                .into_iter()
                .flatten()
                .flatten()
                .any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == path))
    })
}

/// Measures how many bytes of message queues are charged to this user, plus a constant.
///
/// Queues can only be listed where a mqueue file system is mounted, which is rare in containers. But each queue is
/// charged to its user, and `mq_open` fails with `EMFILE` when the charge would pass the soft `RLIMIT_MSGQUEUE`
/// (getrlimit(2)). So the least limit at which one small queue can be made, found by halving, is what is charged.
fn queue_bytes() -> Option<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_MSGQUEUE).ok()?;
    let name = format!("/ipcmark-probe-{}", std::process::id());
    let fits = |limit: u64| {
        let attr = MqAttr::new(0, 1, 1, 0);
        let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
        setrlimit(Resource::RLIMIT_MSGQUEUE, limit, hard).is_ok()
            && match mq_open(name.as_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR, Some(&attr)) {
                Ok(queue) => {
                    let _ = mq_close(queue);
                    mq_unlink(name.as_str()).is_ok()
                }
                Err(_) => false,
            }
    };
    let (mut too_small, mut enough) = (0, soft.min(1 << 40));
    if !fits(enough) {
        let _ = setrlimit(Resource::RLIMIT_MSGQUEUE, soft, hard);
        return None;
    }
    while enough - too_small > 1 {
        let middle = too_small + (enough - too_small) / 2;
        if fits(middle) { enough = middle } else { too_small = middle }
    }
    let _ = setrlimit(Resource::RLIMIT_MSGQUEUE, soft, hard);
    Some(enough)
}

/// What `queue_bytes` could not look at, for a reader of the test's output.
pub(crate) fn blind_spots() -> Option<&'static str> {
    queue_bytes().is_none().then_some(
        "POSIX message queues cannot be counted here (mq_open fails or RLIMIT_MSGQUEUE is used up)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_and_a_mapping_are_seen() {
        let before = Holdings::now().unwrap();
        let lines = ipcmark_sys::shared::Lines::new(1).unwrap();
        let file = fs::File::open("/dev/null").unwrap();
        let gained = before.gained().unwrap().join("\n");
        assert!(gained.contains("/dev/null"), "{gained}");
        assert!(gained.contains("shared mapping") && gained.contains("memfd"), "{gained}");
        drop((lines, file));
    }

    #[test]
    fn a_message_queue_is_seen() {
        let Some(before) = queue_bytes() else { return };
        let name = format!("/ipcmark-seen-{}", std::process::id());
        let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
        let attr = MqAttr::new(0, 2, 64, 0);
        let queue = mq_open(name.as_str(), flags, Mode::S_IRUSR, Some(&attr)).unwrap();
        let during = queue_bytes();
        mq_close(queue).unwrap();
        mq_unlink(name.as_str()).unwrap();
        assert!(during > Some(before + 2 * 64), "{before} then {during:?}");
    }
}

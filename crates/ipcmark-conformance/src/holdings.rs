//! Descriptors, shared mappings, threads and children: what a process holds and may forget to give back.

use rustix::process::{WaitOptions, waitpid};
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

/// Time that an orphan may take to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Everything that one process holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holdings(BTreeSet<String>);

impl Holdings {
    /// Lists what this process holds now: descriptors, shared mappings, threads.
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
            all.insert(format!("thread {n} next to the main thread"));
        }
        Ok(Holdings(all))
    }

    /// Returns what this process holds now and did not hold then.
    pub(crate) fn gained(&self) -> Result<Vec<String>, String> {
        Ok(Holdings::now()?.0.difference(&self.0).cloned().collect())
    }
}

/// Names a child that this process has not waited for. Orphans of its children count, as it is their reaper.
pub(crate) fn children() -> Option<String> {
    match waitpid(None, WaitOptions::NOHANG) {
        Err(_) => None,
        Ok(None) => Some("a child process that still runs".into()),
        Ok(Some((pid, _))) => Some(format!("a child process ({pid}) that was not waited for")),
    }
}

/// Reaps what a killed process had forked, as init would: it must have ended with its parent.
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
}

//! Processes that this process started, and theirs: what a mechanism needs besides its sides.

use crate::spent::schedstat_ns;
use std::fs;

/// The processes that a process started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Helpers(Vec<u32>);

impl Helpers {
    /// Finds those of this process. A kernel that does not list children (`CONFIG_PROC_CHILDREN`) shows none.
    ///
    /// # References
    /// - [proc_tid_children(5)](https://man7.org/linux/man-pages/man5/proc_tid_children.5.html)
    #[must_use]
    pub fn of_this_process() -> Helpers {
        let mut found = Vec::new();
        let mut open = vec![std::process::id()];
        while let Some(pid) = open.pop() {
            let children = children(pid);
            found.extend(&children);
            open.extend(children);
        }
        Helpers(found)
    }

    /// Returns the number of processes.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the CPU time of all their threads that live, ns.
    #[must_use]
    pub fn cpu_ns(&self) -> u64 {
        let threads =
            self.0.iter().flat_map(|&pid| threads(pid).into_iter().map(move |t| (pid, t)));
        threads
            .filter_map(|(pid, tid)| schedstat_ns(format_args!("{pid}/task/{tid}")))
            .map(|[cpu_ns, _]| cpu_ns)
            .sum()
    }
}

/// Returns the threads of a process; none if it is gone.
fn threads(pid: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

fn children(pid: u32) -> Vec<u32> {
    let of_thread = |tid: u32| fs::read_to_string(format!("/proc/{pid}/task/{tid}/children")).ok();
    let lists: Vec<String> = threads(pid).into_iter().filter_map(of_thread).collect();
    lists.iter().flat_map(|list| list.split_whitespace()).filter_map(|w| w.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};

    #[test]
    fn a_child_of_a_child_is_found_and_its_work_is_counted() {
        // A shell that starts another, which works and then waits for its standard input to end.
        let script =
            "sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done; read line'; true";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut word = [0; 4];
        child.stdout.as_mut().unwrap().read_exact(&mut word).unwrap();
        let helpers = Helpers::of_this_process();
        assert!(helpers.0.contains(&child.id()) && helpers.count() >= 2, "{helpers:?}");
        assert!(helpers.cpu_ns() > 0);
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        child.wait().unwrap();
        assert!(!Helpers::of_this_process().0.contains(&child.id()));
    }
}

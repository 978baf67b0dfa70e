//! Scheduling of this process, as its children get it.

use super::done;
use rustix::io::{Errno, Result};

/// Policy and priorities of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheduling {
    /// `other`, `fifo`, `rr`, `batch`, `idle`, `deadline` or `ext`.
    pub policy: &'static str,
    /// Real-time priority, 1 (low) to 99; `None` for the other policies.
    pub priority: Option<u32>,
    /// Nice value, -20 (favoured) to 19; the real-time policies ignore it.
    pub nice: i32,
}

/// Returns the scheduling that a child of this process begins with: processes are measured in children.
///
/// # Errors
/// Those of `sched_getattr(2)` and `getpriority(2)`.
///
/// # References
/// - [sched(7)](https://man7.org/linux/man-pages/man7/sched.7.html), "Reset scheduling policy for child processes"
pub fn of_children() -> Result<Scheduling> {
    let own = attributes()?;
    let policy = match own.sched_policy as i32 {
        libc::SCHED_OTHER => "other",
        libc::SCHED_FIFO => "fifo",
        libc::SCHED_RR => "rr",
        libc::SCHED_BATCH => "batch",
        libc::SCHED_IDLE => "idle",
        libc::SCHED_DEADLINE => "deadline",
        // sched_ext: a policy in BPF.
        7 => "ext",
        _ => return Err(Errno::NOSYS),
    };
    let nice = rustix::process::getpriority_process(None)?;
    let priority = matches!(policy, "fifo" | "rr").then_some(own.sched_priority);
    let resets = own.sched_flags & libc::SCHED_FLAG_RESET_ON_FORK as u64 != 0;
    Ok(match (resets, policy) {
        (true, "fifo" | "rr" | "deadline") => {
            Scheduling { policy: "other", priority: None, nice: 0 }
        }
        (true, _) => Scheduling { policy, priority, nice: nice.max(0) },
        (false, _) => Scheduling { policy, priority, nice },
    })
}

/// Calls `sched_getattr(2)`, which has no wrapper; musl has none of its elders either.
fn attributes() -> Result<libc::sched_attr> {
    let size = size_of::<libc::sched_attr>();
    // SAFETY: zeros are a valid `sched_attr`, which is integers only.
    let mut found: libc::sched_attr = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes at most `size` bytes into `found`, which is that long.
    let rc = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut found, size, 0) };
    done(rc as libc::c_int)?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    // F7
    #[test]
    fn a_child_is_as_the_kernel_says_in_proc() {
        let told = of_children().unwrap();
        let stat = Command::new("cat").arg("/proc/self/stat").output().unwrap().stdout;
        let stat = String::from_utf8(stat).unwrap();
        // Fields 19 (nice), 40 (real-time priority) and 41 (policy), counted from the third, which follows the name.
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        assert_eq!(told.nice.to_string(), fields[16]);
        assert_eq!(told.priority.unwrap_or(0).to_string(), fields[37]);
        let number = match told.policy {
            "other" => "0",
            "fifo" => "1",
            "rr" => "2",
            "batch" => "3",
            "idle" => "5",
            "deadline" => "6",
            _ => "7",
        };
        assert_eq!(number, fields[38]);
    }
}

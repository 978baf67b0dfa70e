//! CPU time of another process, which tells one that works from one that hangs.

use std::time::Duration;

/// Ticks a second of the times in `/proc`, which is 100 for every program (`USER_HZ`).
const TICKS_PER_S: u64 = 100;

/// Time that a process has spent, and its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Time on a CPU.
    pub cpu: Duration,
    /// Time that it was ready to run and had no CPU; zero where the kernel does not count it.
    pub waited: Duration,
    /// True if a signal has stopped it.
    pub stopped: bool,
}

impl Spent {
    /// Returns what process `pid` has spent; `None` if it is gone or `/proc` does not show it.
    ///
    /// # References
    /// - [proc_pid_stat(5)](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html), `state`, `utime`, `stime`
    #[must_use]
    pub fn by(pid: i32) -> Option<Spent> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (stopped, ticks) = of_stat(&stat)?;
        let waited_ns = schedstat_ns(pid).map(|[_, waited_ns]| waited_ns);
        Some(Spent {
            cpu: Duration::from_millis(ticks * 1000 / TICKS_PER_S),
            waited: Duration::from_nanos(waited_ns.unwrap_or(0)),
            stopped,
        })
    }
}

/// Returns the time that a process, or a thread (`7/task/8`), was on a CPU, and that it was ready to run and had none,
/// ns; `None` if it is gone, or the kernel does not count it.
///
/// # References
/// - <https://docs.kernel.org/scheduler/sched-stats.html>, `/proc/<pid>/schedstat`, the first two numbers
#[must_use]
pub fn schedstat_ns(of: impl std::fmt::Display) -> Option<[u64; 2]> {
    let text = std::fs::read_to_string(format!("/proc/{of}/schedstat")).ok()?;
    let mut numbers = text.split_ascii_whitespace().map_while(|word| word.parse().ok());
    Some([numbers.next()?, numbers.next()?])
}

/// Reads whether a process is stopped, and its CPU time in ticks. Its name may hold anything, `)` too.
fn of_stat(stat: &str) -> Option<(bool, u64)> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    // utime and stime are the 14th and 15th field, the state is the 3rd.
    let times: Vec<u64> = fields.skip(10).take(2).filter_map(|word| word.parse().ok()).collect();
    let [user, system] = times[..] else { return None };
    Some((matches!(state, "T" | "t"), user + system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_and_the_times_stand_behind_the_name() {
        let stat = "7 (a) b) T 1 7 7 0 -1 4194560 1 0 0 0 250 30 0 0 20 0 1 0 5 6 7";
        assert_eq!(of_stat(stat), Some((true, 280)));
        assert_eq!(of_stat(&stat.replace(" T ", " S ")), Some((false, 280)));
        assert_eq!(of_stat("7 (short) S 1"), None);
        assert!(!Spent::by(std::process::id() as i32).unwrap().stopped);
    }
}

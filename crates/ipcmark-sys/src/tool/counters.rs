//! The CPU's own counters: cycles and instructions of a process and its threads.
//!
//! They are written and read at each switch between processes, which costs more than a small message does: who is counted is
//! not timed.

use perf_event::events::{Event, Hardware};
use perf_event::{Builder, Counter};
use std::io;

/// Modes in which cycles can be counted here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modes {
    /// Those of the process, and of the kernel on its behalf.
    UserAndKernel,
    /// Those of the process alone.
    User,
}

/// Returns what this machine lets this process count, tried once: ask before any fork.
///
/// # Errors
/// In words, when it lets it count nothing.
///
/// # References
/// - [perf_event_open(2)](https://man7.org/linux/man-pages/man2/perf_event_open.2.html)
pub fn here() -> Result<Modes, String> {
    let refusal = match Counters::open(Modes::UserAndKernel) {
        Ok(_) => return Ok(Modes::UserAndKernel),
        Err(e) => e,
    };
    if matches!(refusal.raw_os_error(), Some(libc::EACCES | libc::EPERM))
        && Counters::open(Modes::User).is_ok()
    {
        return Ok(Modes::User);
    }
    Err(match refusal.raw_os_error() {
        Some(libc::ENOENT | libc::ENODEV | libc::EOPNOTSUPP) => {
            format!("no hardware counters (perf_event_open: {refusal})")
        }
        Some(libc::ENOSYS) => "a kernel without perf_event_open(2)".into(),
        _ => format!("perf_event_open: {refusal}; see kernel.perf_event_paranoid"),
    })
}

/// Two counters of this process and of the threads that it starts from now on.
#[derive(Debug)]
pub struct Counters([Counter; 2]);

impl Counters {
    /// Cycles and instructions. They count at once.
    ///
    /// # Errors
    /// As `perf_event_open(2)`.
    pub fn open(modes: Modes) -> io::Result<Counters> {
        Counters::of([Hardware::CPU_CYCLES, Hardware::INSTRUCTIONS].map(Event::from), modes)
    }

    fn of([first, second]: [Event; 2], modes: Modes) -> io::Result<Counters> {
        let open = |event: Event| {
            let mut builder = Builder::new().kind(event).observe_self().any_cpu();
            builder.inherit(true).enabled(true).exclude_kernel(modes == Modes::User);
            builder.build()
        };
        Ok(Counters([open(first)?, open(second)?]))
    }

    /// Returns both, so far. Where the CPU has fewer counters than were asked of it, they take turns, and what was missed
    /// meanwhile is estimated from the share of time that each one ran.
    ///
    /// # Errors
    /// As `read(2)`.
    pub fn read(&mut self) -> io::Result<[u64; 2]> {
        let Counters([first, second]) = self;
        let scaled = |counter: &mut Counter| -> io::Result<u64> {
            let seen = counter.read_count_and_time()?;
            Ok(match (seen.time_enabled, seen.time_running) {
                (enabled, running) if running > 0 && running < enabled => {
                    (seen.count as f64 * enabled as f64 / running as f64) as u64
                }
                _ => seen.count,
            })
        };
        Ok([scaled(first)?, scaled(second)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perf_event::events::Software;
    use std::time::{Duration, Instant};

    #[test]
    fn what_the_kernel_counts_is_read_with_the_threads_started_since() {
        // The kernel's own counters need no hardware; if a filter forbids the call, there is nothing to try.
        let opened = Counters::of(
            [Software::TASK_CLOCK, Software::PAGE_FAULTS].map(Event::from),
            Modes::User,
        );
        let Ok(mut counters) = opened else { return };
        let spin = || {
            let end = Instant::now() + Duration::from_millis(5);
            while Instant::now() < end {
                std::hint::spin_loop();
            }
        };
        let [before_ns, _] = counters.read().unwrap();
        spin();
        let [alone_ns, faults] = counters.read().unwrap();
        assert!(alone_ns > before_ns, "{alone_ns}");
        let work = || {
            let pages = vec![1_u8; 4 << 20];
            assert_eq!(std::hint::black_box(&pages)[4095], 1);
        };
        std::thread::spawn(work).join().unwrap();
        let [_, with_thread] = counters.read().unwrap();
        assert!(with_thread >= faults + 512, "{faults} faults, then {with_thread}");
    }

    #[test]
    fn what_cannot_be_counted_is_said_in_words() {
        match here() {
            Ok(modes) => {
                let mut counters = Counters::open(modes).unwrap();
                let before = counters.read().unwrap();
                let after = counters.read().unwrap();
                assert!(after[0] > before[0] && after[1] > before[1], "{before:?} {after:?}");
            }
            Err(reason) => assert!(reason.contains("perf_event_open"), "{reason}"),
        }
    }
}

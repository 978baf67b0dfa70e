//! What a process has cost so far.

use crate::spent::schedstat_ns;
use ipcmark_core::Usage;
use nix::sys::resource::{UsageWho, getrusage};
use rustix::param::page_size;

/// Returns the time that this process was ready to run and had no CPU, since it began, ns; `None` where the kernel does not
/// count it. Of one that never sleeps it is what others took; one that does also waits here after each wake-up.
#[must_use]
pub fn waited_ns() -> Option<u64> {
    schedstat_ns("self").map(|[_, waited_ns]| waited_ns)
}

/// Returns the resources that this process has used since it began; CPU time is counted in µs.
///
/// # References
/// - [getrusage(2)](https://man7.org/linux/man-pages/man2/getrusage.2.html), `RUSAGE_SELF`
#[must_use]
pub fn now() -> Usage {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Usage::default() };
    let ns =
        |t: nix::sys::time::TimeVal| t.tv_sec() as u64 * 1_000_000_000 + t.tv_usec() as u64 * 1_000;
    Usage {
        user_ns: ns(usage.user_time()),
        system_ns: ns(usage.system_time()),
        voluntary_switches: usage.voluntary_context_switches() as u64,
        involuntary_switches: usage.involuntary_context_switches() as u64,
        minor_faults: usage.minor_page_faults() as u64,
        major_faults: usage.major_page_faults() as u64,
        ..Usage::default()
    }
}

/// Address space of this process now, bytes; 0 where `/proc` does not say.
///
/// # References
/// - [proc_pid_statm(5)](https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html), `size`
#[must_use]
pub fn mapped_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().next().and_then(|size| size.parse::<u64>().ok());
    pages.unwrap_or_default() * page_size() as u64
}

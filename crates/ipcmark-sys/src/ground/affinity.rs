//! CPUs: which are allowed, pinning to one, and reading back where a process really runs.

use ipcmark_core::{Called, Error, Refusal, Result};
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

/// Returns the CPUs this process may run on, ascending.
///
/// # References
/// - [sched_getaffinity(2)](https://man7.org/linux/man-pages/man2/sched_getaffinity.2.html)
pub fn allowed() -> Result<Vec<u32>> {
    let set = sched_getaffinity(None).called("sched_getaffinity")?;
    Ok((0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).map(|cpu| cpu as u32).collect())
}

/// Allows this process one CPU and no other, as [`pin_to`].
///
/// # References
/// - [sched_setaffinity(2)](https://man7.org/linux/man-pages/man2/sched_setaffinity.2.html)
pub fn pin(cpu: u32) -> Result<()> {
    pin_to(&[cpu])
}

/// Allows a child these CPUs and no other.
///
/// # References
/// - [sched_setaffinity(2)](https://man7.org/linux/man-pages/man2/sched_setaffinity.2.html)
pub fn pin_process(pid: i32, cpus: &[u32]) -> Result<()> {
    let mut set = CpuSet::new();
    cpus.iter()
        .filter(|cpu| (**cpu as usize) < CpuSet::MAX_CPU)
        .for_each(|cpu| set.set(*cpu as usize));
    sched_setaffinity(Pid::from_raw(pid), &set)
        .map_err(|e| Error::os(format!("sched_setaffinity(process {pid}, CPUs {cpus:?})"), e))
}

/// Allows this process these CPUs (ascending) and no other, and reads the mask back: a call that succeeds proves
/// nothing about where two sides end up.
pub fn pin_to(cpus: &[u32]) -> Result<()> {
    let mut set = CpuSet::new();
    for &cpu in cpus {
        if cpu as usize >= CpuSet::MAX_CPU {
            return Err(Error::Protocol(format!(
                "CPU {cpu} is beyond the {} that an affinity mask has room for",
                CpuSet::MAX_CPU
            )));
        }
        set.set(cpu as usize);
    }
    sched_setaffinity(None, &set).map_err(|e| match e {
        // The CPU was among those allowed: a filter of system calls says so.
        Errno::PERM | Errno::ACCESS | Errno::NOSYS => Error::Unavailable(
            Refusal::new(format!("this process may not choose its CPUs: sched_setaffinity(2): {e}"))
                .with_remedy("allow sched_setaffinity(2) in the container's seccomp profile, or measure unpinned: --placement free"),
        ),
        _ => Error::os(format!("sched_setaffinity(CPUs {cpus:?})"), e),
    })?;
    let now = allowed()?;
    if now == cpus {
        Ok(())
    } else {
        Err(Error::Protocol(format!("pinned to CPUs {cpus:?}, but the kernel allows {now:?}")))
    }
}

/// Returns the CPU this process is on at this moment.
///
/// # References
/// - [getcpu(2)](https://man7.org/linux/man-pages/man2/getcpu.2.html)
#[must_use]
pub fn current() -> u32 {
    sched_getcpu() as u32
}

//! Memory that a control group leaves, looked at before an invocation and after one that was killed.
//!
//! Beyond its limit the kernel kills a process of the group. Sides die first, so that the run goes on; but what is known
//! not to fit is refused with the numbers, and a side that was killed says so.

use ipcmark_core::{Error, Plan, Refusal, Result};
use ipcmark_sys::cgroup::Groups;
use ipcmark_sys::resident;

/// Buffers of one message that a process holds at least: one to send from and one to receive into.
const BUFFERS: u64 = 2;
/// Messages from this size on are looked at: shorter ones fit into what a program has anyway.
const LONG: usize = 64 << 10;

/// Returns the bytes that the processes of a plan take at least.
fn least(plan: &Plan) -> u64 {
    BUFFERS * plan.workload.processes() as u64 * plan.size as u64
}

/// Memory of the control groups of this process.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Processes that were killed for want of memory so far; `None` if no group has a limit.
    killed: Option<u64>,
}

impl Memory {
    /// Looks at the groups' counts.
    pub(crate) fn now() -> Memory {
        let groups = Groups::of_this_process();
        Memory { killed: groups.memory_limit().and_then(|_| groups.killed_for_memory()) }
    }

    /// Refuses a plan whose sides alone take more than is left.
    ///
    /// # Errors
    /// The need, the limit, and what is left of it.
    pub(crate) fn holds(&self, plan: &Plan) -> Result<()> {
        if plan.size < LONG {
            return Ok(());
        }
        let need = least(plan);
        if self.killed.is_some() {
            Groups::of_this_process().refuse_memory(need)?;
        }
        // What a program can take without others being swapped out.
        resident::of_machine("MemAvailable").map_or(Ok(()), |available| refuse(need, available))
    }

    /// Returns the refusal of an invocation in which the kernel killed a process for want of memory.
    pub(crate) fn taken(&self, plan: &Plan) -> Option<Refusal> {
        let groups = Groups::of_this_process();
        let limit = groups.memory_limit()?;
        (groups.killed_for_memory()? > self.killed?).then(|| {
            let least = least(plan);
            Refusal::new(format!(
                "the kernel killed a side for want of memory: its control group may have {limit} bytes, and messages of {} bytes take {least} at least",
                plan.size
            ))
            .with_remedy("raise the container's memory limit, or ask for smaller messages")
        })
    }
}

fn refuse(need: u64, available: u64) -> Result<()> {
    if need <= available {
        return Ok(());
    }
    let reason = format!(
        "its messages take {need} bytes of memory at least, and {available} bytes are available on this machine"
    );
    Err(Error::Unavailable(Refusal::new(reason).with_remedy("ask for smaller messages")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_does_not_have_is_refused_with_both_numbers() {
        assert!(refuse(4 << 30, 4 << 30).is_ok());
        let said = refuse((4 << 30) + 1, 4 << 30).unwrap_err().to_string();
        assert!(said.contains("4294967297") && said.contains("4294967296"), "{said}");
    }
}

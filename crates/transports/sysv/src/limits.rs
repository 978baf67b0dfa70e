//! The limits of System V queues, and the line that raises each.

use ipcmark_core::{Called, Capacity, Error, Limits, Plan, Refusal, Result};
use ipcmark_sys::sysv::{MessageQueue, SystemLimits, system_limits};
use rustix::io::Errno;

fn system() -> Result<SystemLimits> {
    system_limits().called("msgctl(IPC_INFO)")
}

/// Makes a queue and lets it go; the longest message is what the system's two limits leave.
pub(crate) fn probe() -> Result<Limits> {
    drop(MessageQueue::create()?);
    let SystemLimits { msgmax, msgmnb, .. } = system()?;
    let (max, limited_by) =
        if msgmnb < msgmax { (msgmnb, "kernel.msgmnb") } else { (msgmax, "kernel.msgmax") };
    Ok(Limits {
        max_message: Some(max),
        limited_by,
        remedy: Some(format!("sysctl kernel.msgmax={} kernel.msgmnb={}", 8 * max, 16 * max)),
    })
}

/// Makes a queue for `directions` (one or two) that holds what the plan asks, as far as this user may have it: beyond
/// `kernel.msgmnb` the kernel wants `CAP_SYS_RESOURCE`, and [`capacity`] shows what was granted. A message that does not
/// fit is an error, since it cannot be cut.
pub(crate) fn queue(plan: &Plan, directions: usize) -> Result<MessageQueue> {
    let SystemLimits { msgmax, msgmnb, .. } = system()?;
    if plan.size > msgmax {
        return Err(Error::Unavailable(
            Refusal::new(format!(
                "a message of {} bytes is over kernel.msgmax, which is {msgmax}",
                plan.size
            ))
            .with_remedy(format!("sysctl kernel.msgmax={}", plan.size)),
        ));
    }
    let queue = MessageQueue::create()?;
    let needed = directions * plan.size;
    let asked = plan.capacity.map_or(msgmnb, |bytes| bytes.saturating_mul(directions)).max(needed);
    match queue.set_bytes_max(asked.min(i32::MAX as usize)) {
        Ok(()) => Ok(queue),
        Err(Errno::PERM) if needed <= msgmnb => Ok(queue),
        Err(Errno::PERM) => Err(Error::Unavailable(
            Refusal::new(format!(
                "a queue for {directions} of {} bytes is over kernel.msgmnb, which is {msgmnb}",
                plan.size
            ))
            .with_remedy(format!("sysctl kernel.msgmnb={needed}")),
        )),
        Err(errno) => Err(Error::os("msgctl(IPC_SET)", errno)),
    }
}

/// Returns what one direction holds, read back: a message is charged its bytes.
pub(crate) fn capacity(queue: &MessageQueue, directions: usize, size: usize) -> Result<Capacity> {
    let status = queue.status().called("msgctl(IPC_STAT)")?;
    let bytes = status.bytes_max / directions;
    Ok(Capacity { bytes: Some(bytes), messages: Some(bytes / size.max(1)) })
}

//! What this user may do.

use crate::finding::{Area, Finding};
use crate::machine::Machine;

const AREA: Area = Area::Privileges;

/// Name, number in `capabilities(7)`, what its lack costs. ipcmark needs none of them.
const CAPABILITIES: &[(&str, u32, &str)] = &[
    ("CAP_SYS_RESOURCE", 24, "queues and pipes end at the limits of ordinary users, root or not"),
    ("CAP_SYS_NICE", 23, "no real-time priority could be given to the measuring processes"),
    ("CAP_IPC_LOCK", 14, "locked memory ends at RLIMIT_MEMLOCK"),
];

pub(crate) fn all(machine: &Machine) -> Vec<Finding> {
    let user = rustix::process::geteuid();
    let who = if user.is_root() { "root".into() } else { format!("user {}", user.as_raw()) };
    let mut findings = vec![Finding::offered(AREA, "user", who)];
    findings.extend(CAPABILITIES.iter().filter_map(|&(name, number, costs)| {
        let held = machine.capability(number)?;
        Some(if held {
            Finding::offered(AREA, name, "held")
        } else {
            Finding::offered(AREA, name, "not held").limited(costs)
        })
    }));
    findings
}

//! What a mechanism may hold: sysctls and `getrlimit(2)`.

use crate::finding::{Area, Finding};
use crate::machine::Machine;
use ipcmark_show::bytes;

const AREA: Area = Area::Limits;

/// A limit that costs something while it is lower than what ipcmark could use.
struct Floor {
    /// The sysctl.
    name: &'static str,
    /// Amount that the largest cells of the embedded suites use.
    wanted: u64,
    /// True if it counts bytes.
    in_bytes: bool,
    costs: &'static str,
}

const SYSCTLS: &[Floor] = &[
    Floor {
        name: "fs.mqueue.msg_max",
        wanted: 64,
        in_bytes: false,
        costs: "a POSIX queue of an ordinary user holds no more messages: its sender waits sooner than others",
    },
    Floor {
        name: "fs.mqueue.msgsize_max",
        wanted: 65_536,
        in_bytes: true,
        costs: "no longer message passes through a POSIX queue",
    },
    Floor {
        name: "kernel.msgmax",
        wanted: 65_536,
        in_bytes: true,
        costs: "no longer message passes through a System V queue",
    },
    Floor {
        name: "kernel.msgmnb",
        wanted: 262_144,
        in_bytes: true,
        costs: "a System V queue holds no more: its sender waits sooner than others",
    },
    Floor {
        name: "fs.pipe-max-size",
        wanted: 1 << 20,
        in_bytes: true,
        costs: "no pipe of an ordinary user holds more",
    },
    Floor {
        name: "net.core.wmem_max",
        wanted: 1 << 20,
        in_bytes: true,
        costs: "a socket's send buffer gets no larger: capacities cannot be matched, and longer datagrams cannot be sent",
    },
    Floor {
        name: "net.core.rmem_max",
        wanted: 1 << 20,
        in_bytes: true,
        costs: "a socket's receive buffer gets no larger: UDP drops sooner",
    },
];

/// Name in `/proc/self/limits`, the shell's flag, what is wanted, what less of it costs.
const RLIMITS: &[(&str, &str, &str, u64, &str)] = &[
    (
        "Max open files",
        "RLIMIT_NOFILE",
        "ulimit -n",
        256,
        "cells of many processes may run out of descriptors",
    ),
    ("Max msgqueue size", "RLIMIT_MSGQUEUE", "ulimit -q", 819_200, "fewer or shorter POSIX queues"),
    (
        "Max pending signals",
        "RLIMIT_SIGPENDING",
        "ulimit -i",
        1_024,
        "real-time signals find their queue full sooner",
    ),
    (
        "Max locked memory",
        "RLIMIT_MEMLOCK",
        "ulimit -l",
        65_536,
        "io_uring may get no registered buffers",
    ),
    (
        "Max file size",
        "RLIMIT_FSIZE",
        "ulimit -f",
        256 << 20,
        "shared memory and records end at it: rings of large messages cannot be made",
    ),
    ("Max address space", "RLIMIT_AS", "ulimit -v", 1 << 30, "large mappings cannot be made"),
    ("Max processes", "RLIMIT_NPROC", "ulimit -u", 64, "cells of many processes may fail to fork"),
];

/// Memory that the largest cells of the embedded suites stay under, bytes.
const MEMORY: u64 = 1 << 30;

pub(crate) fn all(machine: &Machine) -> Vec<Finding> {
    let mut findings: Vec<_> = SYSCTLS.iter().filter_map(|floor| sysctl(machine, floor)).collect();
    findings.extend(RLIMITS.iter().map(|&(name, limit, flag, wanted, costs)| {
        let soft = machine.soft_limit(name);
        let found = soft.map_or("unlimited".into(), |n| n.to_string());
        let finding = Finding::offered(AREA, limit, found);
        if soft.is_some_and(|n| n < wanted) {
            // Shells count these in KiB.
            let unit = if ["-l", "-f", "-v"].iter().any(|k| flag.ends_with(k)) { 1024 } else { 1 };
            finding.limited(costs).remedy(format!("{flag} {}", wanted / unit))
        } else {
            finding
        }
    }));
    findings.extend(semaphores(machine));
    findings.push(memory(machine));
    findings
}

fn sysctl(machine: &Machine, floor: &Floor) -> Option<Finding> {
    let &Floor { name, wanted, in_bytes, costs } = floor;
    let value = machine.sysctl_number(name)?;
    let found = if in_bytes { bytes(value) } else { value.to_string() };
    let finding = Finding::offered(AREA, name, found);
    Some(if value < wanted {
        finding.limited(costs).remedy(format!("sysctl {name}={wanted}"))
    } else {
        finding
    })
}

/// Checks the memory limit of the control groups.
fn memory(machine: &Machine) -> Finding {
    let limit = machine.groups().memory_limit();
    let found = limit.map_or_else(|| "none".into(), bytes);
    let finding = Finding::offered(AREA, "memory limit", found);
    if limit.is_some_and(|limit| limit < MEMORY) {
        finding
            .limited("cells of many processes or large rings are killed when they reach it")
            .remedy("start the container with --memory 1g, or write more to memory.max")
    } else {
        finding
    }
}

/// `kernel.sem`: semaphores a set, in all, operations a call, sets.
fn semaphores(machine: &Machine) -> Option<Finding> {
    let text = machine.sysctl("kernel.sem")?;
    let sets: u64 = text.split_whitespace().nth(3)?.parse().ok()?;
    let finding = Finding::offered(AREA, "kernel.sem", format!("{sets} sets"));
    Some(if sets < 16 {
        finding
            .limited("System V semaphores may be used up by other programs")
            .remedy("sysctl kernel.sem='250 32000 32 128'")
    } else {
        finding
    })
}

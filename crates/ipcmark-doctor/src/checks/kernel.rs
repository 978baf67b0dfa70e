//! What the kernel was built or told to allow.

use crate::finding::{Area, Finding};
use crate::machine::Machine;
use ipcmark_sys::membarrier;

const AREA: Area = Area::Kernel;

pub(crate) fn all(machine: &Machine) -> Vec<Finding> {
    let mut findings = vec![release(), uring(machine), system_v(machine), vsock(machine)];
    findings.push(barriers());
    findings.push(ipv4(machine));
    findings.push(ipv6(machine));
    findings.extend(yama(machine));
    findings.extend(filter(machine));
    findings.push(security(machine));
    findings
}

fn release() -> Finding {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map_while(|word| word.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let finding = Finding::offered(AREA, "release", release);
    if version < (5, 18) {
        finding.limited("io_uring cannot pass messages between rings before 5.18; `ipcmark list` shows what else is missing")
    } else {
        finding
    }
}

fn uring(machine: &Machine) -> Finding {
    match machine.sysctl("kernel.io_uring_disabled").as_deref() {
        None => Finding::offered(AREA, "kernel.io_uring_disabled", "no such switch"),
        Some("0") => Finding::offered(AREA, "kernel.io_uring_disabled", "0"),
        Some(value) => Finding::offered(AREA, "kernel.io_uring_disabled", value)
            .denied("no io_uring transports")
            .remedy("sysctl kernel.io_uring_disabled=0"),
    }
}

/// Asks the kernel itself: no file says so, and a filter may deny what the kernel has.
fn barriers() -> Finding {
    let finding = |found: String| Finding::offered(AREA, "membarrier(2)", found);
    match membarrier::agree() {
        Ok(()) => finding("between processes (MEMBARRIER_CMD_GLOBAL_EXPEDITED)".into()),
        Err(e) => finding(e.to_string())
            .limited("hybrid waits on shared memory pay for a fence at each message")
            .remedy("Linux 4.16 or later, and a seccomp filter that allows membarrier(2)"),
    }
}

fn system_v(machine: &Machine) -> Finding {
    if machine.has("/proc/sysvipc/msg") {
        Finding::offered(AREA, "System V IPC", "built in")
    } else {
        Finding::offered(AREA, "System V IPC", "not built in (CONFIG_SYSVIPC)")
            .denied("no System V queues, semaphores or segments")
    }
}

fn vsock(machine: &Machine) -> Finding {
    let finding = |found: &str| Finding::offered(AREA, "vsock loopback", found);
    if machine.has("/sys/module/vsock_loopback") {
        return finding("loaded");
    }
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let modules = format!("/lib/modules/{release}");
    let lost = finding("not loaded").denied("no vsock transports");
    if machine.has(&modules) {
        lost.remedy("modprobe vsock_loopback")
    } else {
        Finding { found: "not loaded, and this kernel has no modules here".into(), ..lost }
    }
}

fn ipv4(machine: &Machine) -> Finding {
    if machine.text("/proc/net/fib_trie").is_some_and(|text| text.contains("127.0.0.1")) {
        Finding::offered(AREA, "IPv4 loopback", "127.0.0.1")
    } else {
        Finding::offered(AREA, "IPv4 loopback", "none")
            .denied("no transports over IPv4: TCP, UDP and what is built on them")
            .remedy("ip link set lo up")
    }
}

fn ipv6(machine: &Machine) -> Finding {
    let loopback = "00000000000000000000000000000001";
    if machine.text("/proc/net/if_inet6").is_some_and(|text| text.contains(loopback)) {
        Finding::offered(AREA, "IPv6 loopback", "::1")
    } else {
        Finding::offered(AREA, "IPv6 loopback", "none")
            .denied("no transports over IPv6")
            .remedy("sysctl net.ipv6.conf.lo.disable_ipv6=0; ip link set lo up")
    }
}

fn yama(machine: &Machine) -> Option<Finding> {
    let scope = machine.sysctl("kernel.yama.ptrace_scope")?;
    let finding = Finding::offered(AREA, "kernel.yama.ptrace_scope", scope.clone());
    Some(match scope.as_str() {
        "0" | "1" => finding,
        _ => finding
            .denied("process_vm_readv and process_vm_writev are refused")
            .remedy("sysctl kernel.yama.ptrace_scope=1"),
    })
}

/// Names the security modules: each checks the calls that mechanisms make.
fn security(machine: &Machine) -> Finding {
    let modules = machine.text("/sys/kernel/security/lsm");
    let found = modules.unwrap_or_else(|| "not told (no securityfs here)".into());
    let label = machine.text("/proc/self/attr/current");
    let label = label.map(|text| text.trim_end_matches('\0').to_owned()).filter(|l| !l.is_empty());
    let label = label.map(|label| format!("; this process is {label}")).unwrap_or_default();
    Finding::offered(AREA, "security modules", format!("{found}{label}"))
}

fn filter(machine: &Machine) -> Option<Finding> {
    let mode = machine.field("/proc/self/status", "Seccomp")?;
    let finding = Finding::offered(AREA, "seccomp", mode.clone());
    Some(match mode.as_str() {
        "0" => Finding { found: "no filter".into(), ..finding },
        _ => Finding { found: format!("mode {mode}: calls are filtered"), ..finding }
            .limited("calls the filter refuses take their transports with them; `ipcmark list` names them")
            .remedy("docker run --security-opt seccomp=unconfined, or the like"),
    })
}

//! CPUs: how many, how apart, how deep they sleep.

use crate::finding::{Area, Finding};
use crate::machine::Machine;
use ipcmark_core::Placement;
use ipcmark_harness::{host, placement};
use ipcmark_record::CpuQuota;
use ipcmark_sys::cgroup::{Quota, Throttled};

const AREA: Area = Area::Processors;

pub(crate) fn all(machine: &Machine) -> Vec<Finding> {
    let mut findings = vec![allowed(machine), quota(machine), scheduling(), placements()];
    findings.extend(idle(machine));
    findings.extend(frequency(machine));
    findings.extend(hypervisor(machine));
    findings
}

fn allowed(machine: &Machine) -> Finding {
    let allowed = host::cpus().len();
    let online = machine.text("/sys/devices/system/cpu/online").unwrap_or_else(|| "?".into());
    let found = format!("{allowed} allowed (online: {online})");
    let finding = Finding::offered(AREA, "CPUs", found);
    match allowed {
        0 | 1 => finding
            .limited("cells on two cores cannot be measured, spinning transports not at all")
            .remedy("taskset -c 0,1 ipcmark (or give the container a second CPU)"),
        2 | 3 => {
            finding.limited("fan-in, fan-out and scatter-gather over more processes share CPUs")
        }
        _ => finding,
    }
}

/// Checks the quota of the control groups: a container's share of the CPUs.
fn quota(machine: &Machine) -> Finding {
    let groups = machine.groups();
    let Some(Quota { quota_us, period_us }) = groups.quota() else {
        return Finding::offered(AREA, "CPU quota", "none");
    };
    let quota = CpuQuota { quota_us, period_us };
    let throttled = groups.throttled().map(|counts| {
        let Throttled { periods, throttled: throttled_periods, waited_ns } = counts;
        ipcmark_record::Throttled { periods, throttled_periods, waited_ns }
    });
    let throttled =
        throttled.map_or_else(String::new, |counts| format!("; throttled in {counts} so far"));
    Finding::offered(AREA, "CPU quota", format!("{quota}{throttled}"))
        .limited("processes that have used it up wait for the next period: figures are of the quota, not of the mechanism")
        .remedy("start the container without --cpus (Kubernetes: without limits.cpu), or write max to cpu.max (version 1: -1 to cpu.cfs_quota_us)")
}

fn scheduling() -> Finding {
    let conditions = host::conditions();
    let found = conditions.scheduling().unwrap_or_else(|| "unknown".into());
    let finding = Finding::offered(AREA, "scheduling", found);
    if conditions.is_usual_scheduling() {
        finding
    } else {
        finding
            .limited("figures are not those of processes that a shell starts: compare only runs under the same policy and priority")
            .remedy("start it from a shell without chrt, nice or a service manager's settings")
    }
}

fn placements() -> Finding {
    let cpus = host::cpus();
    let (can, cannot): (Vec<_>, Vec<_>) =
        Placement::ALL.into_iter().partition(|&p| placement::choose(p, &cpus).is_ok());
    let names = |list: &[Placement]| list.iter().map(|p| p.name()).collect::<Vec<_>>().join(", ");
    let finding = Finding::offered(AREA, "placements", names(&can));
    if cannot.is_empty() {
        finding
    } else {
        finding.limited(format!("no cells placed {}", names(&cannot)))
    }
}

/// Checks idle states: the wake-up of an idle CPU is most of a blocking round trip across cores.
fn idle(machine: &Machine) -> Option<Finding> {
    let driver = machine.text("/sys/devices/system/cpu/cpuidle/current_driver")?;
    let governor = machine
        .text("/sys/devices/system/cpu/cpuidle/current_governor_ro")
        .or_else(|| machine.text("/sys/devices/system/cpu/cpuidle/current_governor"));
    let found = format!("driver {driver}, governor {}", governor.as_deref().unwrap_or("unknown"));
    let finding = Finding::offered(AREA, "cpuidle", found);
    Some(match driver.as_str() {
        "none" => finding,
        _ => finding
            .limited("a blocked side's CPU must be woken first: across cores that is most of a round trip")
            .remedy("hold /dev/cpu_dma_latency open with 0 written to it, as root, while measuring"),
    })
}

fn frequency(machine: &Machine) -> Option<Finding> {
    let governor = machine.text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")?;
    let finding = Finding::offered(AREA, "cpufreq governor", governor.clone());
    Some(if governor == "performance" {
        finding
    } else {
        finding
            .limited(
                "the clock rate follows the load, so that thin traffic is measured on a slow CPU",
            )
            .remedy("cpupower frequency-set -g performance")
    })
}

fn hypervisor(machine: &Machine) -> Option<Finding> {
    let flags = machine.field("/proc/cpuinfo", "flags")?;
    flags.split(' ').any(|flag| flag == "hypervisor").then(|| {
        Finding::offered(AREA, "virtualization", "a hypervisor runs this machine").limited(
            "it moves the CPUs, so that the distance between two of them changes from one second to the next",
        )
    })
}

//! Clocks and counters: what time can be told by, and what of the CPU can be counted.

use crate::finding::{Area, Finding};
use crate::machine::Machine;
use ipcmark_sys::clock::{Clock, Source};

const AREA: Area = Area::Clock;

pub(crate) fn all(machine: &Machine) -> Vec<Finding> {
    vec![clock(machine), counters(machine), paranoid(machine)].into_iter().flatten().collect()
}

fn clock(machine: &Machine) -> Option<Finding> {
    let folder = "/sys/devices/system/clocksource/clocksource0";
    let source = machine.text(&format!("{folder}/current_clocksource"));
    let source = source.as_deref().unwrap_or("unknown");
    let clock = Clock::calibrate();
    let found = format!("clocksource {source}; ipcmark reads {}", clock.source().name());
    let finding = Finding::offered(AREA, "clock", found);
    if clock.source() == Source::Tsc {
        return Some(finding);
    }
    let finding = finding.limited("a clock read costs a call, two to three times the counter's; short round trips carry more of it");
    let offers = machine.text(&format!("{folder}/available_clocksource")).unwrap_or_default();
    Some(if offers.split(' ').any(|word| word == "tsc") {
        finding.remedy(format!("echo tsc > {folder}/current_clocksource"))
    } else {
        finding
    })
}

fn counters(machine: &Machine) -> Option<Finding> {
    let devices = "/sys/bus/event_source/devices";
    if !machine.has(devices) {
        return Some(
            Finding::offered(AREA, "performance counters", "none")
                .withheld("no cycles, instructions or software events a message"),
        );
    }
    // Hybrid CPUs have one for each kind of core.
    let pmu = ["cpu", "cpu_core", "armv8_pmuv3_0", "armv8_pmuv3"];
    Some(match pmu.iter().find(|name| machine.has(&format!("{devices}/{name}"))) {
        Some(name) => Finding::offered(AREA, "hardware counters (PMU)", *name),
        None => Finding::offered(AREA, "hardware counters (PMU)", "not to be had")
            .withheld(
                "no cycles or instructions a message; switches and faults are counted all the same",
            )
            .remedy("let the hypervisor pass the PMU through (e.g. QEMU: -cpu host,pmu=on)"),
    })
}

fn paranoid(machine: &Machine) -> Option<Finding> {
    let level: i64 = machine.sysctl("kernel.perf_event_paranoid")?.parse().ok()?;
    let finding = Finding::offered(AREA, "kernel.perf_event_paranoid", level.to_string());
    let perfmon = machine.capability(CAP_PERFMON) == Some(true);
    Some(if level > 1 && !perfmon {
        finding
            .limited("events are counted in user mode only, or not at all")
            .remedy("sysctl kernel.perf_event_paranoid=1")
    } else {
        finding
    })
}

/// `capabilities(7)`.
const CAP_PERFMON: u32 = 38;

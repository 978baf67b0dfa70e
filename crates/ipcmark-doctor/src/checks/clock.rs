//! Clocks, hardware counters and energy counters.

use crate::finding::{Area, Finding};
use crate::machine::Machine;
use ipcmark_core::Placement;
use ipcmark_harness::{certificate, host, placement};
use ipcmark_sys::clock::{Clock, Source};
use ipcmark_sys::energy::{self, Meter};
use std::collections::BTreeSet;

const AREA: Area = Area::Clock;
/// A one-way time below this many times the difference of the two clocks is refused.
const TIMES_APART: f64 = 10.0;
/// Difference of clocks from which one-way times of kernel mechanisms are refused, ns.
const FAR_APART_NS: f64 = 500.0;

pub(crate) fn all(machine: &Machine) -> Vec<Finding> {
    let clock = Clock::calibrate();
    let mut findings = vec![source(machine, &clock)];
    findings.extend(pairs().into_iter().map(|pair| certified(&clock, pair)));
    findings.extend([counters(machine), paranoid(machine)].into_iter().flatten());
    findings.push(energy(machine));
    findings
}

/// Returns the pairs of CPUs that `ipcmark run` would put two sides on, by any placement.
fn pairs() -> BTreeSet<(u32, u32)> {
    let cpus = host::cpus();
    let chosen = Placement::ALL.iter().filter_map(|p| placement::choose(*p, &cpus).ok());
    let two = chosen.filter_map(|cpus| cpus.of(0).zip(cpus.of(1)));
    two.filter(|(a, b)| a != b).map(|(a, b)| (a.min(b), a.max(b))).collect()
}

/// Returns how far apart the clocks of two CPUs may be.
fn certified(clock: &Clock, (a, b): (u32, u32)) -> Finding {
    let finding = |found| Finding::offered(AREA, &format!("clocks of CPU {a} and CPU {b}"), found);
    let bound = match certificate::offset(clock, (a, b)) {
        Ok(offset) => offset.bound(clock, clock.step_ns(), 0),
        Err(why) => {
            return finding(why.to_string()).denied("no one-way time between them is certified");
        }
    };
    let apart_ns = bound.apart_ns();
    let found = finding(format!(
        "at most {apart_ns:.0} ns apart ({:+.0} ± {:.0} ns over {} exchanges): one-way times under {:.1} µs are refused",
        bound.offset_ns,
        bound.bound_ns,
        bound.exchanges,
        TIMES_APART * apart_ns / 1e3
    ));
    if apart_ns > FAR_APART_NS {
        found.limited("`paced` has no figure for the faster mechanisms across these CPUs; their round trips stand")
    } else {
        found
    }
}

fn source(machine: &Machine, clock: &Clock) -> Finding {
    let folder = "/sys/devices/system/clocksource/clocksource0";
    let source = machine.text(&format!("{folder}/current_clocksource"));
    let source = source.as_deref().unwrap_or("unknown");
    let found = format!(
        "clocksource {source}; ipcmark reads {}, {:.0} ns a read, in steps of {:.0} ns",
        clock.source().name(),
        clock.read_ns(),
        clock.step_ns()
    );
    let finding = Finding::offered(AREA, "clock", found);
    if clock.source() == Source::Tsc {
        return finding;
    }
    let finding = finding.limited("a clock read costs a call, two to three times the counter's; short round trips carry more of it");
    let offers = machine.text(&format!("{folder}/available_clocksource")).unwrap_or_default();
    if offers.split(' ').any(|word| word == "tsc") {
        finding.remedy(format!("echo tsc > {folder}/current_clocksource"))
    } else {
        finding
    }
}

fn counters(machine: &Machine) -> Option<Finding> {
    let devices = "/sys/bus/event_source/devices";
    if !machine.has(devices) {
        return Some(
            Finding::offered(AREA, "performance counters", "none")
                .denied("no cycles, instructions or software events a message"),
        );
    }
    // Hybrid CPUs have one for each kind of core.
    let pmu = ["cpu", "cpu_core", "armv8_pmuv3_0", "armv8_pmuv3"];
    Some(match pmu.iter().find(|name| machine.has(&format!("{devices}/{name}"))) {
        Some(name) => Finding::offered(AREA, "hardware counters (PMU)", *name),
        None => Finding::offered(AREA, "hardware counters (PMU)", "unavailable")
            .denied(
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

fn energy(machine: &Machine) -> Finding {
    let offered = |found: &str| Finding::offered(AREA, "energy counters (RAPL)", found);
    match Meter::at(&machine.path(energy::FOLDER)) {
        Ok(_) => offered("readable"),
        Err(why) => {
            let finding = offered("unavailable").denied(format!("no energy a message: {why}"));
            match machine.has(&format!("{}/intel-rapl:0", energy::FOLDER)) {
                true => {
                    finding.remedy(format!("chmod a+r {}/intel-rapl:*/energy_uj", energy::FOLDER))
                }
                false => finding,
            }
        }
    }
}

/// `capabilities(7)`.
const CAP_PERFMON: u32 = 38;

//! What else happens on the CPUs while something is measured.

use crate::finding::{Area, Finding};
use crate::machine::Machine;
use ipcmark_sys::affinity;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::contention::{Pressure, Steal};
use ipcmark_sys::noise::{GAP, Gaps, gaps};
use ipcmark_sys::presence::Presence;
use std::time::Duration;

const AREA: Area = Area::Noise;
/// CPUs that are listened to.
const CPUS: usize = 4;
/// A share of time lost from which on short figures suffer.
const QUIET_PERCENT: f64 = 0.5;

pub(crate) fn all(machine: &Machine, listen: Duration) -> Vec<Finding> {
    let steal = || Steal::parse(&machine.text("/proc/stat")?);
    let before = steal();
    let heard = listen_to_each(listen);
    let stolen_ns = before.zip(steal()).map(|(before, after)| after.since_ns(&before, &[]));
    let quota = machine.groups().quota().is_some();
    let mut findings: Vec<_> =
        heard.into_iter().map(|(cpu, gaps)| interruptions(cpu, &gaps, listen, quota)).collect();
    findings.extend(other_runs());
    findings.extend(stolen_ns.map(|ns| stolen(ns, listen)));
    findings.extend(pressure(machine));
    findings.extend(load(machine));
    findings
}

/// Spins on one CPU after the other, where this process may choose them.
fn listen_to_each(listen: Duration) -> Vec<(u32, Gaps)> {
    let Ok(allowed) = affinity::allowed() else { return Vec::new() };
    let clock = Clock::calibrate();
    let heard = allowed
        .iter()
        .take(CPUS)
        .filter_map(|&cpu| {
            affinity::pin(cpu).ok()?;
            Some((cpu, gaps(&clock, listen, GAP)))
        })
        .collect();
    // Where it cannot be given back, the process is about to end anyway.
    let _ = affinity::pin_to(&allowed);
    heard
}

fn interruptions(cpu: u32, gaps: &Gaps, listen: Duration, quota: bool) -> Finding {
    let lost = gaps.total_ns / listen.as_nanos() as f64 * 100.0;
    let found = format!(
        "{} interruptions over {} µs in {} ms, {lost:.2} % of the time, the longest {:.0} µs",
        gaps.count,
        GAP.as_micros(),
        listen.as_millis(),
        gaps.longest_ns / 1e3
    );
    let finding = Finding::offered(AREA, &format!("CPU {cpu}"), found);
    if lost > QUIET_PERCENT {
        finding
            .limited("tails (p99 and beyond) are this machine's interruptions as much as the mechanism's")
            .remedy(match quota {
                true => "raise the CPU quota (see Processors), or stop other work",
                false => "stop other work, or measure longer: ipcmark run --rounds 30",
            })
    } else {
        finding
    }
}

/// Counts the runs of ipcmark that are alive.
fn other_runs() -> Option<Finding> {
    let others = Presence::announce().others()?;
    let finding = Finding::offered(AREA, "other runs of ipcmark", others.to_string());
    Some(match others {
        0 => finding,
        _ => finding.limited("they use the same CPUs").remedy("wait for their end"),
    })
}

fn stolen(ns: u64, listen: Duration) -> Finding {
    let found = format!("{} ms in {} ms a CPU", ns / 1_000_000, listen.as_millis());
    let finding = Finding::offered(AREA, "steal", found);
    if ns > 0 {
        finding.limited("the host gave this machine's CPUs to others while it listened")
    } else {
        finding
    }
}

fn pressure(machine: &Machine) -> Option<Finding> {
    let share = Pressure::parse(&machine.text("/proc/pressure/cpu")?)?.recent_percent;
    let finding = Finding::offered(AREA, "CPU pressure", format!("{share} % of the last 10 s"));
    Some(if share > 5.0 {
        finding
            .limited("processes wait for a CPU: figures are of a busy machine")
            .remedy("see what runs with `top`, and wait for it")
    } else {
        finding
    })
}

fn load(machine: &Machine) -> Option<Finding> {
    let text = machine.text("/proc/loadavg")?;
    let one_minute = text.split(' ').next()?;
    Some(Finding::offered(AREA, "load average", format!("{one_minute} over the last minute")))
}

//! What else happens on the CPUs while something is measured.

use crate::finding::{Area, Finding};
use crate::machine::Machine;
use ipcmark_sys::affinity;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::noise::{Gaps, gaps};
use std::time::Duration;

const AREA: Area = Area::Noise;
/// A spinning process that does not see its clock for so long was interrupted.
const GAP: Duration = Duration::from_micros(5);
/// CPUs that are listened to.
const CPUS: usize = 4;
/// A share of time lost from which on short figures suffer.
const QUIET_PERCENT: f64 = 0.5;

pub(crate) fn all(machine: &Machine, listen: Duration) -> Vec<Finding> {
    let before = stolen_ticks(machine);
    let heard = listen_to_each(listen);
    let stolen = before.zip(stolen_ticks(machine)).map(|(before, after)| after - before);
    let mut findings: Vec<_> =
        heard.into_iter().map(|(cpu, gaps)| interruptions(cpu, &gaps, listen)).collect();
    findings.extend(stolen.map(|ticks| steal(ticks, listen)));
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

fn interruptions(cpu: u32, gaps: &Gaps, listen: Duration) -> Finding {
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
            .remedy("stop other work, or measure longer: ipcmark run --rounds 30")
    } else {
        finding
    }
}

/// Clock ticks that the hypervisor gave to others, over all CPUs since boot; `proc(5)`.
fn stolen_ticks(machine: &Machine) -> Option<u64> {
    machine.text("/proc/stat")?.lines().next()?.split_whitespace().nth(8)?.parse().ok()
}

fn steal(ticks: u64, listen: Duration) -> Finding {
    // A tick of /proc/stat is 10 ms on every Linux that ipcmark runs on.
    let found = format!("{} ms in {} ms a CPU", ticks * 10, listen.as_millis());
    let finding = Finding::offered(AREA, "steal", found);
    if ticks > 0 {
        finding.limited("the host gave this machine's CPUs to others while it listened")
    } else {
        finding
    }
}

fn pressure(machine: &Machine) -> Option<Finding> {
    let text = machine.text("/proc/pressure/cpu")?;
    let share: f64 =
        text.split_whitespace().find_map(|w| w.strip_prefix("avg10="))?.parse().ok()?;
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

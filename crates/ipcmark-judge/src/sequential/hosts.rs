//! Differences of two runs other than the program: the machine, the settings, the floors.

use crate::Finding;
use ipcmark_record::{Cpu, Host, Record};
use ipcmark_stats::median;

/// Measured phases whose lengths differ by more see rare events (timers, other processes) less
/// often in the shorter one.
const OTHER_LENGTH: f64 = 1.5;

/// Returns what a reader must know of two records before the first figure.
pub(super) fn warnings(base: &Record, new: &Record, findings: &[Finding]) -> Vec<String> {
    let facts = |record: &Record| {
        [
            ("suite", record.suite.name.clone()),
            ("Cargo profile", record.tool.profile.clone()),
            ("planned measuring time", format!("{} ms", record.settings.measure_ms)),
            ("version of ipcmark", record.tool.version.clone()),
            ("compiler", record.tool.rustc.clone()),
        ]
    };
    let differ = facts(base).into_iter().zip(facts(new)).filter(|(b, n)| b.1 != n.1);
    let settings = differ.map(|((name, b), (_, n))| {
        format!("The {name} differs: {b} in the base, {n} in the new record.")
    });
    same_run(base, new)
        .into_iter()
        .chain(settings)
        .chain(length(base, new))
        .chain(floors(findings))
        .collect()
}

/// Returns the facts behind two fingerprints that differ; none if the fingerprints agree.
pub(super) fn differences(base: &Host, new: &Host) -> Vec<String> {
    if base.fingerprint == new.fingerprint {
        return Vec::new();
    }
    fn word(value: &Option<String>) -> String {
        value.clone().unwrap_or_else(|| "none".into())
    }
    let facts = |host: &Host| {
        [
            ("CPU", host.cpu_model.clone()),
            ("architecture", host.architecture.clone()),
            ("CPUs online", host.cpus_online.to_string()),
            ("CPUs allowed", host.cpus.len().to_string()),
            ("places of the CPUs (core, package, node)", places(&host.cpus)),
            ("memory", format!("{} GiB", host.memory_bytes >> 30)),
            ("kernel", host.kernel.clone()),
            ("hypervisor", word(&host.hypervisor)),
            ("clock source", word(&host.clock_source)),
            ("clock", host.clock.clone()),
            ("idle driver", word(&host.idle_driver)),
            ("idle governor", word(&host.idle_governor)),
            ("frequency governor", word(&host.frequency_governor)),
        ]
    };
    let mut differences: Vec<String> = facts(base)
        .into_iter()
        .zip(facts(new))
        .filter(|(b, n)| b.1 != n.1)
        .map(|((name, b), (_, n))| format!("{name}: {b} in the base, {n} in the new record"))
        .collect();
    let mut names: Vec<&String> = base.mitigations.keys().chain(new.mitigations.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let of = |host: &Host| host.mitigations.get(name).cloned().unwrap_or_else(|| "none".into());
        if of(base) != of(new) {
            differences.push(format!(
                "mitigation {name}: {} in the base, {} in the new record",
                of(base),
                of(new)
            ));
        }
    }
    if differences.is_empty() {
        differences.push(format!("fingerprints {} and {}", base.fingerprint, new.fingerprint));
    }
    differences
}

/// Returns the place of each allowed CPU: `0/0/0 1/0/0`.
fn places(cpus: &[Cpu]) -> String {
    let word = |n: Option<u32>| n.map_or_else(|| "?".into(), |n| n.to_string());
    let place = |c: &Cpu| format!("{}/{}/{}", word(c.core), word(c.package), word(c.node));
    cpus.iter().map(place).collect::<Vec<_>>().join(" ")
}

fn same_run(base: &Record, new: &Record) -> Option<String> {
    (base.started == new.started && base.host.fingerprint == new.host.fingerprint)
        .then(|| format!("Both are the same run, of {}: nothing can have changed.", base.started))
}

/// Returns the median measured time of the good invocations, ms; `None` if there are none.
fn measured_ms(record: &Record) -> Option<f64> {
    let good = record.cells.iter().flat_map(|c| &c.invocations).filter(|i| i.is_ok());
    median(&good.map(|i| i.elapsed_ns as f64 / 1e6).collect::<Vec<_>>())
}

/// Warns if the measured times differ: a budget may shorten them below the settings.
fn length(base: &Record, new: &Record) -> Option<String> {
    let (b, n) = (measured_ms(base)?, measured_ms(new)?);
    (b.max(n) > OTHER_LENGTH * b.min(n)).then(|| {
        format!(
            "The actual measuring time differs: {b:.1} ms in the base, {n:.1} ms in the new record \
             (medians over invocations); the shorter one sees rare events less often."
        )
    })
}

/// Warns if a floor moved: floors pass no message between processes.
fn floors(findings: &[Finding]) -> Option<String> {
    let floors = || findings.iter().filter(|finding| finding.floor);
    let moved = floors().filter(|finding| finding.verdict.is_change()).count();
    (moved > 0).then(|| {
        format!(
            "{moved} of {} figures of the floors moved, which pass no message between processes: \
             the machine or the harness changed, and every other figure with it.",
            floors().count()
        )
    })
}

//! Differences of two runs other than the program: the machine, the settings, the floors.

use crate::Finding;
use ipcmark_record::{Difference, Host, Record};
use ipcmark_show::capital;
use ipcmark_stats::median;
use std::collections::BTreeSet;

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
        .chain(conditions(base, new).into_iter().map(|fact| {
            format!("The runs were made under different conditions. {}.", capital(&fact))
        }))
        .chain(settings)
        .chain(length(base, new))
        .chain(floors(findings))
        .collect()
}

/// Returns the facts that make two records those of two machines; none if they are of one.
pub(super) fn differences(base: &Host, new: &Host) -> Vec<String> {
    if base.is_same_machine(new) {
        return Vec::new();
    }
    let differences = base.differences(new).into_iter().filter(|fact| fact.machine);
    let mut words: Vec<String> = differences.map(|fact| fact.to_string()).collect();
    if words.is_empty() {
        words.push(format!("fingerprints {} and {}", base.fingerprint, new.fingerprint));
    }
    words
}

/// Returns the facts of the runs in which two records differ, be they of one machine or not: scheduling, limits, other runs.
pub(super) fn conditions(base: &Record, new: &Record) -> Vec<String> {
    let differences = base.host.differences(&new.host).into_iter().filter(|fact| !fact.machine);
    let others = |record: &Record| record.noise.as_ref().and_then(|noise| noise.other_runs);
    let others = others(base).zip(others(new)).filter(|(base, new)| base != new);
    let others = others.map(|(base, new)| Difference {
        name: "other runs of ipcmark at the same time".into(),
        base: base.to_string(),
        new: new.to_string(),
        machine: false,
    });
    let (here, there) = (neighbours(base), neighbours(new));
    let load = (here != there).then(|| Difference {
        name: "neighbours".into(),
        base: here,
        new: there,
        machine: false,
    });
    differences.chain(others).chain(load).map(|difference| difference.to_string()).collect()
}

/// Returns the load that a record's cells were measured next to: `none`, `cpu=2`, `none or cpu=2`.
fn neighbours(record: &Record) -> String {
    let each = record.cells.iter().map(|cell| cell.key.neighbours);
    let each: BTreeSet<_> = each.collect();
    let words = each.into_iter().map(|n| n.map_or_else(|| "none".into(), |n| n.to_string()));
    words.collect::<Vec<_>>().join(" or ")
}

fn same_run(base: &Record, new: &Record) -> Option<String> {
    (base.started == new.started && base.host.is_same_machine(&new.host))
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

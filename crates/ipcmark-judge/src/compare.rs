//! From two records to a comparison.

use crate::carries::carries;
use crate::cell::Half;
use crate::{
    CAUTION, CellComparison, Census, Comparison, Error, Policy, Result, Run, SCHEMA, Verdict,
};
use ipcmark_record::{CellKey, Cpu, Host, Record};
use ipcmark_stats::median;
use ipcmark_summary::{Classes, Context, Samples, summarize_cell};
use std::collections::HashMap;

/// Compares two records, cell by cell.
///
/// # Errors
/// Records of different hosts are refused: see [`compare_across_hosts`](crate::compare_across_hosts). So is a record with a
/// histogram that cannot be unpacked.
pub fn compare(base: &Record, new: &Record, policy: &Policy) -> Result<Comparison> {
    let differences = host_differences(&base.host, &new.host);
    if !differences.is_empty() {
        return Err(Error::HostsDiffer { differences });
    }
    // Both are sorted into the same classes, so that a class of one is one of the other.
    let classes = Classes::of(&[base, new]);
    let in_base = context(base, "base", &classes)?;
    let in_new = context(new, "new", &classes)?;
    let carries = carries((base, &in_base), (new, &in_new));
    let cells = cells(&halves(base, "base", &in_base)?, &halves(new, "new", &in_new)?, policy);
    let mut warnings: Vec<String> = same_run(base, new).into_iter().collect();
    warnings.extend(setting_warnings(base, new));
    warnings.extend(floor_warning(&cells));
    Ok(Comparison {
        schema: SCHEMA.into(),
        base: Run::of(base),
        new: Run::of(new),
        policy: *policy,
        caution: CAUTION.into(),
        carries,
        warnings,
        census: Census::of(&cells),
        cells,
    })
}

fn context(record: &Record, which: &'static str, classes: &Classes) -> Result<Context> {
    Context::with(record, classes.clone()).map_err(|source| Error::Record { which, source })
}

fn halves(record: &Record, which: &'static str, context: &Context) -> Result<Vec<Half>> {
    let error = |source| Error::Record { which, source };
    record
        .cells
        .iter()
        .map(|cell| {
            Ok(Half {
                row: summarize_cell(cell, context).map_err(error)?,
                samples: Samples::of(cell, context).map_err(error)?,
                clock_step_ns: context.clock_step_ns(),
            })
        })
        .collect()
}

/// The base's cells in its order, then those that only the new record has.
fn cells(base: &[Half], new: &[Half], policy: &Policy) -> Vec<CellComparison> {
    let by_key = |halves: &'_ [Half]| -> HashMap<CellKey, usize> {
        halves.iter().enumerate().map(|(at, half)| (half.row.key.clone(), at)).collect()
    };
    let (in_base, in_new) = (by_key(base), by_key(new));
    let of_base = base.iter().map(|half| match in_new.get(&half.row.key) {
        Some(at) => CellComparison::of(half, &new[*at], policy),
        None => CellComparison::only_in_base(&half.row),
    });
    let of_new = new
        .iter()
        .filter(|half| !in_base.contains_key(&half.row.key))
        .map(|half| CellComparison::only_in_new(&half.row));
    of_base.chain(of_new).collect()
}

/// A record against itself shows what the method makes of no change, and nothing else.
fn same_run(base: &Record, new: &Record) -> Option<String> {
    (base.started == new.started && base.host.fingerprint == new.host.fingerprint).then(|| {
        format!(
            "Both are the same run, of {}: nothing can have changed between them.",
            base.started
        )
    })
}

/// The facts behind the fingerprints that differ; none when the fingerprints agree.
pub(crate) fn host_differences(base: &Host, new: &Host) -> Vec<String> {
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

/// `0/0/0 1/0/0`: where each allowed CPU sits.
fn places(cpus: &[Cpu]) -> String {
    let word = |n: Option<u32>| n.map_or_else(|| "?".into(), |n| n.to_string());
    let place = |c: &Cpu| format!("{}/{}/{}", word(c.core), word(c.package), word(c.node));
    cpus.iter().map(place).collect::<Vec<_>>().join(" ")
}

/// Measured phases this much apart see other shares of what comes seldom (timers, other processes).
const OTHER_LENGTH: f64 = 1.5;

/// The median measured phase of the good invocations, ms; `None` when there are none.
fn measured_ms(record: &Record) -> Option<f64> {
    let good = record.cells.iter().flat_map(|c| &c.invocations).filter(|i| i.is_ok());
    median(&good.map(|i| i.elapsed_ns as f64 / 1e6).collect::<Vec<_>>())
}

/// What a budget cut out of the plan stands in no setting.
fn length_warning(base: &Record, new: &Record) -> Option<String> {
    let (b, n) = (measured_ms(base)?, measured_ms(new)?);
    (b.max(n) > OTHER_LENGTH * b.min(n)).then(|| {
        format!(
            "The measured phase differs as it was made: {b:.1} ms in the base, {n:.1} ms in the new record (medians over \
             invocations); what comes seldom is seen less often in the shorter one."
        )
    })
}

fn setting_warnings(base: &Record, new: &Record) -> Vec<String> {
    let facts = |record: &Record| {
        [
            ("suite", record.suite.name.clone()),
            ("Cargo profile", record.tool.profile.clone()),
            ("measured phase as planned", format!("{} ms", record.settings.measure_ms)),
            ("version of ipcmark", record.tool.version.clone()),
            ("compiler", record.tool.rustc.clone()),
        ]
    };
    facts(base)
        .into_iter()
        .zip(facts(new))
        .filter(|(b, n)| b.1 != n.1)
        .map(|((name, b), (_, n))| {
            format!("The {name} differs: {b} in the base, {n} in the new record.")
        })
        .chain(length_warning(base, new))
        .collect()
}

/// The floors talk to nobody: when one changed, what lies beneath all cells did.
fn floor_warning(cells: &[CellComparison]) -> Option<String> {
    let metrics = || cells.iter().filter(|c| c.floor).flat_map(|c| &c.metrics);
    let moved =
        metrics().filter(|m| matches!(m.verdict, Verdict::Regressed | Verdict::Improved)).count();
    (moved > 0).then(|| {
        format!(
            "{moved} of {} figures of the floors changed, which pass no message between processes: the machine or the \
             harness differs, and every other figure with it.",
            metrics().count()
        )
    })
}

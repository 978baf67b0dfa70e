//! From two records to a comparison.

use crate::cell::Half;
use crate::{
    CAUTION, CellComparison, Census, Comparison, Error, Policy, Result, Run, SCHEMA, Verdict,
};
use ipcmark_record::{CellKey, Host, Record};
use ipcmark_summary::{Samples, summarize_cell};
use std::collections::HashMap;

/// Compares two records, cell by cell.
///
/// # Errors
/// Records of different hosts are refused unless the policy says `across_hosts`; so is a record with a histogram that
/// cannot be unpacked.
pub fn compare(base: &Record, new: &Record, policy: &Policy) -> Result<Comparison> {
    let differences = host_differences(&base.host, &new.host);
    if !differences.is_empty() && !policy.across_hosts {
        return Err(Error::HostsDiffer { differences });
    }
    let cells = cells(&halves(base, "base")?, &halves(new, "new")?, policy);
    let mut warnings = Vec::new();
    if !differences.is_empty() {
        warnings.push(format!("The hosts differ: {}.", differences.join("; ")));
    }
    warnings.extend(setting_warnings(base, new));
    warnings.extend(floor_warning(&cells));
    Ok(Comparison {
        schema: SCHEMA.into(),
        base: Run::of(base),
        new: Run::of(new),
        policy: *policy,
        caution: CAUTION.into(),
        warnings,
        census: Census::of(&cells),
        cells,
    })
}

fn halves(record: &Record, which: &'static str) -> Result<Vec<Half>> {
    let error = |source| Error::Record { which, source };
    record
        .cells
        .iter()
        .map(|cell| {
            Ok(Half {
                row: summarize_cell(cell).map_err(error)?,
                samples: Samples::of(cell).map_err(error)?,
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

/// The facts behind the fingerprints that differ; none when the fingerprints agree.
fn host_differences(base: &Host, new: &Host) -> Vec<String> {
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
            ("kernel", host.kernel.clone()),
            ("hypervisor", word(&host.hypervisor)),
            ("clock source", word(&host.clock_source)),
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
    if differences.is_empty() {
        differences.push(format!("fingerprints {} and {}", base.fingerprint, new.fingerprint));
    }
    differences
}

fn setting_warnings(base: &Record, new: &Record) -> Vec<String> {
    let facts = |record: &Record| {
        [
            ("suite", record.suite.name.clone()),
            ("Cargo profile", record.tool.profile.clone()),
            ("measured phase", format!("{} ms", record.settings.measure_ms)),
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

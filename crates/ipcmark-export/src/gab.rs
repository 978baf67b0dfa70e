//! What github-action-benchmark reads: a list of numbers with names, in two files.
//!
//! Its input is `customSmallerIsBetter` or `customBiggerIsBetter`, a whole file each; two steps of a workflow read the two.

use crate::File;
use crate::measure::{Measure, measures, name};
use ipcmark_summary::{Row, Summary};
use serde::Serialize;

#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

pub(crate) fn gab(summary: &Summary) -> Vec<File> {
    [("smaller-is-better.json", false), ("bigger-is-better.json", true)]
        .map(|(file, more_is_better)| {
            let rows = summary.rows.iter().flat_map(|row| {
                let own = measures(row).into_iter().filter(|m| m.more_is_better == more_is_better);
                own.map(|measure| entry(row, &measure)).collect::<Vec<_>>()
            });
            let mut bytes = serde_json::to_vec_pretty(&rows.collect::<Vec<_>>()).expect("plain");
            bytes.push(b'\n');
            File { name: file.into(), bytes }
        })
        .into()
}

fn entry(row: &Row, measure: &Measure) -> Entry {
    let Measure { words, unit, estimate, quantile, .. } = measure;
    let of = if quantile.is_some() { &row.time_of } else { "" };
    let runs = format!("median of {} invocations", row.invocations);
    let interval =
        estimate.interval.map(|(low, high)| format!("another run: {low} to {high} {unit}"));
    let flags = Some(row.flags().join(", ")).filter(|flags| !flags.is_empty());
    let flags = flags.map(|flags| format!("flags: {flags}"));
    let parts = [Some(of.to_owned()).filter(|of| !of.is_empty()), Some(runs), interval, flags];
    Entry {
        name: format!("{}: {words}", name(row)),
        unit,
        value: estimate.value,
        // The farther end: the interval need not lie evenly.
        range: estimate
            .interval
            .map(|(low, high)| format!("± {}", (estimate.value - low).max(high - estimate.value))),
        extra: parts.into_iter().flatten().collect::<Vec<_>>().join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specimen::SUMMARY;
    use std::collections::BTreeSet;

    #[test]
    fn no_file_mixes_directions_and_no_name_comes_twice() {
        let mut all = 0;
        for file in gab(&SUMMARY) {
            let json: serde_json::Value = serde_json::from_slice(&file.bytes).unwrap();
            let entries = json.as_array().unwrap();
            let bigger = file.name.to_string_lossy().starts_with("bigger");
            let units = ["messages/s", "bytes/s", "times", "share"];
            for entry in entries {
                let unit = entry["unit"].as_str().unwrap();
                assert!(!bigger || units.contains(&unit), "{entry}");
                assert!(entry["range"].as_str().is_none_or(|r| r.starts_with("± ")), "{entry}");
            }
            let names: BTreeSet<_> = entries.iter().map(|e| e["name"].to_string()).collect();
            assert_eq!(names.len(), entries.len());
            all += entries.len();
        }
        let measured: usize = SUMMARY.rows.iter().map(|row| measures(row).len()).sum();
        assert_eq!(all, measured);
    }
}

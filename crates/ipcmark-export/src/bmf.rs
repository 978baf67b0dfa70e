//! Bencher Metric Format: benchmark, measure, value and its bounds.
//!
//! `{"pipe/block ping-pong 64 B cross-core @siblings": {"latency": {"value": 88.0, "lower_value": 87.4, "upper_value": 88.9}}}`,
//! as <https://bencher.dev/docs/reference/bencher-metric-format/> has it. Keys are sorted, so that two exports can be diffed.

use crate::measure::{measures, name};
use ipcmark_summary::Summary;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Metric {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

pub(crate) fn bmf(summary: &Summary) -> Vec<u8> {
    let mut benchmarks: BTreeMap<String, BTreeMap<String, Metric>> = BTreeMap::new();
    for row in &summary.rows {
        for measure in measures(row) {
            let (low, high) = measure.estimate.interval.unzip();
            let metric =
                Metric { value: measure.estimate.value, lower_value: low, upper_value: high };
            benchmarks.entry(name(row)).or_default().insert(measure.slug.into(), metric);
        }
        // The format has no place for words: a flag is a measure that is 1.
        for flag in row.flags().into_iter().filter(|_| row.figure.is_some()) {
            let metric = Metric { value: 1.0, lower_value: None, upper_value: None };
            benchmarks.entry(name(row)).or_default().insert(format!("flag-{flag}"), metric);
        }
    }
    let mut text = serde_json::to_vec_pretty(&benchmarks).expect("plain JSON");
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specimen::SUMMARY;

    #[test]
    fn a_tracker_gets_what_the_tables_say() {
        let json: serde_json::Value = serde_json::from_slice(&bmf(&SUMMARY)).unwrap();
        let row = SUMMARY.rows.iter().find(|r| r.figure.is_some() && !r.key.is_rate()).unwrap();
        let p50 = row.figure.as_ref().unwrap().percentile(0.5).unwrap().ns;
        let metric = &json[name(row)]["latency"];
        assert_eq!(metric["value"].as_f64(), Some(p50.value));
        assert_eq!(metric["upper_value"].as_f64(), p50.interval.map(|(_, high)| high));
        let with_figures = SUMMARY.rows.iter().filter(|r| r.figure.is_some()).count();
        assert_eq!(json.as_object().unwrap().len(), with_figures, "each name is one row's own");
    }
}

//! Series for Apache Otava, which finds change points: one array of JSON, an object a commit.
//!
//! Otava pairs the n-th value of a metric with the n-th object. So each object has every metric, with
//! null where a commit has no value, which Otava fills from its neighbours; and every attribute, which
//! it reads by name in each object.

use crate::{History, Series};
use serde_json::{Value, json};

/// Returns the series of a history for Otava's `type: json`, as JSON.
#[must_use]
pub fn otava(history: &History) -> Vec<u8> {
    let objects: Vec<Value> = history
        .stops
        .iter()
        .enumerate()
        .map(|(at, stop)| {
            let metric = |series: &Series| {
                let point = series.points.iter().find(|point| point.stop == at);
                let unit = series.figure.unit();
                json!({ "name": name(history, series), "value": point.map(|p| p.value), "unit": unit })
            };
            let commit = stop.commit.as_deref().unwrap_or_default();
            json!({
                "timestamp": stop.at_s,
                "attributes": { "commit": commit, "runs": stop.runs.to_string() },
                "metrics": history.series.iter().map(metric).collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut text = serde_json::to_vec_pretty(&objects).expect("plain JSON");
    text.push(b'\n');
    text
}

/// Returns the name of a series: with its machine, where there are several.
fn name(history: &History, series: &Series) -> String {
    match series.host.filter(|_| history.hosts.len() > 1) {
        Some(host) => format!("{}, {}", series.name(), history.hosts[host].fingerprint),
        None => series.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{History, sample};
    use std::collections::BTreeSet;

    #[test]
    fn each_object_has_every_metric_and_a_hole_is_null() {
        let history = History::of(&sample::lines(3, 40, 8));
        let objects: Vec<Value> = serde_json::from_slice(&otava(&history)).unwrap();
        assert_eq!(objects.len(), history.stops.len());
        let names = |object: &Value| -> BTreeSet<String> {
            let metrics = object["metrics"].as_array().unwrap().iter();
            metrics.map(|metric| metric["name"].as_str().unwrap().to_owned()).collect()
        };
        let all = names(&objects[0]);
        assert_eq!(all.len(), history.series.len(), "each name is one series");
        assert!(objects.iter().all(|object| names(object) == all));
        let values = objects.iter().flat_map(|o| o["metrics"].as_array().unwrap());
        let holes = values.filter(|metric| metric["value"].is_null()).count();
        let points: usize = history.series.iter().map(|series| series.points.len()).sum();
        assert_eq!(holes, history.stops.len() * history.series.len() - points);
        assert!(holes > 0, "the sample has gaps");
        let times: Vec<i64> = objects.iter().map(|o| o["timestamp"].as_i64().unwrap()).collect();
        assert!(times.is_sorted());
    }
}

//! The folders in which criterion keeps its results, for those who read them: critcmp above all.
//!
//! Two records exported into one folder under two baselines are compared by `critcmp BASE NEW`. critcmp shows `mean` and calls
//! it a time, so `mean` and `median` both hold the figure of the tables, the median over invocations with its interval; the
//! deviations are those of the invocations' own figures. A rate is the time of one message, with the bytes that critcmp makes a
//! throughput of. Without an interval (under 6 invocations) the bounds are the figure itself, at the confidence 0.

use crate::measure::name;
use crate::{Error, File, Options, Result};
use ipcmark_record::Record;
use ipcmark_stats::median_absolute_deviation;
use ipcmark_summary::{Context, Estimate, Row, Samples, summarize_in};
use serde_json::{Value, json};

/// Standard errors from the middle to the end of a 95 % interval of a normal distribution.
const STANDARD_ERRORS: f64 = 1.959_963_984_540_054;

pub(crate) fn criterion(record: &Record, options: &Options) -> Result<Vec<File>> {
    let baseline = baseline(record, options)?;
    let context = Context::of(record)?;
    let summary = summarize_in(record, &context)?;
    let mut files = Vec::new();
    for (cell, row) in record.cells.iter().zip(&summary.rows) {
        let samples = Samples::of(cell, &context)?;
        for (function, estimate, values) in functions(row, &samples) {
            let group = name(row);
            let directory = format!("{}/{function}", slug(&group));
            let folder = format!("criterion/{directory}/{baseline}");
            let throughput = match row.key.is_rate() && row.key.size_bytes > 0 {
                true => json!({ "Bytes": row.key.size_bytes }),
                false => Value::Null,
            };
            let full_id = format!("{group}/{function}");
            let benchmark = json!({
                "group_id": group, "function_id": function, "value_str": null, "throughput": throughput,
                "full_id": full_id, "directory_name": directory, "title": full_id, "flags": row.flags(),
            });
            let file = |name: &str, json: &Value| File {
                name: format!("{folder}/{name}").into(),
                bytes: json.to_string().into_bytes(),
            };
            let estimates = estimates(&estimate, &values);
            files.extend([file("benchmark.json", &benchmark), file("estimates.json", &estimates)]);
        }
    }
    Ok(files)
}

/// Returns the times of a row, ns, with a value per invocation: median and 99th percentile, or the time
/// per message of a rate.
fn functions(row: &Row, samples: &Samples) -> Vec<(&'static str, Estimate, Vec<f64>)> {
    let Some(figure) = &row.figure else { return Vec::new() };
    if row.key.is_rate() {
        let each = samples.messages_per_s.iter().map(|rate| 1e9 / rate).collect();
        return vec![("per-message", figure.ns_per_message(), each)];
    }
    let wanted = [("p50", 0.5), ("p99", 0.99)].into_iter().filter_map(|(function, quantile)| {
        let percentile = figure.percentile(quantile).filter(|p| p.enough)?;
        Some((function, percentile.ns, samples.percentile_ns(quantile).to_vec()))
    });
    wanted.filter(|(_, estimate, _)| estimate.value.is_finite()).collect()
}

fn estimates(figure: &Estimate, values: &[f64]) -> Value {
    let (low, high) = figure.interval.unwrap_or((figure.value, figure.value));
    let confidence = figure.confidence.unwrap_or_default();
    let error = (high - low) / 2.0 / STANDARD_ERRORS;
    let of_figure = estimate(figure.value, (low, high), confidence, error);
    let bare = |value: f64| estimate(value, (value, value), 0.0, 0.0);
    json!({
        "mean": of_figure, "median": of_figure, "slope": null,
        "median_abs_dev": bare(median_absolute_deviation(values).unwrap_or_default()),
        "std_dev": bare(standard_deviation(values)),
    })
}

fn estimate(value: f64, (low, high): (f64, f64), confidence: f64, error: f64) -> Value {
    json!({
        "confidence_interval":
            { "confidence_level": confidence, "lower_bound": low, "upper_bound": high },
        "point_estimate": value, "standard_error": error,
    })
}

/// Returns the deviation of a sample; 0 for a single value.
fn standard_deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    if n > 1.0 { (squares / (n - 1.0)).sqrt() } else { 0.0 }
}

fn baseline(record: &Record, options: &Options) -> Result<String> {
    let own = || record.tool.commit.as_deref().map(slug).unwrap_or_else(|| "ipcmark".into());
    match &options.baseline {
        Some(name) if slug(name) != *name || ["new", "change", "..", "."].contains(&&**name) => {
            Err(Error::Baseline(name.clone()))
        }
        Some(name) => Ok(name.clone()),
        None => Ok(own()),
    }
}

/// Returns a name as one folder: other characters than letters, digits, `.`, `-` and `@` become `_`.
pub(crate) fn slug(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-@".contains(c) { c } else { '_' };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specimen::RECORD;
    use ipcmark_record::sample;
    use std::collections::BTreeSet;

    fn files(record: &Record, baseline: &str) -> Result<Vec<File>> {
        criterion(record, &Options { baseline: Some(baseline.into()), ..Options::default() })
    }

    #[test]
    fn each_time_has_a_folder_of_its_own() {
        let files = files(&RECORD, "main").unwrap();
        let names: BTreeSet<_> = files.iter().map(|file| file.name.clone()).collect();
        assert_eq!(names.len(), files.len());
        assert!(files.len() > 40, "{}", files.len());
        let depth = |file: &File| file.name.components().count();
        assert!(
            files.iter().all(|file| depth(file) == 5),
            "criterion/group/function/baseline/file"
        );
        for file in files.iter().filter(|file| file.name.ends_with("estimates.json")) {
            let json: Value = serde_json::from_slice(&file.bytes).unwrap();
            assert!(json["std_dev"]["point_estimate"].as_f64().unwrap() >= 0.0, "{json}");
            assert!(json["mean"]["point_estimate"].as_f64().unwrap() > 0.0, "{json}");
            assert_eq!(json["mean"], json["median"]);
        }
    }

    #[test]
    fn a_baseline_is_one_folder_that_is_looked_at() {
        let record = sample::record_of(1, 2, |key| key.transport == "pipe/block");
        for name in ["change", "new", "a/b", "..", "with space"] {
            assert!(matches!(files(&record, name), Err(Error::Baseline(_))), "{name}");
        }
        assert!(files(&record, "v1.2").is_ok());
    }

    #[test]
    fn a_deviation_is_that_of_a_sample() {
        assert_eq!(standard_deviation(&[1.0, 3.0]), 2.0_f64.sqrt());
        assert_eq!(standard_deviation(&[5.0]), 0.0);
    }
}

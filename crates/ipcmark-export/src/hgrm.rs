//! Percentile distributions for the HdrHistogram plotter: a file a cell, in the layout of the processors of logs.
//!
//! The times are ns. Only cells with a latency: of a rate a histogram holds blocks, and a curve of them would be read as one.

use crate::criterion::slug;
use crate::measure::name;
use crate::{File, Result};
use ipcmark_record::Record;
use ipcmark_summary::{Context, Pooled, pooled, summarize_in};
use std::fmt::Write as _;

/// Rows for each halving of what is left above, as the processors of logs have it.
const TICKS_PER_HALF_DISTANCE: u32 = 5;

pub(crate) fn hgrm(record: &Record) -> Result<Vec<File>> {
    let context = Context::of(record)?;
    let summary = summarize_in(record, &context)?;
    let mut files = Vec::new();
    for (cell, row) in record.cells.iter().zip(&summary.rows) {
        if row.key.is_rate() || row.misses_rate() {
            continue;
        }
        if let Some(pool) = pooled(cell, &context)? {
            let name = format!("{}.hgrm", slug(&name(row)));
            let mut text = distribution(&pool);
            for flag in row.flags() {
                let _ = writeln!(text, "#[Flag    = {flag}]");
            }
            files.push(File { name: name.into(), bytes: text.into_bytes() });
        }
    }
    Ok(files)
}

fn distribution(pool: &Pooled) -> String {
    let histogram = &pool.histogram;
    let mut text = format!(
        "{:>14} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut total = 0;
    for step in histogram.iter_quantiles(TICKS_PER_HALF_DISTANCE) {
        total += step.count_since_last_iteration();
        let (value, quantile) = (pool.ns(step.value_iterated_to()), step.quantile_iterated_to());
        let _ = write!(text, "{value:>14.3} {quantile:.12} {total:>10}");
        text += &match quantile < 1.0 {
            true => format!(" {:>14.2}\n", 1.0 / (1.0 - quantile)),
            // What is left above the last is nothing.
            false => "\n".into(),
        };
    }
    let _ = writeln!(
        text,
        "#[Mean    = {:>12.3}, StdDeviation   = {:>12.3}]\n#[Max     = {:>12.3}, Total count    = {:>12}]\n#[Buckets = {:>12}, SubBuckets     = {:>12}]",
        histogram.mean(),
        histogram.stdev(),
        pool.ns(histogram.max()),
        histogram.len(),
        histogram.buckets(),
        sub_buckets(histogram.sigfig()),
    );
    text
}

/// Returns the smallest power of two that separates values which differ in the last of `digits` digits.
fn sub_buckets(digits: u8) -> u64 {
    (2 * 10_u64.pow(digits.into())).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specimen::RECORD;

    #[test]
    fn a_curve_rises_to_all_values() {
        let files = hgrm(&RECORD).unwrap();
        assert!(files.len() > 10, "{}", files.len());
        for file in &files {
            let text = String::from_utf8(file.bytes.clone()).unwrap();
            let rows: Vec<Vec<f64>> = text
                .lines()
                .skip(1)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(|line| line.split_whitespace().map(|word| word.parse().unwrap()).collect())
                .collect();
            assert!(rows.windows(2).all(|pair| (0..3).all(|at| pair[0][at] <= pair[1][at])));
            let (last, count) = (rows.last().unwrap(), rows.last().unwrap()[2]);
            assert_eq!((last[1], last.len()), (1.0, 3), "the last has nothing above");
            assert!(text.contains(&format!("Total count    = {count:>12}]")), "{text}");
            assert!(!text.contains("NaN") && !text.contains("inf"));
        }
    }
}

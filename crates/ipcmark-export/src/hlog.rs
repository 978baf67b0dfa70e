//! An HdrHistogram log, version 1.2: whole histograms over time, for the log's analyzers and processors.
//!
//! One line an invocation, tagged with its cell and what the values are; the lines of a tag add up to the distribution behind
//! the cell's row, so invocations that do not count there are not here either. Values are ns, of rates ps: the tag's end
//! says which. The published writer for this language leaves out the version and the legend, which readers go by.

use crate::measure::name;
use crate::{Error, Result};
use ipcmark_record::{Encoded, Record, Unit};
use ipcmark_summary::{Context, Row, summarize_in, told};
use std::fmt::Write as _;

/// Divisor of the third column: ns to ms, as in other writers.
const MAX_VALUE_UNIT: f64 = 1e6;
const NS_PER_S: f64 = 1e9;

pub(crate) fn hlog(record: &Record) -> Result<Vec<u8>> {
    let context = Context::of(record)?;
    let summary = summarize_in(record, &context)?;
    let mut lines: Vec<(u64, String)> = Vec::new();
    let mut flags = String::new();
    for (cell, row) in record.cells.iter().zip(&summary.rows) {
        // A rate that was not reached has no latency.
        if row.misses_rate() {
            continue;
        }
        for flag in row.flags().into_iter().filter(|_| row.figure.is_some()) {
            let _ = writeln!(flags, "#[Flag: {} {flag}]", name(row));
        }
        for invocation in context.counting(cell).invocations {
            let Some(own) = told(cell, invocation)? else { continue };
            let encoded = Encoded::pack(&own.histogram, own.unit, own.messages_per_value)
                .map_err(Error::Read)?;
            let line = format!(
                "Tag={},{:.6},{:.6},{},{}\n",
                tag(row, own.unit),
                invocation.started_ns as f64 / NS_PER_S,
                invocation.elapsed_ns as f64 / NS_PER_S,
                own.histogram.max() as f64 / MAX_VALUE_UNIT,
                encoded.hdr_v2_deflate
            );
            lines.push((invocation.started_ns, line));
        }
    }
    lines.sort_by_key(|(started_ns, _)| *started_ns);
    let mut text =
        format!("#[{} {}, {}]\n", record.tool.name, record.tool.version, record.suite.name);
    text += "#[Histogram log format version 1.2]\n";
    if let Ok(started) = record.started.parse::<jiff::Timestamp>() {
        let seconds = started.as_millisecond() as f64 / 1e3;
        let _ =
            writeln!(text, "#[StartTime: {seconds:.3} (seconds since epoch), {}]", record.started);
    }
    text += &flags;
    text += "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";
    text.extend(lines.into_iter().map(|(_, line)| line));
    Ok(text.into_bytes())
}

/// Returns a tag, without commas, spaces and line ends.
fn tag(row: &Row, unit: Unit) -> String {
    let plain = name(row).replace(|c: char| c == ',' || c.is_whitespace(), "_");
    let unit = serde_json::to_value(unit).expect("a unit is a word");
    format!("{plain}:{}", unit.as_str().expect("a unit is a word"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specimen::RECORD;
    use ipcmark_summary::pooled;
    use std::collections::BTreeMap;

    #[test]
    fn the_lines_of_a_tag_add_up_to_the_row() {
        let text = String::from_utf8(hlog(&RECORD).unwrap()).unwrap();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut before = 0.0;
        for line in text.lines().filter(|line| line.starts_with("Tag=")) {
            let parts: Vec<&str> = line.split(',').collect();
            assert_eq!(parts.len(), 5, "{line}");
            let started: f64 = parts[1].parse().unwrap();
            assert!(started >= before, "in order of time");
            before = started;
            let encoded = Encoded {
                unit: Unit::NsOneWay,
                count: 0,
                messages_per_value: 1,
                hdr_v2_deflate: parts[4].into(),
            };
            // The count is not in a log; unpacking says what it found.
            let said = encoded.unpack().unwrap_err().to_string();
            let found = said.split_whitespace().find_map(|word| word.parse::<u64>().ok());
            *counts.entry(parts[0]).or_default() += found.unwrap();
        }
        let context = Context::of(&RECORD).unwrap();
        let pools = RECORD.cells.iter().filter_map(|cell| pooled(cell, &context).unwrap());
        let mut expected: Vec<u64> = pools.map(|pool| pool.histogram.len()).collect();
        let mut found: Vec<u64> = counts.into_values().collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected);
        assert!(text.contains("#[StartTime: ") && text.contains("version 1.2]\n"));
    }
}

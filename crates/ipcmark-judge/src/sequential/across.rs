//! Two records of different machines: compares each cell with the limits of its own machine, and
//! no times.
//!
//! A longer round trip on a slower machine says nothing about the program. The ratio to the
//! machine's own limit does: both were measured in one run, on the same CPUs. It gives no verdict:
//! a limit is only known to a few percent, two machines cannot be measured in alternation, and a
//! cell is more than what bounds it.

use super::{Run, hosts};
use crate::{Error, Result, Verdict};
use ipcmark_record::{CellKey, Record};
use ipcmark_summary::{AgainstLimit, Estimate, Row, Status, summarize};
use serde::Serialize;
use std::collections::HashMap;

/// Value of [`AcrossHosts::schema`].
pub const ACROSS_SCHEMA: &str = "ipcmark.comparison-to-limits/1";

/// Ratios to limits that differ by less are alike: a limit is the best of few samples, and no more
/// precise.
pub const ALIKE: f64 = 0.10;

/// Printed with every comparison across machines.
pub const ACROSS_CAUTION: &str = "These records come from different machines, so their times are \
not compared. Compared is how many times the limit of its own machine a cell takes; the limit is \
the best that hardware and kernel allowed there in the same run. That can show that a mechanism \
suits one machine less than the other. It cannot show that a program regressed and gives no \
verdict: for that, measure both programs on one machine (`ipcmark ab`).";

/// Two records of different machines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AcrossHosts {
    /// [`ACROSS_SCHEMA`].
    pub schema: String,
    /// The base's run.
    pub base: Run,
    /// The new run.
    pub new: Run,
    /// [`ACROSS_CAUTION`].
    pub caution: String,
    /// Each fact that differs, with both values; none if the machines are alike after all.
    pub differences: Vec<String>,
    /// Cells with a limit in both, in the base's order.
    pub cells: Vec<LimitComparison>,
    /// All other cells of either record.
    pub not_comparable: Vec<NotComparable>,
}

/// One cell, compared with the limits of both machines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LimitComparison {
    /// The cell.
    pub key: CellKey,
    /// The limit in words.
    pub limit: String,
    /// Ratio to its limit in the base.
    pub base_times: Estimate,
    /// Ratio to its limit in the new record.
    pub new_times: Estimate,
    /// New / base; above 1 is farther from its limit.
    pub ratio: f64,
    /// The lowest and the highest ratio that the two intervals allow; absent if one of them is.
    pub interval: Option<(f64, f64)>,
    /// Comparison of the two ratios.
    pub position: Position,
}

/// Comparison of two ratios to limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// Farther from its limit in the new record, by more than [`ALIKE`].
    Farther,
    /// Nearer to it, by more than [`ALIKE`].
    Nearer,
    /// Within [`ALIKE`].
    Alike,
    /// The intervals are too wide, or absent.
    #[serde(rename = "untold")]
    Undecided,
}

/// A cell that cannot be compared with limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotComparable {
    /// The cell.
    pub key: CellKey,
    /// The reason.
    pub why: String,
}

/// Compares the ratio of each cell to its limit in each record.
///
/// # Errors
/// A record with a histogram that cannot be unpacked.
pub fn compare_across_hosts(base: &Record, new: &Record) -> Result<AcrossHosts> {
    let rows = |record, which| {
        summarize(record).map(|s| s.rows).map_err(|source| Error::Record { which, source })
    };
    let (base_rows, new_rows) = (rows(base, "base")?, rows(new, "new")?);
    let in_new: HashMap<&CellKey, &Row> = new_rows.iter().map(|row| (&row.key, row)).collect();
    let in_base: HashMap<&CellKey, &Row> = base_rows.iter().map(|row| (&row.key, row)).collect();
    let (mut cells, mut not_comparable) = (Vec::new(), Vec::new());
    for row in &base_rows {
        match in_new.get(&row.key).map_or(Err("only in the base".into()), |new| limits(row, new)) {
            Ok(cell) => cells.push(cell),
            Err(why) => not_comparable.push(NotComparable { key: row.key.clone(), why }),
        }
    }
    let only_new = new_rows.iter().filter(|row| !in_base.contains_key(&row.key));
    not_comparable.extend(
        only_new.map(|row| NotComparable {
            key: row.key.clone(),
            why: "only in the new record".into(),
        }),
    );
    let mut differences = hosts::differences(&base.host, &new.host);
    differences.extend(hosts::conditions(base, new));
    Ok(AcrossHosts {
        schema: ACROSS_SCHEMA.into(),
        base: Run::of(base),
        new: Run::of(new),
        caution: ACROSS_CAUTION.into(),
        differences,
        cells,
        not_comparable,
    })
}

fn limits(base: &Row, new: &Row) -> std::result::Result<LimitComparison, String> {
    let limit = |row: &Row, which: &str| -> std::result::Result<AgainstLimit, String> {
        row.limit.clone().ok_or_else(|| match &row.status {
            Status::Measured | Status::Failed { .. } if row.figure.is_some() => {
                format!("no limit of the machine in the {which} bounds it")
            }
            _ => format!("no figure in the {which}"),
        })
    };
    let (b, n) = (limit(base, "base")?, limit(new, "new record")?);
    if b.bound != n.bound || b.words != n.words {
        return Err(format!(
            "bounded by {} in the base, by {} in the new record",
            b.words, n.words
        ));
    }
    let interval = b.times.interval.zip(n.times.interval).map(|(b, n)| (n.0 / b.1, n.1 / b.0));
    Ok(LimitComparison {
        key: base.key.clone(),
        limit: b.words,
        ratio: n.times.value / b.times.value,
        position: Position::of(interval),
        interval,
        base_times: b.times,
        new_times: n.times,
    })
}

impl Position {
    fn of(interval: Option<(f64, f64)>) -> Position {
        match Verdict::of(interval, ALIKE) {
            Verdict::Regressed => Position::Farther,
            Verdict::Improved => Position::Nearer,
            Verdict::Equivalent => Position::Alike,
            _ => Position::Undecided,
        }
    }

    /// `farther`, `nearer`, `alike`, `undecided`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Position::Farther => "farther",
            Position::Nearer => "nearer",
            Position::Alike => "alike",
            Position::Undecided => "undecided",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_intervals_leave_open_is_undecided() {
        for (interval, position) in [
            (Some((1.2, 1.5)), Position::Farther),
            (Some((0.5, 0.8)), Position::Nearer),
            (Some((0.95, 1.05)), Position::Alike),
            (Some((0.95, 1.2)), Position::Undecided),
            (None, Position::Undecided),
        ] {
            assert_eq!(Position::of(interval), position, "{interval:?}");
        }
    }
}

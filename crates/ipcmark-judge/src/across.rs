//! Two records of machines that differ: each cell beside the limits of its own machine, and no time beside a time.
//!
//! That a round trip takes longer on a slower machine says nothing about the program. How many times the machine's own limit it takes
//! does: both were measured in one run, on the same CPUs. What is left out is as telling: no verdict is given, because a limit is known
//! no better than to a few percent, nobody can measure two machines interleaved, and what bounds a cell is not all that it is made of.

use crate::compare::host_differences;
use crate::comparison::Run;
use crate::{Error, Result};
use ipcmark_record::{CellKey, Record};
use ipcmark_summary::{AgainstLimit, Estimate, Row, Status, summarize};
use serde::Serialize;
use std::collections::HashMap;
use std::fmt::Write as _;

/// What [`AcrossHosts::schema`] says.
pub const ACROSS_SCHEMA: &str = "ipcmark.comparison-to-limits/1";

/// Ratios to limits that differ by less are called alike: a limit is the best of few samples, and known no better.
pub const ALIKE: f64 = 0.10;

/// Printed with every comparison across machines.
pub const ACROSS_CAUTION: &str = "These records come from machines that differ, so that no time of one is held against a time of the other. \
Compared is how many times the limit of its own machine a cell takes, the best that hardware and kernel allowed there in the same run. \
That can show that a mechanism suits one machine less than the other. It cannot show that a program regressed, and gives no verdict: \
measure both programs on one machine for that (`ipcmark ab`).";

/// Two records of machines that differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AcrossHosts {
    /// [`ACROSS_SCHEMA`].
    pub schema: String,
    /// The run compared with.
    pub base: Run,
    /// The run in question.
    pub new: Run,
    /// [`ACROSS_CAUTION`].
    pub caution: String,
    /// Each fact that differs, with both values; none when the machines are alike after all.
    pub differences: Vec<String>,
    /// Cells with a limit in both, in the base's order.
    pub cells: Vec<LimitComparison>,
    /// All others of either record.
    pub not_comparable: Vec<NotComparable>,
}

/// One cell beside the limits of both machines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LimitComparison {
    /// Which cell.
    pub key: CellKey,
    /// What bounds it, in words.
    pub limit: String,
    /// Times its limit in the base, with its interval.
    pub base_times: Estimate,
    /// In the new record.
    pub new_times: Estimate,
    /// New / base; above 1 is farther from its limit.
    pub ratio: f64,
    /// From the lowest to the highest that the two intervals allow; absent where one of them is.
    pub interval: Option<(f64, f64)>,
    /// What that is called.
    pub position: Position,
}

/// How two ratios to limits stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// More of its limit in the new record, by more than [`ALIKE`] whatever the intervals allow.
    Farther,
    /// Less of it.
    Nearer,
    /// Within [`ALIKE`].
    Alike,
    /// Neither: the intervals are too wide, or there are none.
    Untold,
}

/// A cell that cannot be held against limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotComparable {
    /// Which cell.
    pub key: CellKey,
    /// Why not.
    pub why: String,
}

/// Compares how many times its limit each cell takes in each record.
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
        match in_new.get(&row.key).map_or(Err("only in the base".into()), |new| beside(row, new)) {
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
    Ok(AcrossHosts {
        schema: ACROSS_SCHEMA.into(),
        base: Run::of(base),
        new: Run::of(new),
        caution: ACROSS_CAUTION.into(),
        differences: host_differences(&base.host, &new.host),
        cells,
        not_comparable,
    })
}

fn beside(base: &Row, new: &Row) -> std::result::Result<LimitComparison, String> {
    let limit = |row: &Row, which: &str| -> std::result::Result<AgainstLimit, String> {
        row.limit.clone().ok_or_else(|| match &row.status {
            Status::Measured | Status::Failed { .. } if row.figure.is_some() => {
                format!("no limit of the machine in the {which} bounds it")
            }
            _ => format!("no figure in the {which}"),
        })
    };
    let (b, n) = (limit(base, "base")?, limit(new, "new record")?);
    if b.kind != n.kind || b.words != n.words {
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
        let (most, least) = (1.0 + ALIKE, 1.0 / (1.0 + ALIKE));
        match interval {
            Some((low, _)) if low > most => Position::Farther,
            Some((_, high)) if high < least => Position::Nearer,
            Some((low, high)) if least <= low && high <= most => Position::Alike,
            _ => Position::Untold,
        }
    }

    /// `farther`, `nearer`, `alike`, `not told`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Position::Farther => "farther",
            Position::Nearer => "nearer",
            Position::Alike => "alike",
            Position::Untold => "not told",
        }
    }
}

/// The comparison as Markdown: no time stands in it.
#[must_use]
pub fn across_to_markdown(comparison: &AcrossHosts) -> String {
    use crate::markdown::escape;
    let AcrossHosts { base, new, caution, differences, cells, not_comparable, .. } = comparison;
    let mut text = format!(
        "# Comparison of two machines, by their limits\n\n- base: {}\n- new: {}\n\n> {caution}\n\n",
        base.words(),
        new.words()
    );
    if !differences.is_empty() {
        let _ = write!(text, "What differs: {}.\n\n", escape(&differences.join("; ")));
    }
    let count = |position| cells.iter().filter(|c| c.position == position).count();
    let _ = write!(
        text,
        "{} of {} cells have the same limit in both: {} farther from it in the new record, {} nearer, {} alike (within {:.0} %), {} \
         not told.\n\n",
        cells.len(),
        cells.len() + not_comparable.len(),
        count(Position::Farther),
        count(Position::Nearer),
        count(Position::Alike),
        ALIKE * 100.0,
        count(Position::Untold)
    );
    if !cells.is_empty() {
        text += "| cell | its limit | base | new | new / base | at most and least | |\n| --- | --- | ---: | ---: | ---: | ---: | --- |\n";
    }
    for c in cells {
        let interval =
            c.interval.map_or("no interval".into(), |(l, h)| format!("{l:.2} to {h:.2}"));
        let _ = writeln!(
            text,
            "| {} | {} | {:.1} × | {:.1} × | {:.2} | {interval} | {} |",
            escape(&c.key.to_string()),
            escape(&c.limit),
            c.base_times.value,
            c.new_times.value,
            c.ratio,
            c.position.name()
        );
    }
    if !not_comparable.is_empty() {
        text += "\n## Not comparable\n\n";
    }
    for NotComparable { key, why } in not_comparable {
        let _ = writeln!(text, "- {key}: {}", escape(why));
    }
    text
}

/// The comparison as JSON, with a newline at its end.
#[must_use]
pub fn across_to_json(comparison: &AcrossHosts) -> String {
    let mut text = serde_json::to_string_pretty(comparison).expect("a comparison is plain JSON");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_intervals_leave_open_is_not_told() {
        for (interval, position) in [
            (Some((1.2, 1.5)), Position::Farther),
            (Some((0.5, 0.8)), Position::Nearer),
            (Some((0.95, 1.05)), Position::Alike),
            (Some((0.95, 1.2)), Position::Untold),
            (None, Position::Untold),
        ] {
            assert_eq!(Position::of(interval), position, "{interval:?}");
        }
    }
}

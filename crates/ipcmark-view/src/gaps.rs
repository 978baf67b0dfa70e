//! Cells that could not be measured, and why: cells with the same reason together, so that a hundred
//! transports make a short list.

use crate::{Ranking, payload};
use ipcmark_record::Refusal;
use ipcmark_show::{Cell, Column, Head, Table, plural};
use ipcmark_summary::{Row, Status, Summary};
use std::collections::{BTreeSet, HashMap};

/// The reason why a cell has no sound figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// `not available`, `unsupported`, `failed` or `not reached`.
    pub kind: &'static str,
    /// The reason, and the remedy.
    pub why: Refusal,
    /// The transports with this reason in the same cells.
    pub transports: Vec<String>,
    /// The cells: `ping-pong, stream; 64 KiB; cross-core`.
    pub cells: String,
}

/// Returns the gap of one row; `None` if it was measured.
#[must_use]
pub fn gap(row: &Row) -> Option<Gap> {
    let transport = &row.key.transport;
    let (kind, why) = match &row.status {
        Status::Measured => return None,
        Status::Failed { what } => {
            let all = plural(row.failed_invocations + row.invocations, "invocation");
            let why = Refusal::new(format!("{} of {all} failed: {what}", row.failed_invocations));
            (
                "failed",
                why.with_remedy(format!("run it alone: ipcmark run --transport '{transport}'")),
            )
        }
        Status::Unavailable(why) => ("not available", why.clone()),
        Status::Unsupported { reason } => ("unsupported", Refusal::new(reason)),
        Status::Pending => {
            let why = Refusal::new("the run ended before its turn");
            ("not reached", why.with_remedy("a longer --budget, or --resume"))
        }
    };
    Some(Gap { kind, why, transports: vec![transport.clone()], cells: String::new() })
}

/// Returns all gaps: cells of one transport and reason together, then transports with the same gaps.
#[must_use]
pub fn gaps(summary: &Summary) -> Vec<Gap> {
    // By place: a suite may have fifty thousand gaps.
    let mut groups: Vec<(Gap, Vec<&Row>)> = Vec::new();
    let mut of_group: HashMap<(&str, &str, String), usize> = HashMap::new();
    for row in &summary.rows {
        let Some(gap) = gap(row) else { continue };
        let key = (row.key.transport.as_str(), gap.kind, gap.why.to_string());
        let at = *of_group.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((gap, vec![row])),
        }
    }
    let mut gaps: Vec<Gap> = Vec::new();
    let mut of_gap: HashMap<(&str, String, String), usize> = HashMap::new();
    for (gap, rows) in groups {
        let gap = Gap { cells: cells(&rows), ..gap };
        let key = (gap.kind, gap.why.to_string(), gap.cells.clone());
        let at = *of_gap.entry(key).or_insert(gaps.len());
        match gaps.get_mut(at) {
            Some(known) => known.transports.extend(gap.transports),
            None => gaps.push(gap),
        }
    }
    gaps
}

/// Returns the table of the gaps.
#[must_use]
pub fn gaps_table(gaps: &[Gap]) -> Table {
    let long = |text: &str| Head::words(text, "").class("long");
    let columns: [Column<'_, Gap>; 5] = [
        Column::new(Head::words("Transports", "").class("name wide"), |gap: &Gap| {
            Cell::name(gap.transports.join(" "))
        }),
        Column::new(long("Cells"), |gap: &Gap| Cell::words(&gap.cells)),
        Column::new(Head::words("State", ""), |gap: &Gap| Cell::words(gap.kind)),
        Column::new(long("Reason"), |gap: &Gap| Cell::words(&gap.why.reason)),
        Column::new(long("Remedy"), |gap: &Gap| {
            let none = if gap.kind == "unsupported" { "none" } else { "none known" };
            Cell::words(gap.why.remedy.clone().unwrap_or_else(|| none.into()))
        }),
    ];
    Table::of(&columns, gaps)
}

/// Returns the measured rows that have no figure to rank them by, and the reason of each.
#[must_use]
pub fn not_ranked<'a>(summary: &'a Summary, rankings: &[Ranking<'_>]) -> Vec<(&'a str, String)> {
    let ranked = |row: &Row| {
        let mut entries = rankings.iter().flat_map(|r| r.entries.iter().chain(&r.floors));
        entries.any(|entry| entry.row.key == row.key)
    };
    let measured = |row: &&Row| row.status == Status::Measured && !row.floor;
    let open = summary.rows.iter().filter(measured).filter(|row| !ranked(row));
    open.filter_map(|row| {
        let refused = row.figure.as_ref()?.refused.clone();
        let reason = refused.unwrap_or_else(|| "too short for a figure".into());
        Some((row.key.transport.as_str(), format!("{reason} ({})", cells(&[row]))))
    })
    .collect()
}

/// Returns `workloads; sizes; placements`: workloads with the same ones together, and single cells if
/// they are not all combinations.
fn cells(rows: &[&Row]) -> String {
    /// Number of single cells that are named.
    const NAMED: usize = 6;
    let mut workloads: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in rows {
        let name = workload(row);
        match workloads.iter_mut().find(|(known, _)| *known == name) {
            Some((_, of)) => of.push(row),
            None => workloads.push((name, vec![row])),
        }
    }
    let mut alike: Vec<(Vec<String>, String)> = Vec::new();
    for (name, of) in workloads {
        let sizes: BTreeSet<u64> = of.iter().map(|r| r.key.size_bytes).collect();
        let placements: BTreeSet<&str> = of.iter().map(|r| r.key.placement.name()).collect();
        let capacities: BTreeSet<_> = of.iter().map(|r| r.key.capacity_bytes).collect();
        let where_ = if sizes.len() * placements.len() * capacities.len() == of.len() {
            let sizes: Vec<String> = sizes.into_iter().map(payload).collect();
            let placements: Vec<&str> = placements.into_iter().collect();
            format!("{}; {}", sizes.join(", "), placements.join(", "))
        } else {
            let each = |r: &&Row| format!("{} {}", payload(r.key.size_bytes), r.key.placement);
            let mut named: Vec<String> = of.iter().take(NAMED).map(each).collect();
            if of.len() > NAMED {
                named.push(format!("{} more", of.len() - NAMED));
            }
            named.join("; ")
        };
        match alike.iter_mut().find(|(_, known)| *known == where_) {
            Some((names, _)) => names.push(name),
            None => alike.push((vec![name], where_)),
        }
    }
    let parts = alike.iter().map(|(names, where_)| format!("{}; {where_}", names.join(", ")));
    parts.collect::<Vec<_>>().join(" · ")
}

/// Returns `ping-pong`, `fan-in (2 peers)`.
fn workload(row: &Row) -> String {
    let (workload, parameters) = (row.key.workload, row.key.load());
    if parameters.is_empty() { workload.to_string() } else { format!("{workload} ({parameters})") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{row, summary};

    #[test]
    fn cells_of_one_reason_are_one_gap() {
        let mut rows: Vec<Row> = [64, 1024].map(|s| row("mq/block", s, 1.0, None)).into();
        rows.push(row("pipe/block", 64, 1.0, None));
        for row in &mut rows[..2] {
            row.status = Status::Unavailable(Refusal::new("no mqueue").with_remedy("mount it"));
        }
        let gaps = gaps(&summary(rows));
        assert_eq!(gaps.len(), 1);
        assert_eq!(
            (gaps[0].cells.as_str(), gaps[0].why.to_string().as_str()),
            ("ping-pong; 64 B, 1 KiB; cross-core", "no mqueue; mount it")
        );
    }

    #[test]
    fn transports_whose_gaps_are_alike_share_a_line() {
        let mut rows: Vec<Row> =
            ["a/block", "b/block", "c/block"].map(|n| row(n, 64, 1.0, None)).into();
        for row in &mut rows {
            row.status = Status::Pending;
        }
        rows[2].key.size_bytes = 1024;
        let gaps = gaps(&summary(rows));
        let names: Vec<_> = gaps.iter().map(|g| g.transports.join(" ")).collect();
        assert_eq!(names, ["a/block b/block", "c/block"]);
    }

    #[test]
    fn a_hundred_transports_that_cannot_run_five_workloads_make_a_short_list() {
        let mut rows = Vec::new();
        for n in 0..100 {
            for pattern in ["ping-pong", "stream", "paced", "burst", "wake-up"] {
                for size_bytes in [64, 1024] {
                    let carries = if n < 30 { "notifications" } else { "messages" };
                    if (carries == "notifications") == (pattern == "wake-up") {
                        continue;
                    }
                    let size_bytes = if pattern == "wake-up" { 0 } else { size_bytes };
                    let mut row = row(&format!("t{n}/block"), size_bytes, 1.0, None);
                    row.key.workload = pattern.parse().unwrap();
                    row.status = Status::Unsupported { reason: format!("it carries {carries}") };
                    if !(size_bytes == 0 && rows.iter().any(|r: &Row| r.key == row.key)) {
                        rows.push(row);
                    }
                }
            }
        }
        let gaps = gaps(&summary(rows));
        let cells: Vec<_> = gaps.iter().map(|g| (g.transports.len(), g.cells.as_str())).collect();
        let workloads =
            "ping-pong, stream, paced (1000/s), burst (depth 8); 64 B, 1 KiB; cross-core";
        assert_eq!(cells, [(30, workloads), (70, "wake-up; no payload; cross-core")]);
    }
}

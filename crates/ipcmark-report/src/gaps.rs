//! What could not be measured, and why: cells of one reason together, so that a hundred transports make a short list.

use crate::ranking::payload;
use crate::units;
use ipcmark_record::Refusal;
use ipcmark_summary::{Row, Status, Summary};
use serde::Serialize;
use std::collections::BTreeSet;

/// Cells that have no sound figure, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Gap {
    /// The transports that share these cells and this reason.
    pub transports: Vec<String>,
    /// `not available`, `unsupported`, `failed`, `not reached`.
    pub kind: &'static str,
    /// Which cells: `ping-pong, stream; 64 KiB; cross-core`.
    pub cells: String,
    pub reason: String,
    /// What would change it.
    pub remedy: String,
}

/// Kind, reason, what would change it.
type Why = (&'static str, String, String);

/// What a row's state says; `None` where it was measured.
pub(crate) fn gap(row: &Row) -> Option<Why> {
    let again = format!("look at it alone: ipcmark run --transport '{}'", row.key.transport);
    match &row.status {
        Status::Measured => None,
        Status::Failed { what } => {
            let all = row.failed_invocations + row.invocations;
            let reason = format!(
                "{} of {} failed: {what}",
                row.failed_invocations,
                units::plural(all, "invocation")
            );
            Some(("failed", reason, again))
        }
        Status::Unavailable(Refusal { reason, remedy }) => {
            let remedy = remedy.clone().unwrap_or_else(|| "nothing that ipcmark knows of".into());
            Some(("not available", reason.clone(), remedy))
        }
        Status::Unsupported { reason } => Some((
            "unsupported",
            reason.clone(),
            "nothing: it is the nature of the mechanism".into(),
        )),
        Status::Pending => Some((
            "not reached",
            "the run ended before this cell's turn".into(),
            "a longer --budget, or going on with --resume".into(),
        )),
    }
}

/// All gaps: cells of one transport and one reason together, then transports whose gaps are alike.
pub(crate) fn gaps(summary: &Summary) -> Vec<Gap> {
    let mut groups: Vec<(&str, Why, Vec<&Row>)> = Vec::new();
    for row in &summary.rows {
        let Some(why) = gap(row) else { continue };
        match groups.iter_mut().find(|(t, w, _)| *t == row.key.transport && *w == why) {
            Some((.., rows)) => rows.push(row),
            None => groups.push((&row.key.transport, why, vec![row])),
        }
    }
    let mut gaps: Vec<Gap> = Vec::new();
    for (transport, (kind, reason, remedy), rows) in groups {
        let (transports, cells) = (vec![transport.to_string()], cells(&rows));
        let new = Gap { transports, kind, cells, reason, remedy };
        let alike = |g: &&mut Gap| {
            (g.kind, &g.cells, &g.reason, &g.remedy)
                == (new.kind, &new.cells, &new.reason, &new.remedy)
        };
        match gaps.iter_mut().find(alike) {
            Some(gap) => gap.transports.extend(new.transports),
            None => gaps.push(new),
        }
    }
    gaps
}

/// Workloads; sizes; placements - of those workloads together that have all the same ones; each cell on its own where
/// they are not all combinations.
fn cells(rows: &[&Row]) -> String {
    /// Cells that are named on their own.
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

/// `ping-pong`, `fan-in (2 peers)`.
fn workload(row: &Row) -> String {
    let (workload, parameters) = (row.key.workload, row.key.workload.parameters());
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
            (gaps[0].cells.as_str(), gaps[0].remedy.as_str()),
            ("ping-pong; 64 B, 1 KiB; cross-core", "mount it")
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

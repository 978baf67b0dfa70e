//! What a message costs beside its time: CPU time of each side, switches, faults, system calls, and the link itself.
//!
//! A ring that spins and a pipe that sleeps are no comparison without it: the one buys its latency with a whole CPU.

use super::{Cell, Head, head, missing, number, words};
use crate::ranking::{middle, payload};
use crate::units::{self, Quantity};
use ipcmark_record::{Cell as Measured, Invocation, Record, SideReport, Usage};
use ipcmark_summary::counted;
use serde::Serialize;

/// The costs of all cells of one workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CostTable {
    pub pattern: String,
    /// What costs are given for one of.
    pub counted: &'static str,
    pub heads: Vec<Head>,
    pub rows: Vec<Vec<Cell>>,
}

/// One column, and how a cell of it comes from a measured cell.
type Column = (Head, fn(&Costs) -> Cell);

/// A measured cell and its invocations that count.
struct Costs<'a> {
    cell: &'a Measured,
    good: Vec<&'a Invocation>,
}

/// A table a workload, in the record's order; columns that no cell of it fills are left out.
pub(crate) fn cost_tables(record: &Record) -> Vec<CostTable> {
    let mut patterns: Vec<(&str, Vec<Costs>)> = Vec::new();
    for cell in record.cells.iter().filter(|c| !c.floor) {
        let counts = |i: &&Invocation| i.is_ok() && i.messages > 0 && !i.sides.is_empty();
        let mut good: Vec<&Invocation> = cell.invocations.iter().filter(counts).collect();
        if good.iter().any(|i| i.marks.is_empty()) {
            good.retain(|i| i.marks.is_empty());
        }
        if good.is_empty() {
            continue;
        }
        let costs = Costs { cell, good };
        match patterns.iter_mut().find(|(known, _)| *known == cell.key.pattern) {
            Some((_, of)) => of.push(costs),
            None => patterns.push((&cell.key.pattern, vec![costs])),
        }
    }
    patterns.into_iter().map(|(pattern, costs)| table(pattern, &costs)).collect()
}

fn table(pattern: &str, costs: &[Costs]) -> CostTable {
    let counted = counted(&costs[0].cell.key);
    let mut heads = vec![
        head("Transport", "mechanism / wait", true),
        head("Size", "message size", false),
        head("Placement", "which CPUs the sides run on, and the load", true),
    ];
    let mut rows: Vec<Vec<Cell>> = costs.iter().map(named).collect();
    for (head, of) in columns(counted) {
        let cells: Vec<Cell> = costs.iter().map(of).collect();
        if cells.iter().all(|c| c.sort.is_none()) {
            continue;
        }
        heads.push(head);
        rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    }
    CostTable { pattern: pattern.into(), counted, heads, rows }
}

fn named(costs: &Costs) -> Vec<Cell> {
    let key = &costs.cell.key;
    vec![
        words(&key.transport),
        number(payload(key.size_bytes), key.size_bytes as f64),
        Cell { under: key.load.to_string(), ..words(&key.placement) },
    ]
}

fn columns(counted: &str) -> Vec<Column> {
    let one = |what: &str| format!("{what}, for one {counted}");
    let total = head("CPU time", &one("all sides together, user and system"), false);
    let first = head("Initiators", &one("user and system of what sends first"), false);
    let other = head("Responders", &one("user and system of the other side"), false);
    let switches = head("Switches", &one("context switches of all sides"), false);
    let faults = head("Faults", &one("page faults of all sides"), false);
    let calls =
        head("System calls", &one("of all sides, counted in an invocation of its own"), false);
    vec![
        (total, |c| c.cpu(|_| true)),
        (first, |c| c.cpu(|side| side.side.starts_with("initiator"))),
        (other, |c| c.cpu(|side| side.side.starts_with("responder"))),
        (switches, |c| c.switches()),
        (faults, |c| c.faults()),
        (calls, |c| c.system_calls()),
        (head("Cycles", &one("of all sides, counted in an invocation of its own"), false), |c| {
            c.cycles()
        }),
        (
            head("Set-up", "making what the sides inherit, and taking the halves of it", false),
            |c| c.set_up(),
        ),
        (head("Tear-down", "dropping both halves, the slower side", false), |c| {
            time(c.median(|i| Some(i.setup?.teardown_ns as f64)))
        }),
        (
            head("Mapped", "address space that the link adds to the process that made it", false),
            |c| {
                c.median(|i| Some(i.setup?.mapped_bytes as f64))
                    .map_or_else(missing, |bytes| number(units::size(bytes as u64), bytes))
            },
        ),
    ]
}

impl Costs<'_> {
    /// The middle invocation's.
    fn median(&self, of: impl Fn(&Invocation) -> Option<f64>) -> Option<f64> {
        middle(self.good.iter().filter_map(|i| of(i)).collect())
    }

    /// The same for one round trip, message or task, summed over the sides that `which` says.
    fn each(
        &self,
        which: impl Fn(&SideReport) -> bool,
        of: impl Fn(&Usage) -> Option<u64>,
    ) -> Option<f64> {
        self.median(|i| {
            let sides = || i.sides.iter().filter(|side| which(side));
            sides().next()?;
            let sum = sides().map(|side| of(&side.usage)).sum::<Option<u64>>()?;
            let runs = i.task.map(|task| task.runs).filter(|runs| *runs > 0);
            Some(sum as f64 / runs.unwrap_or(i.messages) as f64)
        })
    }

    fn cpu(&self, which: impl Fn(&SideReport) -> bool + Copy) -> Cell {
        let show = |of: fn(&Usage) -> u64| {
            let value = self.each(which, |usage| Some(of(usage)));
            value.map_or_else(String::new, |ns| Quantity::Time.show(ns))
        };
        let under = format!("user {}, system {}", show(|u| u.user_ns), show(|u| u.system_ns));
        let both = self.each(which, |u| Some(u.user_ns + u.system_ns));
        both.map_or_else(missing, |ns| Cell { under, ..time(Some(ns)) })
    }

    fn switches(&self) -> Cell {
        let of = |of: fn(&Usage) -> u64| self.each(|_| true, |usage| Some(of(usage)));
        let under = of(|u| u.involuntary_switches).filter(|n| *n > 0.0);
        let under = under.map_or_else(String::new, |n| format!("{} involuntary", units::plain(n)));
        let all = of(|u| u.voluntary_switches + u.involuntary_switches);
        all.map_or_else(missing, |n| Cell { under, ..number(units::plain(n), n) })
    }

    fn faults(&self) -> Cell {
        let of = |of: fn(&Usage) -> u64| self.each(|_| true, |usage| Some(of(usage)));
        let under = of(|u| u.major_faults).filter(|n| *n > 0.0);
        let under = under.map_or_else(String::new, |n| format!("{} with I/O", units::plain(n)));
        let all = of(|u| u.minor_faults + u.major_faults);
        all.map_or_else(missing, |n| Cell { under, ..number(units::plain(n), n) })
    }

    fn system_calls(&self) -> Cell {
        let counted = self.cell.system_calls.filter(|counted| counted.messages > 0);
        counted.map_or_else(missing, |counted| {
            let each = counted.calls as f64 / counted.messages as f64;
            number(units::plain(each), each)
        })
    }

    fn cycles(&self) -> Cell {
        let counted = self.cell.cycles.filter(|c| c.messages > 0 && c.cycles > 0);
        counted.map_or_else(missing, |counted| {
            let each = counted.cycles as f64 / counted.messages as f64;
            let a_cycle = units::plain(counted.instructions as f64 / counted.cycles as f64);
            let whose = if counted.kernel { "" } else { ", without the kernel's" };
            let under = format!("{a_cycle} instructions a cycle{whose}");
            Cell { under, ..number(units::count(each.round() as u64), each) }
        })
    }

    fn set_up(&self) -> Cell {
        let of = |of: fn(ipcmark_record::Setup) -> u64| self.median(|i| Some(of(i.setup?) as f64));
        let parts = [of(|s| s.fixture_ns), of(|s| s.split_ns)]
            .map(|ns| ns.map(|ns| Quantity::Time.show(ns)));
        let under = match parts {
            [Some(fixture), Some(split)] => format!("made {fixture}, taken {split}"),
            _ => String::new(),
        };
        Cell { under, ..time(of(|s| s.fixture_ns + s.split_ns)) }
    }
}

fn time(ns: Option<f64>) -> Cell {
    ns.map_or_else(missing, |ns| number(Quantity::Time.show(ns), ns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::sample;

    #[test]
    fn every_workload_has_its_costs_and_no_column_is_empty() {
        let record = sample::every(1, 6);
        let tables = cost_tables(&record);
        let patterns: Vec<&str> = tables.iter().map(|t| t.pattern.as_str()).collect();
        for pattern in ["ping-pong", "stream", "paced", "scatter-gather", "wake-up"] {
            assert!(patterns.contains(&pattern), "no {pattern} in {patterns:?}");
        }
        for table in &tables {
            assert!(table.rows.iter().all(|row| row.len() == table.heads.len()));
            let heads: Vec<&str> = table.heads.iter().map(|h| h.text.as_str()).collect();
            assert!(heads.contains(&"CPU time") && !heads.contains(&"Cycles"), "{heads:?}");
        }
    }

    #[test]
    fn a_side_has_its_own_cost_and_what_is_set_aside_none() {
        let mut record = sample::record_of(1, 6, |key| {
            key.transport == "pipe/block" && key.pattern == "ping-pong" && key.size_bytes == 64
        });
        record.cells.truncate(1);
        for (at, invocation) in record.cells[0].invocations.iter_mut().enumerate() {
            invocation.messages = 1_000;
            let user_ns = if at == 0 { 9_000_000 } else { 2_000_000 };
            let usage = Usage { user_ns, ..Usage::default() };
            invocation.sides.iter_mut().for_each(|side| side.usage = usage);
        }
        record.cells[0].cycles = Some(ipcmark_record::Cycles {
            messages: 1_000,
            cycles: 6_000_000,
            instructions: 12_000_000,
            kernel: true,
        });
        record.cells[0].invocations[0].marks.push(ipcmark_record::Mark::Gaps);
        let table = &cost_tables(&record)[0];
        let of = |name: &str| {
            let at = table.heads.iter().position(|h| h.text == name).unwrap();
            (table.rows[0][at].text.as_str(), table.rows[0][at].under.as_str())
        };
        assert_eq!(of("CPU time"), ("4.00 µs", "user 4.00 µs, system 0 ns"));
        assert_eq!(of("Initiators").0, "2.00 µs");
        assert_eq!(of("System calls").0, "4.01");
        assert_eq!(of("Cycles"), ("6,000", "2.00 instructions a cycle"));
        assert_eq!(of("Set-up"), ("30.0 µs", "made 21.0 µs, taken 9.00 µs"));
    }
}

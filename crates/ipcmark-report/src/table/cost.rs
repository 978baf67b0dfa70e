//! What a message costs beside its time: CPU time of each side, switches, faults, system calls, and the link itself.
//!
//! A ring that spins and a pipe that sleeps are no comparison without it: the one buys its latency with a whole CPU.

use super::{Cell, Head, head, missing, number, words};
use crate::ranking::payload;
use crate::units::{self, Quantity};
use ipcmark_record::Workload;
use ipcmark_summary::{Cost, Estimate, Figure, Row};
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

/// A row with all that its costs stand in.
type Costs<'a> = (&'a Row, &'a Figure, &'a Cost);

/// One column, and how a cell of it comes from a row.
type Column = (Head, fn(Costs<'_>) -> Cell);

/// A table a workload, in the record's order; columns that no cell of it fills are left out.
pub(crate) fn cost_tables(rows: &[Row]) -> Vec<CostTable> {
    let mut patterns: Vec<(Workload, Vec<Costs<'_>>)> = Vec::new();
    for row in rows.iter().filter(|row| !row.floor) {
        let Some((figure, cost)) = row.figure.as_ref().zip(row.cost.as_ref()) else { continue };
        let costs = (row, figure, cost);
        match patterns.iter_mut().find(|(known, _)| known.is_kind(row.key.workload)) {
            Some((_, of)) => of.push(costs),
            None => patterns.push((row.key.workload, vec![costs])),
        }
    }
    patterns.into_iter().map(|(workload, costs)| table(workload, &costs)).collect()
}

fn table(workload: Workload, costs: &[Costs<'_>]) -> CostTable {
    let counted = costs[0].0.counted;
    let mut heads = vec![
        head("Transport", "mechanism / wait", true),
        head("Size", "message size", false),
        head("Placement", "which CPUs the sides run on, and the load", true),
    ];
    let mut rows: Vec<Vec<Cell>> = costs.iter().map(|(row, ..)| named(row)).collect();
    for (head, of) in columns(counted) {
        let cells: Vec<Cell> = costs.iter().map(|costs| of(*costs)).collect();
        if cells.iter().all(|c| c.sort.is_none()) {
            continue;
        }
        heads.push(head);
        rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    }
    CostTable { pattern: workload.to_string(), counted, heads, rows }
}

fn named(row: &Row) -> Vec<Cell> {
    let key = &row.key;
    vec![
        words(&key.transport),
        number(payload(key.size_bytes), key.size_bytes as f64),
        Cell { under: key.workload.parameters(), ..words(key.placement.name()) },
    ]
}

fn columns(counted: &str) -> Vec<Column> {
    let one = |what: &str| format!("{what}, for one {counted}");
    let apart = "of all sides, counted in an invocation of its own";
    let mapped = "address space that the link adds to the process that made it";
    vec![
        (
            head("CPU time", &one("all sides together, user and system"), false),
            |(_, figure, cost)| {
                let show = |e: Estimate| Quantity::Time.show(e.value);
                let (user, system) =
                    (show(cost.user_ns_per_message), show(cost.system_ns_per_message));
                let under = format!("user {user}, system {system}");
                Cell { under, ..time(Some(figure.cpu_ns_per_message)) }
            },
        ),
        (head("Initiators", &one("user and system of what sends first"), false), |(.., cost)| {
            time(cost.initiator_ns_per_message)
        }),
        (head("Responders", &one("user and system of the other side"), false), |(.., cost)| {
            time(cost.responder_ns_per_message)
        }),
        (head("Switches", &one("context switches of all sides"), false), |(_, figure, _)| {
            plain(Some(figure.switches_per_message.value))
        }),
        (head("Faults", &one("page faults of all sides"), false), |(.., cost)| {
            plain(Some(cost.faults_per_message.value))
        }),
        (head("System calls", &one(apart), false), |(.., cost)| {
            plain(cost.system_calls_per_message)
        }),
        (head("Cycles", &one(apart), false), |(.., cost)| cycles(cost)),
        (
            head("Set-up", "making what the sides inherit, and taking the halves of it", false),
            |(.., cost)| set_up(cost),
        ),
        (head("Tear-down", "dropping both halves, the slower side", false), |(.., cost)| {
            time(cost.teardown_ns)
        }),
        (head("Mapped", mapped, false), |(.., cost)| {
            cost.mapped_bytes.map_or_else(missing, |bytes| number(units::size(bytes), bytes as f64))
        }),
    ]
}

fn cycles(cost: &Cost) -> Cell {
    let both = cost.cycles_per_message.zip(cost.instructions_per_message);
    both.filter(|(cycles, _)| *cycles > 0.0).map_or_else(missing, |(cycles, instructions)| {
        let whose = if cost.cycles_of_kernel == Some(true) { "" } else { ", without the kernel's" };
        let a_cycle = units::plain(instructions / cycles);
        let under = format!("{a_cycle} instructions a cycle{whose}");
        Cell { under, ..number(units::count(cycles.round() as u64), cycles) }
    })
}

fn set_up(cost: &Cost) -> Cell {
    let both = cost.fixture_ns.zip(cost.split_ns);
    both.map_or_else(missing, |(fixture, split)| {
        let [made, taken] = [fixture, split].map(|e| Quantity::Time.show(e.value));
        let under = format!("made {made}, taken {taken}");
        let sum = fixture.value + split.value;
        Cell { under, ..number(Quantity::Time.show(sum), sum) }
    })
}

fn time(ns: Option<Estimate>) -> Cell {
    ns.map_or_else(missing, |ns| number(Quantity::Time.show(ns.value), ns.value))
}

fn plain(value: Option<f64>) -> Cell {
    value.map_or_else(missing, |value| number(units::plain(value), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::{Usage, sample};
    use ipcmark_summary::summarize;

    #[test]
    fn every_workload_has_its_costs_and_no_column_is_empty() {
        let record = sample::every(1, 6);
        let tables = cost_tables(&summarize(&record).unwrap().rows);
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
        let mut record = sample::record_of(1, 9, |key| {
            key.transport == "pipe/block"
                && key.workload == Workload::PingPong
                && key.size_bytes == 64
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
        let table = &cost_tables(&summarize(&record).unwrap().rows)[0];
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

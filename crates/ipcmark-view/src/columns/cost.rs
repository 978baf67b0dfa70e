//! Costs of a message besides its time: CPU time of each side, context switches, page faults, system
//! calls, and the channel itself.
//!
//! A ring that spins and a pipe that sleeps cannot be compared without them: the ring pays for its
//! latency with a whole CPU.

use super::{OfRow, cells::size, cpu, held, plain, switches, syscalls, time_cell, transport};
use ipcmark_record::Workload;
use ipcmark_show::{Cell, Column, Head, Quantity, Table, bytes, count, time};
use ipcmark_summary::{Cost, Estimate, Row};

/// The costs of all cells of one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct CostTable {
    /// The workload.
    pub pattern: String,
    /// The unit of work that costs are given for.
    pub counted: &'static str,
    /// The table.
    pub table: Table,
}

/// Returns a table for each workload, in the record's order. Columns without a figure are left out.
#[must_use]
pub fn cost_tables(rows: &[Row]) -> Vec<CostTable> {
    let mut tables: Vec<(Workload, Vec<&Row>)> = Vec::new();
    for row in rows.iter().filter(|row| !row.floor && row.figure.is_some() && row.cost.is_some()) {
        match tables.iter_mut().find(|(known, _)| known.is_kind(row.key.workload)) {
            Some((_, of)) => of.push(row),
            None => tables.push((row.key.workload, vec![row])),
        }
    }
    let table = |(workload, rows): (Workload, Vec<&Row>)| CostTable {
        pattern: workload.to_string(),
        counted: rows[0].counted,
        table: Table::of(&columns(rows[0].counted), rows).without_empty(),
    };
    tables.into_iter().map(table).collect()
}

fn columns(counted: &str) -> Vec<OfRow> {
    let one = |what: &str| format!("{what}, per {counted}");
    let mut cpu_time = cpu(counted);
    let of = cpu_time.of;
    cpu_time.of = Box::new(move |row| {
        let Some(cost) = &row.cost else { return Cell::missing() };
        let [user, system] = [cost.user_ns_per_message, cost.system_ns_per_message];
        let under = format!("user {}, system {}", time(user.value), time(system.value));
        Cell { interval: String::new(), ..of(row).under(under) }
    });
    let [held, waited] = held();
    vec![
        transport(),
        Column::new(Head::number("Size", "message size"), size),
        Column::new(
            Head::words("Placement", "the CPUs of the sides, and the load"),
            |row: &Row| Cell::words(row.key.placement.name()).under(row.key.load()),
        ),
        cpu_time,
        cost("Initiators", one("user and system time of the side that sends first"), |c| {
            maybe(c.initiator_ns_per_message)
        }),
        cost("Responders", one("user and system time of the other side"), |c| {
            maybe(c.responder_ns_per_message)
        }),
        cost("Pacing", one("CPU time of waiting for the due time, not part of the others"), |c| {
            maybe(c.pacing_ns_per_message)
        }),
        cost("Third\nparties", one("CPU time of processes that are no side (a daemon, a matchmaker), not part of the others"), |c| {
            maybe(c.third_parties_ns_per_message)
        }),
        switches(counted),
        cost("Wake-ups", one("times that a side slept and was woken; sleeps until the due time are left out"), |c| {
            plain(c.wake_ups_per_message.value)
        }),
        held,
        waited,
        cost("Packages'\nenergy", one("of all processor packages, whatever ran on them: not the mechanism's alone"), energy),
        cost("Page\nfaults", one("all sides together"), |c| plain(c.faults_per_message.value)),
        syscalls(counted),
        cost("Cycles", one("all sides together, counted in an invocation of their own"), cycles),
        cost("Set-up", "creating the channel, and taking its ends".into(), set_up),
        cost(
            "First\nround trip",
            "the first over a channel, before anything is warm".into(),
            |c| maybe(c.first_ns),
        ),
        cost("Tear-down", "dropping both ends, the slower side".into(), |c| maybe(c.teardown_ns)),
        cost("Mapped", "address space that the channel adds to its creator".into(), |c| {
            c.mapped_bytes.map_or_else(Cell::missing, |n| Cell::number(bytes(n), n as f64))
        }),
        cost("Memory\nper link", "resident memory of all sides: what is shared, and the buffers that each side copies from and into; below it locked memory, and room in the kernel".into(), memory),
    ]
}

fn cost(text: &str, help: String, of: fn(&Cost) -> Cell) -> OfRow {
    Column::new(Head::number(text, help), move |row: &Row| {
        row.cost.as_ref().map_or_else(Cell::missing, of)
    })
}

fn maybe(ns: Option<Estimate>) -> Cell {
    ns.as_ref().map_or_else(Cell::missing, time_cell)
}

fn cycles(cost: &Cost) -> Cell {
    let both = cost.cycles_per_message.zip(cost.instructions_per_message);
    both.filter(|(cycles, _)| *cycles > 0.0).map_or_else(Cell::missing, |(cycles, instructions)| {
        let whose = if cost.cycles_of_kernel == Some(true) { "" } else { ", without the kernel's" };
        let each = ipcmark_show::plain(instructions / cycles);
        Cell::number(count(cycles.round() as u64), cycles)
            .under(format!("{each} instructions per cycle{whose}"))
    })
}

fn energy(cost: &Cost) -> Cell {
    let both = cost.packages_uj_per_message.zip(cost.packages_w);
    both.map_or_else(Cell::missing, |(each, watts)| {
        let value = format!("{} µJ", ipcmark_show::plain(each.value));
        let under = format!("{} W", ipcmark_show::plain(watts.value));
        Cell::number(value, each.value).under(under)
    })
}

fn memory(cost: &Cost) -> Cell {
    let Some(memory) = cost.memory.filter(|memory| memory.links > 0) else {
        return Cell::missing();
    };
    let each = |all: u64| all / memory.links;
    let locked = format!("locked {}", bytes(each(memory.locked_bytes)));
    let kernel = memory.kernel_bytes.map_or_else(
        || "kernel: not known".into(),
        |all| format!("room in the kernel {}", bytes(each(all))),
    );
    let resident = each(memory.resident_bytes);
    Cell::number(bytes(resident), resident as f64).under(format!("{locked}, {kernel}"))
}

fn set_up(cost: &Cost) -> Cell {
    let both = cost.fixture_ns.zip(cost.split_ns);
    both.map_or_else(Cell::missing, |(fixture, split)| {
        let under = format!("created {}, ends taken {}", time(fixture.value), time(split.value));
        Cell::value(Quantity::Time, fixture.value + split.value).under(under)
    })
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
            let heads: Vec<&str> = table.table.heads.iter().map(|h| h.text.as_str()).collect();
            assert!(heads[3].starts_with("CPU per") && !heads.contains(&"Cycles"), "{heads:?}");
        }
    }

    #[test]
    fn a_side_has_its_own_cost_and_a_discarded_run_none() {
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
        let table = &cost_tables(&summarize(&record).unwrap().rows)[0].table;
        let of = |name: &str| {
            let at = table.heads.iter().position(|h| h.text.starts_with(name)).unwrap();
            (table.rows[0][at].text.as_str(), table.rows[0][at].under.as_str())
        };
        assert_eq!(of("CPU per"), ("4.00 µs", "user 4.00 µs, system 0 ns"));
        assert_eq!(of("Initiators").0, "2.00 µs");
        assert_eq!(of("Syscalls").0, "4.01");
        assert_eq!(of("Cycles"), ("6,000", "2.00 instructions per cycle"));
        assert_eq!(of("Set-up"), ("30.0 µs", "created 21.0 µs, ends taken 9.00 µs"));
    }
}

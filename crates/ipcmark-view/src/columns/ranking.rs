//! The table of one ranking: the columns that its workload needs.

use super::{
    BLOCKS, BLOCKS_MEAN, BYTES, NOTES, OVER_INVOCATIONS, OfRow, TIME_PER_MESSAGE, cpu, distance,
    estimate, figure, invocations, limit, percentile, plain, quality, quantile, quantile_name,
    switches, syscalls, time_cell, transport,
};
use crate::remarks::{remarks, room};
use crate::{Entry, RANK_MEANS, Ranking, Setting};
use ipcmark_record::Parameter;
use ipcmark_show::{Cell, Column, FEW, Head, Quantity, Table, capital, time};
use ipcmark_summary::{Figure, Headline, Row, WorstPeer};

/// Returns the table of a ranking, floors last.
#[must_use]
pub fn ranking_table(ranking: &Ranking<'_>) -> Table {
    let setting = &ranking.setting;
    let counted = setting.counted();
    let mut of_rows = vec![transport(), headline(setting)];
    of_rows.extend(figures(setting, ranking.asked()));
    // At a rate the CPUs used say it, and the table of costs has it for each message. What a send costs its sender is there, too.
    if setting.workload.value(Parameter::Rate).is_none() {
        of_rows.push(cpu(counted));
    }
    if setting.neighbours.is_some() {
        of_rows.push(neighbour());
    }
    of_rows.extend([
        limit(ranking.limit()),
        quality(),
        distance(),
        syscalls(counted),
        switches(counted),
    ]);
    of_rows.push(invocations());
    let mut columns: Vec<Column<'_, (String, &Entry<'_>)>> = of_rows
        .into_iter()
        .map(|column| {
            Column::new(column.head, move |(_, entry): &(String, &Entry<'_>)| {
                (column.of)(entry.row)
            })
        })
        .collect();
    let rank = |(rank, _): &(String, &Entry<'_>)| Cell {
        class: if rank == "floor" { "floor" } else { "" },
        ..Cell::words(rank.clone())
    };
    columns.insert(0, Column::new(Head::words("Rank", RANK_MEANS).spare(6), rank));
    let usual = ranking.usual_buffer();
    let notes = move |(_, entry): &(String, &Entry<'_>)| {
        Cell::words(notes(entry, usual.as_ref()).join("; "))
    };
    columns.push(Column::new(Head::words(NOTES, "").spare(1).class("long"), notes));
    let ranked = ranking.entries.iter().map(|e| (e.rank(), e));
    let floors = ranking.floors.iter().map(|e| ("floor".to_string(), e));
    let rows: Vec<(String, &Entry<'_>)> = ranked.chain(floors).collect();
    let mut table = Table::of(&columns, &rows);
    // The heading has the distance; a column repeats it only if some row differs.
    let here = |e: &&Entry<'_>| e.row.class == ranking.class && e.row.others.is_empty();
    if ranking.entries.iter().all(|e| here(&e)) {
        let at = table.heads.iter().position(|h| h.text.starts_with("Core-to-core"));
        table.drop_column(at.unwrap_or(usize::MAX));
    }
    table.without_empty()
}

impl Ranking<'_> {
    /// Returns all remarks on its entries, each behind the name of its transport.
    pub fn notes(&self) -> impl Iterator<Item = (&str, String)> {
        let usual = self.usual_buffer();
        self.entries.iter().flat_map(move |entry| {
            let name = entry.row.key.transport.as_str();
            notes(entry, usual.as_ref()).into_iter().map(move |note| (name, note))
        })
    }
}

/// Returns the remarks on an entry, with its buffer if that is not the `usual` one.
fn notes(entry: &Entry<'_>, usual: Option<&String>) -> Vec<String> {
    let elsewhere = entry.elsewhere.then(|| match entry.row.class {
        Some(class) => format!("other core-to-core latency, {class}: not comparable"),
        None => "the CPUs moved in every invocation: not comparable".into(),
    });
    let room = room(entry.row).filter(|room| Some(room) != usual);
    elsewhere.into_iter().chain(remarks(entry.row)).chain(room).collect()
}

/// Returns the share of its CPU that a neighbour lost.
fn neighbour() -> OfRow {
    let help = "of the CPUs' time: what the neighbours that compute lost to the row's processes";
    Column::new(Head::number("Neighbours\nlost", help).spare(8), |row: &Row| {
        let lost = row.cost.as_ref().and_then(|cost| cost.neighbour_lost.as_ref());
        lost.map_or_else(Cell::missing, |lost| estimate(Quantity::Share, lost))
    })
}

/// Returns the column that decides the order.
fn headline(setting: &Setting) -> OfRow {
    let of = setting.headline();
    let (text, help) = match of {
        Headline::Rate => ("Messages/s".into(), OVER_INVOCATIONS),
        Headline::Median => {
            let time = setting.time_of().replace(" and ", "\nand ").replace(" from ", "\nfrom ");
            (format!("{}\np50", capital(&time)), OVER_INVOCATIONS)
        }
        Headline::SpeedUp => {
            ("Speed-up".into(), "time of one process divided by that of all workers")
        }
        Headline::UsefulWork => {
            ("Other\nwork".into(), "done between sending and receipt, as a share of the round trip")
        }
    };
    let quantity = setting.quantity();
    figure(Head::number(text, help), move |f| {
        let value = f.headline(of).map(|value| estimate(quantity, &value));
        Cell { few: !f.has_enough(of), ..value.unwrap_or_else(Cell::missing) }
    })
}

/// The meaning of the worst peer's figures.
const WORST_P50: &str = "largest median of a receiver, a sender to the one receiver, or a pair: median over invocations, and its 95 % interval";
const WORST_P99: &str = "largest 99th percentile of one of them, not always the same one's";

/// Returns the figures after the first.
fn figures(setting: &Setting, asked: Option<Vec<f64>>) -> Vec<OfRow> {
    let number = |text: &str, help: &str, spare| Head::number(text, help).spare(spare);
    match setting.headline() {
        Headline::Rate => vec![
            figure(number("Bytes/s", BYTES, 11), |f| estimate(Quantity::ByteRate, &f.bytes_per_s)),
            figure(number("Time/message", TIME_PER_MESSAGE, 10), |f| {
                estimate(Quantity::Time, &f.ns_per_message())
            }),
            figure(number(BLOCKS, BLOCKS_MEAN, 2), p50_and_p99),
        ],
        Headline::Median => {
            let tail = asked.unwrap_or_else(|| vec![0.99]).into_iter();
            let of = |q| quantile(number(&quantile_name(q), OVER_INVOCATIONS, 10), q);
            // The median is the headline.
            let mut all: Vec<OfRow> = tail.filter(|q| *q != 0.5).map(of).collect();
            if let Some(rate) = setting.workload.due_per_s() {
                let help = "messages received and verified a second, of those that were to be sent";
                let asked = Quantity::MessageRate.show(rate);
                let reached = figure(number("Rate\nreached", help, 12), move |f| {
                    let reached = Quantity::MessageRate.show(f.messages_per_s.value);
                    Cell::number(format!("{reached} of {asked}"), f.messages_per_s.value)
                });
                let help = "from the due time of a message to the call that sends it";
                let delay = figure(number("Sender's\ndelay p99", help, 6), |f| {
                    f.lag.map_or_else(Cell::missing, |lag| {
                        time_cell(&lag.p99_ns).under(format!("p50 {}", time(lag.p50_ns.value)))
                    })
                });
                let help = "CPU time of all sides over the time of the phase; waiting for the due time is left out";
                let cpus = figure(number("CPUs\nused", help, 9), |f| plain(f.cpus_used().value));
                let worst = |text: &str, help: &str, of: fn(&WorstPeer) -> Cell| {
                    figure(number(text, help, 10), move |f| {
                        f.worst_peer.as_ref().map_or_else(Cell::missing, of)
                    })
                };
                let p50_of_worst = worst("Worst peer\np50", WORST_P50, |worst| {
                    estimate(Quantity::Time, &worst.p50_ns)
                });
                let p99_of_worst = worst("Worst peer\np99", WORST_P99, |worst| Cell {
                    few: !worst.enough,
                    ..estimate(Quantity::Time, &worst.p99_ns)
                });
                let help = "CPU time of processes that are no side (a daemon, a matchmaker) over the time of the phase";
                let others = number("Third\nparties' CPUs", help, 5);
                let others = Column::new(others, |row: &Row| {
                    row.third_parties_cpus().map_or_else(Cell::missing, |cpus| plain(cpus.value))
                });
                all.extend([p50_of_worst, p99_of_worst, reached, delay, cpus, others]);
                return all;
            }
            let head = number(&format!("{}s/s", capital(setting.counted())), "back to back", 2);
            let last = figure(head, |f| Cell::value(Quantity::MessageRate, f.messages_per_s.value));
            all.push(last);
            all
        }
        Headline::SpeedUp => {
            let task = |head, of: fn(&ipcmark_summary::Parallel) -> Cell| {
                figure(head, move |f| f.task.as_ref().map_or_else(Cell::missing, of))
            };
            let all = "from the first part sent to the last partial result merged";
            vec![
                task(number("Task", all, 10), |t| estimate(Quantity::Time, &t.parallel_ns)),
                task(number("By one\nprocess", "the same task by the coordinator alone", 9), |t| {
                    estimate(Quantity::Time, &t.serial_ns)
                }),
            ]
        }
        Headline::UsefulWork => {
            let outside = |head, of: fn(&ipcmark_summary::Outside) -> Cell| {
                figure(head, move |f| f.overlap.as_ref().map_or_else(Cell::missing, of))
            };
            vec![
                outside(
                    number("Work per\nround trip", "the time that the work takes alone", 9),
                    |o| estimate(Quantity::Time, &o.work_ns),
                ),
                figure(number("Round trip\np50", "with the other work in it", 10), p50_and_p99),
                outside(
                    number("Poll cost", "one look for an answer that is not there yet", 5),
                    |o| time_cell(&o.look_ns),
                ),
            ]
        }
    }
}

/// Returns the median, and p99 in small print.
fn p50_and_p99(figure: &Figure) -> Cell {
    let Some(p50) = figure.percentile(0.5) else { return Cell::missing() };
    let p99 = figure
        .percentile(0.99)
        .map(|p| format!("p99 {}{}", if p.enough { "" } else { FEW }, time(p.ns.value)));
    percentile(p50).under(p99.unwrap_or_default())
}

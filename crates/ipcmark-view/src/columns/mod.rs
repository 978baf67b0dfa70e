//! The columns of all tables: each with its head, its meaning and its cells, once for all media.

mod cells;
mod cost;
mod limits;
mod ranking;
mod sizes;

pub use cells::cells_table;
pub use cost::{CostTable, cost_tables};
pub use limits::limit_table;
pub use ranking::ranking_table;
pub use sizes::size_table;

#[cfg(test)]
mod tests;

use crate::quality;
use ipcmark_show::{Cell, Column, Head, Quantity, Tone, plural, time};
use ipcmark_summary::{
    AgainstLimit, ClassFigure, Estimate, Figure, Headline, Percentile, Row, Status,
};

/// A column of cells of the record.
type OfRow = Column<'static, Row>;

/// The meaning of a figure with an interval.
const OVER_INVOCATIONS: &str = "median over invocations, and its 95 % interval";
/// Heading of the multiple of the least time.
pub(crate) const LIMIT: &str = "× limit";
/// Heading of the remarks.
pub const NOTES: &str = "Notes";
/// Heading of the time per message within blocks, and its meaning.
pub(crate) const BLOCKS: &str = "p50 of 50 µs\nblocks";
pub(crate) const BLOCKS_MEAN: &str = "median time/message within blocks of about 50 µs at the receiver; it shows \
    its bursts and is no latency";
/// The meaning of the time per message.
const TIME_PER_MESSAGE: &str = "1 / rate of the messages received and verified";
/// The meaning of the bytes of a rate.
const BYTES: &str = "one direction; duplex: both together";

/// Returns the quantity of a headline.
#[must_use]
pub const fn quantity(headline: Headline) -> Quantity {
    match headline {
        Headline::Median => Quantity::Time,
        Headline::Rate => Quantity::MessageRate,
        Headline::SpeedUp => Quantity::Factor,
        Headline::UsefulWork => Quantity::Share,
    }
}

/// Returns an estimate with its interval: `8.52 µs [8.41 µs, 8.60 µs]`.
#[must_use]
pub fn shown(quantity: Quantity, estimate: &Estimate) -> String {
    quantity.estimate(estimate.value, estimate.interval)
}

fn estimate(quantity: Quantity, of: &Estimate) -> Cell {
    Cell::estimate(quantity, of.value, of.interval)
}

fn time_cell(of: &Estimate) -> Cell {
    Cell::value(Quantity::Time, of.value)
}

fn plain(value: f64) -> Cell {
    Cell::number(ipcmark_show::plain(value), value)
}

fn percentile(p: &Percentile) -> Cell {
    Cell { few: !p.enough, ..estimate(Quantity::Time, &p.ns) }
}

/// Returns a column of figures; rows without figures have none.
fn figure(head: Head, of: impl Fn(&Figure) -> Cell + 'static) -> OfRow {
    Column::new(head, move |row: &Row| row.figure.as_ref().map_or_else(Cell::missing, &of))
}

/// Returns a column for a percentile of the measured time.
fn quantile(head: Head, quantile: f64) -> OfRow {
    figure(head, move |f| f.percentile(quantile).map_or_else(Cell::missing, percentile))
}

/// Returns the name of a percentile: `p99.9`.
pub(crate) fn quantile_name(quantile: f64) -> String {
    // A fraction times 100 need not be the number that people write.
    format!("p{}", (quantile * 1e8).round() / 1e6)
}

fn transport() -> OfRow {
    let head = Head::words("Transport", "mechanism / wait").class("name");
    Column::new(head, |row: &Row| Cell::name(&row.key.transport))
}

fn cpu(counted: &str) -> OfRow {
    let head =
        Head::number(format!("CPU per\n{counted}"), "user and system time of all sides together");
    figure(head.spare(8), |f| estimate(Quantity::Time, &f.cpu_ns_per_message))
}

fn switches(counted: &str) -> OfRow {
    let head = Head::number(
        format!("Switches\nper\n{counted}"),
        format!("context switches of all sides together, per {counted}"),
    );
    figure(head.spare(3), |f| plain(f.switches_per_message.value))
}

fn syscalls(counted: &str) -> OfRow {
    let help = format!("all sides together, per {counted}, counted in an invocation of their own");
    Column::new(Head::number(format!("Syscalls\nper\n{counted}"), help).spare(4), |row: &Row| {
        let calls = row.cost.as_ref().and_then(|cost| cost.system_calls_per_message);
        calls.map_or_else(Cell::missing, plain)
    })
}

/// Returns how long a send holds its sender, and the share of sends that had to wait.
fn held() -> [OfRow; 2] {
    let help = "how long one send holds the sender, from the claim of the message's space until it is handed over";
    let held = Column::new(Head::number("Send holds\nsender p99", help).spare(4), |row: &Row| {
        let Some(sending) = &row.sending else { return Cell::missing() };
        let Some(p99) = sending.held(0.99) else { return Cell::missing() };
        let p50 = sending.held(0.5).map_or_else(String::new, |p| time(p.ns.value));
        let under = format!("p50 {p50}, longest {}", time(sending.held_max_ns));
        Cell { few: !p99.enough, ..time_cell(&p99.ns).under(under) }
    });
    let help = "share of the sends that had to wait for room; empty where that cannot be known";
    let waited = Column::new(Head::number("Sends that\nwaited", help).spare(4), |row: &Row| {
        let share = row.sending.as_ref().and_then(|sending| sending.blocked_share);
        share.map_or_else(Cell::missing, |share| Cell::value(Quantity::Share, share.value))
    });
    [held, waited]
}

/// Returns the figure as a multiple of the least time that the machine allows. If the rows share that
/// limit, the heading names it.
fn limit(shared: Option<&AgainstLimit>) -> OfRow {
    let bound = |limit: &AgainstLimit| format!("{}, {}", limit.words, time(limit.limit_ns));
    let shared = shared.map(bound);
    let of = shared.as_deref().unwrap_or("the least that hardware and kernel allow there");
    let help = format!("time divided by {of}, as measured in this run");
    Column::new(Head::number(LIMIT, help).spare(7), move |row: &Row| {
        let Some(limit) = &row.limit else { return Cell::missing() };
        let own = Some(bound(limit)).filter(|own| Some(own) != shared.as_ref()).unwrap_or_default();
        let cell = Cell::value(Quantity::Factor, limit.times.value);
        if limit.is_below() {
            let under = format!(
                "faster than the measured limit: limit or result is off; ignore this ratio. {own}"
            );
            return Cell { class: "bound below", ..cell.under(under.trim_end()).tone(Tone::Bad) };
        }
        // The interval of a large ratio says no more than the figure's own.
        let ends = limit.times.interval.filter(|_| limit.times.value < 10.0);
        let interval = ends.map(|ends| Quantity::Factor.interval(ends)).unwrap_or_default();
        Cell { class: "bound", interval, ..cell.under(own) }
    })
}

/// Returns the distance of the CPUs; figures of other distances fold out.
fn distance() -> OfRow {
    let help = "round trip of a cache line between the two CPUs, and what they share, if that could be felt; figures at other distances fold out and are never pooled with these";
    Column::new(Head::number("Core-to-core\nlatency", help).spare(5), |row: &Row| {
        let Some(range) = row.distance else { return Cell::missing() };
        // A row whose CPUs moved in each run has no class, and the median of its distances means nothing.
        let Some(class) = row.class else {
            let span = format!("{} to {}", time(range.min_ns), time(range.max_ns));
            return Cell::value(Quantity::Time, range.median_ns).under(span);
        };
        let headline = row.key.workload.headline();
        let other = |other: &ClassFigure| {
            let figure = shown(quantity(headline), &other.figure.headline(headline)?);
            Some(format!("{}: {figure}, {}", other.class, plural(other.invocations, "invocation")))
        };
        let more = row.others.iter().filter_map(other).collect();
        Cell { more, ..Cell::value(Quantity::Time, class.centre_ns).under(class.word()) }
    })
}

fn invocations() -> OfRow {
    let help = "those that ended well; each is one set of fresh processes";
    Column::new(Head::number("Invocations", help).spare(2), |row: &Row| {
        Cell::number(row.invocations.to_string(), row.invocations as f64)
    })
}

fn quality() -> OfRow {
    let head = Head::words("Quality", "how far the figures can be trusted");
    Column::new(head.spare(9), quality::cell)
}

/// Returns true if a percentile of some row has too few samples.
#[must_use]
pub fn any_few(rows: &[Row]) -> bool {
    rows.iter()
        .filter(|r| matches!(r.status, Status::Measured | Status::Failed { .. }))
        .filter_map(|r| r.figure.as_ref())
        .any(|f| f.percentiles.iter().any(|p| !p.enough))
}

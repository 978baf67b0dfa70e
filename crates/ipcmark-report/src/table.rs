//! Rows of figures as cells of a table, for the page.

use crate::capacity::{capacity_remark, held};
use crate::facts;
use crate::ranking::{Entry, Ranking, percentile};
use crate::units::{self, FEW, NONE, Quantity};
use ipcmark_summary::{DistanceRange, Estimate, Figure, PERCENTILES, Percentile, Row, Status};
use serde::Serialize;

/// One cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Cell {
    /// The figure or the words.
    pub text: String,
    /// The interval or a remark, smaller, in a second line.
    pub under: String,
    /// What sorting goes by; `None`: goes last.
    pub sort: Option<f64>,
    /// True for words, which sort as words.
    pub words: bool,
    /// True for a percentile without enough samples.
    pub few: bool,
}

/// What the time of a message is.
const TIME_PER_MESSAGE: &str =
    "streams: one second by the messages drained and verified in it; with its interval";

/// A head and what it means.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Head {
    pub text: String,
    pub help: String,
    pub words: bool,
}

fn head(text: &str, help: &str, words: bool) -> Head {
    Head { text: text.into(), help: help.into(), words }
}

fn words(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), under: String::new(), sort: None, words: true, few: false }
}

fn number(text: String, sort: f64) -> Cell {
    let sort = Some(sort).filter(|s| s.is_finite());
    Cell { text, under: String::new(), sort, words: false, few: false }
}

fn missing() -> Cell {
    Cell { words: false, ..words(NONE) }
}

fn estimate(quantity: Quantity, estimate: &Estimate) -> Cell {
    let under = quantity.interval(estimate).unwrap_or_else(|| "no interval".into());
    Cell { under, ..number(quantity.show(estimate.value), estimate.value) }
}

fn plain(estimate: &Estimate) -> Cell {
    number(units::plain(estimate.value), estimate.value)
}

/// A percentile of a row. Those of a stream are of blocks, and say so in each cell: they look like a latency and are none.
fn percentile_of(row: &Row, p: &Percentile) -> Cell {
    let cell = quantile(p);
    if row.key.pattern == "stream" {
        Cell { text: format!("block {}", cell.text), ..cell }
    } else {
        cell
    }
}

fn quantile(p: &Percentile) -> Cell {
    Cell { few: !p.enough, ..estimate(Quantity::Time, &p.ns) }
}

fn distance(range: &DistanceRange) -> Cell {
    let span = if crate::ranking::apart(range.min_ns, range.max_ns) {
        format!("{} to {}", Quantity::Time.show(range.min_ns), Quantity::Time.show(range.max_ns))
    } else {
        String::new()
    };
    Cell { under: span, ..number(Quantity::Time.show(range.median_ns), range.median_ns) }
}

/// What must be said of an entry of a ranking.
pub(crate) fn remarks_of(entry: &Entry) -> Vec<String> {
    let elsewhere = entry
        .elsewhere_ns
        .map(|_| "CPUs at another distance than most here: not comparable".to_string());
    elsewhere.into_iter().chain(capacity_remark(entry.row)).chain(remarks(entry.row)).collect()
}

/// What must be said of a measured row.
fn remarks(row: &Row) -> Vec<String> {
    let mut out = Vec::new();
    if row.unsteady_invocations > 0 {
        out.push(format!("{} of {} not steady", row.unsteady_invocations, row.invocations));
    }
    let moved = row.distance.map_or(0, |d| d.moved);
    if moved > 0 {
        out.push(format!("CPUs moved in {moved}"));
    }
    let faults = [
        (row.integrity.lost, "lost"),
        (row.integrity.repeated, "repeated"),
        (row.integrity.reordered, "reordered"),
        (row.integrity.damaged, "damaged"),
    ];
    out.extend(
        faults
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{} {what}", units::count(*n))),
    );
    out
}

/// Heads of the table of all cells.
pub(crate) fn heads() -> Vec<Head> {
    let mut heads = vec![
        head("Transport", "mechanism / wait", true),
        head("Family", "", true),
        head(
            "Framing",
            "message: boundaries kept by the mechanism; stream: bytes, framed by ipcmark",
            true,
        ),
        head("Pattern", "", true),
        head("Size", "message size", false),
        head("Placement", "which CPUs the two sides run on", true),
    ];
    heads.extend(PERCENTILES.iter().map(|q| {
        head(
            &units::percentile(*q),
            "ping-pong: round trip; stream: of blocks of messages at the receiver (its bursts), no latency",
            false,
        )
    }));
    heads.extend([
        head(
            "Max",
            "largest single round trip seen; blocks of a stream average the extremes away",
            false,
        ),
        head("Per second", "round trips, or messages drained and verified", false),
        head("Bytes/s", "in one direction", false),
        head("Time/message", TIME_PER_MESSAGE, false),
        head("CPU time", "user and system, both sides, for one round trip or message", false),
        head("Switches", "context switches of both sides for one round trip or message", false),
        head("Distance", "cache-line round trip between the two CPUs while it was measured", false),
        head("Capacity", "of one direction, read back from the kernel or the ring", false),
        head("Invocations", "that ended well; each is one pair of fresh processes", false),
        head("State", "what became of it, and why", true),
    ]);
    heads
}

/// A row of the table of all cells.
pub(crate) fn row(row: &Row) -> Vec<Cell> {
    let size = row.key.size_bytes;
    let mut cells = vec![
        words(&row.key.transport),
        words(&row.family),
        words(&row.framing),
        words(&row.key.pattern),
        number(units::size(size), size as f64),
        words(&row.key.placement),
    ];
    match &row.figure {
        Some(figure) => {
            cells.extend(
                PERCENTILES.iter().map(|q| {
                    percentile(figure, *q).map_or_else(missing, |p| percentile_of(row, p))
                }),
            );
            cells.extend([
                figure.max_ns.map_or_else(missing, |ns| number(Quantity::Time.show(ns), ns)),
                estimate(Quantity::MessageRate, &figure.messages_per_s),
                estimate(Quantity::ByteRate, &figure.bytes_per_s),
                if row.key.pattern == "stream" {
                    estimate(Quantity::Time, &figure.ns_per_message())
                } else {
                    missing()
                },
                estimate(Quantity::Time, &figure.cpu_ns_per_message),
                plain(&figure.switches_per_message),
            ]);
        }
        None => cells.extend((0..PERCENTILES.len() + 6).map(|_| missing())),
    }
    cells.push(row.distance.as_ref().map_or_else(missing, distance));
    cells.push(capacity(row));
    cells.push(number(row.invocations.to_string(), row.invocations as f64));
    let state = match facts::gap(row) {
        Some((kind, reason, remedy)) => {
            Cell { under: format!("{reason}. What would change it: {remedy}"), ..words(kind) }
        }
        None => Cell {
            under: remarks(row).join("; "),
            ..words(if row.floor { "floor" } else { "measured" })
        },
    };
    cells.push(state);
    cells
}

fn capacity(row: &Row) -> Cell {
    let Some(capacity) = row.capacity else { return missing() };
    let asked = row.key.capacity_bytes.map(|c| format!("asked: {}", units::size(c)));
    let cell = match (held(row), capacity.bytes.or(capacity.messages)) {
        (Some(held), Some(n)) => number(held, n as f64),
        _ => missing(),
    };
    Cell { under: asked.unwrap_or_default(), ..cell }
}

/// Heads of a ranking.
pub(crate) fn ranking_heads(rate: bool) -> Vec<Head> {
    let mut heads = vec![
        head(
            "Place",
            "the places that the intervals leave open; in parentheses: order of medians only",
            true,
        ),
        head("Transport", "mechanism / wait", true),
    ];
    if rate {
        heads.extend([
            head("Messages/s", "median over invocations, and its interval", false),
            head("Bytes/s", "in one direction", false),
            head("Time/message", TIME_PER_MESSAGE, false),
            head(
                "Block p50 / p99",
                "ns a message within blocks of about 50 µs at the receiver: its bursts, no latency",
                false,
            ),
        ]);
    } else {
        heads.extend([
            head("Round trip p50", "median over invocations, and its interval", false),
            head("Round trip p99", "", false),
        ]);
    }
    heads.extend([
        head("CPU time", "user and system, both sides, for one round trip or message", false),
        head("Switches", "context switches of both sides for one round trip or message", false),
        head("Distance", "cache-line round trip between the two CPUs", false),
        head("Invocations", "each is one pair of fresh processes", false),
        head("Remarks", "", true),
    ]);
    heads
}

/// The rows of a ranking, floors last.
pub(crate) fn ranking_rows(ranking: &Ranking) -> Vec<Vec<Cell>> {
    let ranked = ranking.entries.iter().enumerate().map(|(at, e)| (e.place(at), e));
    let floors = ranking.floors.iter().map(|e| ("floor".to_string(), e));
    ranked.chain(floors).map(|(place, entry)| ranking_row(ranking, place, entry)).collect()
}

fn ranking_row(ranking: &Ranking, place: String, entry: &Entry) -> Vec<Cell> {
    let Entry { row, figure, value, enough, .. } = entry;
    let mut cells = vec![
        words(place),
        words(&row.key.transport),
        Cell { few: !enough, ..estimate(ranking.setting.quantity(), value) },
    ];
    if ranking.setting.is_rate() {
        cells.extend([
            estimate(Quantity::ByteRate, &figure.bytes_per_s),
            estimate(Quantity::Time, &figure.ns_per_message()),
            blocks(figure),
        ]);
    } else {
        cells.push(percentile(figure, 0.99).map_or_else(missing, quantile));
    }
    cells.extend([
        estimate(Quantity::Time, &figure.cpu_ns_per_message),
        plain(&figure.switches_per_message),
        row.distance.as_ref().map_or_else(missing, distance),
        number(row.invocations.to_string(), row.invocations as f64),
        words(remarks_of(entry).join("; ")),
    ]);
    cells
}

/// Of a stream: the median of blocks, and p99 below it.
fn blocks(figure: &Figure) -> Cell {
    let Some(p50) = percentile(figure, 0.5) else { return missing() };
    let p99 = percentile(figure, 0.99).map(|p| format!("p99 {}", marked(p)));
    Cell { under: p99.unwrap_or_default(), ..quantile(p50) }
}

/// A time as Markdown has it, marked where too few samples stand behind it: `~ 74.6 µs`.
pub(crate) fn marked(p: &Percentile) -> String {
    format!("{}{}", if p.enough { "" } else { FEW }, Quantity::Time.show(p.ns.value))
}

/// True when some percentile of the rows stands on too few samples.
pub(crate) fn any_few<'a>(rows: impl Iterator<Item = &'a Row>) -> bool {
    rows.filter(|r| matches!(r.status, Status::Measured | Status::Failed { .. }))
        .filter_map(|r| r.figure.as_ref())
        .any(|f| f.percentiles.iter().any(|p| !p.enough))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::rankings;
    use crate::testing::{row as sample, summary};

    #[test]
    fn every_row_fills_every_head() {
        let mut gap = sample("mq/block", 64, 1.0, None);
        gap.figure = None;
        gap.status = Status::Unavailable { reason: "none".into(), remedy: None };
        assert_eq!(row(&gap).len(), heads().len());
        assert_eq!(row(&sample("pipe/block", 64, 1.0, None)).len(), heads().len());
        let summary = summary(vec![sample("pipe/block", 64, 1.0, None)]);
        assert_eq!(ranking_rows(&rankings(&summary)[0])[0].len(), ranking_heads(false).len());
    }

    #[test]
    fn percentiles_of_blocks_say_so_and_the_time_of_a_message_is_by_the_rate() {
        let mut stream = sample("pipe/block", 64, 500.0, Some((490.0, 510.0)));
        stream.key.pattern = "stream".into();
        stream.figure.as_mut().unwrap().messages_per_s =
            crate::testing::estimate(1e6, Some((8e5, 2e6)));
        let cells = row(&stream);
        assert!(cells[6..11].iter().all(|c| c.text.starts_with("block ")), "{cells:?}");
        let at = heads().iter().position(|h| h.text == "Time/message").unwrap();
        assert_eq!(
            (cells[at].text.as_str(), cells[at].under.as_str()),
            ("1.00 µs", "[0.50, 1.25]")
        );
        let summary = summary(vec![stream]);
        let (heads, cells) = (ranking_heads(true), &ranking_rows(&rankings(&summary)[0])[0]);
        assert_eq!(cells.len(), heads.len());
        let figures: Vec<(&str, &str)> =
            (2..6).map(|i| (heads[i].text.as_str(), cells[i].text.as_str())).collect();
        assert_eq!(figures[2..4], [("Time/message", "1.00 µs"), ("Block p50 / p99", "500 ns")]);
        assert_eq!(cells[5].under, "p99 1.50 µs");
    }

    #[test]
    fn percentiles_without_enough_samples_are_marked() {
        let cells = row(&sample("pipe/block", 64, 8_500.0, Some((8_400.0, 8_600.0))));
        let few: Vec<bool> = cells[6..11].iter().map(|c| c.few).collect();
        assert_eq!(few, [false, false, false, true, true]);
        assert_eq!((cells[6].text.as_str(), cells[6].under.as_str()), ("8.50 µs", "[8.40, 8.60]"));
    }

    #[test]
    fn a_gap_says_why_and_what_would_change_it() {
        let mut gap = sample("mq/block", 64, 1.0, None);
        gap.status = Status::Unavailable {
            reason: "no mqueue here".into(),
            remedy: Some("mount it".into()),
        };
        let cells = row(&gap);
        let state = cells.last().unwrap();
        assert_eq!(
            (state.text.as_str(), state.under.as_str()),
            ("not available", "no mqueue here. What would change it: mount it")
        );
    }
}

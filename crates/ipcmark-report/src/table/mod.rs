//! Rows of figures as cells of a table, for the page: what all its tables have in common.

mod cells;
mod cost;
mod limits;
mod ranking;

pub(crate) use cells::{heads, row};
pub(crate) use cost::{CostTable, cost_tables};
pub(crate) use limits::{LimitTable, limit_table};
pub(crate) use ranking::{ranking_heads, ranking_rows};

use crate::capacity::capacity_remark;
use crate::ranking::Entry;
use crate::units::{self, FEW, NONE, Quantity};
use ipcmark_record::Carries;
use ipcmark_summary::{ClassFigure, Estimate, Headline, Percentile, Row, Status};
use serde::{Serialize, Serializer};

/// One cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Cell {
    /// The figure or the words.
    pub text: String,
    /// The interval or a remark, smaller, in a second line.
    pub under: String,
    /// What sorting goes by; `None`: goes last.
    #[serde(serialize_with = "short")]
    pub sort: Option<f64>,
    /// True for words, which sort as words.
    pub words: bool,
    /// True for a percentile without enough samples.
    pub few: bool,
    /// What folds out of it, a line each.
    pub more: Vec<String>,
    /// A further class for the style sheet; may be empty.
    pub mark: &'static str,
}

/// What the time of a message is.
const TIME_PER_MESSAGE: &str =
    "of rates: one second by the messages drained and verified in it; with its interval";

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

pub(crate) fn words(text: impl Into<String>) -> Cell {
    Cell {
        text: text.into(),
        under: String::new(),
        sort: None,
        words: true,
        few: false,
        more: Vec::new(),
        mark: "",
    }
}

fn number(text: String, sort: f64) -> Cell {
    let sort = Some(sort).filter(|s| s.is_finite()).map(coarse);
    Cell { sort, words: false, ..words(text) }
}

/// To six digits: what sorts alike looks alike, and a page of thousands of cells is a third shorter.
pub(crate) fn coarse(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// `64`, not `64.0`: as a template writes it.
fn short<S: Serializer>(sort: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
    sort.map(|value| value.to_string()).serialize(to)
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

fn quantile(p: &Percentile) -> Cell {
    Cell { few: !p.enough, ..estimate(Quantity::Time, &p.ns) }
}

/// The distance of a row's figures, what that class is called, and its figures of other classes to fold out.
fn distance(row: &Row) -> Cell {
    let Some(range) = row.distance else { return missing() };
    let headline = row.key.workload.headline();
    let other = |other: &ClassFigure| {
        let value = other.figure.headline(headline)?;
        let figure = quantity(headline).estimate(&value);
        Some(format!(
            "{}: {figure}, {}",
            other.class,
            units::plural(other.invocations, "invocation")
        ))
    };
    // A row whose CPUs never stood still has no class, and the median of its distances says nothing.
    match row.class {
        Some(class) => Cell {
            under: class.word().into(),
            more: row.others.iter().filter_map(other).collect(),
            ..number(Quantity::Time.show(class.centre_ns), class.centre_ns)
        },
        None => {
            let span = format!(
                "{} to {}",
                Quantity::Time.show(range.min_ns),
                Quantity::Time.show(range.max_ns)
            );
            Cell { under: span, ..number(Quantity::Time.show(range.median_ns), range.median_ns) }
        }
    }
}

/// How many times its limit the figure takes, and which limit that is.
fn against(row: &Row) -> Cell {
    let Some(limit) = &row.limit else { return missing() };
    let Estimate { value, interval, .. } = limit.times;
    let interval = interval.map(|(low, high)| format!(" [{low:.2}, {high:.2}]"));
    // The interval of large ratios says nothing more than the figure's own.
    let interval = interval.filter(|_| value < 10.0).unwrap_or_default();
    let below = if limit.is_below() { "below its limit: one of the two is wrong. " } else { "" };
    let under = format!("{below}{}, {}", limit.words, Quantity::Time.show(limit.limit_ns));
    let mark = if limit.is_below() { "bound below" } else { "bound" };
    Cell { under, mark, ..number(format!("{}{interval}", Quantity::Factor.show(value)), value) }
}

/// The head of that column.
fn against_head() -> Head {
    head(
        "× of its limit",
        "the figure's time over the least that the hardware and the kernel allow there, as measured in this run",
        false,
    )
}

/// What a headline is.
pub(crate) fn quantity(headline: Headline) -> Quantity {
    match headline {
        Headline::Median => Quantity::Time,
        Headline::Rate => Quantity::MessageRate,
        Headline::SpeedUp => Quantity::Factor,
        Headline::UsefulWork => Quantity::Share,
    }
}

/// What must be said of an entry of a ranking.
pub(crate) fn remarks_of(entry: &Entry) -> Vec<String> {
    let elsewhere = entry.elsewhere.then(|| match entry.row.class {
        Some(class) => format!("measured at another distance, {class}: not comparable"),
        None => "its CPUs never stood still: not comparable".into(),
    });
    elsewhere.into_iter().chain(capacity_remark(entry.row)).chain(remarks(entry.row)).collect()
}

/// What must be said of a measured row.
fn remarks(row: &Row) -> Vec<String> {
    let mut out = Vec::new();
    if row.carries == Carries::Calls {
        out.push("a call: arguments marshalled, a procedure run".to_string());
    }
    if row.figure.as_ref().and_then(|f| f.lag).is_some_and(|lag| lag.sender_too_slow) {
        out.push("sender too slow: its lag's p99 is over a tenth of the latency's".into());
    }
    out.extend(row.figure.as_ref().and_then(|f| f.refused.clone()));
    out.extend(row.links.as_deref().map(|links| match links {
        "shared" => "one link for all peers".into(),
        "per-peer" => "a link for each peer".into(),
        other => format!("links: {other}"),
    }));
    let share = row.figure.as_ref().and_then(|f| f.lost_share).filter(|s| s.value > 0.0);
    out.extend(share.map(|share| format!("loses {}", Quantity::Share.estimate(&share))));
    if row.lossy && share.is_none() {
        out.push("may lose messages: lost none here".into());
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
            .filter(|(n, what)| *n > 0 && (share.is_none() || *what != "lost"))
            .map(|(n, what)| format!("{} {what}", units::count(*n))),
    );
    out
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
    use ipcmark_record::sample as records;
    use ipcmark_record::{Refusal, Workload};

    #[test]
    fn every_row_fills_every_head() {
        let mut gap = sample("mq/block", 64, 1.0, None);
        gap.figure = None;
        gap.status = Status::Unavailable(Refusal::new("none"));
        assert_eq!(row(&gap).len(), heads().len());
        assert_eq!(row(&sample("pipe/block", 64, 1.0, None)).len(), heads().len());
        let summary = summary(vec![sample("pipe/block", 64, 1.0, None)]);
        assert_eq!(
            ranking_rows(&rankings(&summary)[0])[0].len(),
            ranking_heads(&rankings(&summary)[0].setting).len()
        );
    }

    #[test]
    fn every_workload_fills_its_heads() {
        let summary = ipcmark_summary::summarize(&records::every(1, 6)).unwrap();
        let mut words = String::new();
        for ranking in rankings(&summary) {
            let heads = ranking_heads(&ranking.setting);
            for row in ranking_rows(&ranking) {
                assert_eq!(row.len(), heads.len(), "{:?}", ranking.setting);
            }
            words += &heads.iter().map(|h| format!("{}; ", h.text)).collect::<String>();
            for row in ranking_rows(&ranking) {
                words += &format!("{}; ", row[row.len() - 1].text);
            }
        }
        for row in &summary.rows {
            assert_eq!(super::row(row).len(), heads().len(), "{}", row.key);
        }
        for part in [
            "One-way from intended start p50",
            "8 messages and an answer p50",
            "Round trip, no payload p50",
            "Speed-up",
            "Other work",
            "sender too slow",
            "a call: ",
            "one link for all peers",
            "a link for each peer",
            "loses 0.40",
        ] {
            assert!(words.contains(part), "no '{part}' in {words}");
        }
    }

    #[test]
    fn percentiles_of_blocks_say_so_and_the_time_of_a_message_is_by_the_rate() {
        let mut stream = sample("pipe/block", 64, 500.0, Some((490.0, 510.0)));
        stream.key.workload = Workload::Stream;
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
        let (heads, cells) = (
            ranking_heads(&rankings(&summary)[0].setting),
            &ranking_rows(&rankings(&summary)[0])[0],
        );
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
        gap.status = Status::Unavailable(Refusal::new("no mqueue here").with_remedy("mount it"));
        let cells = row(&gap);
        let state = cells.last().unwrap();
        assert_eq!(
            (state.text.as_str(), state.under.as_str()),
            ("not available", "no mqueue here. What would change it: mount it")
        );
    }
}

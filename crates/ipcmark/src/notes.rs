//! What stands beside the figures of a row, or in their place: what to know before trusting it, and why it has none.

use crate::layout::wrapped;
use crate::units::{count, factor, rate, share, time};
use ipcmark_record::{Capacity, Carries, CellKey, Refusal};
use ipcmark_suite::show_size;
use ipcmark_summary::{AgainstLimit, Headline, Row, Status, Summary};
use std::collections::{HashMap, HashSet};

/// What a reader should know before trusting the row.
pub(crate) fn notes(row: &Row) -> Vec<String> {
    let mut notes = Vec::new();
    let all = row.made_invocations;
    if row.failed_invocations > 0 {
        notes.push(format!("{} of {all} failed", row.failed_invocations));
    }
    if row.unsteady_invocations > 0 {
        notes.push(format!("{} of {all} not steady", row.unsteady_invocations));
    }
    if row.limit.as_ref().is_some_and(AgainstLimit::is_below) {
        notes.push("below its limit: one of the two is wrong".into());
    }
    if row.carries == Carries::Calls {
        notes.push("a call".to_owned());
    }
    let figure = row.figure.as_ref();
    if figure.and_then(|f| f.lag).is_some_and(|lag| lag.sender_too_slow) {
        notes.push("sender too slow".into());
    }
    notes.extend(figure.and_then(|f| f.refused.clone()));
    notes.extend(row.links.as_deref().map(|links| match links {
        "shared" => "one link".into(),
        "per-peer" => "a link a peer".into(),
        other => other.to_owned(),
    }));
    notes.extend(held(row));
    if let Some(distance) = row.distance.filter(|d| d.moved > 0) {
        notes.push(format!("CPUs moved in {} of {all}", distance.moved));
    }
    let moved = row.distance.map_or(0, |distance| distance.moved);
    match row.set_aside.saturating_sub(moved) {
        0 => {}
        n if row.disturbed => notes.push(format!("{n} of {all} disturbed, and counted")),
        n => notes.push(format!("{n} of {all} set aside")),
    }
    notes.extend(elsewhere(row));
    let lost = figure.and_then(|f| f.lost_share).filter(|lost| lost.value > 0.0);
    notes.extend(lost.map(|lost| format!("loses {}", share(lost.value))));
    if row.lossy && lost.is_none() {
        notes.push("may lose".into());
    }
    let mut faults = row.integrity;
    if lost.is_some() {
        faults.lost = 0;
    }
    let faults = [
        (faults.lost, "lost"),
        (faults.repeated, "repeated"),
        (faults.reordered, "reordered"),
        (faults.damaged, "damaged"),
    ];
    notes.extend(faults.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    notes
}

/// What it came to at other distances, where enough invocations tell: `at 411 ns 12.3 µs`.
fn elsewhere(row: &Row) -> impl Iterator<Item = String> {
    let headline = row.key.workload.headline();
    row.others.iter().filter_map(move |other| {
        let value = other.figure.headline(headline).filter(|value| value.interval.is_some())?.value;
        let shown = match headline {
            Headline::Median => time(value),
            Headline::Rate => rate(value),
            Headline::SpeedUp => factor(value),
            Headline::UsefulWork => share(value),
        };
        Some(format!("at {:.0} ns {shown}", other.class.centre_ns))
    })
}

/// What the link holds, where that is not what was asked.
fn held(row: &Row) -> Option<String> {
    let asked = row.key.capacity_bytes?;
    match row.capacity? {
        Capacity { bytes: Some(bytes), .. } if bytes as u64 != asked => {
            Some(format!("holds {}", show_size(bytes)))
        }
        Capacity { bytes: None, messages: Some(messages) } => {
            Some(format!("holds {}", count(messages, "message")))
        }
        _ => None,
    }
}

/// Why a row has no figure, or what failed in it.
pub(crate) fn reason(row: &Row) -> Option<String> {
    match &row.status {
        Status::Measured => None,
        Status::Failed { what } => Some(format!("FAILED: {what}")),
        Status::Unavailable(Refusal { reason, remedy: Some(remedy) }) => {
            Some(format!("not available here: {reason}; {remedy}"))
        }
        Status::Unavailable(Refusal { reason, remedy: None }) => {
            Some(format!("not available here: {reason}"))
        }
        Status::Unsupported { reason } => Some(format!("not supported: {reason}")),
        Status::Pending => Some("not reached before the run ended".into()),
    }
}

/// Lines `  name, name: reason`, one for each reason, in the order of first mention; waits of one mechanism together, as
/// `pipe/{spin,poll}`. A reason that holds for all of many `rows` names none.
pub(crate) fn grouped<'a>(
    reasons: impl Iterator<Item = (&'a str, String)>,
    rows: usize,
    columns: Option<u16>,
) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, reason) in reasons {
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => groups.push((reason, vec![name])),
        }
    }
    groups.iter().fold(String::new(), |text, (reason, names)| {
        let names = match names.len() {
            n if n > 3 && n == rows => format!("all {n}"),
            _ => braced(names),
        };
        text + &wrapped("  ", &format!("{names}: {reason}"), 4, columns)
    })
}

/// `pipe/{spin,poll}, mq/block`: a selector takes these words, too.
fn braced(names: &[&str]) -> String {
    let mut mechanisms: Vec<(&str, Vec<&str>)> = Vec::new();
    for name in names {
        let (mechanism, wait) = name.rsplit_once('/').unwrap_or((name, ""));
        match mechanisms.iter_mut().find(|(known, _)| *known == mechanism) {
            Some((_, waits)) => waits.push(wait),
            None => mechanisms.push((mechanism, vec![wait])),
        }
    }
    let word = |(mechanism, waits): &(&str, Vec<&str>)| match waits.as_slice() {
        [""] => (*mechanism).to_owned(),
        [wait] => format!("{mechanism}/{wait}"),
        waits => format!("{mechanism}/{{{}}}", waits.join(",")),
    };
    mechanisms.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// Reasons that more than one table would give for the same transport: with a hundred transports and ten workloads they
/// would bury the figures, so they are given once. What failed is told where it failed.
#[derive(Debug)]
pub(crate) struct Gaps<'a> {
    /// Transport, reason, and the rows.
    repeated: Vec<(&'a str, String, Vec<&'a Row>)>,
    keys: HashSet<&'a CellKey>,
    summary: &'a Summary,
}

impl<'a> Gaps<'a> {
    pub(crate) fn of(summary: &'a Summary) -> Gaps<'a> {
        let mut all: Vec<(&str, String, Vec<&Row>)> = Vec::new();
        let mut places: HashMap<(&str, String), usize> = HashMap::new();
        for row in summary.rows.iter().filter(|r| !matches!(r.status, Status::Failed { .. })) {
            let Some(reason) = reason(row) else { continue };
            let transport = row.key.transport.as_str();
            let at = *places.entry((transport, reason.clone())).or_insert_with(|| {
                all.push((transport, reason, Vec::new()));
                all.len() - 1
            });
            all[at].2.push(row);
        }
        all.retain(|(.., rows)| rows.len() > 1);
        let keys = all.iter().flat_map(|(.., rows)| rows).map(|row| &row.key).collect();
        Gaps { repeated: all, keys, summary }
    }

    /// True when the row's reason is among them.
    pub(crate) fn has(&self, row: &Row) -> bool {
        self.keys.contains(&row.key)
    }

    /// All of them, and for which cells; nothing of none.
    pub(crate) fn text(&self, columns: Option<u16>) -> String {
        if self.repeated.is_empty() {
            return String::new();
        }
        let reasons = self.repeated.iter().map(|(transport, reason, rows)| {
            (*transport, format!("{reason} ({})", self.cells(transport, rows)))
        });
        // No number of names stands for all here: each has tables of its own.
        format!("No figures:\n{}\n", grouped(reasons, usize::MAX, columns))
    }

    /// `ping-pong, stream`; where the transport has other cells of these workloads, with sizes and placements.
    fn cells(&self, transport: &str, rows: &[&Row]) -> String {
        fn words<'r>(rows: &[&'r Row], word: impl Fn(&'r Row) -> String) -> String {
            let mut words: Vec<String> = Vec::new();
            for row in rows {
                let word = word(row);
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            words.join(", ")
        }
        let patterns: Vec<&str> = rows.iter().map(|r| r.key.workload.name()).collect();
        let own =
            |r: &&Row| r.key.transport == transport && patterns.contains(&r.key.workload.name());
        let all = self.summary.rows.iter().filter(own).count() == rows.len();
        let of = words(rows, |row| row.key.workload.to_string());
        if all {
            return of;
        }
        let sizes = words(rows, |row| show_size(row.key.size_bytes as usize));
        format!("{of}; {sizes}; {}", words(rows, |row| row.key.placement.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_one_reason_stand_on_one_line() {
        let names = ["a", "b", "c", "d"];
        let reasons = ["x", "y", "x", "x"].map(str::to_owned);
        assert_eq!(grouped(names.into_iter().zip(reasons), 4, None), "  a, c, d: x\n  b: y\n");
        assert_eq!(
            grouped(names.map(|name| (name, "x".into())).into_iter(), 4, None),
            "  all 4: x\n"
        );
        let waits = ["p/a", "q/a", "p/b"].map(|name| (name, "x".into())).into_iter();
        assert_eq!(grouped(waits, 9, None), "  p/{a,b}, q/a: x\n");
    }
}

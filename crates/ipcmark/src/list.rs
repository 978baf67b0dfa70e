//! `ipcmark list`: every transport of this build, and its limits on this machine.

use crate::Catalog;
use crate::cli::{ListArgs, all};
use crate::exit::{Exit, Usage};
use crate::output::{self, paint};
use crate::table::reasons;
use anyhow::Result;
use ipcmark_core::{Availability, Refusal, Role, Workload};
use ipcmark_harness::{Entry, Scratch};
use ipcmark_show::terminal::{self, wrapped};
use ipcmark_show::{Cell, Head, Table, Tone, bytes};
use ipcmark_suite::{EMBEDDED, Selector};
use serde::Serialize;
use std::borrow::Borrow;
use std::fmt::Write as _;

/// One transport, for people and for `--json`.
#[derive(Debug, Clone, Serialize)]
struct Listed {
    name: String,
    family: &'static str,
    mechanism: &'static str,
    wait: &'static str,
    framing: &'static str,
    zero_copy: bool,
    floor: bool,
    /// `messages`, `notifications` or `calls`.
    carries: &'static str,
    /// The way two processes find each other: `fork`, `descriptor`, `path`, `name`, `port` ...
    meet_by: &'static str,
    /// True if it may lose messages; losses are counted.
    lossy: bool,
    /// True if several processes may send on one channel.
    many_senders: bool,
    /// True if several processes may receive from one channel.
    many_receivers: bool,
    /// True if each of several receivers gets every message.
    broadcasts: bool,
    /// True if other work fits between a call and its completion.
    overlaps: bool,
    /// True if a message of 0 bytes arrives as one.
    empty_messages: bool,
    /// True if a sender can refuse to wait.
    never_waits: bool,
    /// The workloads that it supports.
    patterns: Vec<&'static str>,
    summary: &'static str,
    reference: &'static str,
    available: bool,
    /// Largest message in bytes; absent when only memory bounds it, and when it is not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_message_bytes: Option<usize>,
    /// The cause of that limit, or the reason why it is not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The way to raise the limit, or to make it available.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Prints the list.
///
/// # Errors
/// Globs that name nothing; standard output that cannot be written to.
pub(crate) fn list(catalog: &Catalog, args: &ListArgs) -> Result<Exit> {
    let names = catalog.names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wanted =
        Selector::choose(&all(&args.transport), &names).map_err(|e| Usage(e.to_string()))?;
    let _names = Scratch::new();
    let rows: Vec<Listed> = catalog
        .rows()
        .iter()
        .filter(|entry| wanted.contains(&entry.info.name().as_str()))
        .map(|entry| listed(entry))
        .collect();
    if args.json {
        output::print(&serde_json::to_string_pretty(&rows)?)?;
    } else {
        output::print(&for_people(&rows, output::columns()))?;
    }
    Ok(Exit::Ok)
}

fn listed(entry: &'static Entry) -> Listed {
    let info = entry.info;
    let (available, max_message_bytes, reason, remedy) = match entry.available() {
        Availability::Available(limits) => {
            let limited_by = limits.max_message.map(|_| limits.limited_by.to_owned());
            (true, limits.max_message, limited_by, limits.remedy)
        }
        Availability::Unavailable(Refusal { reason, remedy }) => {
            (false, None, Some(reason), remedy)
        }
    };
    Listed {
        name: info.name(),
        family: info.family,
        mechanism: info.mechanism,
        wait: info.wait.name(),
        framing: info.framing.name(),
        zero_copy: info.zero_copy,
        floor: info.role == Role::Floor,
        carries: info.carries.name(),
        meet_by: info.meet_by.name(),
        lossy: info.lossy,
        many_senders: info.many_senders,
        many_receivers: info.many_receivers,
        broadcasts: info.broadcasts,
        overlaps: info.overlaps,
        empty_messages: info.empty_messages,
        never_waits: info.never_waits,
        patterns: Workload::ALL
            .into_iter()
            .filter(|pattern| info.supports(*pattern).is_ok())
            .map(Workload::name)
            .collect(),
        summary: info.summary,
        reference: info.reference,
        available,
        max_message_bytes,
        reason,
        remedy,
    }
}

/// Transports that differ only in their waits: one line of the table.
struct Line<'a> {
    first: &'a Listed,
    waits: Vec<String>,
}

/// Returns the facts that two waits on one line have in common.
fn facts(row: &Listed) -> impl PartialEq + '_ {
    let can = (row.carries, row.lossy, row.many_senders, row.many_receivers, row.broadcasts);
    let what = (row.mechanism, row.framing, row.zero_copy, row.max_message_bytes, row.floor);
    (
        what,
        can,
        row.meet_by,
        row.empty_messages,
        row.never_waits,
        row.available,
        row.summary,
        row.reference,
    )
}

fn lines(rows: &[Listed]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        let wait = if row.overlaps { format!("{}+", row.wait) } else { row.wait.to_owned() };
        match lines.iter_mut().find(|line| facts(line.first) == facts(row)) {
            Some(line) => line.waits.push(wait),
            None => lines.push(Line { first: row, waits: vec![wait] }),
        }
    }
    lines
}

/// Returns the properties of a mechanism, a word or two each.
fn properties(row: &Listed) -> Vec<&'static str> {
    let words = [
        (row.carries == "notifications", "no payload"),
        (row.carries == "calls", "RPC"),
        (row.zero_copy, "zero-copy"),
        (row.lossy, "lossy"),
        (row.many_senders, "senders"),
        (row.many_receivers, "receivers"),
        (row.broadcasts, "broadcast"),
        (row.empty_messages, "empty"),
        (row.never_waits, "no-wait"),
    ];
    words.into_iter().filter(|(has, _)| *has).map(|(_, word)| word).collect()
}

const LEGEND: &str = "A transport is MECHANISM/WAIT, e.g. pipe/block. +: other work fits between call and completion. \
    meet by: the way two processes find each other. lossy: may lose messages, and counts them; senders, \
    receivers: several on one channel; broadcast: each of several receivers gets every message; empty: \
    carries messages of 0 bytes; no-wait: a sender can refuse to wait.";

/// Returns the table of the mechanisms by family, the missing ones with their reasons, and the legend.
fn for_people(rows: &[Listed], columns: Option<u16>) -> String {
    let words = |text: &str, spare| Head::words(text, "").spare(spare);
    let mut table = Table::new(vec![
        words("mechanism", 0),
        words("waits", 0),
        words("available", 0),
        words("boundaries", 3),
        words("meet by", 5),
        words("largest", 0),
        words("properties", 4),
        words("manual", 2),
        words("description", 1),
    ]);
    let mut family = "";
    for line in lines(rows) {
        let row = line.first;
        if row.family != family {
            family = row.family;
            let mut cells = vec![Cell::words(family).tone(Tone::Title)];
            cells.resize(table.heads.len(), Cell::default());
            table.rows.push(cells);
        }
        let largest = match row.max_message_bytes {
            _ if !row.available || row.carries == "notifications" => "-".into(),
            Some(most) => bytes(most as u64),
            None => "any".into(),
        };
        let boundaries = match row.framing {
            _ if row.carries == "notifications" => "-",
            "message" => "kept",
            _ => "none",
        };
        table.rows.push(vec![
            format!("  {}", row.mechanism).into(),
            in_lines(&line.waits, " ", 4).into(),
            if row.available { "yes".into() } else { Cell::words("NO").tone(Tone::Bad) },
            boundaries.into(),
            row.meet_by.into(),
            largest.into(),
            in_lines(&properties(row), ", ", 2).into(),
            row.reference.into(),
            row.summary.into(),
        ]);
    }
    let mut text = terminal::table(&table, columns, &paint);
    text.push('\n');
    text.push_str(&wrapped("", LEGEND, 0, columns));
    let because = |row: &Listed| match (&row.reason, &row.remedy) {
        (Some(limit), Some(remedy)) if row.available => {
            Some(format!("largest message limited by {limit}; {remedy}"))
        }
        (Some(reason), Some(remedy)) => Some(format!("{reason}; {remedy}")),
        (Some(reason), None) if !row.available => Some(reason.clone()),
        _ => None,
    };
    for (title, available) in [("Not available:", false), ("Limits that could be raised:", true)] {
        let missing = rows
            .iter()
            .filter(|row| row.available == available)
            .filter_map(|row| Some((row.name.as_str(), because(row)?)));
        let lines = reasons(missing, rows.len(), columns);
        if !lines.is_empty() {
            let _ = write!(text, "\n{title}\n{lines}");
        }
    }
    let suites = EMBEDDED.map(|(name, _)| name).join(", ");
    let here = rows.iter().filter(|row| row.available).count();
    let _ = writeln!(text, "\n{here} of {} available. Suites: {suites}.", rows.len());
    text
}

/// Returns words side by side, a few in a line.
fn in_lines<S: Borrow<str>>(words: &[S], between: &str, most: usize) -> String {
    let lines: Vec<String> = words.chunks(most).map(|some| some.join(between)).collect();
    lines.join(&format!("{}\n", between.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_show::terminal::fits;

    fn listed(mechanism: &'static str, wait: &'static str) -> Listed {
        Listed {
            name: format!("{mechanism}/{wait}"),
            family: if mechanism.starts_with('u') { "unix" } else { "pipe" },
            mechanism,
            wait,
            framing: "stream",
            zero_copy: false,
            floor: false,
            carries: "messages",
            meet_by: "descriptor",
            lossy: false,
            many_senders: mechanism == "pipe",
            many_receivers: false,
            broadcasts: false,
            overlaps: wait == "poll",
            empty_messages: false,
            never_waits: false,
            patterns: vec!["ping-pong"],
            summary: "a mechanism, made up for this test, with a summary of some length",
            reference: "pipe(7)",
            available: mechanism != "unix-none",
            max_message_bytes: None,
            reason: (mechanism == "unix-none").then(|| "it is not there".into()),
            remedy: None,
        }
    }

    #[test]
    fn waits_of_one_mechanism_share_a_line_under_their_family() {
        let rows = [("pipe", "block"), ("pipe", "poll"), ("unix", "block"), ("unix-none", "block")];
        let rows = rows.map(|(mechanism, wait)| listed(mechanism, wait));
        let text = for_people(&rows, None);
        let line = |with: &str| {
            text.lines().find(|l| l.contains(with)).unwrap_or_else(|| panic!("{with}: {text}"))
        };
        assert!(
            line("  pipe ").contains("block poll+") && line("  pipe ").contains(" senders "),
            "{text}"
        );
        assert!(line("  unix-none ").contains("NO"), "{text}");
        assert!(text.contains("unix-none/block: it is not there"), "{text}");
        assert!(text.contains("3 of 4 available"), "{text}");
        for columns in [80, 100] {
            let text = for_people(&rows, Some(columns));
            assert!(fits(&text, Some(columns)), "{text}");
        }
    }

    #[test]
    fn a_hundred_transports_take_few_lines() {
        let names: Vec<&'static str> = (0..30).map(|n| &*format!("unix-{n}").leak()).collect();
        let rows: Vec<Listed> = names
            .iter()
            .flat_map(|mechanism| ["block", "spin", "poll", "epoll"].map(|w| listed(mechanism, w)))
            .collect();
        let text = for_people(&rows, Some(100));
        assert!(text.lines().count() < 45, "{text}");
    }
}

//! `ipcmark list`: every transport of this build, and what this machine lets it do.

use crate::Catalog;
use crate::cli::{ListArgs, all};
use crate::exit::{Exit, Usage};
use crate::layout::{fitting, plain, wrapped};
use crate::{notes, output};
use anyhow::Result;
use console::Style;
use ipcmark_core::{Availability, Refusal, Role, Workload};
use ipcmark_harness::Entry;
use ipcmark_suite::{EMBEDDED, Selector, show_size};
use serde::Serialize;
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
    /// The thing by which two processes find each other: `fork`, `descriptor`, `path`, `name`, `port` ...
    meet_by: &'static str,
    /// True when it may lose what was sent; losses are counted.
    lossy: bool,
    /// True when several processes may send on one link.
    many_senders: bool,
    /// True when several processes may receive from one link.
    many_receivers: bool,
    /// True when each of several processes that receive from one link gets every message.
    broadcasts: bool,
    /// True when other work fits between a call and its completion.
    overlaps: bool,
    /// True if a message of 0 bytes arrives as one.
    empty_messages: bool,
    /// True if a sender can refuse to wait.
    never_waits: bool,
    /// The workloads that it can run.
    patterns: Vec<&'static str>,
    summary: &'static str,
    reference: &'static str,
    available: bool,
    /// Largest message in bytes; absent when only memory bounds it, and when it is not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_message_bytes: Option<usize>,
    /// What sets that limit; or why it is not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What would raise the limit, or make it available.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Lists.
///
/// # Errors
/// Globs that name nothing; standard output that cannot be written to.
pub(crate) fn list(catalog: &Catalog, args: &ListArgs) -> Result<Exit> {
    let names = catalog.names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wanted =
        Selector::choose(&all(&args.transport), &names).map_err(|e| Usage(e.to_string()))?;
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

/// Mechanisms whose waits differ in nothing else: one line of the table.
struct Line<'a> {
    first: &'a Listed,
    waits: Vec<String>,
}

/// What must be alike for two waits to share a line.
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

/// What a mechanism does that others do not, a letter each.
fn letters(row: &Listed) -> String {
    let letters = [
        (row.carries == "notifications", 'n'),
        (row.carries == "calls", 'c'),
        (row.zero_copy, 'z'),
        (row.lossy, 'l'),
        (row.many_senders, 's'),
        (row.many_receivers, 'r'),
        (row.broadcasts, 'b'),
        (row.empty_messages, 'e'),
        (row.never_waits, 'w'),
    ];
    letters.iter().filter(|(has, _)| *has).map(|(_, letter)| letter).collect()
}

const LEGEND: &str = "A transport is MECHANISM/WAIT, e.g. pipe/block. +: other work fits between call and completion. \
    meet by: the thing by which two processes find each other. b: each of several receivers gets every message; c: carries calls, e: carries empty messages; n: notifications without payload (all others: messages); l: may lose some, and counts them; \
    r: several receivers on one link; s: several senders on one link; w: a sender can refuse to wait; z: zero-copy.";

/// The table of a family's mechanisms under each family's name, what is missing and why, and what the letters mean.
fn for_people(rows: &[Listed], columns: Option<u16>) -> String {
    let heads = [
        "mechanism",
        "waits",
        "here",
        "boundaries",
        "meet by",
        "largest",
        "also",
        "reference",
        "what it is",
    ];
    let mut table = plain(&heads);
    let mut family = "";
    for line in lines(rows) {
        let row = line.first;
        if row.family != family {
            family = row.family;
            table.add_row([Style::new().bold().apply_to(family).to_string()]);
        }
        let largest = match row.max_message_bytes {
            _ if !row.available || row.carries == "notifications" => "-".into(),
            Some(bytes) => show_size(bytes),
            None => "any".into(),
        };
        table.add_row([
            format!("  {}", row.mechanism).as_str(),
            &in_lines(&line.waits),
            if row.available { "yes" } else { "NO" },
            match row.framing {
                _ if row.carries == "notifications" => "-",
                "message" => "kept",
                _ => "none",
            },
            row.meet_by,
            &largest,
            &letters(row),
            row.reference,
            row.summary,
        ]);
    }
    let mut text = fitting(&mut table, columns, &[8, 7, 6]);
    text.push('\n');
    text.push_str(&wrapped("", LEGEND, 0, columns));
    let because = |row: &Listed| match (&row.reason, &row.remedy) {
        (Some(limit), Some(remedy)) if row.available => {
            Some(format!("the largest message is set by {limit}; {remedy}"))
        }
        (Some(reason), Some(remedy)) => Some(format!("{reason}; {remedy}")),
        (Some(reason), None) if !row.available => Some(reason.clone()),
        _ => None,
    };
    for (title, available) in
        [("Not available here:", false), ("Limits that could be raised:", true)]
    {
        let reasons = rows
            .iter()
            .filter(|row| row.available == available)
            .filter_map(|row| Some((row.name.as_str(), because(row)?)));
        let grouped = notes::grouped(reasons, rows.len(), columns);
        if !grouped.is_empty() {
            let _ = write!(text, "\n{title}\n{grouped}");
        }
    }
    let suites = EMBEDDED.map(|(name, _)| name).join(", ");
    let here = rows.iter().filter(|row| row.available).count();
    let _ = writeln!(text, "\n{here} of {} available here. Suites: {suites}.", rows.len());
    text
}

/// Waits side by side, a few in a line.
fn in_lines(waits: &[String]) -> String {
    const IN_A_LINE: usize = 4;
    let lines: Vec<String> = waits.chunks(IN_A_LINE).map(|some| some.join(" ")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::fits;

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
            line("  pipe ").contains("block poll+") && line("  pipe ").contains(" s "),
            "{text}"
        );
        assert!(line("  unix-none ").contains("NO"), "{text}");
        assert!(text.contains("unix-none/block: it is not there"), "{text}");
        assert!(text.contains("3 of 4 available here"), "{text}");
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

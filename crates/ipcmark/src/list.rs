//! `ipcmark list`: every transport of this build, and what this machine lets it do.

use crate::cli::{ListArgs, all};
use crate::exit::{Exit, Usage};
use crate::{notes, output, selection, table};
use anyhow::Result;
use ipcmark_catalog::CATALOG;
use ipcmark_core::{Availability, Role};
use ipcmark_harness::Entry;
use ipcmark_suite::{EMBEDDED, Selector, show_size};
use serde::Serialize;
use std::fmt::Write as _;

/// One transport, for people and for `--json`.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    family: &'static str,
    mechanism: &'static str,
    wait: &'static str,
    framing: &'static str,
    zero_copy: bool,
    floor: bool,
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
pub(crate) fn list(args: &ListArgs) -> Result<Exit> {
    let names = selection::transport_names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wanted =
        Selector::choose(&all(&args.transport), &names).map_err(|e| Usage(e.to_string()))?;
    let rows: Vec<Listed> = CATALOG
        .iter()
        .filter(|entry| wanted.contains(&entry.info.name().as_str()))
        .map(listed)
        .collect();
    if args.json {
        output::print(&serde_json::to_string_pretty(&rows)?)?;
    } else {
        output::print(&for_people(&rows))?;
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
        Availability::Unavailable { reason, remedy } => (false, None, Some(reason), remedy),
    };
    Listed {
        name: info.name(),
        family: info.family,
        mechanism: info.mechanism,
        wait: info.wait.name(),
        framing: info.framing.name(),
        zero_copy: info.zero_copy,
        floor: info.role == Role::Floor,
        summary: info.summary,
        reference: info.reference,
        available,
        max_message_bytes,
        reason,
        remedy,
    }
}

fn for_people(rows: &[Listed]) -> String {
    let mut lines = table::plain(&[
        "transport",
        "here",
        "framing",
        "largest message",
        "zero-copy",
        "reference",
        "what it is",
    ]);
    for row in rows {
        let largest = match row.max_message_bytes {
            _ if !row.available => "-".into(),
            Some(bytes) => show_size(bytes),
            None => "any".into(),
        };
        lines.add_row([
            row.name.as_str(),
            if row.available { "yes" } else { "no" },
            row.framing,
            &largest,
            if row.zero_copy { "yes" } else { "no" },
            row.reference,
            row.summary,
        ]);
    }
    let mut text = table::fitting(&mut lines, output::columns(), &[6, 5, 4]);
    text.push('\n');
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
        let grouped = notes::grouped(reasons, rows.len());
        if !grouped.is_empty() {
            let _ = write!(text, "\n{title}\n{grouped}");
        }
    }
    let suites = EMBEDDED.map(|(name, _)| name).join(", ");
    let here = rows.iter().filter(|row| row.available).count();
    let _ = writeln!(text, "\n{here} of {} available here. Suites: {suites}.", rows.len());
    text
}

//! What stands beside the figures of a row, or in their place: what to know before trusting it, and why it has none.

use crate::units::count;
use ipcmark_record::Capacity;
use ipcmark_suite::show_size;
use ipcmark_summary::{Row, Status};
use std::fmt::Write as _;

/// What a reader should know before trusting the row.
pub(crate) fn notes(row: &Row) -> Vec<String> {
    let mut notes = Vec::new();
    let all = row.invocations + row.failed_invocations;
    if row.failed_invocations > 0 {
        notes.push(format!("{} of {all} failed", row.failed_invocations));
    }
    if row.unsteady_invocations > 0 {
        notes.push(format!("{} of {all} not steady", row.unsteady_invocations));
    }
    notes.extend(held(row));
    if let Some(distance) = row.distance.filter(|d| d.moved > 0) {
        notes.push(format!("CPUs moved in {} of {all}", distance.moved));
    }
    let faults = row.integrity;
    let faults = [
        (faults.lost, "lost"),
        (faults.repeated, "repeated"),
        (faults.reordered, "reordered"),
        (faults.damaged, "damaged"),
    ];
    notes.extend(faults.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    notes
}

/// What the link holds, where that is not what was asked.
fn held(row: &Row) -> Option<String> {
    let asked = row.key.capacity_bytes?;
    match row.capacity? {
        Capacity { bytes: Some(bytes), .. } if bytes != asked => {
            Some(format!("holds {}", show_size(bytes as usize)))
        }
        Capacity { bytes: None, messages: Some(messages) } => {
            Some(format!("holds {}", count(messages as usize, "message")))
        }
        _ => None,
    }
}

/// Why a row has no figure, or what failed in it.
pub(crate) fn reason(row: &Row) -> Option<String> {
    match &row.status {
        Status::Measured => None,
        Status::Failed { what } => Some(format!("FAILED: {what}")),
        Status::Unavailable { reason, remedy: Some(remedy) } => {
            Some(format!("not available here: {reason}; {remedy}"))
        }
        Status::Unavailable { reason, remedy: None } => {
            Some(format!("not available here: {reason}"))
        }
        Status::Unsupported { reason } => Some(format!("not supported: {reason}")),
        Status::Pending => Some("not reached before the run ended".into()),
    }
}

/// Lines `  name, name: reason`, one for each reason, in the order of first mention. A reason that holds for all of
/// many `rows` names none.
pub(crate) fn grouped<'a>(reasons: impl Iterator<Item = (&'a str, String)>, rows: usize) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, reason) in reasons {
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => groups.push((reason, vec![name])),
        }
    }
    groups.iter().fold(String::new(), |mut text, (reason, names)| {
        let names = match names.len() {
            n if n > 3 && n == rows => format!("all {n}"),
            _ => names.join(", "),
        };
        let _ = writeln!(text, "  {names}: {reason}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_one_reason_stand_on_one_line() {
        let names = ["a", "b", "c", "d"];
        let reasons = ["x", "y", "x", "x"].map(str::to_owned);
        assert_eq!(grouped(names.into_iter().zip(reasons), 4), "  a, c, d: x\n  b: y\n");
        assert_eq!(grouped(names.map(|name| (name, "x".into())).into_iter(), 4), "  all 4: x\n");
    }
}

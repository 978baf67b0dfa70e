//! Remarks on a row: what a reader has to know next to its figures.

use ipcmark_record::Carries;
use ipcmark_show::{Quantity, bytes, count, plural};
use ipcmark_summary::{AgainstLimit, Row};

/// Returns the remarks on a measured row, the gravest first.
pub(crate) fn remarks(row: &Row) -> Vec<String> {
    let mut out = Vec::new();
    let figure = row.figure.as_ref();
    out.extend(losses(row));
    let integrity = &row.integrity;
    let faults = [
        (integrity.repeated, "repeated"),
        (integrity.reordered, "reordered"),
        (integrity.damaged, "damaged"),
    ];
    out.extend(
        faults.iter().filter(|(n, _)| *n > 0).map(|(n, fault)| format!("{} {fault}", count(*n))),
    );
    if let Some(lag) = figure.and_then(|f| f.lag).filter(|lag| lag.sender_too_slow) {
        out.push(format!(
            "sender missed its schedule (p99 delay {}){}",
            Quantity::Time.show(lag.p99_ns.value),
            if row.misses_rate() { "" } else { ": the latency includes the sender's own" }
        ));
    }
    out.extend(figure.and_then(|f| f.refused.clone()));
    if row.limit.as_ref().is_some_and(AgainstLimit::is_below) {
        out.push(match figure.and_then(|f| f.task) {
            Some(_) => {
                "more than its CPUs can give: one of the two times is wrong; not ranked".into()
            }
            None => "faster than the measured limit: ignore × limit".into(),
        });
    }
    if row.carries == Carries::Calls {
        out.push("RPC".into());
    }
    out.extend(row.links.as_deref().map(|links| match links {
        "shared" => "one channel for all peers".into(),
        "per-peer" => "one channel per peer".into(),
        other => format!("channels: {other}"),
    }));
    out.extend(other_buffer(row));
    out
}

/// Returns the losses of a transport that may lose messages.
fn losses(row: &Row) -> Option<String> {
    let lost = row.integrity.lost;
    let share = row.figure.as_ref().and_then(|f| f.lost_share).filter(|s| s.value > 0.0);
    let share = share.map_or_else(String::new, |s| format!(" ({})", Quantity::Share.show(s.value)));
    match lost {
        0 => row.lossy.then(|| "may lose messages; lost none here".into()),
        _ => Some(format!("lost {}{share}: not ranked", plural(lost as usize, "message"))),
    }
}

/// Returns the size of a transport's buffer: `640 B in 10 messages`, `1 MiB`, `10 messages`.
pub(crate) fn buffer(row: &Row) -> Option<String> {
    let capacity = row.capacity?;
    let messages = capacity.messages.map(|n| plural(n, "message"));
    match (capacity.bytes.map(|n| bytes(n as u64)), messages) {
        (Some(bytes), Some(messages)) => Some(format!("{bytes} in {messages}")),
        (bytes, messages) => bytes.or(messages),
    }
}

/// Returns the buffer, if its size is not the one that was asked for.
fn other_buffer(row: &Row) -> Option<String> {
    let asked = row.key.capacity_bytes?;
    let other = row.capacity.and_then(|c| c.bytes) != Some(asked as usize);
    other.then(|| {
        buffer(row).map_or_else(|| "buffer size unknown".into(), |b| format!("buffer: {b}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{estimate, row};
    use ipcmark_record::Capacity;

    #[test]
    fn a_buffer_is_named_if_it_is_not_the_one_asked_for() {
        let mut row = row("mq/block", 64, 1.0, None);
        let mut remark = |asked, bytes, messages| {
            row.key.capacity_bytes = asked;
            row.capacity = Some(Capacity { bytes, messages });
            other_buffer(&row)
        };
        let said = |words: &str| Some(words.to_string());
        let asked = Some(262_144);
        assert_eq!(remark(asked, Some(640), Some(10)), said("buffer: 640 B in 10 messages"));
        assert_eq!(remark(asked, Some(1 << 20), None), said("buffer: 1 MiB"));
        assert_eq!(remark(asked, None, Some(1)), said("buffer: 1 message"));
        assert_eq!(remark(asked, None, None), said("buffer size unknown"));
        assert_eq!(remark(asked, Some(262_144), None), None);
        assert_eq!(remark(None, Some(640), None), None);
    }

    #[test]
    fn lost_messages_are_never_called_none() {
        let mut row = row("udp/block", 64, 1.0, None);
        row.lossy = true;
        assert_eq!(remarks(&row), ["may lose messages; lost none here"]);
        row.integrity.lost = 7_934;
        assert_eq!(remarks(&row), ["lost 7,934 messages: not ranked"]);
        row.figure.as_mut().unwrap().lost_share = Some(estimate(0.4, None));
        assert_eq!(remarks(&row), ["lost 7,934 messages (40 %): not ranked"]);
    }
}

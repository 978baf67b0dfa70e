//! Remarks on a row: what a reader has to know next to its figures.

use ipcmark_record::Carries;
use ipcmark_show::{Quantity, bytes, count, plural};
use ipcmark_summary::{AgainstLimit, Row};

/// Returns the remarks on a measured row, the gravest first; [`room`] is another one.
pub(crate) fn remarks(row: &Row) -> Vec<String> {
    let mut out = Vec::new();
    let figure = row.figure.as_ref();
    out.extend(losses(row));
    out.extend(dropped(row));
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
    if row.throttled_invocations > 0 {
        let all = plural(row.invocations, "invocation");
        out.push(format!(
            "the CPU quota was used up in {} of {all}: the result includes the wait",
            row.throttled_invocations
        ));
    }
    if row.limit.as_ref().is_some_and(AgainstLimit::is_below) {
        out.push("faster than the measured limit: ignore × limit".into());
    }
    if row.is_impossible() {
        out.push("more than its CPUs can give: one of the two times is wrong; not ranked".into());
    }
    if row.works_elsewhere {
        out.push("others do part of its work: their CPU time is not counted".into());
    }
    if row.carries == Carries::Calls {
        out.push("RPC".into());
    }
    out.extend(row.links.as_deref().map(|links| match links {
        "shared" => "one channel for all peers".into(),
        "per-peer" => "one channel per peer".into(),
        other => format!("channels: {other}"),
    }));
    out
}

/// Returns the losses of a transport that may lose messages.
fn losses(row: &Row) -> Option<String> {
    let lost = row.integrity.lost;
    let share = row.figure.as_ref().and_then(|f| f.lost_share).filter(|s| s.value > 0.0);
    let share = share.map_or_else(String::new, |s| format!(" ({})", Quantity::Share.show(s.value)));
    match lost {
        0 => row.lossy.then(|| "may lose messages, lost none here".into()),
        _ => Some(format!("lost {}{share}: not ranked", plural(lost as usize, "message"))),
    }
}

/// Returns what a sender dropped instead of waiting.
fn dropped(row: &Row) -> Option<String> {
    let dropped = row.sending.as_ref()?.dropped?;
    if dropped.messages == 0 {
        return Some("dropped none".into());
    }
    let messages = plural(dropped.messages as usize, "message");
    Some(format!("dropped {messages} ({}): not ranked", Quantity::Share.show(dropped.share)))
}

/// Largest number of messages that a transport counts.
const COUNTED_MAX: usize = 1 << 16;

/// Returns the size of a transport's buffer as the kernel counts it, and its room for messages of the
/// row's size: `512 KiB, room for 683 messages`.
pub(crate) fn buffer(row: &Row) -> Option<String> {
    let capacity = row.capacity?;
    let more = |n| if n == COUNTED_MAX { " or more" } else { "" };
    let room = capacity.messages.map(|n| match n {
        0 => "less than one message".into(),
        n => format!("room for {}{}", plural(n, "message"), more(n)),
    });
    match (capacity.bytes.map(|n| bytes(n as u64)), room) {
        (Some(bytes), Some(room)) => Some(format!("{bytes}, {room}")),
        (bytes, room) => bytes.or(room),
    }
}

/// Returns the buffer in short, for a note: its bytes, or the room where these are not known.
pub(crate) fn room(row: &Row) -> Option<String> {
    if row.floor {
        return None;
    }
    match (row.capacity.and_then(|capacity| capacity.bytes), buffer(row)) {
        (Some(n), _) => Some(format!("buffer: {}", bytes(n as u64))),
        (None, Some(room)) => Some(format!("buffer: {room}")),
        (None, None) => row.key.capacity_bytes.map(|_| "buffer size unknown".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{estimate, row, sending};
    use ipcmark_record::Capacity;

    #[test]
    fn a_row_says_its_room_in_bytes_and_in_messages() {
        // P-4
        let mut row = row("mq/block", 64, 1.0, None);
        let mut remark = |asked, bytes, messages| {
            row.key.capacity_bytes = asked;
            row.capacity = Some(Capacity { bytes, messages });
            (room(&row), buffer(&row))
        };
        let both = |short: &str, long: &str| (Some(short.to_string()), Some(long.to_string()));
        let asked = Some(262_144);
        let mq = remark(asked, Some(640), Some(10));
        assert_eq!(mq, both("buffer: 640 B", "640 B, room for 10 messages"));
        assert_eq!(remark(asked, Some(1 << 20), None), both("buffer: 1 MiB", "1 MiB"));
        let one = remark(asked, None, Some(1));
        assert_eq!(one, both("buffer: room for 1 message", "room for 1 message"));
        assert_eq!(remark(asked, None, None), (Some("buffer size unknown".into()), None));
        let short = remark(asked, Some(262_144), Some(0));
        assert_eq!(short, both("buffer: 256 KiB", "256 KiB, less than one message"));
        let many = remark(None, Some(1 << 22), Some(COUNTED_MAX));
        assert_eq!(many, both("buffer: 4 MiB", "4 MiB, room for 65,536 messages or more"));
        assert_eq!(remark(None, None, None), (None, None));
    }

    // F6
    #[test]
    fn a_row_that_waited_for_its_quota_says_so() {
        let mut row = row("mq/block", 64, 1.0, Some((0.9, 1.1)));
        assert_eq!(remarks(&row), [""; 0]);
        row.throttled_invocations = 3;
        let said = "the CPU quota was used up in 3 of 8 invocations: the result includes the wait";
        assert_eq!(remarks(&row), [said]);
        assert_eq!(row.flags(), ["throttled"]);
    }

    #[test]
    fn dropped_messages_are_no_lost_ones() {
        let mut row = row("shm-ring/spin", 64, 1.0, None);
        row.sending = Some(sending(10.0, Some(0)));
        assert_eq!((remarks(&row), row.dropped()), (vec!["dropped none".to_owned()], 0));
        row.sending = Some(sending(10.0, Some(40)));
        assert_eq!(remarks(&row), ["dropped 40 messages (4 %): not ranked"]);
        assert_eq!(row.flags(), ["dropped-messages"]);
    }

    #[test]
    fn lost_messages_are_never_called_none() {
        let mut row = row("udp/block", 64, 1.0, None);
        row.lossy = true;
        assert_eq!(remarks(&row), ["may lose messages, lost none here"]);
        row.integrity.lost = 7_934;
        assert_eq!(remarks(&row), ["lost 7,934 messages: not ranked"]);
        row.figure.as_mut().unwrap().lost_share = Some(estimate(0.4, None));
        assert_eq!(remarks(&row), ["lost 7,934 messages (40 %): not ranked"]);
    }
}

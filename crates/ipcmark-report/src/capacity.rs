//! What a transport holds, beside what was asked of it.

use crate::units;
use ipcmark_summary::Row;

/// `640 B in 10 messages`, `1 MiB`, `10 messages`; `None` where nothing was read back.
pub(crate) fn held(row: &Row) -> Option<String> {
    let capacity = row.capacity?;
    let messages = capacity.messages.map(|n| units::plural(n, "message"));
    match (capacity.bytes.map(|n| units::size(n as u64)), messages) {
        (Some(bytes), Some(messages)) => Some(format!("{bytes} in {messages}")),
        (bytes, messages) => bytes.or(messages),
    }
}

/// What it holds, where a capacity was asked for and another came of it.
pub(crate) fn capacity_remark(row: &Row) -> Option<String> {
    let asked = row.key.capacity_bytes?;
    if row.capacity.and_then(|c| c.bytes) == Some(asked as usize) {
        return None;
    }
    Some(held(row).map_or_else(|| "what it holds is not known".into(), |h| format!("holds {h}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::row as sample;
    use ipcmark_record::Capacity;

    #[test]
    fn what_a_transport_holds_is_told_where_it_is_not_what_was_asked() {
        let mut row = sample("mq/block", 64, 1.0, None);
        let mut remark = |asked, bytes, messages| {
            row.key.capacity_bytes = asked;
            row.capacity = Some(Capacity { bytes, messages });
            capacity_remark(&row)
        };
        let said = |words: &str| Some(words.to_string());
        let asked = Some(262_144);
        assert_eq!(remark(asked, Some(640), Some(10)), said("holds 640 B in 10 messages"));
        assert_eq!(remark(asked, Some(1 << 20), None), said("holds 1 MiB"));
        assert_eq!(remark(asked, None, Some(10)), said("holds 10 messages"));
        assert_eq!(remark(asked, None, None), said("what it holds is not known"));
        assert_eq!(remark(asked, Some(262_144), None), None);
        assert_eq!(remark(None, Some(640), None), None);
    }
}

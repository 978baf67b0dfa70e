//! Reading records that a peer wrote, and believing none of them.

use crate::RingError;
use crate::layout::{HEADER, Header, Kind, record_bytes};
use crate::memory::Memory;

/// Accepts an index that lies on a record's boundary.
pub(super) fn head(index: u64) -> Result<u64, RingError> {
    if index.is_multiple_of(HEADER) {
        Ok(index)
    } else {
        corrupt("the head is no multiple of 8", index)
    }
}

/// Returns the record at `at`, or behind the padding there: its position and its header, which is nothing, the end, or a
/// message (whole or in part) that lies in the ring in one piece.
#[inline(never)]
pub(super) fn front(memory: &Memory<'_>, at: u64) -> Result<(u64, Header), RingError> {
    let mut at = at;
    let mut header = memory.header(at);
    if header.kind() == Kind::Padding {
        let offset = memory.offset(at);
        let before_wrap = memory.capacity() - offset;
        if header.len() + HEADER != before_wrap || offset == 0 {
            return corrupt("a padding record does not end at the wrap", header.0);
        }
        at = at.wrapping_add(before_wrap);
        header = memory.header(at);
    }
    match header.kind() {
        Kind::Empty | Kind::End => Ok((at, header)),
        Kind::Message | Kind::Part => {
            let capacity = memory.capacity();
            let in_one_piece = memory.offset(at) + record_bytes(at, header.len()) <= capacity;
            if !in_one_piece {
                return corrupt("a record leads out of the ring", header.0);
            }
            Ok((at, header))
        }
        Kind::Padding | Kind::Unknown => corrupt("a record is of no known kind", header.0),
    }
}

/// Returns where the last record that was published behind `head` ends, and whether the stream ends
/// there.
pub(super) fn walk(memory: &Memory<'_>, head: u64) -> Result<(u64, bool), RingError> {
    let mut at = head;
    loop {
        let (start, header) = front(memory, at)?;
        if header.kind() != Kind::Message {
            return Ok((at, header == Header::END));
        }
        at = start.wrapping_add(record_bytes(start, header.len()));
        if at.wrapping_sub(head) > memory.capacity() - HEADER {
            return corrupt("the records lead around the ring", at);
        }
    }
}

#[cold]
pub(super) fn corrupt<T>(what: &'static str, value: u64) -> Result<T, RingError> {
    Err(RingError::Corrupt { what, value })
}

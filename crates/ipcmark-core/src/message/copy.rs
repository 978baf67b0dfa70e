//! Copying a message between a slot and private memory.

use super::{WORD, get, put};

/// Copies `from` to `to`, which must be as long.
///
/// One of two words or less goes through registers: a call of `memcpy` costs as much as the ring
/// that the message is on its way through. For a cache line the wide registers of `memcpy` win.
#[inline(always)]
pub fn copy_message(to: &mut [u8], from: &[u8]) {
    if (WORD..=2 * WORD).contains(&from.len()) {
        assert_eq!(to.len(), from.len(), "a message has the length of its space");
        let (head, tail) = (get(from, 0), get(from, from.len() - WORD));
        put(to, 0, head);
        put(to, from.len() - WORD, tail);
    } else {
        to.copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_copied_and_none_beside() {
        for len in 0..200 {
            let from: Vec<u8> = (0..len).map(|i| i as u8 + 1).collect();
            let mut space = vec![0; len + 2];
            copy_message(&mut space[1..=len], &from);
            assert_eq!(space[1..=len], from[..]);
            assert_eq!((space[0], space[len + 1]), (0, 0));
        }
    }

    #[test]
    #[should_panic(expected = "length")]
    fn a_space_of_another_length_is_refused() {
        copy_message(&mut [0; 63], &[0; 64]);
    }
}

//! Copying a message between a slot and private memory.

/// Copies `from` to `to`, which must be as long.
///
/// The shortest go through registers: a call of `memcpy` costs as much as the ring that the message is on its way through. From
/// a cache line on its wide registers win.
#[inline(always)]
pub fn copy_message(to: &mut [u8], from: &[u8]) {
    match from.len() {
        8..=16 => ends::<8>(to, from),
        17..=32 => ends::<16>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// Copies the first `N` bytes and the last `N`, which overlap or meet: `from` has from `N` to `2 * N`.
#[inline(always)]
fn ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    assert_eq!(to.len(), from.len(), "a message has the length of its space");
    let [head, tail] = [from.first_chunk::<N>(), from.last_chunk::<N>()].map(|part| part.copied());
    if let Some((to, from)) = to.first_chunk_mut().zip(head) {
        *to = from;
    }
    if let Some((to, from)) = to.last_chunk_mut().zip(tail) {
        *to = from;
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

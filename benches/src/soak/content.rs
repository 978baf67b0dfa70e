//! The content of a message, which follows from its number.

use zerocopy::IntoBytes;

/// Bytes of a message that has a sequence number and a check value.
pub(super) const STAMPED: usize = 16;
/// Bytes of the longest usual message.
const USUAL: u64 = 200;
/// Number of messages of which one is longer.
const RARE: u64 = 1 << 12;

/// Lengths and bytes of messages.
///
/// A message of 16 B or more begins with its number and ends with a check value over all before it.
/// The words in between follow from the number, so the bytes of two messages differ. A shorter
/// message is the first bytes of its mixed number.
#[derive(Debug, Clone, Copy)]
pub struct Content {
    /// The shortest message, in bytes; not 0.
    pub least: usize,
    /// The longest message, in bytes.
    pub largest: usize,
}

/// Mixes a number by the finalizer of splitmix64: each bit of the number changes each bit of the
/// result.
#[inline]
fn mix(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// Adds one word to a check value, which depends on the order.
#[inline]
fn fold(check: u64, word: u64) -> u64 {
    (check ^ word).rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Content {
    /// Returns the length of message `number`, in bytes.
    #[inline]
    #[must_use]
    pub fn len(&self, number: u64) -> usize {
        let draw = mix(number);
        let most = if draw >> 32 & (RARE - 1) == 0 { self.largest as u64 } else { USUAL };
        let span = most.min(self.largest as u64) + 1 - self.least as u64;
        self.least + (((draw & 0xffff_ffff) * span) >> 32) as usize
    }

    /// Writes message `number`, whose length is that of `space`.
    #[inline]
    pub fn fill(&self, number: u64, space: &mut [u8]) {
        let len = space.len();
        let seed = mix(number ^ !0);
        if len < STAMPED {
            let words = [seed, mix(seed)];
            space.copy_from_slice(&words.as_bytes()[..len]);
            return;
        }
        let (body, check) = space.split_at_mut(len - 8);
        let mut sum = 0;
        let (words, rest) = body.as_chunks_mut::<8>();
        for (n, at) in words.iter_mut().enumerate() {
            let word = if n == 0 { number } else { seed.wrapping_add(n as u64) };
            *at = word.to_le_bytes();
            sum = fold(sum, word);
        }
        rest.copy_from_slice(&seed.to_le_bytes()[..rest.len()]);
        check.copy_from_slice(&fold(sum, tail(rest)).to_le_bytes());
    }

    /// Returns true if this is message `number`, whole.
    #[inline]
    #[must_use]
    pub fn is(&self, number: u64, message: &[u8]) -> bool {
        let len = message.len();
        if len != self.len(number) {
            return false;
        }
        if len < STAMPED {
            let seed = mix(number ^ !0);
            return message == &[seed, mix(seed)].as_bytes()[..len];
        }
        self.number(message) == Some(number)
    }

    /// Returns the number of a message of 16 B or more that is whole.
    #[inline]
    #[must_use]
    pub fn number(&self, message: &[u8]) -> Option<u64> {
        let (body, check) = message.split_last_chunk::<8>()?;
        let (words, rest) = body.as_chunks::<8>();
        let sum = words.iter().fold(0, |sum, word| fold(sum, u64::from_le_bytes(*word)));
        let whole = fold(sum, tail(rest)) == u64::from_le_bytes(*check);
        words.first().filter(|_| whole).map(|word| u64::from_le_bytes(*word))
    }
}

/// Returns up to seven bytes as a word.
#[inline]
fn tail(rest: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_is_itself_and_no_bit_may_differ() {
        let content = Content { least: 1, largest: 4000 };
        let mut long = 0;
        for number in 0..20_000 {
            let mut message = vec![0; content.len(number)];
            content.fill(number, &mut message);
            assert!(content.is(number, &message));
            assert!(!content.is(number + 1, &message), "{number}");
            long += u32::from(message.len() > 200);
            if number % 64 == 0 {
                let at = number as usize % message.len();
                message[at] ^= 1 << (number / 64 % 8);
                assert!(!content.is(number, &message), "{number} of {} bytes", message.len());
            }
        }
        assert!(long > 0);
    }

    #[test]
    fn lengths_are_all_there_and_never_too_long() {
        let content = Content { least: 1, largest: 120 };
        let mut seen = [false; 121];
        (0..100_000).for_each(|number| seen[content.len(number)] = true);
        assert!(!seen[0] && seen[1..].iter().all(|&was| was));
        assert_eq!(Content { least: 56, largest: 56 }.len(3), 56);
    }
}

//! Changes to a document: some to its bytes, some to its values, as an editor, a bad disk or an enemy makes them.

use proptest::prelude::*;

/// One change; places are shares of the document, in 2^-32.
#[derive(Debug, Clone)]
pub(crate) enum Mutation {
    Flip {
        at: u32,
        bit: u8,
    },
    Cut {
        at: u32,
        len: usize,
    },
    Insert {
        at: u32,
        bytes: Vec<u8>,
    },
    Repeat {
        at: u32,
        len: usize,
        times: usize,
    },
    End {
        at: u32,
    },
    /// Puts another value in the place of a number, a word or a text.
    Value {
        at: u32,
        value: usize,
    },
    /// Puts a value of the document in the place of another one.
    Copy {
        from: u32,
        to: u32,
    },
}

/// Values that programs handle badly.
const VALUES: [&str; 34] = [
    "0",
    "-0.0",
    "1",
    "-1",
    "7",
    "0.5",
    "1e308",
    "-1e308",
    "1e-320",
    "1e400",
    "255",
    "65536",
    "2147483648",
    "4294967295",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "null",
    "true",
    "\"\"",
    "[]",
    "{}",
    "\"NaN\"",
    "\"0\"",
    "\"-1s\"",
    "\"1e99s\"",
    "\"99999999999GiB\"",
    "\"8..9*1\"",
    "\"**/**\"",
    "\"\u{202e}\\u0000\\r\"",
    "999999999999999999999999",
    "\"9999-12-31T23:59:59Z\"",
    "\"-009999-01-01T00:00:00Z\"",
    "[[[[[[[[[[]]]]]]]]]]",
];

/// Returns one to six changes; most documents get few, so that they stay documents.
pub(crate) fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let at = any::<u32>;
    let len = 1..200usize;
    let one = prop_oneof![
        2 => (at(), 0..8u8).prop_map(|(at, bit)| Mutation::Flip { at, bit }),
        1 => (at(), len.clone()).prop_map(|(at, len)| Mutation::Cut { at, len }),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Mutation::Insert { at, bytes }),
        1 => (at(), len, 1..300usize).prop_map(|(at, len, times)| Mutation::Repeat { at, len, times }),
        1 => at().prop_map(|at| Mutation::End { at }),
        12 => (at(), 0..VALUES.len()).prop_map(|(at, value)| Mutation::Value { at, value }),
        4 => (at(), at()).prop_map(|(from, to)| Mutation::Copy { from, to }),
    ];
    prop::collection::vec(one, 1..6)
}

impl Mutation {
    /// Returns the changed document.
    pub(crate) fn apply(&self, document: &[u8]) -> Vec<u8> {
        let place = |at: u32| ((u64::from(at) * (document.len() as u64 + 1)) >> 32) as usize;
        let until = |from: usize, len: usize| (from + len).min(document.len());
        let put = |from: usize, to: usize, bytes: &[u8]| {
            [&document[..from], bytes, &document[to..]].concat()
        };
        match self {
            Mutation::Flip { at, bit } => {
                let mut changed = document.to_vec();
                changed.get_mut(place(*at)).into_iter().for_each(|byte| *byte ^= 1 << bit);
                changed
            }
            Mutation::Cut { at, len } => put(place(*at), until(place(*at), *len), b""),
            Mutation::Insert { at, bytes } => put(place(*at), place(*at), bytes),
            Mutation::Repeat { at, len, times } => {
                let (from, to) = (place(*at), until(place(*at), *len));
                put(to, to, &document[from..to].repeat(*times))
            }
            Mutation::End { at } => document[..place(*at)].to_vec(),
            Mutation::Value { at, value } => {
                let (from, to) = value_at(document, place(*at));
                put(from, to, VALUES[*value].as_bytes())
            }
            Mutation::Copy { from, to } => {
                let (first, last) = value_at(document, place(*from));
                let (from, to) = value_at(document, place(*to));
                put(from, to, &document[first..last])
            }
        }
    }
}

/// Returns the value around a place, or the next one: a text in quotation marks, or what is between separators.
fn value_at(document: &[u8], at: usize) -> (usize, usize) {
    const SEPARATORS: &[u8] = b"{}[],:=\n\0 ";
    let separates = |byte: &u8| SEPARATORS.contains(byte);
    let from = document[..at].iter().rposition(separates).map_or(0, |before| before + 1);
    let rest = &document[from..];
    let skipped = rest.iter().position(|byte| !separates(byte)).unwrap_or(rest.len());
    let (from, rest) = (from + skipped, &rest[skipped..]);
    let len = match rest.first() {
        Some(b'"') => {
            rest[1..].iter().position(|byte| *byte == b'"').map_or(rest.len(), |end| end + 2)
        }
        _ => rest.iter().position(separates).unwrap_or(rest.len()),
    };
    (from, from + len)
}

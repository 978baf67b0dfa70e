//! Files of times and sizes, to be replayed: `time,size`, one message a line.

use crate::size::parse_size_or_none;
use ipcmark_core::{Trace, TraceError};
use std::fmt;

/// Units of a time, and their ns.
const UNITS: [(&str, u128); 6] = [
    ("", 1_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];
/// The line that a file has for each message.
const LINE: &str = "a time and a size: 0.0015,64 or 1.5ms,4KiB";

/// The fault of a file of times and sizes, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceFault {
    file: String,
    line: Option<usize>,
    what: String,
}

impl fmt::Display for TraceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TraceFault { file, line, what } = self;
        match line {
            Some(line) => write!(f, "{file}:{line}: {what}"),
            None => write!(f, "{file}: {what}"),
        }
    }
}

impl std::error::Error for TraceFault {}

/// Parses a trace: a line for each message, with its time (in s, or with a unit) and its size (in
/// bytes, or with a unit), and a comma between them. Times must not fall. Empty lines, lines that
/// begin with `#`, and a header do not count. `name` is the file's.
///
/// # Errors
/// The first line that is none of these; no message; too many.
pub fn parse_trace(text: &str, name: &str) -> Result<Trace, TraceFault> {
    let fault = |line: Option<usize>, what: String| TraceFault { file: name.into(), line, what };
    let mut rows = Vec::new();
    let mut lines = Vec::new();
    let is_told = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let told = text.lines().map(str::trim).zip(1..).filter(|(line, _)| is_told(line));
    for (nth, (line, number)) in told.enumerate() {
        let Some((time, size)) = line.split_once(',') else {
            return Err(fault(Some(number), format!("'{line}': expected {LINE}")));
        };
        let (time, size) = (time.trim(), size.trim());
        if nth == 0 && time.starts_with(char::is_alphabetic) {
            continue;
        }
        let size = parse_size_or_none(size).map_err(|e| fault(Some(number), e.to_string()))?;
        let time = time_ns(time).ok_or_else(|| {
            let what = format!("'{time}' is no time; expected {LINE}");
            fault(Some(number), what)
        })?;
        if rows.len() == Trace::MOST {
            let what = format!("a trace has {} messages at most", Trace::MOST);
            return Err(fault(Some(number), what));
        }
        rows.push((time, size as u32));
        lines.push(number);
    }
    Trace::new(name, rows).map_err(|error| match error {
        TraceError::Empty => fault(None, format!("it has no message; expected lines of {LINE}")),
        TraceError::TooLong => fault(None, "it has too many messages".into()),
        TraceError::Falls { message } => {
            let what =
                "its time is before that of the message in front of it; sort the file by time";
            fault(Some(lines[message]), what.into())
        }
    })
}

/// Returns a time in ns, whole ones: a time since 1970 has more digits than floating point keeps.
fn time_ns(word: &str) -> Option<u64> {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (number, unit) = (&word[..end], word[end..].trim());
    let (_, unit_ns) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let whole = if whole.is_empty() { "0" } else { whole };
    if part.len() > 18 || whole.len() > 19 {
        return None;
    }
    let parts: u128 = part.parse().ok()?;
    let ns =
        whole.parse::<u128>().ok()? * unit_ns + parts * unit_ns / 10_u128.pow(part.len() as u32);
    u64::try_from(ns).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(rows in prop::collection::vec((0u64..1 << 50, 0u32..1 << 30), 1..50)) {
            let mut rows = rows;
            rows.sort_unstable();
            let lines = |unit: &str, of: &dyn Fn(u64) -> String| -> String {
                rows.iter().map(|(ns, size)| format!("{}{unit},{size}\n", of(*ns))).collect()
            };
            let expected = Trace::new("t", rows.clone()).unwrap();
            let s = |ns: u64| format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
            let us = |ns: u64| format!("{}.{:03}", ns / 1_000, ns % 1_000);
            for text in [lines("", &s), lines("s", &s), lines(" us", &us), lines("ns", &|ns| ns.to_string())] {
                prop_assert_eq!(parse_trace(&text, "t"), Ok(expected.clone()));
            }
        }

        #[test]
        fn no_text_panics(text in "([0-9.]{0,4}(s|ms)?,[0-9]{0,3}\n?|\\PC{0,9}\n?){0,9}") {
            let _ = parse_trace(&text, "t");
        }
    }

    #[test]
    fn comments_headers_and_units_are_read() {
        let text = "# from the 3rd of May\ntime,bytes\n\n 0.5 , 64\n500.25ms,4KiB\r\n# late\n1,0\n";
        let trace = parse_trace(text, "t.csv").unwrap();
        assert_eq!(trace.sizes(), [64, 4096, 0]);
        assert_eq!([trace.time_ns(1), trace.time_ns(2)], [250_000, 500_000_000]);
        let since_1970 = "1764547200.000000001,1\n1764547200.000000003,1\n";
        assert_eq!(parse_trace(since_1970, "t").unwrap().time_ns(1), 2);
    }

    #[test]
    fn each_refusal_has_its_line() {
        for (text, said) in [
            ("", "t.csv: it has no message"),
            ("time,size\n# none\n", "t.csv: it has no message"),
            ("0,64\n0.1;64\n", "t.csv:2: '0.1;64': expected a time and a size"),
            ("0,64\ntime,size\n", "t.csv:2: 'size'"),
            ("0,64\n\n0.2,64\n0.1,64\n", "t.csv:4: its time is before"),
            ("0,64k\n", "64KiB or 64kB"),
            ("0,2GiB\n", "largest message is 1 GiB"),
            ("-1,64\n", "t.csv:1: '-1' is no time"),
            ("1h,64\n", "t.csv:1: '1h' is no time"),
            ("0.,64\n", "t.csv:1: '0.' is no time"),
            ("99999999999999999999,64\n", "is no time"),
            ("0,64,9\n", "t.csv:1: '64,9'"),
        ] {
            let error = parse_trace(text, "t.csv").unwrap_err().to_string();
            assert!(error.contains(said), "{text:?}: {error}");
        }
        let many = "0,1\n".repeat(Trace::MOST + 1);
        let error = parse_trace(&many, "t.csv").unwrap_err().to_string();
        assert!(error.contains("t.csv:1000001: a trace has 1000000 messages at most"), "{error}");
    }
}

//! Reads the lines of a history.
//!
//! Many machines and many versions write a history over years. So a bad line does not affect others: it
//! is named and counted, and the rest is read.

use crate::line::{FAMILY, Line, VERSION};
use ipcmark_show::plural;
use serde::Deserialize;
use std::collections::HashSet;
use std::fmt;

/// Contents of a store, as far as they can be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lines {
    /// The runs: by [`Line::timestamp`], then by when they were made.
    pub runs: Vec<Line>,
    /// Lines and files that could not be read, in the order of the files.
    pub troubles: Vec<Trouble>,
}

/// Something that is not a line, or not one that this build can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The file, as the store names it.
    pub file: String,
    /// The fault.
    pub kind: TroubleKind,
}

/// Kinds of faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TroubleKind {
    /// The line ends before it should.
    CutShort,
    /// Written by a newer ipcmark.
    Newer {
        /// Version of the line.
        version: u32,
    },
    /// A file of something else.
    Foreign,
    /// A line of ours that is damaged.
    Damaged {
        /// The place and the fault.
        what: String,
    },
    /// A record without a line: its writer was killed between the two.
    NoLine,
    /// A line whose record is gone.
    NoRecord,
}

/// Start of a line, which shows whose it is.
#[derive(Deserialize)]
struct Head {
    schema: String,
}

impl Lines {
    /// Reads the lines of a file; `name` is what troubles call it. A file may hold several lines.
    pub fn read(&mut self, name: &str, text: &[u8]) {
        let mut rest = text;
        while !rest.is_empty() {
            let (line, is_whole, after) = match rest.iter().position(|b| *b == b'\n') {
                Some(end) => (&rest[..end], true, &rest[end + 1..]),
                None => (rest, false, &[][..]),
            };
            rest = after;
            if !line.iter().all(u8::is_ascii_whitespace) {
                self.read_line(name, line, is_whole);
            }
        }
        if text.is_empty() {
            self.trouble(name, TroubleKind::CutShort);
        }
    }

    fn read_line(&mut self, name: &str, line: &[u8], is_whole: bool) {
        match ipcmark_record::harmless::from_slice::<Line>(line) {
            Ok(line) if line.schema == crate::SCHEMA => self.runs.push(line),
            read => {
                let kind = kind_of(line, is_whole, read.err());
                self.trouble(name, kind);
            }
        }
    }

    pub(crate) fn trouble(&mut self, name: &str, kind: TroubleKind) {
        self.troubles.push(Trouble { file: name.into(), kind });
    }

    /// Sorts the runs and removes duplicates: lines of one key belong to one run.
    pub(crate) fn settle(&mut self) {
        let key = |line: &Line| (line.timestamp, line.run_timestamp, line.run.clone());
        self.runs.sort_by_cached_key(key);
        let mut seen = HashSet::new();
        self.runs.retain(|line| seen.insert(line.run.clone()));
    }

    /// Returns `read 120 runs; 1 line cut short: lines/2026/...; 2 from a newer ipcmark: ...`, and what
    /// to do about each.
    #[must_use]
    pub fn census(&self) -> String {
        let mut words = vec![format!("read {}", plural(self.runs.len(), "run"))];
        let mut told = Vec::new();
        for trouble in &self.troubles {
            let kind = std::mem::discriminant(&trouble.kind);
            if told.contains(&kind) {
                continue;
            }
            told.push(kind);
            let alike = |t: &&Trouble| std::mem::discriminant(&t.kind) == kind;
            let n = self.troubles.iter().filter(alike).count();
            let (one, several, advice) = trouble.kind.words();
            let more = if n > 1 { format!(" and {} more", n - 1) } else { String::new() };
            let what = if n == 1 { one } else { several };
            words.push(format!("{n} {what}: {}{more} ({advice})", trouble.file));
        }
        words.join("; ")
    }
}

impl TroubleKind {
    /// Returns the noun, its plural, and what to do.
    const fn words(&self) -> (&'static str, &'static str, &'static str) {
        const REPAIR: &str = "`ipcmark history repair` makes it again from its record";
        match self {
            TroubleKind::CutShort => ("line cut short", "lines cut short", REPAIR),
            TroubleKind::Newer { .. } => (
                "line from a newer ipcmark",
                "lines from a newer ipcmark",
                "update ipcmark to read it",
            ),
            TroubleKind::Foreign => (
                "file that is not a line of a history",
                "files that are not lines of a history",
                "left alone",
            ),
            TroubleKind::Damaged { .. } => ("damaged line", "damaged lines", REPAIR),
            TroubleKind::NoLine => (
                "record without a line",
                "records without a line",
                "its writer was stopped; `ipcmark history repair` adopts it",
            ),
            TroubleKind::NoRecord => (
                "line without its record",
                "lines without their records",
                "its figures count, but cannot be computed again",
            ),
        }
    }
}

fn kind_of(line: &[u8], is_whole: bool, error: Option<serde_json::Error>) -> TroubleKind {
    let start = format!("{{\"schema\":\"{FAMILY}/");
    let is_ours = line.starts_with(start.as_bytes());
    match serde_json::from_slice::<Head>(line) {
        Ok(head) => match head.schema.strip_prefix(FAMILY).and_then(|s| s.strip_prefix('/')) {
            Some(version) => match (version.parse::<u32>(), error) {
                (Ok(version), _) if version > VERSION => TroubleKind::Newer { version },
                (Ok(_), Some(error)) => TroubleKind::Damaged { what: error.to_string() },
                _ => TroubleKind::Foreign,
            },
            None => TroubleKind::Foreign,
        },
        // A line begins with its schema, so even a torn one shows whose it is.
        Err(e) if e.is_eof() && (is_ours || start.as_bytes().starts_with(line)) => {
            TroubleKind::CutShort
        }
        Err(e) if is_ours && is_whole => TroubleKind::Damaged { what: e.to_string() },
        Err(_) if is_ours => TroubleKind::CutShort,
        Err(_) => TroubleKind::Foreign,
    }
}

impl fmt::Display for TroubleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TroubleKind::CutShort => f.write_str("cut short"),
            TroubleKind::Newer { version } => write!(
                f,
                "from a newer ipcmark (line version {version}; this build reads up to {VERSION})"
            ),
            TroubleKind::Foreign => f.write_str("not a line of a history"),
            TroubleKind::Damaged { what } => write!(f, "damaged: {what}"),
            TroubleKind::NoLine => f.write_str("a record without a line"),
            TroubleKind::NoRecord => f.write_str("a line without its record"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of runs in a file of this text, and its faults.
    fn kinds(text: &str) -> (usize, Vec<TroubleKind>) {
        let mut lines = Lines::default();
        lines.read("f", text.as_bytes());
        (lines.runs.len(), lines.troubles.into_iter().map(|t| t.kind).collect())
    }

    fn line() -> String {
        let attributes = crate::Attributes { host: "00".into(), ..crate::Attributes::default() };
        let (schema, run) = (crate::SCHEMA.into(), "2026/01/k".into());
        let line = Line {
            schema,
            run,
            timestamp: 1,
            run_timestamp: 1,
            attributes,
            facts: Default::default(),
            metrics: Vec::new(),
        };
        serde_json::to_string(&line).unwrap()
    }

    #[test]
    fn a_line_is_whole_or_cut_short_wherever_it_is_cut() {
        let whole = line();
        assert_eq!(kinds(&format!("{whole}\n{whole}\n")), (2, vec![]));
        assert_eq!(kinds(&whole), (1, vec![]), "only its end is missing");
        for end in 0..whole.len() {
            let (runs, kinds) = kinds(&whole[..end]);
            assert_eq!((runs, kinds), (0, vec![TroubleKind::CutShort]), "cut at {end}");
        }
        let torn = &whole[..40];
        assert_eq!(kinds(&format!("{whole}\n{torn}")), (1, vec![TroubleKind::CutShort]));
        assert_eq!(kinds(&format!("{torn}\n{whole}\n")), (1, vec![TroubleKind::CutShort]));
    }

    #[test]
    fn others_are_told_apart() {
        let newer = line().replace("history/1", "history/7").replace("metrics", "figures");
        assert_eq!(kinds(&newer), (0, vec![TroubleKind::Newer { version: 7 }]));
        for foreign in ["{\"timestamp\":1}", "hello", "[1,2]", "{\"schema\":\"ipcmark.record/1\"}"]
        {
            assert_eq!(kinds(foreign), (0, vec![TroubleKind::Foreign]), "{foreign}");
        }
        let damaged = line().replace("\"timestamp\":1", "\"timestamp\":\"soon\"");
        assert!(matches!(kinds(&damaged).1[..], [TroubleKind::Damaged { .. }]));
        let more = line().replace("\"timestamp\"", "\"later\":[1],\"timestamp\"");
        assert_eq!(
            kinds(&more),
            (1, vec![]),
            "what a later build of this version adds is no matter"
        );
    }

    #[test]
    fn the_census_counts_and_advises() {
        let mut lines = Lines::default();
        lines.read("lines/a", line().as_bytes());
        lines.read("lines/b", &line().as_bytes()[..30]);
        lines.read("lines/c", &line().as_bytes()[..50]);
        lines.read("lines/d", line().replace("history/1", "history/2").as_bytes());
        let said = lines.census();
        for part in ["read 1 run;", "2 lines cut short: lines/b and 1 more", "1 line from a newer"]
        {
            assert!(said.contains(part), "{said}");
        }
    }
}

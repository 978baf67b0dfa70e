//! What the figures of a cell can be trusted with: the words, what they mean, and how many cells have each.

use crate::table::{Cell, words};
use crate::units::{self, plural};
use ipcmark_record::{Settings, Standing, Target};
use ipcmark_summary::{Census, Row};
use serde::Serialize;

/// In the order of the legend.
const ALL: [Standing; 5] =
    [Standing::Precise, Standing::Wide, Standing::NotSteady, Standing::Noisy, Standing::Few];

/// One word of the legend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Word {
    pub word: &'static str,
    /// For the style sheet.
    pub class: &'static str,
    /// `12 cells`.
    pub cells: String,
    pub meaning: String,
}

/// The words that occur, and what they mean under these settings.
pub(crate) fn legend(census: &Census, settings: &Settings) -> Vec<Word> {
    let word = |standing| {
        let cells = count(census, standing);
        (cells > 0).then(|| Word {
            word: standing.name(),
            class: class(standing),
            cells: plural(cells, "cell"),
            meaning: meaning(standing, settings.target.unwrap_or_default()),
        })
    };
    ALL.into_iter().filter_map(word).collect()
}

/// `12 cells: 10 measured, 2 not available here.`
pub(crate) fn census(census: &Census) -> String {
    let Census { cells, measured, failed, unavailable, unsupported, pending, .. } = *census;
    let parts: Vec<String> = [
        (measured, "measured"),
        (failed, "failed"),
        (unavailable, "not available on this machine"),
        (unsupported, "not something the mechanism can do"),
        (pending, "not reached before the run ended"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{n} {what}"))
    .collect();
    if parts.is_empty() {
        "The record has no cells.".into()
    } else {
        let standing = counts(census).map(|counts| format!(" Of those with figures {counts}."));
        let standing = standing.unwrap_or_default();
        format!("{}: {}.{standing}", units::plural(cells, "cell"), parts.join(", "))
    }
}

/// `12 precise, 40 wide`: what occurs.
fn counts(census: &Census) -> Option<String> {
    let counts = ALL.map(|standing| (count(census, standing), standing.name()));
    let counts = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
    let counts: Vec<String> = counts.collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

/// The standing of a row as a cell of a table, with how many of its invocations are set aside.
pub(crate) fn cell(row: &Row) -> Cell {
    let mut under = Vec::new();
    if row.set_aside > 0 {
        let which = if row.disturbed { ", some taken all the same" } else { "" };
        under.push(format!("{} of {} set aside{which}", row.set_aside, row.made_invocations));
    }
    if row.unsteady_invocations > 0 {
        under.push(format!("{} of {} not steady", row.unsteady_invocations, row.invocations));
    }
    let under = under.join("; ");
    match row.standing {
        Some(standing) => Cell { under, mark: class(standing), ..words(standing.name()) },
        None => Cell { under, ..words(units::NONE) },
    }
}

fn count(census: &Census, standing: Standing) -> usize {
    match standing {
        Standing::Precise => census.precise,
        Standing::Wide => census.wide,
        Standing::NotSteady => census.not_steady,
        Standing::Noisy => census.noisy,
        Standing::Few => census.few,
    }
}

const fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::Precise => "standing precise",
        Standing::Wide => "standing wide",
        Standing::NotSteady => "standing unsteady",
        Standing::Noisy => "standing noisy",
        Standing::Few => "standing thin",
    }
}

fn meaning(standing: Standing, target: Target) -> String {
    let Target { p50, p99 } = target;
    let asked = format!("± {} of a median or rate, ± {} of a p99", percent(p50), percent(p99));
    match standing {
        Standing::Precise => format!("the interval is as narrow as was asked for: {asked}"),
        Standing::Wide => format!("the interval is wider than was asked for: {asked}. A longer run narrows it"),
        Standing::NotSteady => {
            "too many of its invocations never settled while they warmed up: the figure may depend on how long one waits".into()
        }
        Standing::Noisy => {
            "too many of its invocations had to be set aside, and were still disturbed when made again: the machine stands in the figure"
                .into()
        }
        Standing::Few => {
            "fewer than 6 invocations of one distance class: no interval, and no place in a ranking".into()
        }
    }
}

fn percent(share: f64) -> String {
    crate::noise::percent(share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::row;
    use ipcmark_record::sample;

    #[test]
    fn the_legend_has_the_words_that_occur_and_their_numbers() {
        let census = Census { precise: 3, wide: 1, ..Census::default() };
        let settings = sample::record(1, 1).settings;
        let legend = legend(&census, &settings);
        let words: Vec<_> = legend.iter().map(|w| (w.word, w.cells.as_str())).collect();
        assert_eq!(words, [("precise", "3 cells"), ("wide", "1 cell")]);
        assert!(legend[1].meaning.contains("± 2.0 % of a median"), "{}", legend[1].meaning);
        assert_eq!(counts(&census).as_deref(), Some("3 precise, 1 wide"));
        assert_eq!(counts(&Census::default()), None);
    }

    #[test]
    fn a_row_tells_its_standing_and_what_was_set_aside() {
        let mut row = row("a/block", 64, 1.0, None);
        (row.standing, row.set_aside, row.made_invocations) = (Some(Standing::Noisy), 3, 12);
        let cell = super::cell(&row);
        assert_eq!((cell.text.as_str(), cell.mark), ("noisy", "standing noisy"));
        assert_eq!(cell.under, "3 of 12 set aside");
    }
}

//! Quality: how far the figures of a cell can be trusted. Its words, their meaning, and their numbers.

use ipcmark_record::{Standing, Target};
use ipcmark_show::{Cell, Tone, plural, share};
use ipcmark_summary::{Census, Row};
use serde::Serialize;

/// All, in the order of the legend.
const ALL: [Standing; 5] =
    [Standing::Precise, Standing::Wide, Standing::NotSteady, Standing::Noisy, Standing::Few];

/// One word of the legend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Word {
    /// The word.
    pub word: &'static str,
    /// Its class in the style sheet.
    pub class: &'static str,
    /// `12 cells`.
    pub cells: String,
    /// Its meaning.
    pub meaning: String,
}

/// Returns the words that occur, with their meaning for this target.
#[must_use]
pub fn legend(census: &Census, target: Target) -> Vec<Word> {
    let word = |standing| {
        let cells = count(census, standing);
        (cells > 0).then(|| Word {
            word: standing.name(),
            class: class(standing),
            cells: plural(cells, "cell"),
            meaning: meaning(standing, target),
        })
    };
    ALL.into_iter().filter_map(word).collect()
}

/// Returns `12 cells: 10 measured, 2 not available. Quality: 3 precise, 7 wide.`
#[must_use]
pub fn census(census: &Census) -> String {
    let Census { cells, measured, failed, unavailable, unsupported, pending, .. } = *census;
    let listed = |parts: &[(usize, &str)]| {
        let parts = parts.iter().filter(|(n, _)| *n > 0);
        parts.map(|(n, what)| format!("{n} {what}")).collect::<Vec<_>>().join(", ")
    };
    let states = listed(&[
        (measured, "measured"),
        (failed, "failed"),
        (unavailable, "not available"),
        (unsupported, "unsupported"),
        (pending, "not reached"),
    ]);
    if states.is_empty() {
        return "The record has no cells.".into();
    }
    let quality = listed(&ALL.map(|standing| (count(census, standing), standing.name())));
    let quality = if quality.is_empty() { quality } else { format!(" Quality: {quality}.") };
    format!("{}: {states}.{quality}", plural(cells, "cell"))
}

/// Returns the quality of a row as a cell of a table, with its disturbed invocations in small print.
pub(crate) fn cell(row: &Row) -> Cell {
    let mut under = Vec::new();
    if row.set_aside > 0 {
        let kept = if row.disturbed { ", some kept" } else { "" };
        under.push(format!(
            "{} of {} disturbed{kept}",
            row.set_aside,
            plural(row.made_invocations, "invocation")
        ));
    }
    if row.unsteady_invocations > 0 {
        let all = plural(row.invocations, "invocation");
        under.push(format!("{} of {all} not steady", row.unsteady_invocations));
    }
    let Some(standing) = row.standing else { return Cell::words("").under(under.join("; ")) };
    let tone = match standing {
        Standing::Precise => Tone::Good,
        Standing::Wide | Standing::Few => Tone::Caution,
        Standing::NotSteady | Standing::Noisy => Tone::Bad,
    };
    Cell { class: class(standing), tone, ..Cell::words(standing.name()).under(under.join("; ")) }
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

fn meaning(standing: Standing, Target { p50, p99 }: Target) -> String {
    let target = format!("± {} of a median or rate, ± {} of a p99", share(p50), share(p99));
    match standing {
        Standing::Precise => format!("the interval is within the target: {target}"),
        Standing::Wide => format!("the interval is wider than the target ({target}); a longer run narrows it"),
        Standing::NotSteady => "over a third of its invocations never settled in their warm-up (still included)".into(),
        Standing::Noisy => "over a third of its invocations were interrupted (still included): the result includes machine noise".into(),
        Standing::Few => "fewer than 6 invocations at one core-to-core latency: no interval and no rank".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::row;

    #[test]
    fn the_legend_has_the_words_that_occur_and_their_numbers() {
        let of =
            Census { cells: 5, measured: 4, failed: 1, precise: 3, wide: 1, ..Census::default() };
        let legend = legend(&of, Target { p50: 0.02, p99: 0.05 });
        let words: Vec<_> = legend.iter().map(|w| (w.word, w.cells.as_str())).collect();
        assert_eq!(words, [("precise", "3 cells"), ("wide", "1 cell")]);
        assert!(legend[1].meaning.contains("± 2 % of a median"), "{}", legend[1].meaning);
        assert_eq!(census(&of), "5 cells: 4 measured, 1 failed. Quality: 3 precise, 1 wide.");
        assert_eq!(census(&Census::default()), "The record has no cells.");
    }

    #[test]
    fn a_row_shows_its_quality_and_its_disturbed_invocations() {
        let mut row = row("a/block", 64, 1.0, None);
        (row.standing, row.set_aside, row.made_invocations) = (Some(Standing::Noisy), 3, 12);
        let cell = super::cell(&row);
        assert_eq!((cell.text.as_str(), cell.class), ("noisy", "standing noisy"));
        assert_eq!(cell.under, "3 of 12 invocations disturbed");
    }
}

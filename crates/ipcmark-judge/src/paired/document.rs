//! A paired comparison and a series of them as text.

use super::{Comparison, JudgedCell, Standing, Trials};
use crate::document::Document;
use crate::finding::NOT_THE_QUOTIENT;
use crate::table::{Row, name, table, tone};
use crate::{Finding, Verdict};
use ipcmark_record::CellKey;
use ipcmark_show::{Cell, Head, NONE, Table, Tone, change, plural, share};

/// Number of cells from which on a note names their number only.
const MANY: usize = 4;

impl Comparison {
    /// Describes the comparison: the verdict, the alarms, what changed, what is undecided.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = Document::new("Paired comparison");
        let found = self.findings();
        let worst = self.worst();
        let doubt = if self.alarms.is_empty() { "" } else { ", and the comparison is doubtful" };
        document.verdict(tone(worst), &format!("{}{doubt}", verdict(worst)), self.census.line());
        if let Some(line) = self.census.detectable_line() {
            document.summary(Tone::Plain, "", line);
        }
        for alarm in &found.alarms {
            document.note(Tone::Bad, "Alarm", alarm);
        }
        for warning in &found.warnings {
            document.note(Tone::Caution, "Note", warning);
        }
        for verdict in Verdict::ALL {
            let of_it = found.findings.iter().filter(|finding| finding.verdict == verdict);
            let detail = verdict == Verdict::Equivalent;
            let rows = table(of_it.map(Row::of), false).without_empty();
            document.table(verdict.title(), tone(verdict), detail, rows);
        }
        if found.findings.iter().any(|finding| finding.by_medians().is_some()) {
            document.summary(Tone::Plain, "Change", NOT_THE_QUOTIENT);
        }
        for verdict in [Verdict::Failed, Verdict::Missing, Verdict::Absent] {
            let cells = found.unjudged.iter().filter(|cell| cell.verdict == verdict);
            let entries = cells.map(|cell| (name(&cell.key), cell.why.clone())).collect();
            document.list(verdict.title(), verdict == Verdict::Absent, entries);
        }
        self.canary(&mut document);
        document.list("Notes", true, notes(&self.cells));
        let sides = format!(
            "Base: {}. New: {}. Suite {}, started {}, host {} ({}).",
            found.base, found.new, self.suite, self.started, self.host_fingerprint, self.host
        );
        document.text("How this was measured", true, format!("{sides} {}", self.method()));
        document
    }

    /// Adds the canary: one line if it was detected, and its figures on request.
    fn canary(&self, document: &mut Document) {
        for cell in self.cells.iter().filter(|cell| cell.canary) {
            let findings: Vec<Finding> = cell.findings().collect();
            let missed = self.alarms.iter().any(|alarm| alarm.key == cell.key);
            let delay = cell.slow_down_permille.map(|permille| share(f64::from(permille) / 1e3));
            if let (Standing::Judged, false, Some(delay), Some(found)) =
                (&cell.standing, missed, delay, findings.first())
            {
                let words = format!(
                    "a known delay of {delay} in {} was detected as {}.",
                    name(&cell.key),
                    change(found.ratio)
                );
                document.summary(Tone::Plain, "Canary", words);
            }
            let rows = table(findings.iter().map(Row::of), true).without_empty();
            document.table("Canary: it must be detected", Tone::Plain, true, rows);
        }
    }

    /// Describes the method, for readers who doubt the figures.
    fn method(&self) -> String {
        let Comparison { settings, policy, census, .. } = self;
        format!(
            "Three programs of each cell ran side by side: the base, the new side, and the base \
             again. They took turns in slices of {} ms, in the order A B C C B A, {} slices each; \
             the others slept meanwhile, spinning ones too. Each slice finds the caches, queues and \
             clock rates that the one before left: a random order for each pair, and its way back, \
             spread that over the sides but do not remove it. A pair of such invocations is one \
             replicate: the median over its laps in which the CPUs did not move. Every cell was \
             screened with up to {} pairs. {} of {} cells were measured again with up to {} fresh \
             pairs (p at most {} at first, or an estimate beyond the smallest effect that these \
             pairs can decide), and only those can be called changed: Holm-adjusted p at most {}, \
             and the whole {} interval beyond the smallest effect ({} on p50 and tasks, {} on p99, \
             {} on the time per message). Equivalent means that the whole interval is within it. All \
             figures are times: + is slower. A p50 is the mean of the middle half.",
            settings.slice_ms,
            settings.turns,
            settings.screen_pairs,
            census.looked_at_again,
            census.cells,
            settings.confirm_pairs,
            settings.screen_p,
            policy.false_changes,
            share(policy.confidence),
            share(policy.smallest.p50),
            share(policy.smallest.p99),
            share(policy.smallest.rate),
        )
    }
}

/// Returns the verdict on the whole.
const fn verdict(worst: Verdict) -> &'static str {
    match worst {
        Verdict::Failed => "Failed",
        Verdict::Improved => "Improved, and nothing regressed",
        Verdict::Inconclusive | Verdict::Missing => "Undecided, nothing regressed so far",
        other => other.title(),
    }
}

/// Returns each note once, with its cells.
fn notes(cells: &[JudgedCell]) -> Vec<(String, String)> {
    let mut notes: Vec<(&str, Vec<&CellKey>)> = Vec::new();
    for (cell, note) in cells.iter().flat_map(|c| c.notes.iter().map(move |n| (c, n))) {
        match notes.iter_mut().find(|(words, _)| words == note) {
            Some((_, cells)) if cells.contains(&&cell.key) => {}
            Some((_, cells)) => cells.push(&cell.key),
            None => notes.push((note, vec![&cell.key])),
        }
    }
    let named = |cells: Vec<&CellKey>| match cells.len() {
        many if many >= MANY => plural(many, "cell"),
        _ => cells.into_iter().map(name).collect::<Vec<_>>().join(", "),
    };
    notes.into_iter().map(|(note, cells)| (named(cells), note.into())).collect()
}

impl Trials {
    /// Describes the counts.
    #[must_use]
    pub fn document(&self) -> Document {
        let Trials { comparisons: n, cells, figures, equivalent, .. } = self;
        let mut document = Document::new(format!("{n} comparisons of a program with itself"));
        let suite = format!(
            "suite {}, {}. The sides differ only in the known delays below.",
            self.suite,
            plural(*cells, "cell")
        );
        document.note(Tone::Plain, "Each", suite);
        let comparisons = |n| plural(n, "comparison");
        for (label, words) in [
            (
                "False alarms",
                format!(
                    "{} of {} called something changed that is not: {} of {}.",
                    self.with_false_changes,
                    comparisons(*n),
                    self.false_changes.len(),
                    plural(*figures, "figure")
                ),
            ),
            ("Equivalent", format!("{equivalent} of those figures; the others are undecided.")),
            (
                "Self-checks",
                format!(
                    "{} of {} found the base changed against itself; {} of {n} detected the canary \
                     at its size.",
                    self.again_alarms,
                    comparisons(*n),
                    self.canaries_found
                ),
            ),
        ] {
            document.summary(Tone::Plain, label, words);
        }
        let wrong = self.false_changes.iter().map(|c| {
            let of = format!("comparison {}, {}", c.comparison, name(&c.key));
            (of, format!("{}, {}", c.verdict.name(), change(c.ratio)))
        });
        document.list("False changes", false, wrong.collect());
        let heads = vec![
            Head::words("slowed down", ""),
            Head::number("by", ""),
            Head::number("detected", ""),
            Head::number("smallest, median, largest estimate", ""),
        ];
        let rows = self.slowed.iter().map(|slowed| {
            let estimates = slowed.ratios.map_or(NONE.into(), |(low, middle, high)| {
                [low, middle, high].map(change).join(", ")
            });
            let delay = share(f64::from(slowed.permille) / 1e3);
            let detected = format!("{} of {}", slowed.found, slowed.of);
            [name(&slowed.key), delay, detected, estimates].map(Cell::from).to_vec()
        });
        let table = Table { heads, rows: rows.collect() };
        document.table("Known delays", Tone::Plain, false, table);
        let heads = vec![Head::words("cell", ""), Head::number("detectable from", "")];
        let rows = self.detectable.iter();
        let rows = rows.map(|(key, d)| [name(key), share(*d)].map(Cell::from).to_vec()).collect();
        let title = "Smallest slow-down that one comparison detects in four cases of five";
        document.table(title, Tone::Plain, true, Table { heads, rows });
        document
    }
}

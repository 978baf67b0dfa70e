//! The comparison of two records as text.

use super::{ALIKE, AcrossHosts, Comparison, NotComparable, Position};
use crate::Verdict;
use crate::document::Document;
use crate::table::{Row, name, table, tone};
use ipcmark_show::{Cell, Head, Quantity, Table, Tone, plural, share};
use ipcmark_summary::Estimate;

impl Comparison {
    /// Describes the comparison: the caution, what is suspected, then the rest.
    #[must_use]
    pub fn document(&self) -> Document {
        let Comparison { base, new, caution, warnings, smallest, .. } = self;
        let mut document = Document::new("Comparison of two records");
        document.verdict(Tone::Plain, "", self.line());
        document.note(Tone::Caution, "Caution", caution);
        for warning in warnings {
            document.note(Tone::Caution, "Warning", warning);
        }
        document.note(Tone::Plain, "Base", base.words());
        document.note(Tone::Plain, "New", new.words());
        let method = format!(
            "All figures are times: + is slower. A suspicion means that the two 95 % intervals lie \
             apart by more than {} (p50, tasks), {} (p99) or {} (time per message).",
            share(smallest.p50),
            share(smallest.p99),
            share(smallest.rate)
        );
        document.note(Tone::Plain, "", method);
        for verdict in Verdict::ALL {
            let rows = self.findings.iter().filter(|finding| finding.verdict == verdict);
            let detail = !verdict.is_change();
            let rows = table(rows.map(Row::of), false).without_empty();
            document.table(verdict.title(), tone(verdict), detail, rows);
        }
        for verdict in [Verdict::Failed, Verdict::Missing, Verdict::Absent] {
            let cells = self.unjudged.iter().filter(|cell| cell.verdict == verdict);
            let entries = cells.map(|cell| (name(&cell.key), cell.why.clone())).collect();
            document.list(verdict.title(), verdict == Verdict::Absent, entries);
        }
        let notes = self.notes.iter().map(|note| (name(&note.key), note.text.clone()));
        document.list("Notes", true, notes.collect());
        document
    }
}

impl AcrossHosts {
    /// Describes the comparison. It shows no time.
    #[must_use]
    pub fn document(&self) -> Document {
        let AcrossHosts { base, new, caution, differences, cells, not_comparable, .. } = self;
        let mut document = Document::new("Comparison of two machines by their limits");
        let count = |position| cells.iter().filter(|c| c.position == position).count();
        let line = format!(
            "{} of {} have the same limit in both: {} farther from it in the new record, {} \
             nearer, {} alike (within {}), {} undecided.",
            cells.len(),
            plural(cells.len() + not_comparable.len(), "cell"),
            count(Position::Farther),
            count(Position::Nearer),
            count(Position::Alike),
            share(ALIKE),
            count(Position::Undecided)
        );
        document.verdict(Tone::Plain, "", line);
        document.note(Tone::Caution, "Caution", caution);
        document.note(Tone::Plain, "Base", base.words());
        document.note(Tone::Plain, "New", new.words());
        if !differences.is_empty() {
            document.note(Tone::Plain, "What differs", differences.join("; "));
        }
        let factor = |times: &Estimate| Cell::value(Quantity::Factor, times.value);
        let heads = vec![
            Head::words("cell", ""),
            Head::words("its limit", "").spare(1),
            Head::number("base / limit", ""),
            Head::number("new / limit", ""),
            Head::number("change", "new / base"),
            Head::words("position", ""),
        ];
        let rows = cells.iter().map(|cell| {
            vec![
                name(&cell.key).into(),
                cell.limit.as_str().into(),
                factor(&cell.base_times),
                factor(&cell.new_times),
                Cell::estimate(Quantity::Change, cell.ratio, cell.interval),
                cell.position.name().into(),
            ]
        });
        document.table("Cells", Tone::Plain, false, Table { heads, rows: rows.collect() });
        let others =
            not_comparable.iter().map(|NotComparable { key, why }| (name(key), why.clone()));
        document.list("Not comparable", true, others.collect());
        document
    }
}

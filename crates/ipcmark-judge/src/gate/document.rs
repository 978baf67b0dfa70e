//! The outcome as text, for a terminal, a job's summary or a comment.

use super::{Item, Level, Outcome};
use crate::document::Document;
use crate::finding::NOT_THE_QUOTIENT;
use crate::table::{Row, table, tone};
use crate::{Finding, Verdict};
use ipcmark_show::{Table, Tone};

impl Outcome {
    /// Describes the outcome: the decision and its reasons, then a table per verdict, the worst
    /// first. Equivalent figures are details, and so is what a rule ignores.
    #[must_use]
    pub fn document(&self) -> Document {
        let decision = format!("ipcmark gate: {}", self.decision.name());
        let mut document = Document::new(decision);
        for note in self.notes.iter().filter(|note| !self.because.contains(&note.text)) {
            let warning = note.level == Level::Warning;
            let (tone, label) =
                if warning { (Tone::Caution, "Warning") } else { (Tone::Plain, "Note") };
            document.note(tone, label, &note.text);
        }
        for verdict in Verdict::ALL.into_iter().filter(|verdict| *verdict != Verdict::Absent) {
            let items = self.called(verdict);
            let title = format!("{}: {}", verdict.title(), items.len());
            let detail = verdict == Verdict::Equivalent;
            document.table(title, tone(verdict), detail, of(&items));
        }
        for (title, items) in [
            ("Ignored by a rule", self.those(|item| item.ignored && item.call != Verdict::Absent)),
            (
                "Floors, which only show whether the rest is credible",
                self.those(|item| item.floor && !item.ignored),
            ),
        ] {
            document.table(format!("{title}: {}", items.len()), Tone::Dim, true, of(&items));
        }
        let found = self.items.iter().filter_map(|item| item.finding.as_ref());
        if found.filter_map(Finding::by_medians).next().is_some() {
            document.summary(Tone::Plain, "Change", NOT_THE_QUOTIENT);
        }
        document.summary(Tone::Plain, "", self.tally.line(self.paired));
        document.summary(Tone::Plain, "Base", self.base.trim_end_matches('.'));
        document.summary(Tone::Plain, "New", self.new.trim_end_matches('.'));
        let how = if self.paired { "measured side by side" } else { "records of different times" };
        let policy = self.policy.as_deref().unwrap_or("the built-in one (--print-policy)");
        let compared = format!("{how}. Policy: {policy}. All figures are times: + is slower.");
        document.summary(Tone::Plain, "Compared", compared);
        let decision = tone(self.decision.verdict());
        let label = format!("Gate {}", self.decision.name());
        document.verdict(decision, &label, self.because.join("; "));
        document
    }
}

fn of(items: &[&Item]) -> Table {
    let rows = items.iter().map(|item| Row {
        key: &item.key,
        finding: item.finding.as_ref(),
        verdict: item.call,
        why: item.why.as_deref(),
    });
    table(rows, false)
}

//! The outcome as Markdown, for a job's summary or a comment.

use crate::item::percent;
use crate::{Call, Item, Level, Outcome};
use ipcmark_judge::time;
use std::fmt::Write as _;

/// The outcome as Markdown: the decision and what made it, then a table for each call, the worst first. What is equivalent is
/// folded away; what a rule takes out stands in a table of its own, because nobody should forget it.
#[must_use]
pub fn to_markdown(outcome: &Outcome) -> String {
    let mut text = format!("## ipcmark gate: {}\n\n", outcome.decision.name());
    for reason in &outcome.because {
        let _ = writeln!(text, "- {}", escape(reason));
    }
    let _ = write!(text, "\n{}\n\n", escape(&outcome.tally.line()));
    let how = if outcome.paired { "both alive at once" } else { "records of different times" };
    let policy = outcome.policy.as_deref().unwrap_or("the one that is built in");
    let _ = write!(
        text,
        "Base: {}. New: {}. Compared: {how}. Policy: {}. All figures are times: + is slower.\n\n",
        escape(outcome.base.trim_end_matches('.')),
        escape(outcome.new.trim_end_matches('.')),
        escape(policy)
    );
    for note in outcome.notes.iter().filter(|note| !outcome.because.contains(&note.text)) {
        let word = if note.level == Level::Warning { "**Warning.** " } else { "" };
        let _ = write!(text, "> {word}{}\n\n", escape(&note.text));
    }
    for call in Call::ALL.into_iter().filter(|call| *call != Call::Absent) {
        table(&mut text, title(call), &outcome.called(call), call == Call::Equivalent);
    }
    let taken_out = |item: &&Item| item.ignored && item.call != Call::Absent;
    let ignored: Vec<&Item> = outcome.items.iter().filter(taken_out).collect();
    table(&mut text, "Ignored by a rule", &ignored, true);
    let floors: Vec<&Item> = outcome.items.iter().filter(|i| i.floor && !i.ignored).collect();
    table(&mut text, "Floors, which only tell whether the rest may be believed", &floors, true);
    let _ = writeln!(text, "{}", escape(&outcome.census));
    text
}

const fn title(call: Call) -> &'static str {
    match call {
        Call::Failed => "Failed on the new side alone",
        Call::Regressed => "Regressed",
        Call::Missing => "Missing on the new side",
        Call::Inconclusive => "Inconclusive: not a pass",
        Call::Improved => "Improved",
        Call::Equivalent => "Equivalent",
        Call::Absent => "Measured on neither side",
    }
}

fn table(text: &mut String, title: &str, items: &[&Item], folded: bool) {
    if items.is_empty() {
        return;
    }
    let n = items.len();
    if folded {
        let _ = write!(text, "<details><summary>{title}: {n}</summary>\n\n");
    } else {
        let _ = write!(text, "### {title}: {n}\n\n");
    }
    text.push_str(
        "| cell | figure | change | base | new | judged against | would show | replicates | why |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n",
    );
    for item in items {
        let _ = writeln!(text, "{}", row(item));
    }
    text.push_str(if folded { "\n</details>\n\n" } else { "\n" });
}

fn row(item: &Item) -> String {
    let of = |words: &dyn Fn(&ipcmark_judge::Finding) -> String| {
        item.finding.as_ref().map(words).unwrap_or_default()
    };
    let cells = [
        item.key.to_string(),
        item.figure.unwrap_or_default().into(),
        item.change().unwrap_or_default(),
        of(&|f| time(f.base_ns)),
        of(&|f| time(f.new_ns)),
        of(&|f| percent(f.delta)),
        of(&|f| f.detectable.map(percent).unwrap_or_default()),
        of(&|f| f.replicates.to_string()),
        item.why.clone().unwrap_or_default(),
    ];
    format!("| {} |", cells.map(|cell| escape(&cell)).join(" | "))
}

/// Words of other people, as they are: on one line, and without a meaning in Markdown or HTML.
pub(crate) fn escape(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '\n' | '\r' => text.push(' '),
            '<' => text.push_str("&lt;"),
            '&' => text.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' => text.extend(['\\', c]),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_mean_nothing_in_markdown() {
        assert_eq!(escape("a|b\n<i>*x*_y_ `&"), "a\\|b &lt;i>\\*x\\*\\_y\\_ \\`&amp;");
    }
}

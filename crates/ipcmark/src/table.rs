//! The tables of a record on the terminal.

#[cfg(test)]
mod tests;

use crate::output::paint;
use ipcmark_record::Record;
use ipcmark_show::terminal::{dropping, wrapped};
use ipcmark_show::{Tone, bytes, count, plural};
use ipcmark_summary::{Headline, Summary};
use ipcmark_view::{
    FEW_MEANS, INTERVAL, LIMIT_MEANS, RATE_MEANS, Ranking, any_few, braced, gap, gaps, grouped,
    legend, noise, not_ranked, ranking_table, rankings,
};

/// Returns a line for each reason: `  name, name: reason`.
pub(crate) fn reasons<'a>(
    reasons: impl IntoIterator<Item = (&'a str, String)>,
    rows: usize,
    columns: Option<u16>,
) -> String {
    let line = |(names, reason): &(String, String)| {
        wrapped("  ", &format!("{names}: {reason}"), 4, columns)
    };
    grouped(reasons, rows).iter().map(line).collect()
}

/// Returns the measurement quality: its verdict, and its grounds in short. The report has the details.
pub(crate) fn machine(record: &Record, summary: &Summary, columns: Option<u16>) -> String {
    let noise = noise(record, summary);
    let signs = noise.signs.iter().map(|sign| format!("{} {}", sign.name, sign.value));
    let signs = wrapped("  ", &signs.collect::<Vec<_>>().join("; "), 2, columns);
    let verdict = wrapped("", &noise.verdict, 2, columns);
    format!("{}\n{signs}\n", paint(Tone::Title, verdict.trim_end()))
}

/// Returns all rankings, the cells without a figure, and the meaning of the words in them.
pub(crate) fn tables(summary: &Summary, columns: Option<u16>) -> String {
    let rankings = rankings(summary);
    let mut text: String = rankings.iter().map(|ranking| one(ranking, summary, columns)).collect();
    let mut missing = String::new();
    for gap in gaps(summary) {
        let (names, cells) = (braced(&gap.transports), &gap.cells);
        let line = format!("{names}: {}: {} ({cells})", gap.kind, gap.why);
        missing += &wrapped("  ", &line, 4, columns);
    }
    missing += &reasons(not_ranked(summary, &rankings), usize::MAX, columns);
    if !missing.is_empty() {
        text += &format!("{}\n{missing}\n", paint(Tone::Title, "Not measured"));
    }
    text + &meanings(summary, &rankings, columns)
}

fn one(ranking: &Ranking<'_>, summary: &Summary, columns: Option<u16>) -> String {
    let setting = &ranking.setting;
    let class = ranking.class.map_or_else(String::new, |class| format!(", CPUs {class} apart"));
    let title = format!("{}, {}{class}", setting.workload, setting.place());
    let table = ranking_table(ranking);
    let (mut text, dropped) = dropping(&table, columns, &paint);
    let notes = table.heads.iter().position(|head| head.text == "Notes");
    if let Some(at) = notes.filter(|at| dropped.contains(at)) {
        let named = table.heads.iter().position(|head| head.text == "Transport").unwrap_or(0);
        let notes = table.rows.iter().map(|row| (row[named].text.as_str(), row[at].text.clone()));
        text += &reasons(notes.filter(|(_, note)| !note.is_empty()), table.rows.len(), columns);
    }
    text += &ranking.foot().map(|foot| wrapped("  ", &foot, 4, columns)).unwrap_or_default();
    let missing =
        summary.rows.iter().filter(|row| setting.holds(row) && gap(row).is_some()).count();
    if missing > 0 {
        text += &format!("  {missing} not measured: see the end\n");
    }
    format!("{}\n{text}\n", paint(Tone::Title, &title))
}

/// Returns the meaning of the columns and words that occur.
fn meanings(summary: &Summary, rankings: &[Ranking<'_>], columns: Option<u16>) -> String {
    let rows = || summary.rows.iter();
    let is_rate = |ranking: &Ranking<'_>| ranking.setting.headline() == Headline::Rate;
    let mut sizes: Vec<u64> = rows().filter_map(|row| row.key.capacity_bytes).collect();
    sizes.dedup();
    let buffer = match sizes[..] {
        [size] => Some(format!(
            "buffers: {} asked for each way; notes say what each transport got",
            bytes(size)
        )),
        _ => None,
    };
    let lines = [
        (!rankings.is_empty()).then(|| INTERVAL.to_owned()),
        any_few(&summary.rows).then(|| format!("in parentheses: {FEW_MEANS}")),
        rankings.iter().any(is_rate).then(|| RATE_MEANS.to_owned()),
        rows().any(|row| row.limit.is_some()).then(|| LIMIT_MEANS.to_owned()),
        buffer,
    ];
    let words = legend(&summary.census, summary.target);
    let quality = words.iter().map(|w| format!("{} ({}): {}", w.word, w.cells, w.meaning));
    lines.into_iter().flatten().chain(quality).map(|line| wrapped("", &line, 2, columns)).collect()
}

/// Returns the answer in a few sentences.
pub(crate) fn answer(summary: &Summary, columns: Option<u16>) -> String {
    let mut text = format!("{}\n", paint(Tone::Title, "The answer"));
    for part in ipcmark_view::answer(summary, &rankings(summary)) {
        if !part.head.is_empty() {
            text += &format!("  {}\n", part.head);
        }
        for sentence in part.sentences {
            text += &wrapped("    ", &sentence.replace(['`', '*'], ""), 6, columns);
        }
    }
    text + "\n"
}

/// Returns the size of a run: `1,040 runs, 93,483,221 messages checked.`
pub(crate) fn headline(summary: &Summary) -> String {
    let messages: u64 = summary.rows.iter().map(|row| row.messages).sum();
    let runs: usize = summary.rows.iter().map(|r| r.made_invocations).sum();
    format!("{}, {} messages checked.", plural(runs, "run"), count(messages))
}

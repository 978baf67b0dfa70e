//! The tables of a record on the terminal.

#[cfg(test)]
mod tests;

use crate::output::paint;
use ipcmark_record::{Knee, Record};
use ipcmark_show::terminal::{dropping, wrapped};
use ipcmark_show::{Tone, bytes, count, plural};
use ipcmark_summary::Summary;
use ipcmark_view::{
    FEW_MEANS, INTERVAL, LIMIT_MEANS, NOTES, RANK_MEANS, Ranking, any_few, braced, gap, gaps,
    grouped, legend, noise, not_ranked, ranking_table, rankings, size_table,
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
    let signs = signs.collect::<Vec<_>>().join("; ") + ". The report explains these.";
    let signs = wrapped("  ", &signs, 2, columns);
    let verdict = wrapped("", &noise.verdict, 2, columns);
    format!("{}\n{signs}\n", paint(Tone::Title, verdict.trim_end()))
}

/// Returns the meaning of what is in the tables, all rankings, and the cells without a figure.
pub(crate) fn tables(summary: &Summary, columns: Option<u16>) -> String {
    let rankings = rankings(summary);
    let mut text = meanings(summary, &rankings, columns);
    text.extend(rankings.iter().map(|ranking| one(ranking, summary, columns)));
    if let Some(table) = size_table(&summary.rows) {
        let (table, _) = dropping(&table, columns, &paint);
        text += &format!("{}\n{table}\n", paint(Tone::Title, "By message size"));
    }
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
    text
}

fn one(ranking: &Ranking<'_>, summary: &Summary, columns: Option<u16>) -> String {
    let setting = &ranking.setting;
    let title = format!("{}: {}", ranking.title(), setting.workload.idea());
    let mut table = ranking_table(ranking);
    // Notes are lines under the table, so that rows with the same one share it.
    let at = table.heads.iter().position(|head| head.text == NOTES);
    table.drop_column(at.unwrap_or(usize::MAX));
    let (mut text, dropped) = dropping(&table, columns, &paint);
    let is_dropped = |head: &str| dropped.iter().any(|at| table.heads[*at].text == head);
    for (_, foot) in ranking.feet().iter().filter(|(head, _)| !is_dropped(head)) {
        text += &wrapped("  ", foot, 4, columns);
    }
    text += &reasons(ranking.notes(), ranking.entries.len(), columns);
    let missing =
        summary.rows.iter().filter(|row| setting.holds(row) && gap(row).is_some()).count();
    if missing > 0 {
        text += &format!("  {missing} not measured: see \"Not measured\" below\n");
    }
    let title = wrapped("", &title, 2, columns);
    format!("{}\n{text}\n", paint(Tone::Title, title.trim_end()))
}

/// Returns the meaning of the columns and words that occur.
fn meanings(summary: &Summary, rankings: &[Ranking<'_>], columns: Option<u16>) -> String {
    if rankings.is_empty() {
        return String::new();
    }
    let rows = || summary.rows.iter();
    let mut sizes: Vec<u64> = rows().filter_map(|row| row.key.capacity_bytes).collect();
    sizes.dedup();
    let buffer = match sizes[..] {
        [size] => Some(format!(
            "buffer: what each transport got for each direction ({} was asked for), as it counts bytes; the report's \
             table of all cells has the room in messages",
            bytes(size)
        )),
        _ => None,
    };
    let lines = [
        Some(RANK_MEANS.to_owned()),
        Some(INTERVAL.to_owned()),
        any_few(&summary.rows).then(|| format!("(figure in parentheses): {FEW_MEANS}")),
        rows().any(|row| row.limit.is_some()).then(|| LIMIT_MEANS.to_owned()),
        buffer,
    ];
    let words = legend(&summary.census, summary.target);
    let quality = words.iter().map(|w| format!("{} ({}): {}", w.word, w.cells, w.meaning));
    let lines = lines.into_iter().flatten().chain(quality);
    let lines: String = lines.map(|line| wrapped("  ", &line, 4, columns)).collect();
    format!("{}\n{lines}\n", paint(Tone::Title, "How to read the tables"))
}

/// Returns the answer in a few sentences.
pub(crate) fn answer(summary: &Summary, knees: &[Knee], columns: Option<u16>) -> String {
    let mut text = format!("{}\n", paint(Tone::Title, "The answer"));
    for part in ipcmark_view::answer(&rankings(summary), knees) {
        if !part.head.is_empty() {
            text += &format!("  {}\n", part.head);
        }
        for sentence in part.sentences {
            text += &wrapped("    ", &sentence.replace(['`', '*'], ""), 6, columns);
        }
    }
    text + "\n"
}

/// Returns the size of a run: `1,040 invocations, 93,483,221 messages checked.`
pub(crate) fn headline(summary: &Summary) -> String {
    let messages: u64 = summary.rows.iter().map(|row| row.messages).fold(0, u64::saturating_add);
    let made: usize = summary.rows.iter().map(|r| r.made_invocations).sum();
    format!("{}, {} messages checked.", plural(made, "invocation"), count(messages))
}

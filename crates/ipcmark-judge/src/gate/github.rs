//! What GitHub Actions read: annotations, the job's summary, and the step's outputs.
//!
//! GitHub documents them under "Workflow commands for GitHub Actions": a command is a line
//! `::error file=..,line=..,title=..::message`; in the message `%`, CR and LF are `%25`, `%0D`, `%0A`,
//! in a property also `:` and `,` are `%3A` and `%2C`. A step shows 10 annotations of a kind and
//! silently drops the rest; a summary above 1 MiB is not shown at all.

use super::{Item, Level, Outcome};
use ipcmark_show::change;
use std::fmt::Write as _;

/// Annotations of one kind that a step shows.
pub const MOST_OF_A_KIND: usize = 10;

/// Bytes of a step's summary.
pub const SUMMARY_BYTES: usize = 1 << 20;

/// Returns the lines of annotations. They point at the policy: at the rule about the figure, or at
/// its first line; without a policy's file they belong to the run. `root` is the repository's folder,
/// which is removed from an absolute path of the policy.
#[must_use]
pub fn annotations(outcome: &Outcome, root: Option<&str>) -> String {
    let file = outcome.policy.as_deref().map(|file| relative(file, root));
    let mut text = String::new();
    for (level, word) in
        [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Notice, "notice")]
    {
        let notes = outcome.notes.iter().filter(|note| note.level == level);
        let notes = notes.map(|note| ("ipcmark gate".into(), note.text.clone(), note.line));
        let items = outcome.at(level);
        let items = items.iter().map(|item| (title(item), item.sentence(), item.line));
        let all: Vec<(String, String, Option<usize>)> = notes.chain(items).collect();
        // The last one says how many are left out.
        let shown = if all.len() > MOST_OF_A_KIND { MOST_OF_A_KIND - 1 } else { all.len() };
        for (title, message, line) in &all[..shown] {
            command(&mut text, word, file, *line, title, message);
        }
        let more = all.len() - shown;
        if more > 0 {
            let message = format!("and {more} more; the job's summary has them all");
            command(&mut text, word, file, None, "ipcmark gate", &message);
        }
    }
    text
}

/// Returns `pipe/block ping-pong 64 B same-core, p50 round trip: +5.2 %`.
fn title(item: &Item) -> String {
    let change = item.finding.as_ref().map(|found| change(found.ratio));
    format!("{}: {}", item.name(), change.as_deref().unwrap_or(item.call.name()))
}

fn command(
    text: &mut String,
    word: &str,
    file: Option<&str>,
    line: Option<usize>,
    title: &str,
    message: &str,
) {
    let place = file.map(|file| format!("file={},line={},", property(file), line.unwrap_or(1)));
    let place = place.unwrap_or_default();
    let _ = writeln!(text, "::{word} {place}title={}::{}", property(title), data(message));
}

fn data(words: &str) -> String {
    words.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(words: &str) -> String {
    data(words).replace(':', "%3A").replace(',', "%2C")
}

fn relative<'a>(file: &'a str, root: Option<&str>) -> &'a str {
    let inside = root.and_then(|root| file.strip_prefix(root));
    inside.map_or(file, |rest| rest.trim_start_matches('/')).trim_start_matches("./")
}

/// Cuts a summary to `room` bytes: whole lines, and a last one that says so. Closes a folded part.
#[must_use]
pub fn cut_summary(markdown: &str, room: usize) -> String {
    const LAST: &str = "\nThe rest was cut: a step's summary holds 1 MiB. \
                       `ipcmark gate --markdown FILE` writes all of it.\n";
    const CLOSED: &str = "\n</details>\n";
    if markdown.len() <= room {
        return markdown.into();
    }
    let room = room.saturating_sub(LAST.len() + CLOSED.len());
    let mut text = String::new();
    for line in markdown.split_inclusive('\n') {
        if text.len() + line.len() > room {
            break;
        }
        text.push_str(line);
    }
    if text.matches("<details>").count() > text.matches("</details>").count() {
        text.push_str(CLOSED);
    }
    if text.is_empty() && room == 0 {
        return text;
    }
    text + LAST
}

/// Returns the lines for the file behind `GITHUB_OUTPUT`: `decision=regressed` and the counts.
#[must_use]
pub fn outputs(outcome: &Outcome) -> String {
    let tally = &outcome.tally;
    let mut text =
        format!("decision={}\nexit-code={}\n", outcome.decision.name(), outcome.exit_code);
    for (name, count) in [
        ("figures", tally.counts.figures),
        ("regressed", tally.counts.regressed),
        ("improved", tally.counts.improved),
        ("equivalent", tally.counts.equivalent),
        ("inconclusive", tally.counts.inconclusive),
        ("suspected-slower", tally.counts.suspected_slower),
        ("failed", tally.failed),
        ("missing", tally.missing),
    ] {
        let _ = writeln!(text, "{name}={count}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_cut_at_a_lines_end_and_says_so() {
        let row = "| a | b |\n";
        let markdown = format!("<details>\n\n{}", row.repeat(100));
        assert_eq!(cut_summary(&markdown, markdown.len()), markdown);
        for room in [300, 500, 900] {
            let cut = cut_summary(&markdown, room);
            assert!(cut.len() <= room, "{} of {room}", cut.len());
            assert!(cut.contains("The rest was cut") && cut.contains("</details>"));
            assert!(
                cut.lines()
                    .filter(|line| line.starts_with("| a"))
                    .all(|line| line == row.trim_end())
            );
        }
        assert_eq!(cut_summary(&markdown, 0), "", "no room for a word");
    }

    #[test]
    fn paths_are_those_of_the_repository() {
        assert_eq!(relative("/w/repo/ci/p.toml", Some("/w/repo")), "ci/p.toml");
        assert_eq!(relative("./p.toml", Some("/w/repo")), "p.toml");
        assert_eq!(relative("p.toml", None), "p.toml");
    }
}

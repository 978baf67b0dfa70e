//! What stands in a table only where some row has it: its distance class, its flag, how many times its limit it takes.

use crate::layout::wrapped;
use crate::units::factor;
use console::Style;
use ipcmark_record::{Standing, Target};
use ipcmark_summary::{DistanceClass, Row};

/// What is worth a flag, the worst first.
const FLAGS: [Standing; 4] = [Standing::NotSteady, Standing::Noisy, Standing::Wide, Standing::Few];

/// A column that only some tables have.
pub(super) struct Mark {
    pub(super) head: &'static str,
    /// True where it holds numbers.
    pub(super) right: bool,
    /// True where it may be left out on a narrow terminal; that one stands last.
    pub(super) may_go: bool,
    pub(super) of: fn(&Row) -> String,
}

/// Beside the interval: the flags.
const FLAG: Mark =
    Mark { head: "flag", right: false, may_go: false, of: |row| flag(row).unwrap_or("").into() };
/// Where the rows of a table are of several classes.
const CLASS: Mark = Mark { head: "CPUs apart", right: true, may_go: false, of: apart };
/// Where a limit was measured that bounds the figure.
const LIMIT: Mark = Mark { head: "× limit", right: true, may_go: true, of: times_limit };

/// The columns that a table of these rows has, to stand behind its interval.
pub(super) fn marks(rows: &[&Row]) -> Vec<Mark> {
    let mut marks = Vec::new();
    if shared_class(rows).is_none() && rows.iter().any(|row| row.class.is_some()) {
        marks.push(CLASS);
    }
    if rows.iter().any(|row| flag(row).is_some()) {
        marks.push(FLAG);
    }
    if rows.iter().any(|row| row.limit.is_some()) {
        marks.push(LIMIT);
    }
    marks
}

/// The class that all rows of a table have in common, as far as they have one.
pub(super) fn shared_class(rows: &[&Row]) -> Option<DistanceClass> {
    let mut classes = rows.iter().filter_map(|row| row.class);
    let first = classes.next()?;
    classes.all(|class| class == first).then_some(first)
}

/// How many times as long as the best that could be.
fn times_limit(row: &Row) -> String {
    match &row.limit {
        None => "-".into(),
        Some(limit) => factor(limit.times.value).trim_end_matches(" ×").into(),
    }
}

/// System calls of all sides for one message or round trip, where they were counted.
pub(super) fn counted_calls(row: &Row) -> Option<f64> {
    row.cost.as_ref()?.system_calls_per_message
}

pub(super) fn calls(row: &Row) -> String {
    counted_calls(row).map_or_else(|| "-".into(), |calls| format!("{calls:.2}"))
}

fn apart(row: &Row) -> String {
    row.class.map_or_else(|| "-".into(), |class| format!("{:.0} ns", class.centre_ns))
}

/// One word for what keeps a reader from trusting the figure; none where it is as precise as was asked for.
fn flag(row: &Row) -> Option<&'static str> {
    row.standing.filter(|standing| *standing != Standing::Precise).map(Standing::name)
}

/// What the columns and the flags mean, those that stand in some row; nothing of none.
pub(super) fn legend(rows: &[Row], target: Target, columns: Option<u16>) -> String {
    let line = |name: &str, words: &str| wrapped("(", &format!("{name}: {words})"), 1, columns);
    let mut text = String::new();
    if rows.iter().any(|row| row.limit.is_some()) {
        text.push_str(&line(
            "× limit",
            "times as long as the CPUs, their caches and the kernel allow at best, as measured in this run",
        ));
    }
    let there = |standing: &Standing| {
        rows.iter().any(|row| row.figure.is_some() && row.standing == Some(*standing))
    };
    for standing in FLAGS.iter().filter(|flag| there(flag)) {
        text.push_str(&line(standing.name(), &meaning(*standing, target)));
    }
    text
}

fn meaning(standing: Standing, target: Target) -> String {
    match standing {
        Standing::Precise => "as narrow as was asked for".into(),
        Standing::Wide => format!(
            "half its interval is over {} % of a median, or over {} % of a p99",
            target.p50 * 100.0,
            target.p99 * 100.0
        ),
        Standing::NotSteady => {
            "over a third of its invocations never settled in their warm-up".into()
        }
        Standing::Noisy => {
            "over a third of its invocations were disturbed; they count all the same".into()
        }
        Standing::Few => "under 6 invocations of one class, so no interval".into(),
    }
}

/// Colours the flag of each line, where the terminal has colours.
pub(super) fn coloured(table: &str) -> String {
    painted(table, |standing, word| {
        let style = match standing {
            Standing::NotSteady | Standing::Noisy => Style::new().red(),
            _ => Style::new().yellow(),
        };
        style.apply_to(word).to_string()
    })
}

/// The table with `paint` over the first word of each line that is a flag and stands in a column of its own: names have no
/// spaces in them, and notes come after the flag.
fn painted(table: &str, paint: impl Fn(Standing, &str) -> String) -> String {
    let line = |line: &str| {
        let found = FLAGS.iter().filter_map(|standing| {
            let word = format!("  {}", standing.name());
            let at = line.find(&word)?;
            let end = at + word.len();
            line[end..].chars().next().is_none_or(|c| c == ' ').then_some((at + 2, end, *standing))
        });
        match found.min_by_key(|(at, ..)| *at) {
            None => line.to_owned(),
            Some((at, end, flag)) => {
                format!("{}{}{}", &line[..at], paint(flag, &line[at..end]), &line[end..])
            }
        }
    };
    table.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_painted_and_a_name_is_not() {
        let of = |line: &str| painted(line, |_, word| format!("<{word}>"));
        assert_eq!(of(" wide/wide  8.51 µs  wide"), " wide/wide  8.51 µs  <wide>");
        assert_eq!(of(" a/b  1 ns  not steady   2 ns"), " a/b  1 ns  <not steady>   2 ns");
        assert_eq!(of(" a/b  1 ns  noisy  3 of 9 few"), " a/b  1 ns  <noisy>  3 of 9 few");
        assert_eq!(of(" a/b  1 ns  widest"), " a/b  1 ns  widest");
    }
}

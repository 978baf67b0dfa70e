//! The answer on top: a few sentences worked out from the figures, which say where they cannot tell.

use crate::markup;
use crate::ranking::{Entry, Order, Ranking, Setting, order};
use crate::standing::census;
use crate::units::{self, Quantity};
use ipcmark_record::{Carries, Placement, Standing, Workload};
use ipcmark_summary::{Census, Estimate, Summary};
use std::collections::BTreeSet;

/// The size most tools quote, and ours when the record has it.
pub(crate) const USUAL_SIZE_BYTES: u64 = 64;
/// Rivals that are named; of more, their number is told.
const NAMED: usize = 3;

/// What is said of one placement, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The placement, as it stands in the record; empty for what is said of all.
    pub head: String,
    /// Sentences in Markdown: names of transports in backticks.
    pub sentences: Vec<String>,
}

/// The answer, a part for each placement that has a ranking.
pub(crate) fn answer(summary: &Summary, rankings: &[Ranking]) -> Vec<Part> {
    let mut placements: Vec<Placement> = Vec::new();
    for ranking in rankings {
        if !placements.contains(&ranking.setting.placement) {
            placements.push(ranking.setting.placement);
        }
    }
    let mut parts: Vec<Part> = placements
        .iter()
        .map(|&placement| Part { head: placement.to_string(), sentences: at(placement, rankings) })
        .filter(|part| !part.sentences.is_empty())
        .collect();
    let all = if parts.is_empty() {
        Some(format!("**Nothing can be ranked.** {}", census(&summary.census)))
    } else {
        missing(&summary.census)
    };
    parts.extend(all.map(|sentence| Part { head: String::new(), sentences: vec![sentence] }));
    parts
}

fn missing(of: &Census) -> Option<String> {
    (of.measured < of.cells).then(|| format!("Not everything has a figure. {}", census(of)))
}

fn at(placement: Placement, rankings: &[Ranking]) -> Vec<String> {
    let here = |workload: Workload| {
        rankings
            .iter()
            .filter(move |r| r.setting.placement == placement && r.setting.workload == workload)
    };
    // Where cells of several capacities were measured, each sentence says of which it speaks.
    let capacities: BTreeSet<_> = rankings.iter().map(|r| r.setting.capacity_bytes).collect();
    let several = capacities.len() > 1;
    let mut sentences = Vec::new();
    let round_trips = here(Workload::PingPong)
        .find(|r| r.setting.size_bytes == USUAL_SIZE_BYTES)
        .or_else(|| here(Workload::PingPong).min_by_key(|r| r.setting.size_bytes));
    if let Some(ranking) = round_trips {
        sentences.extend(latency(ranking, several));
    }
    if let Some(ranking) = here(Workload::Stream).max_by_key(|r| r.setting.size_bytes) {
        sentences.extend(throughput(ranking, several));
    }
    sentences
}

fn latency(ranking: &Ranking, several: bool) -> Vec<String> {
    if ranking.entries.is_empty() {
        return Vec::new();
    }
    let size = size(&ranking.setting, several);
    let here = || ranking.entries.iter().filter(|e| !e.elsewhere);
    let by_time: Vec<&Entry> = here().filter(|e| e.enough).collect();
    let mut sentences = if by_time.is_empty() {
        vec![format!(
            "No median round trip at {size} stands on enough samples to name a fastest: it takes 200, and 10 in the median \
             invocation."
        )]
    } else {
        let heads = [
            &format!("Fastest round trip at {size} (median):"),
            "Fastest that sleeps while it waits:",
        ];
        best_and_best_asleep(heads, &by_time, |e| e.value)
    };
    let apart = ranking.entries.len() - here().count();
    if let (1.., Some(class)) = (apart, ranking.class) {
        let (were, are) = if apart == 1 { ("was", "is") } else { ("were", "are") };
        sentences.push(format!(
            "All of it at a distance of {class} between the CPUs: {} {were} measured at another distance, and {are} not compared.",
            units::plural(apart, "cell")
        ));
    }
    let mut by_cpu: Vec<&Entry> = here().collect();
    by_cpu.sort_by(|a, b| cpu(a).value.total_cmp(&cpu(b).value));
    // A loop that never idles flatters what spins: it would burn as much with nothing to do.
    let heads = [
        "Least CPU time for a round trip, both sides together, while messages follow without pause:",
        "Least CPU time of those that sleep while they wait:",
    ];
    sentences.extend(best_and_best_asleep(heads, &by_cpu, cpu));
    sentences
}

/// The first of `entries` and, where that one keeps its CPU while it waits, the first that does not.
fn best_and_best_asleep(
    heads: [&str; 2],
    entries: &[&Entry],
    value: impl Fn(&Entry) -> Estimate,
) -> Vec<String> {
    let mut sentences = vec![sentence(heads[0], entries, Quantity::Time, false, &value)];
    let sleeping: Vec<&Entry> = entries.iter().copied().filter(|e| !e.keeps_its_cpu()).collect();
    if entries[0].keeps_its_cpu() && !sleeping.is_empty() {
        sentences.push(sentence(heads[1], &sleeping, Quantity::Time, false, &value));
    }
    sentences
}

fn throughput(ranking: &Ranking, several: bool) -> Vec<String> {
    let entries: Vec<&Entry> = ranking.entries.iter().filter(|e| !e.elsewhere).collect();
    if entries.is_empty() {
        return Vec::new();
    }
    let head = format!(
        "Highest throughput at {} (drained and verified):",
        size(&ranking.setting, several)
    );
    vec![sentence(&head, &entries, Quantity::ByteRate, true, |e| e.figure.bytes_per_s)]
}

/// `64 B`, or `64 B (capacity 4 KiB asked)` where there are several capacities.
fn size(setting: &Setting, several: bool) -> String {
    let size = units::size(setting.size_bytes);
    match setting.capacity_bytes.filter(|_| several) {
        Some(bytes) => format!("{size} (capacity {} asked)", units::size(bytes)),
        None => size,
    }
}

fn cpu(entry: &Entry) -> Estimate {
    entry.figure.cpu_ns_per_message
}

/// Names the first of `entries`, its figure, and how it stands to the others.
fn sentence(
    head: &str,
    entries: &[&Entry],
    quantity: Quantity,
    more_is_better: bool,
    value: impl Fn(&Entry) -> Estimate,
) -> String {
    let best = entries[0];
    let of_best = value(best);
    let mut text = format!("{head} {}, {}{}", name(best), quantity.estimate(&of_best), flag(best));
    if of_best.interval.is_none() {
        let invocations = units::plural(best.row.invocations, "invocation");
        return text
            + &format!(
                " (no interval: {invocations}, at least 6 are needed; this is the order of medians only)."
            );
    }
    let ahead = if more_is_better { Order::Above } else { Order::Below };
    let others = &entries[1..];
    let standing = |wanted: Order| {
        others.iter().copied().filter(|e| order(&of_best, &value(e)) == wanted).collect::<Vec<_>>()
    };
    let (rivals, behind) = (standing(Order::Overlap), standing(ahead));
    if !rivals.is_empty() {
        text += &format!(
            ", in a **tie** with {}: the intervals overlap, and this run does not say which is first.",
            list(&rivals)
        );
    } else if let Some(next) = behind.first() {
        text += &format!(
            ", ahead of {} at {} (the intervals do not overlap).",
            name(next),
            quantity.estimate(&value(next))
        );
    } else {
        text.push('.');
    }
    if !standing(Order::Unknown).is_empty() {
        text += " Others have no interval and were not compared with it.";
    }
    text
}

/// ` (wide)`, where the figure cannot be trusted with all.
fn flag(entry: &Entry) -> String {
    let standing = entry.row.standing.filter(|standing| *standing != Standing::Precise);
    standing.map_or_else(String::new, |standing| format!(" ({})", standing.name()))
}

/// The transport, and that it is a call where it is one: a call does more than a message. And that it may lose what is
/// sent, where it may: it does less.
fn name(entry: &Entry) -> String {
    let more = match (entry.row.carries, entry.row.lossy) {
        (Carries::Calls, _) => " (calls)",
        (_, true) => " (may lose messages)",
        (_, false) => "",
    };
    markup::code(&entry.row.key.transport) + more
}

/// `a`, `b` and 4 more.
fn list(entries: &[&Entry]) -> String {
    let mut names: Vec<String> = entries.iter().take(NAMED).map(|e| name(e)).collect();
    if entries.len() > NAMED {
        names.push(format!("{} more", entries.len() - NAMED));
    }
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::rankings;
    use crate::testing::{row, summary};
    use ipcmark_summary::{Row, Status};

    fn words(rows: Vec<Row>) -> String {
        let summary = summary(rows);
        let parts = answer(&summary, &rankings(&summary));
        parts.into_iter().flat_map(|p| p.sentences).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn intervals_apart_name_a_winner() {
        let text = words(vec![
            row("pipe/block", 64, 8_500.0, Some((8_400.0, 8_600.0))),
            row("mq/block", 64, 7_400.0, Some((7_300.0, 7_500.0))),
        ]);
        assert!(
            text.contains(
                "Fastest round trip at 64 B (median): `mq/block`, 7.40 µs [7.30, 7.50], ahead of `pipe/block` at 8.50 µs \
                 [8.40, 8.60] (the intervals do not overlap)."
            ),
            "{text}"
        );
        assert!(!text.contains("sleeps"), "the winner sleeps already: {text}");
        assert!(
            text.contains(
                "Least CPU time for a round trip, both sides together, while messages follow without pause: `mq/block`, 5.92 µs"
            ),
            "{text}"
        );
    }

    #[test]
    fn intervals_that_overlap_name_none() {
        let text = words(vec![
            row("a/block", 64, 100.0, Some((90.0, 110.0))),
            row("b/block", 64, 105.0, Some((95.0, 115.0))),
            row("far/block", 64, 500.0, Some((400.0, 600.0))),
        ]);
        assert!(
            text.contains("`a/block`, 100 ns [90, 110], in a **tie** with `b/block`: the intervals overlap, and this run does not say which is first."),
            "{text}"
        );
        assert!(!text.contains("ahead of"), "{text}");
    }

    #[test]
    fn many_rivals_are_counted() {
        let rows = (0..9)
            .map(|i| row(&format!("t{i}/block"), 64, 100.0 + f64::from(i), Some((90.0, 120.0))))
            .collect();
        assert!(
            words(rows)
                .contains("in a **tie** with `t1/block`, `t2/block`, `t3/block` and 5 more: the intervals overlap,")
        );
    }

    #[test]
    fn too_few_invocations_give_no_winner() {
        let text = words(vec![row("a/block", 64, 100.0, None), row("b/block", 64, 200.0, None)]);
        assert!(text.contains("no interval: 3 invocations, at least 6 are needed"), "{text}");
        assert!(!text.contains("ahead of") && !text.contains("overlap"), "{text}");
    }

    #[test]
    fn a_spinning_winner_is_followed_by_the_best_that_sleeps() {
        let text = words(vec![
            row("shm/spin", 64, 200.0, Some((190.0, 210.0))),
            row("pipe/block", 64, 90_000.0, Some((80_000.0, 99_000.0))),
        ]);
        assert!(
            text.contains(
                "Fastest that sleeps while it waits: `pipe/block`, 90.0 µs [80.0, 99.0]."
            ),
            "{text}"
        );
    }

    #[test]
    fn a_spinner_that_costs_least_is_followed_by_the_least_that_sleeps() {
        let text = words(vec![
            row("shm/spin", 64, 200.0, Some((190.0, 210.0))),
            row("pipe/block", 64, 90_000.0, Some((80_000.0, 99_000.0))),
        ]);
        for part in [
            "while messages follow without pause: `shm/spin`, 160 ns",
            "Least CPU time of those that sleep while they wait: `pipe/block`, 72.0 µs",
        ] {
            assert!(text.contains(part), "no '{part}' in {text}");
        }
    }

    #[test]
    fn a_median_of_few_round_trips_is_not_named() {
        let mut few = row("few/block", 64, 1.0, Some((0.9, 1.1)));
        few.figure.as_mut().unwrap().percentiles[0].enough = false;
        let text = words(vec![few.clone(), row("a/block", 64, 20.0, Some((19.0, 21.0)))]);
        assert!(text.contains("Fastest round trip at 64 B (median): `a/block`"), "{text}");
        assert!(words(vec![few]).contains("No median round trip at 64 B stands on enough samples"));
    }

    #[test]
    fn what_was_measured_at_another_distance_wins_nothing() {
        let mut near = row("a/spin", 64, 60.0, Some((59.0, 61.0)));
        near.class.as_mut().unwrap().centre_ns = 57.0;
        let others = ["b/spin", "c/spin"].map(|name| row(name, 64, 110.0, Some((109.0, 111.0))));
        let text = words([vec![near], others.into()].concat());
        assert!(
            text.contains("(median): `b/spin`, 110 ns [109, 111], in a **tie** with `c/spin`"),
            "{text}"
        );
        assert!(text.contains("1 cell was measured at another distance"), "{text}");
    }

    #[test]
    fn a_figure_that_cannot_be_trusted_with_all_says_so() {
        let mut wide = row("a/spin", 64, 60.0, Some((50.0, 70.0)));
        wide.standing = Some(Standing::Wide);
        let text = words(vec![wide, row("b/spin", 64, 110.0, Some((109.0, 111.0)))]);
        assert!(text.contains("`a/spin`, 60.0 ns [50.0, 70.0] (wide), ahead of"), "{text}");
    }

    #[test]
    fn a_call_among_messages_is_told_as_one_and_other_workloads_do_not_answer() {
        let mut call = row("rpc-unix/block", 64, 70.0, Some((69.0, 71.0)));
        call.carries = Carries::Calls;
        let mut overlap = row("x/poll", 64, 1.0, Some((0.9, 1.1)));
        overlap.key.workload = Workload::Overlap;
        let mut wake_up = row("eventfd/block", 0, 2.0, Some((1.9, 2.1)));
        wake_up.key.workload = Workload::WakeUp;
        let text =
            words(vec![wake_up, overlap, call, row("a/block", 64, 90.0, Some((89.0, 91.0)))]);
        assert!(text.contains("(median): `rpc-unix/block` (calls), 70.0 ns"), "{text}");
        assert!(!text.contains("eventfd") && !text.contains("x/poll"), "{text}");
    }

    #[test]
    fn floors_and_failures_win_nothing() {
        let mut floor = row("null/none", 64, 1.0, Some((1.0, 1.0)));
        floor.floor = true;
        let mut failed = row("bad/spin", 64, 2.0, Some((2.0, 2.0)));
        failed.status = Status::Failed { what: "lost 3".into() };
        let text = words(vec![floor, failed, row("pipe/block", 64, 9.0, Some((8.0, 10.0)))]);
        assert!(text.contains("(median): `pipe/block`"), "{text}");
        assert!(text.contains("3 cells: 2 measured, 1 failed."), "{text}");
    }

    #[test]
    fn nothing_measured_is_said() {
        assert_eq!(words(vec![]), "**Nothing can be ranked.** The record has no cells.");
        let mut pending = row("pipe/block", 64, 1.0, None);
        (pending.figure, pending.status) = (None, Status::Pending);
        assert!(words(vec![pending]).contains("1 cell: 1 not reached before the run ended."));
    }
}

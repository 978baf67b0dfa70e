//! The answer on top: a few sentences from the figures, which also say what they cannot tell.

use crate::{Entry, Order, Ranking, Setting, order, shown};
use ipcmark_record::{Carries, Knee, Placement, Standing, Workload};
use ipcmark_show::{Quantity, bytes, capital, markdown, plural};
use ipcmark_summary::Estimate;

/// The size that most tools quote; ours if the record has it.
pub const USUAL_SIZE_BYTES: u64 = 64;
/// Number of transports of a tie that are named.
const NAMED: usize = 4;

/// The answer for one placement, or for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The placement; empty for all.
    pub head: String,
    /// Sentences in Markdown: names of transports in backticks.
    pub sentences: Vec<String>,
}

/// Returns the answer: the knees, if some were searched, and a part for each placement with a
/// ranking.
#[must_use]
pub fn answer(rankings: &[Ranking<'_>], knees: &[Knee]) -> Vec<Part> {
    let mut placements: Vec<Placement> = Vec::new();
    for ranking in rankings {
        if !placements.contains(&ranking.setting.placement) {
            placements.push(ranking.setting.placement);
        }
    }
    let searched = Part { head: String::new(), sentences: knees.iter().map(found).collect() };
    let placed = placements
        .iter()
        .map(|&placement| Part { head: placement.to_string(), sentences: at(placement, rankings) });
    let mut parts: Vec<Part> = std::iter::once(searched).chain(placed).collect();
    parts.retain(|part| !part.sentences.is_empty());
    if parts.is_empty() {
        let sentence = match rankings {
            [] => "**Nothing can be ranked.**",
            _ => {
                "The answer is about ping-pong and stream, which are not here. The tables rank each workload."
            }
        };
        parts.push(Part { head: String::new(), sentences: vec![sentence.to_owned()] });
    }
    parts
}

/// Returns the result of a search in words.
fn found(knee: &Knee) -> String {
    let name = &knee.of.transport;
    capital(&knee.found.replace(name, &markdown::code(name)))
}

fn at(placement: Placement, rankings: &[Ranking<'_>]) -> Vec<String> {
    let here = |workload: Workload| {
        rankings
            .iter()
            .filter(move |r| r.setting.placement == placement && r.setting.workload == workload)
    };
    let mut sentences = Vec::new();
    let round_trips = here(Workload::PingPong)
        .find(|r| r.setting.size_bytes == USUAL_SIZE_BYTES)
        .or_else(|| here(Workload::PingPong).min_by_key(|r| r.setting.size_bytes));
    let streams = here(Workload::Stream).max_by_key(|r| r.setting.size_bytes);
    sentences.extend(round_trips.map(latency).into_iter().flatten());
    sentences.extend(streams.and_then(throughput));
    if sentences.is_empty() && (round_trips.is_some() || streams.is_some()) {
        sentences.push("Nothing can be ranked: an interval takes 6 invocations of a cell.".into());
    }
    sentences
}

fn latency(ranking: &Ranking<'_>) -> Vec<String> {
    let size = size(&ranking.setting);
    let mut by_cpu: Vec<&Entry<'_>> = ranking.entries.iter().filter(|e| e.is_ranked()).collect();
    let by_time: Vec<&Entry<'_>> = by_cpu.iter().copied().filter(|e| e.enough).collect();
    let mut sentences = if by_time.is_empty() {
        vec![format!(
            "No median round trip at {size} has enough samples to name the fastest: it takes 200, and 10 in \
             the median invocation."
        )]
    } else {
        let heads = [
            &format!("Fastest round trip at {size} (median)"),
            "Fastest that sleeps while it waits",
        ];
        best_and_best_asleep(heads, &by_time, |e| e.value)
    };
    let apart = ranking.entries.iter().filter(|e| e.elsewhere).count();
    if let (1.., Some(class)) = (apart, ranking.class) {
        sentences.push(format!(
            "All of it at a core-to-core latency of {class}; {} at another one cannot be compared.",
            plural(apart, "cell")
        ));
    }
    // Work that others do costs its sides nothing.
    by_cpu.retain(|entry| !entry.row.works_elsewhere);
    by_cpu.sort_by(|a, b| cpu(a).value.total_cmp(&cpu(b).value));
    // A loop that never idles flatters what spins: it would burn as much with nothing to do.
    let heads = [
        "Least CPU time per round trip (both processes together)",
        "Least CPU time of those that sleep while they wait",
    ];
    sentences.extend(best_and_best_asleep(heads, &by_cpu, cpu));
    sentences
}

/// Returns the best of `entries` and, if that one keeps its CPU, the best that does not.
fn best_and_best_asleep(
    heads: [&str; 2],
    entries: &[&Entry<'_>],
    value: impl Fn(&Entry<'_>) -> Estimate,
) -> Vec<String> {
    let of = |head, entries: &[&Entry<'_>]| {
        sentence(head, entries, Quantity::Time, Order::Below, &value)
    };
    let sleeping: Vec<&Entry<'_>> =
        entries.iter().copied().filter(|e| !e.keeps_its_cpu()).collect();
    let asleep =
        entries.first().is_some_and(|e| e.keeps_its_cpu()).then(|| of(heads[1], &sleeping));
    of(heads[0], entries).into_iter().chain(asleep.flatten()).collect()
}

fn throughput(ranking: &Ranking<'_>) -> Option<String> {
    let entries: Vec<&Entry<'_>> = ranking.entries.iter().filter(|e| e.is_ranked()).collect();
    let head = format!("Highest throughput at {} (received and verified)", size(&ranking.setting));
    sentence(&head, &entries, Quantity::ByteRate, Order::Above, |e| e.figure.bytes_per_s)
}

/// Returns `64 B`, or `64 B, buffer 4 KiB` if there are several.
fn size(setting: &Setting) -> String {
    let capacity = setting.capacity_bytes.filter(|_| setting.tells_capacity);
    let capacity = capacity.map(|c| format!(", buffer {}", bytes(c)));
    format!("{}{}", bytes(setting.size_bytes), capacity.unwrap_or_default())
}

fn cpu(entry: &Entry<'_>) -> Estimate {
    entry.figure.cpu_ns_per_message
}

/// Returns the first of `entries` that has an interval, its figure, and its order to the others; `None` if none has.
fn sentence(
    head: &str,
    entries: &[&Entry<'_>],
    quantity: Quantity,
    better: Order,
    value: impl Fn(&Entry<'_>) -> Estimate,
) -> Option<String> {
    let (known, unknown): (Vec<&Entry<'_>>, Vec<&Entry<'_>>) =
        entries.iter().copied().partition(|e| value(e).interval.is_some());
    let more = match unknown.len() {
        0 => String::new(),
        n => format!(" {} without an interval not compared.", plural(n, "transport")),
    };
    let (best, others) = known.split_first()?;
    let of_best = value(best);
    let with = |wanted: Order| -> Vec<&Entry<'_>> {
        others.iter().copied().filter(|e| order(&of_best, &value(e)) == wanted).collect()
    };
    let tied = with(Order::Overlap);
    let text = match (tied.last(), with(better).first()) {
        (Some(last), _) => {
            let [least, most] = [of_best, value(last)].map(|of| quantity.show(of.value));
            let to = if least == most { String::new() } else { format!(" to {most}") };
            let (n, names) = (tied.len() + 1, list(best, &tied));
            format!(
                "{head}: a **tie** of {n} transports, {least}{to}: {names}. Their intervals overlap the first one's, so any \
                 of them may be first."
            )
        }
        (None, next) => {
            let ahead = next.map(|next| {
                format!(", ahead of {} at {}", name(next), shown(quantity, &value(next)))
            });
            let figure = shown(quantity, &of_best);
            format!("{head}: {}, {figure}{}{}.", name(best), flag(best), ahead.unwrap_or_default())
        }
    };
    Some(text + &more)
}

/// Returns ` (wide)`, if the figure is not precise.
fn flag(entry: &Entry<'_>) -> String {
    let standing = entry.row.standing.filter(|standing| *standing != Standing::Precise);
    standing.map_or_else(String::new, |standing| format!(" ({})", standing.name()))
}

/// Returns the name, and the kind if the transport does more than others (RPC) or less (losses).
fn name(entry: &Entry<'_>) -> String {
    let more = match (entry.row.carries, entry.row.lossy) {
        (Carries::Calls, _) => " (RPC)",
        (_, true) => " (may lose messages)",
        (_, false) => "",
    };
    markdown::code(&entry.row.key.transport) + more
}

/// Returns `a`, `b` and 4 more.
fn list(best: &Entry<'_>, tied: &[&Entry<'_>]) -> String {
    let mut names: Vec<String> =
        std::iter::once(best).chain(tied.iter().copied()).map(name).collect();
    if names.len() > NAMED + 1 {
        let more = names.split_off(NAMED).len();
        names.push(format!("{more} more"));
    }
    let last = names.pop().unwrap_or_default();
    format!("{} and {last}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::rankings;
    use crate::testing::{estimate, row, summary};
    use ipcmark_summary::{Row, Status};

    fn words(rows: Vec<Row>) -> String {
        let summary = summary(rows);
        let parts = answer(&rankings(&summary), &[]);
        parts.into_iter().flat_map(|p| p.sentences).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_others_work_for_is_not_the_cheapest() {
        let mut rows = vec![
            row("pty/block", 64, 10_000.0, Some((9_900.0, 10_100.0))),
            row("pipe/block", 64, 20_000.0, Some((19_900.0, 20_100.0))),
            row("fifo/block", 64, 30_000.0, Some((29_900.0, 30_100.0))),
        ];
        rows[0].works_elsewhere = true;
        let text = words(rows);
        assert!(text.contains("Fastest round trip at 64 B (median): `pty/block`"), "{text}");
        assert!(text.contains("(both processes together): `pipe/block`, 16.0 µs"), "{text}");
    }

    #[test]
    fn a_search_answers_with_its_knees() {
        let key = |rate: u32| {
            let workload = Workload::PACED.with_value(rate);
            ipcmark_record::CellKey::new("pipe/block", workload, 64, Placement::CrossCore)
        };
        let knee = Knee {
            of: key(0),
            bound_ns: 1e5,
            rate_per_s: Some(180_000),
            above_per_s: None,
            found: "knee of pipe/block at 64 B: 180,000 messages/s".into(),
        };
        let parts = answer(&[], &[knee]);
        assert_eq!(parts.len(), 1, "{parts:?}");
        assert_eq!(parts[0].sentences, ["Knee of `pipe/block` at 64 B: 180,000 messages/s"]);
    }

    #[test]
    fn intervals_apart_name_a_winner() {
        let text = words(vec![
            row("pipe/block", 64, 8_500.0, Some((8_400.0, 8_600.0))),
            row("mq/block", 64, 7_400.0, Some((7_300.0, 7_500.0))),
        ]);
        for part in [
            "Fastest round trip at 64 B (median): `mq/block`, 7.40 µs [7.30 µs, 7.50 µs], ahead of `pipe/block` at \
             8.50 µs [8.40 µs, 8.60 µs].",
            "Least CPU time per round trip (both processes together): `mq/block`, 5.92 µs",
        ] {
            assert!(text.contains(part), "no '{part}' in {text}");
        }
        assert!(!text.contains("sleep"), "the winner sleeps already: {text}");
    }

    #[test]
    fn intervals_that_overlap_name_none() {
        let text = words(vec![
            row("a/block", 64, 100.0, Some((90.0, 110.0))),
            row("b/block", 64, 105.0, Some((95.0, 115.0))),
            row("far/block", 64, 500.0, Some((400.0, 600.0))),
        ]);
        let tie = "(median): a **tie** of 2 transports, 100 ns to 105 ns: `a/block` and `b/block`. Their intervals overlap";
        assert!(text.contains(tie), "{text}");
        assert!(!text.contains("ahead of"), "{text}");
        let many: Vec<Row> = (0..9)
            .map(|i| row(&format!("t{i}/block"), 64, 100.0 + f64::from(i), Some((90.0, 120.0))))
            .collect();
        let text = words(many);
        assert!(
            text.contains("a **tie** of 9 transports, 100 ns to 108 ns: `t0/block`, "),
            "{text}"
        );
        assert!(text.contains("`t3/block` and 5 more. "), "{text}");
    }

    #[test]
    fn nothing_wins_without_an_interval() {
        let none = || row("a/block", 64, 100.0, None);
        let text = words(vec![none(), row("b/block", 64, 200.0, None)]);
        assert!(text.contains("Nothing can be ranked: an interval takes 6 invocations"), "{text}");
        assert!(!text.contains("`a/block`"), "{text}");
        let text = words(vec![none(), row("b/block", 64, 200.0, Some((190.0, 210.0)))]);
        assert!(
            text.contains("(median): `b/block`, 200 ns [190 ns, 210 ns]. 1 transport"),
            "{text}"
        );
    }

    #[test]
    fn a_spinning_winner_is_followed_by_the_best_that_sleeps() {
        let text = words(vec![
            row("shm/spin", 64, 200.0, Some((190.0, 210.0))),
            row("pipe/block", 64, 90_000.0, Some((80_000.0, 99_000.0))),
        ]);
        for part in [
            "Fastest that sleeps while it waits: `pipe/block`, 90.0 µs [80.0 µs, 99.0 µs].",
            "both processes together): `shm/spin`, 160 ns",
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
        assert!(words(vec![few]).contains("No median round trip at 64 B has enough samples"));
    }

    #[test]
    fn a_row_at_another_distance_wins_nothing() {
        let mut near = row("a/spin", 64, 60.0, Some((59.0, 61.0)));
        near.class.as_mut().unwrap().centre_ns = 57.0;
        let others = ["b/spin", "c/spin"].map(|name| row(name, 64, 110.0, Some((109.0, 111.0))));
        let text = words([vec![near], others.into()].concat());
        assert!(text.contains("(median): a **tie** of 2 transports"), "{text}");
        assert!(text.contains("1 cell at another one cannot be compared"), "{text}");
    }

    #[test]
    fn a_figure_that_is_not_precise_says_so() {
        let mut wide = row("a/spin", 64, 60.0, Some((50.0, 70.0)));
        wide.standing = Some(Standing::Wide);
        let text = words(vec![wide, row("b/spin", 64, 110.0, Some((109.0, 111.0)))]);
        assert!(text.contains("`a/spin`, 60.0 ns [50.0 ns, 70.0 ns] (wide), ahead of"), "{text}");
    }

    #[test]
    fn an_rpc_is_named_as_one_and_other_workloads_do_not_answer() {
        let mut call = row("rpc-unix/block", 64, 70.0, Some((69.0, 71.0)));
        call.carries = Carries::Calls;
        let mut overlap = row("x/poll", 64, 1.0, Some((0.9, 1.1)));
        overlap.key.workload = Workload::Overlap;
        let mut wake_up = row("eventfd/block", 0, 2.0, Some((1.9, 2.1)));
        wake_up.key.workload = Workload::WAKE_UP;
        let text =
            words(vec![wake_up, overlap, call, row("a/block", 64, 90.0, Some((89.0, 91.0)))]);
        assert!(text.contains("(median): `rpc-unix/block` (RPC), 70.0 ns"), "{text}");
        assert!(!text.contains("eventfd") && !text.contains("x/poll"), "{text}");
    }

    #[test]
    fn floors_failures_and_losers_win_nothing() {
        let mut floor = row("null/none", 64, 1.0, Some((1.0, 1.0)));
        floor.floor = true;
        let mut failed = row("bad/spin", 64, 2.0, Some((2.0, 2.0)));
        failed.status = Status::Failed { what: "lost 3".into() };
        let text = words(vec![floor, failed, row("pipe/block", 64, 9.0, Some((8.0, 10.0)))]);
        assert!(text.contains("(median): `pipe/block`"), "{text}");
        let mut streams = ["udp/block", "pipe/block"].map(|name| row(name, 64, 9.0, None));
        for row in &mut streams {
            row.key.workload = Workload::Stream;
            row.figure.as_mut().unwrap().bytes_per_s = estimate(1e6, Some((9e5, 1.1e6)));
        }
        streams[0].integrity.lost = 3;
        assert!(words(streams.into()).contains("(received and verified): `pipe/block`"));
    }

    #[test]
    fn an_empty_record_is_named() {
        assert_eq!(words(vec![]), "**Nothing can be ranked.**");
        let mut other = row("a/block", 64, 9.0, Some((8.0, 10.0)));
        other.key.workload = Workload::BURST;
        assert!(words(vec![other]).ends_with("The tables rank each workload."));
    }
}

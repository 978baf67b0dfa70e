//! The chart of a ranking: the transports that it shows, and its words.

use super::axis::Axis;
use super::bars::{Bar, BarChart};
use super::parts::stem;
use super::{Body, Chart, Kind};
use crate::palette;
use ipcmark_record::WaitKind;
use ipcmark_show::{FEW, Quantity};
use ipcmark_summary::Headline;
use ipcmark_view::{Entry, Ranking, Setting, mechanism};
use std::collections::BTreeSet;

/// Up to this many transports, each has a bar.
const ALL: usize = 30;
/// Up to this many bars, a mechanism has two: its best, and its best that sleeps.
const TWO_EACH: usize = 56;

pub(super) fn ranking(ranking: &Ranking) -> Option<Chart> {
    let setting = &ranking.setting;
    let quantity = setting.quantity();
    let (mut entries, choice) = chosen(&ranking.entries);
    entries.retain(|entry| entry.value.value.is_finite());
    let ends = entries.iter().flat_map(|e| {
        let (low, high) = e.value.interval.unwrap_or((e.value.value, e.value.value));
        [low, e.value.value, high]
    });
    let time = setting.time_of();
    let (measure, head) = match setting.headline() {
        Headline::Rate => ("messages a second".to_string(), "messages/s".to_string()),
        Headline::Median => (format!("{time}, median"), format!("{time} p50")),
        Headline::SpeedUp => ("speed-up over one process".into(), "speed-up".into()),
        Headline::UsefulWork => ("other work, share of the round trip".into(), "other work".into()),
    };
    let better = if setting.headline().more_is_better() { "more" } else { "less" };
    let scale = if quantity.is_logarithmic() { "log scale; " } else { "" };
    let axis = Axis::fit(&format!("{measure} ({scale}{better} is better)"), quantity, ends)?;
    let bars: Vec<Bar> = entries
        .iter()
        .map(|entry| Bar {
            name: entry.row.key.transport.clone(),
            colour: palette::of_wait(entry.row.wait, entry.row.floor),
            value: entry.value.value,
            interval: entry.value.interval,
            hollow: entry.judged().interval.is_none() || !entry.is_ranked(),
            figure: format!(
                "{}{}",
                if entry.enough { "" } else { FEW },
                ipcmark_view::shown(quantity, &entry.value)
            ),
            cpu: Quantity::Time.show(entry.figure.cpu_ns_per_message.value),
        })
        .collect();
    let waits: BTreeSet<WaitKind> = entries.iter().map(|e| e.row.wait).collect();
    let note = format!(
        "Dot: median over invocations; whisker: where another run's is expected (95 %); hollow dot: no interval \
         (fewer than 6), or too few samples.\n{}{choice}",
        if waits.len() > 1 { "Colour: how it waits. " } else { "" }
    );
    Some(Chart {
        stem: stem("ranking", setting, true),
        kind: Kind::Ranking,
        title: ranking_title(setting),
        note,
        body: Body::Bars(BarChart {
            axis,
            heads: [head, format!("CPU time per {}", setting.counted())],
            bars,
        }),
    })
}

/// Returns the entries of a long ranking that are drawn, and the words for that choice; the table has all.
fn chosen<'a, 'b>(entries: &'b [Entry<'a>]) -> (Vec<&'b Entry<'a>>, String) {
    if entries.len() <= ALL {
        return (entries.iter().collect(), String::new());
    }
    let firsts = |keep: &dyn Fn(&Entry) -> bool| -> Vec<usize> {
        let mut seen = BTreeSet::new();
        let first = |at: &usize| {
            keep(&entries[*at]) && seen.insert(mechanism(&entries[*at].row.key.transport))
        };
        (0..entries.len()).filter(first).collect()
    };
    let best = firsts(&|_| true);
    let mut both = [best.clone(), firsts(&|e| !e.keeps_its_cpu())].concat();
    both.sort_unstable();
    both.dedup();
    let (kept, what) = if both.len() <= TWO_EACH {
        (both, "the best, and the best that sleeps while it waits")
    } else {
        (best, "the best")
    };
    let note = format!(
        "{} of {}: of each mechanism {what}; the table has all.",
        kept.len(),
        entries.len()
    );
    (kept.into_iter().map(|at| &entries[at]).collect(), note)
}

/// Returns the title of a ranking. The page finds the chart by it.
pub(crate) fn ranking_title(setting: &Setting) -> String {
    format!("Ranking: {}, {}", setting.workload, setting.place())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_view::rankings;
    use ipcmark_view::testing::{row, summary};

    #[test]
    fn a_long_ranking_is_drawn_by_its_mechanisms_with_the_best_that_sleeps() {
        let waits = ["spin", "block", "poll", "epoll"];
        let rows = (0..25).flat_map(|m| {
            waits.iter().enumerate().map(move |(w, wait)| {
                let ns = f64::from(100 * m + 10) + w as f64;
                row(&format!("m{m}/{wait}"), 64, ns, Some((ns, ns)))
            })
        });
        let summary = summary(rows.collect());
        let rankings = rankings(&summary);
        let (entries, note) = chosen(&rankings[0].entries);
        let names: Vec<&str> = entries.iter().map(|e| e.row.key.transport.as_str()).collect();
        assert_eq!((names.len(), &names[..3]), (50, &["m0/spin", "m0/block", "m1/spin"][..]));
        assert!(note.contains("50 of 100") && note.contains("the table has all"), "{note}");
        let (all, silent) = chosen(&rankings[0].entries[..30]);
        assert_eq!((all.len(), silent.as_str()), (30, ""));
    }
}

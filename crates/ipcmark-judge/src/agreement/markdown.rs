//! The agreement as Markdown: the verdicts first, then the worst cells.

use super::{
    Agreement, BelowLimit, CellContainment, Containment, KEPT, Limits, PairRanking, Ranking,
    SAME_ORDER, Tally,
};
use std::fmt::Write as _;

/// Cells shown; the JSON has all of them.
const WORST: usize = 12;

/// The agreement as Markdown.
#[must_use]
pub fn agreement_to_markdown(agreement: &Agreement) -> String {
    let Agreement { runs, started, warnings, containment, ranking, limits, flagged, .. } =
        agreement;
    let mut text = format!("# How far {runs} runs agree\n\n");
    if let (Some(first), Some(last)) = (started.iter().min(), started.iter().max()) {
        let _ = write!(text, "Runs of {first} to {last}.\n\n");
    }
    for warning in warnings {
        let _ = write!(text, "**Warning.** {warning}\n\n");
    }
    intervals(&mut text, containment);
    order(&mut text, ranking);
    beside_limits(&mut text, limits);
    if !flagged.is_empty() {
        let all: usize = flagged.iter().map(|f| f.rows).sum();
        let each: Vec<String> =
            flagged.iter().map(|f| format!("{} {}", f.rows, f.flag.words())).collect();
        let _ = write!(
            text,
            "\n## Not judged\n\n{all} rows (a cell in a run) were not held to their figures: {}.\n",
            each.join("; ")
        );
    }
    text
}

fn intervals(text: &mut String, containment: &Containment) {
    let Containment { all, times, precise, cells, not_judged } = containment;
    text.push_str("## Stated intervals\n\n");
    let _ = writeln!(
        text,
        "How often the other runs' figures fall inside the interval that a run states, within one distance class; only \
         rows that the run did not flag. Stated are 95 %.\n"
    );
    if all.pairs == 0 {
        let _ = writeln!(
            text,
            "NOTHING WAS JUDGED: no two runs measured one of the {not_judged} cells unflagged and in one distance class. \
             Intervals take 6 rounds or more."
        );
        return;
    }
    let _ = writeln!(
        text,
        "{} cells judged, of these {} at {:.0} % or more; over all {} pairs of runs {}. {not_judged} cells not judged.\n",
        all.cells,
        all.kept,
        100.0 * KEPT,
        all.pairs,
        percent(all.share())
    );
    let _ = writeln!(
        text,
        "| cells | judged | at {:.0} % or more | pairs of runs | inside |\n| --- | ---: | ---: | ---: | ---: |",
        100.0 * KEPT
    );
    for (what, tally) in [
        ("all", all),
        ("that go by a median time", times),
        ("found precise by the run that states", precise),
    ] {
        let Tally { cells, kept, pairs, .. } = tally;
        let _ =
            writeln!(text, "| {what} | {cells} | {kept} | {pairs} | {} |", percent(tally.share()));
    }
    let worst = || cells.iter().filter(|cell| cell.inside < cell.pairs).take(WORST);
    if worst().next().is_none() {
        return;
    }
    text.push_str(
        "\n### The worst cells\n\n| cell | runs | inside | half-width | largest / smallest |\n\
         | --- | ---: | ---: | ---: | ---: |\n",
    );
    for cell in worst() {
        let CellContainment { key, runs, pairs, inside, half_width, spread } = cell;
        let _ = writeln!(
            text,
            "| {key} | {runs} | {inside} of {pairs}, {} | ± {:.1} % | {spread:.2} |",
            percent(Some(cell.share())),
            100.0 * half_width
        );
    }
}

fn order(text: &mut String, ranking: &Ranking) {
    text.push_str("\n## Order of cells\n\n");
    let Ranking { pairs, kept, comparisons, worst, .. } = ranking;
    if *pairs == 0 {
        text.push_str("No run told two cells of one table apart.\n");
        return;
    }
    let _ = writeln!(
        text,
        "Of cells of one table, {pairs} pairs were told apart by some run (their intervals do not overlap). {kept} of them, {}, \
         come in the same order in {:.0} % or more of the other runs; over all {comparisons} comparisons {}.",
        percent(Some(*kept as f64 / *pairs as f64)),
        100.0 * SAME_ORDER,
        percent(ranking.share())
    );
    if worst.is_empty() {
        return;
    }
    text.push_str(
        "\n### The pairs that change places\n\n| cell | and | runs that told them apart | same order in the others |\n\
         | --- | --- | ---: | ---: |\n",
    );
    for PairRanking { a, b, apart, comparisons, same } in worst {
        let _ = writeln!(text, "| {a} | {} | {apart} | {same} of {comparisons} |", b.transport);
    }
}

fn beside_limits(text: &mut String, limits: &Limits) {
    let Limits { rows, below, cells } = limits;
    if *rows == 0 {
        return;
    }
    let _ = writeln!(
        text,
        "\n## Limits\n\nOf {rows} rows (a cell in a run) beside a limit of the machine, {below} are below it with their whole interval."
    );
    if cells.is_empty() {
        return;
    }
    text.push_str(
        "\n| cell | limit | runs below it | least figure / limit |\n| --- | --- | ---: | ---: |\n",
    );
    for BelowLimit { key, words, below, runs, times_least } in cells.iter().take(WORST) {
        let _ = writeln!(text, "| {key} | {words} | {below} of {runs} | {times_least:.2} |");
    }
}

/// `93.4 %`, never rounded up to 100; `none` without a share.
fn percent(share: Option<f64>) -> String {
    share.map_or("none".into(), |share| format!("{:.1} %", (share * 1000.0).floor() / 10.0))
}

//! The agreement as text: the counts first, then the worst cells.

use super::{Agreement, BelowLimit, CellContainment, KEPT, Limits, PairRanking, SAME_ORDER, Tally};
use crate::document::Document;
use crate::table::name;
use ipcmark_show::{Cell, Head, NONE, Table, Tone, factor, plural, share};

/// Cells shown; the JSON has all of them.
const WORST: usize = 12;

impl Agreement {
    /// Describes how far the runs agree.
    #[must_use]
    pub fn document(&self) -> Document {
        let Agreement { runs, started, warnings, containment, ranking, flagged, .. } = self;
        let mut document = Document::new(format!("Do {runs} runs agree?"));
        for warning in warnings {
            document.note(Tone::Caution, "Warning", warning);
        }
        if let (Some(first), Some(last)) = (started.iter().min(), started.iter().max()) {
            document.note(Tone::Plain, "Runs", format!("{first} to {last}"));
        }
        let all = containment.all;
        document.summary(Tone::Plain, "Intervals", match all.pairs {
            0 => format!(
                "NOTHING WAS JUDGED: no two runs measured one of the {} without a flag and at one \
                 CPU distance. Intervals need 6 rounds or more.",
                plural(containment.not_judged, "cell")
            ),
            _ => format!(
                "the runs agree in {} of {} (another run's figure is inside the 95 % interval in \
                 {} of its pairs or more), and in {} of {} of runs; {} not judged.",
                all.kept,
                plural(all.cells, "cell"),
                share(KEPT),
                percent(all.inside, all.pairs),
                plural(all.pairs, "pair"),
                plural(containment.not_judged, "cell")
            ),
        });
        document.summary(Tone::Plain, "Order", match ranking.pairs {
            0 => "no run distinguished two cells of one table.".into(),
            pairs => format!(
                "of {} of cells in one table that some run distinguished, {} come in the same order in \
                 {} or more of the other runs; over all {} in {}.",
                plural(pairs, "pair"),
                percent(ranking.kept, pairs),
                share(SAME_ORDER),
                plural(ranking.comparisons, "comparison"),
                percent(ranking.same, ranking.comparisons)
            ),
        });
        if self.limits.rows > 0 {
            let Limits { rows, lacking, times, below, .. } = &self.limits;
            let agree = match times.pairs {
                0 => String::new(),
                pairs => format!(
                    " In {} of {} of runs another run's × limit is inside the interval.",
                    percent(times.inside, pairs),
                    plural(pairs, "pair")
                ),
            };
            document.summary(Tone::Plain, "Limits", format!(
                "{} have a limit of the machine, {lacking} lack one that another run has, and {below} are \
                 faster than theirs.{agree}",
                plural(*rows, "row"),
            ));
        }
        if all.pairs > 0 {
            document.table("Stated intervals", Tone::Plain, false, self.tallies());
            document.table("The worst cells", Tone::Plain, false, self.worst_cells());
        }
        document.table("Pairs that change places", Tone::Plain, false, self.worst_pairs());
        document.table("Faster than their limit", Tone::Plain, false, below(&self.limits));
        let flagged = flagged.iter().map(|f| (f.flag.words().into(), plural(f.rows, "row")));
        document.list("Not judged", false, flagged.collect());
        document
    }

    fn tallies(&self) -> Table {
        let heads = vec![
            Head::words("cells", ""),
            Head::number("judged", ""),
            Head::number(format!("{} or more", share(KEPT)), ""),
            Head::number("pairs of runs", ""),
            Head::number("inside", ""),
        ];
        let rows = [
            ("all", self.containment.all),
            ("with a median time", self.containment.times),
            ("precise in the run that states it", self.containment.precise),
        ];
        let rows = rows.map(|(what, Tally { cells, kept, pairs, inside })| {
            let share = percent(inside, pairs);
            let [cells, kept, pairs] = [cells, kept, pairs].map(|n| n.to_string());
            [what.into(), cells, kept, pairs, share].map(Cell::words).to_vec()
        });
        Table { heads, rows: rows.to_vec() }
    }

    fn worst_cells(&self) -> Table {
        let heads = vec![
            Head::words("cell", ""),
            Head::number("runs", ""),
            Head::number("inside", ""),
            Head::number("half-width", ""),
            Head::number("largest / smallest", ""),
        ];
        let worst = self.containment.cells.iter().filter(|cell| cell.inside < cell.pairs);
        let rows = worst.take(WORST).map(|cell| {
            let CellContainment { key, runs, pairs, inside, half_width, spread } = cell;
            let inside = format!("{inside} of {pairs}, {}", percent(*inside, *pairs));
            let half_width = format!("± {}", share(*half_width));
            let cells = [name(key), runs.to_string(), inside, half_width, factor(*spread)];
            cells.map(Cell::words).to_vec()
        });
        Table { heads, rows: rows.collect() }
    }

    fn worst_pairs(&self) -> Table {
        let heads = vec![
            Head::words("cell", ""),
            Head::words("and", ""),
            Head::number("distinguished by", ""),
            Head::number("same order in the others", ""),
        ];
        let rows = self.ranking.worst.iter().map(|pair| {
            let PairRanking { a, b, apart, comparisons, same } = pair;
            let same = format!("{same} of {comparisons}");
            [name(a), b.transport.clone(), plural(*apart, "run"), same].map(Cell::words).to_vec()
        });
        Table { heads, rows: rows.collect() }
    }
}

fn below(limits: &Limits) -> Table {
    let heads = vec![
        Head::words("cell", ""),
        Head::words("limit", ""),
        Head::number("runs below it", ""),
        Head::number("smallest figure / limit", ""),
    ];
    let rows = limits.cells.iter().take(WORST).map(|cell| {
        let BelowLimit { key, words, below, runs, times_least } = cell;
        let runs = format!("{below} of {runs}");
        [name(key), words.clone(), runs, factor(*times_least)].map(Cell::words).to_vec()
    });
    Table { heads, rows: rows.collect() }
}

/// Returns a share such as `93.4 %`, never rounded up to 100.
fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return NONE.into();
    }
    share((part as f64 / whole as f64 * 1000.0).floor() / 1000.0)
}

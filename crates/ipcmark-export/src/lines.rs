//! The long form: a row for each cell, side, invocation and slice. A cell without invocations has one
//! row with the reason.

use crate::line::{Frame, Line, Of, Times, columns};
use crate::table::Table;
use crate::{Document, Result};
use ipcmark_record::{
    Arm, Cell, Encoded, Invocation, InvocationOutcome, Paired, PairedCell, Record, SideReport,
};
use ipcmark_summary::{Context, PERCENTILES, summarize_in, tells, unpack};

pub(crate) fn table(document: &Document) -> Result<Table> {
    let mut table = Table { names: Vec::new(), rows: Vec::new() };
    let mut add = |of: &Of, line: &Line| {
        let (names, values) = columns(of, line).into_iter().unzip();
        table.names = names;
        table.rows.push(values);
    };
    match document {
        Document::Record(record) => of_record(record, &mut add)?,
        Document::Paired(paired) => of_paired(paired, &mut add),
    }
    Ok(table)
}

fn of_record(record: &Record, add: &mut impl FnMut(&Of, &Line)) -> Result<()> {
    let context = Context::of(record)?;
    let Record { started, tool, host, suite, .. } = record;
    let frame = Frame { document: "record", started, tool, host, suite: &suite.name };
    for (cell, row) in record.cells.iter().zip(summarize_in(record, &context)?.rows) {
        let Cell { key, family, floor, group, state, .. } = cell;
        let flags = row.flags().join(" ");
        let flags = Some(flags.as_str()).filter(|flags| !flags.is_empty());
        let of = Of { frame, key, family, floor: *floor, group, state, flags };
        let behind = context.counting(cell).invocations;
        for (number, invocation) in cell.invocations.iter().enumerate() {
            let counts = behind.iter().any(|other| std::ptr::eq(*other, invocation));
            let class =
                context.classes().of_invocation(invocation).map(|class| class.reach().key());
            let line = || Line { counts: Some(counts), class, ..of_invocation(number, invocation) };
            for side in &invocation.sides {
                let times = side.histogram.as_ref().map(|h| times(cell, number, side, h));
                let (times, tells) = (
                    times.transpose()?.unwrap_or_default(),
                    tells(cell, side) && !row.misses_rate(),
                );
                let (own, report) = (Some(side.side.as_str()), Some(side));
                add(&of, &Line { side: own, tells: Some(tells), times, report, ..line() });
                for class in &side.sizes {
                    // A part of the row before it: nothing is to count twice.
                    let times = self::times(cell, number, side, &class.histogram)?;
                    let size_class = Some(class.to_bytes);
                    add(&of, &Line { side: own, tells: Some(false), times, size_class, ..line() });
                }
            }
            if invocation.sides.is_empty() {
                add(&of, &line());
            }
        }
        if cell.invocations.is_empty() {
            add(&of, &Line::default());
        }
    }
    Ok(())
}

fn of_invocation<'a>(number: usize, invocation: &'a Invocation) -> Line<'a> {
    let marks: Vec<String> = invocation.marks.iter().map(word).collect();
    Line {
        invocation: Some(number),
        round: Some(invocation.round),
        started_ns: Some(invocation.started_ns),
        failure: failure(&invocation.outcome),
        marks: Some(marks.join(" ")).filter(|marks| !marks.is_empty()),
        steady: Some(invocation.warm_up.steady),
        elapsed_ns: Some(invocation.elapsed_ns),
        messages: Some(invocation.messages),
        distance: invocation.distance,
        integrity: Some(invocation.integrity),
        setup: invocation.setup,
        neighbours_lost: invocation.neighbours.map(|progress| progress.lost()),
        ..Line::default()
    }
}

fn times(cell: &Cell, invocation: usize, side: &SideReport, encoded: &Encoded) -> Result<Times> {
    let own = unpack(cell, invocation, &side.side, encoded)?;
    let some = !own.histogram.is_empty();
    Ok(Times {
        value_is: Some(word(&encoded.unit)),
        values: Some(encoded.count),
        messages_per_value: Some(encoded.messages_per_value),
        midmean_ns: None,
        percentiles_ns: PERCENTILES.map(|q| some.then(|| own.ns_at_quantile(q))),
        max_ns: some.then(|| own.ns(own.histogram.max())),
    })
}

fn of_paired(paired: &Paired, add: &mut impl FnMut(&Of, &Line)) {
    let Paired { started, tool, host, suite, .. } = paired;
    let frame = Frame { document: "paired", started, tool, host, suite: &suite.name };
    for cell in &paired.cells {
        let PairedCell { key, family, floor, group, state, .. } = cell;
        let of = Of { frame, key, family, floor: *floor, group, state, flags: None };
        for (number, pair) in cell.pairs.iter().enumerate() {
            for (side, run) in [("base", &pair.base), ("new", &pair.new), ("again", &pair.again)] {
                let line = || Line {
                    invocation: Some(number),
                    round: Some(pair.round),
                    stage: Some(word(&pair.stage)),
                    started_ns: Some(pair.started_ns),
                    side: Some(side),
                    failure: failure(&run.outcome),
                    integrity: Some(run.integrity),
                    ..Line::default()
                };
                slices(run, &line).for_each(|line| add(&of, &line));
            }
        }
        if cell.pairs.is_empty() {
            add(&of, &Line::default());
        }
    }
}

/// Returns the rows of a side: its slices, or one row without.
fn slices<'a>(side: &Arm, line: &impl Fn() -> Line<'a>) -> impl Iterator<Item = Line<'a>> {
    let none = side.slices.is_empty().then(line);
    let some = side.slices.iter().map(|slice| Line {
        slice: Some(slice.turn),
        elapsed_ns: Some(slice.elapsed_ns),
        messages: Some(slice.messages),
        times: Times {
            values: Some(slice.values),
            midmean_ns: Some(slice.midmean_ns),
            percentiles_ns: [None, None, Some(slice.p99_ns), None, None],
            ..Times::default()
        },
        distance: slice.distance,
        ..line()
    });
    some.chain(none)
}

fn failure(outcome: &InvocationOutcome) -> Option<String> {
    match outcome {
        InvocationOutcome::Ok => None,
        InvocationOutcome::Failed { side, what } => Some(format!("{side}: {what}")),
    }
}

/// Returns the word of the record.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).expect("a word");
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

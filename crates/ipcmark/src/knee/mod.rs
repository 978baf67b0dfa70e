//! `ipcmark knee`: finds the highest rate at which p99 stays under a bound.
//!
//! A run with another steering: its cells are the rates that the search tries. Record and report are
//! ordinary ones.

pub(crate) mod args;
mod search;
mod seek;
mod words;

use crate::Catalog;
use crate::exit::{Exit, Usage};
use crate::folder::Folder;
use crate::progress::Progress;
use crate::selection::{cell_axes, cells, note, spec, target};
use crate::spending::Spending;
use crate::{output, tool};
use anyhow::{Context as _, Result, bail};
use args::KneeArgs;
use ipcmark_harness::session::{Options, Session};
use ipcmark_record::{Cell, CellKey, Invocation, Outcome, Record, Workload};
use ipcmark_suite::{Suite, show_duration};
use search::Grade;
use seek::{Aims, Search, Seek};
use serde::Serialize;
use std::time::Duration;

/// The longest phase: 2,000 messages at the rate the ladder begins with.
const LONGEST: Duration = Duration::from_secs(2);
/// Rates that a search tries, about.
const RUNGS: usize = 10;
const WARM_UP: Duration = Duration::from_millis(20);

/// The cells of a search by default.
const SUITE: &str = r#"
name = "knee"
title = "The highest rate at which p99 stays under a bound"
prose = """
An open loop: each message is due at a fixed time, and its latency counts from then. As the rate rises the
99th percentile stays where it was, and then leaves the median behind within a factor of two: the **knee**. Each rate that was
tried is a row of this record: a ladder upwards, four times as fast from rung to rung, and then halves on a log scale until the
knee is known to a tenth. If the first rung fails, the ladder goes down first. A rate holds when p99 and its interval are under the
bound and it has enough samples, and does not hold when they are over it; with the bound inside the interval, this run cannot tell. The sender's own delay is part of the time, so a slow sender can only make a knee too low.
"""

[defaults]
target = "10%"

[[group]]
name = "ladder"
prose = """
The rates that were tried, in the order of their rows. With little traffic a receiver sleeps more deeply, so a low rate
may be slower than a higher one.
"""
transports = ["*", "!null", "!copy"]
patterns = ["paced"]
sizes = ["1KiB"]
placements = ["cross-core"]
arrivals = ["poisson"]
capacity = "256KiB"
"#;

/// Looks for the knees that the command line asks for.
///
/// # Errors
/// Globs that name nothing; a folder that cannot be written; a record that can no longer be kept.
pub(crate) fn knee(catalog: &Catalog, args: &KneeArgs) -> Result<Exit> {
    if tool::is_debug() && !args.quiet {
        output::warn("this is a debug build, its figures are worth little; build with --release");
    }
    let mut spending = Spending::begin();
    spending.bound(args.budget);
    let suite = Suite::parse(SUITE, "knee")?;
    let mut seek = seek(catalog, args, &suite)?;
    let folder = match &args.out {
        Some(path) => Folder::named(path)?,
        None => Folder::fresh(&suite.name)?,
    };
    let session = Session::new(seek.first(), options(catalog, args, &suite));
    let mut session = session.inspect_err(|_| folder.take_back())?;
    session.keep_at(&folder.record()).inspect_err(|_| folder.take_back())?;
    spending.part("preparing");
    let left = spending.left_to_measure(RUNGS * session.record().cells.len());
    session = session.within(left);
    let measured = {
        let mut progress = Progress::new(args.quiet, left);
        session.run(&mut seek, &mut progress)
    };
    spending.measured(&session);
    let record = session.into_record();
    let searches = seek.searches(&record);
    let kept = (!folder.forget_if_empty(&record)).then_some(&folder);
    let reported =
        kept.map_or(Ok(()), |folder| ipcmark_report::write(&record, folder.path()).map(drop));
    spending.part("report");
    if args.json {
        let document = Document::of(&record, &searches, kept, bound_ns(args));
        output::print(&serde_json::to_string_pretty(&document)?)?;
        if !args.quiet {
            output::say(&spending.line());
        }
    } else {
        let text = text(&searches, kept, bound_ns(args), reported.is_ok());
        output::print(&format!("{text}{}\n", spending.line()))?;
    }
    measured.context("the search stopped early; what it found is shown above")?;
    reported?;
    let found = searches.iter().any(|s| s.tried.iter().any(|t| t.p99_ns.is_some()));
    Ok(exit_of(record.outcome, found, &record.cells))
}

/// Returns the exit of a search; `found` says whether any rate has a p99. A rate that could not be
/// measured is a cell that failed.
fn exit_of(outcome: Outcome, found: bool, cells: &[Cell]) -> Exit {
    let is_failed = |cell: &Cell| {
        !cell.invocations.is_empty() && !cell.invocations.iter().any(Invocation::is_ok)
    };
    match outcome {
        Outcome::Interrupted => Exit::Interrupted,
        _ if !found || cells.iter().any(is_failed) => Exit::Failed,
        _ => Exit::Ok,
    }
}

fn bound_ns(args: &KneeArgs) -> f64 {
    args.p99.as_nanos() as f64
}

/// Returns the longest phase; at a sparse first rate long enough for a message.
fn longest(args: &KneeArgs) -> Duration {
    LONGEST.max(Duration::from_secs_f64(1.5 / f64::from(args.from)))
}

/// Returns a search for each transport, size, placement and kind of arrivals.
fn seek(catalog: &Catalog, args: &KneeArgs, suite: &Suite) -> Result<Seek> {
    let mut axes = cell_axes(&args.cells);
    axes.load.rates = vec![args.from];
    // A transport that is named without a wildcard has its row, which says why it cannot be paced.
    axes.patterns = match args.round_trip {
        true => vec![Workload::PACED_PING_PONG],
        false => suite.groups[0].patterns.clone(),
    };
    let cells = cells(catalog, suite, &axes)?;
    if cells.is_empty() {
        bail!(Usage("no transport that --transport names can be paced: see `ipcmark list`".into()));
    }
    let searches = cells.into_iter().map(|cell| spec(catalog, cell)).collect::<Result<_>>()?;
    let aims = Aims {
        bound_ns: bound_ns(args),
        first_per_s: args.from,
        rounds: args.rounds,
        longest: longest(args),
    };
    Ok(Seek::new(aims, searches))
}

fn options(catalog: &Catalog, args: &KneeArgs, suite: &Suite) -> Options {
    let mut note = note(suite);
    note.title = format!("The highest rate at which p99 stays under {}", show_duration(args.p99));
    Options {
        seed: crate::selection::seed(args.seed),
        budget: args.budget,
        rounds: args.rounds,
        measure: longest(args),
        warm_up: WARM_UP,
        target: Some(target(None, suite)),
        tool: tool::tool(),
        checkout: tool::checkout(),
        suite: note,
        floor: catalog.floor(),
        ..Options::new()
    }
}

fn text(searches: &[Search], folder: Option<&Folder>, bound_ns: f64, reported: bool) -> String {
    let mut text = String::new();
    for search in searches {
        text.push_str(&words::sentence(search, bound_ns));
        text.push('\n');
        let mut tried: Vec<_> = search.tried.iter().collect();
        tried.sort_by_key(|tried| tried.rung.rate_per_s);
        for tried in tried {
            text.push_str(&format!("    {}\n", words::rung(tried)));
        }
    }
    let at = folder.map(|folder| match reported {
        true => format!("Report: {}\n", folder.path().join("index.html").display()),
        false => format!("Record: {}\n", folder.record().display()),
    });
    text + &at.unwrap_or_default()
}

/// The document of `--json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// Names this form; the number behind the slash is its version.
    schema: &'static str,
    /// Null if nothing was measured: such a run leaves no folder.
    record: Option<String>,
    report: Option<String>,
    seed: u64,
    outcome: Outcome,
    p99_bound_ns: f64,
    knees: Vec<Found<'a>>,
}

/// One search.
#[derive(Debug, Serialize)]
struct Found<'a> {
    /// The cells' key, without a rate.
    of: &'a CellKey,
    /// The highest rate that passed, messages a second.
    rate_per_s: Option<u32>,
    /// The lowest one tried above it.
    above_per_s: Option<u32>,
    /// False if the search was cut short.
    over: bool,
    found: String,
    /// The rates, in the order they were tried.
    rates: Vec<Rate<'a>>,
}

/// One rate.
#[derive(Debug, Serialize)]
struct Rate<'a> {
    rate_per_s: u32,
    grade: Grade,
    p99_ns: Option<f64>,
    /// The interval of p99.
    p99_low_ns: Option<f64>,
    p99_high_ns: Option<f64>,
    /// CPUs that all sides used together.
    cpus_used: Option<f64>,
    sender_lag_p99_ns: Option<f64>,
    sender_too_slow: bool,
    lost_share: Option<f64>,
    values: u64,
    why: Option<&'a str>,
}

impl<'a> Document<'a> {
    fn of(
        record: &Record,
        searches: &'a [Search],
        folder: Option<&Folder>,
        p99_bound_ns: f64,
    ) -> Document<'a> {
        let rate = |tried: &'a seek::Tried| Rate {
            rate_per_s: tried.rung.rate_per_s,
            grade: tried.rung.grade,
            p99_ns: tried.p99_ns.map(|p99| p99.value),
            p99_low_ns: tried.p99_ns.and_then(|p99| Some(p99.interval?.0)),
            p99_high_ns: tried.p99_ns.and_then(|p99| Some(p99.interval?.1)),
            cpus_used: tried.cpus,
            sender_lag_p99_ns: tried.lag.map(|lag| lag.p99_ns.value),
            sender_too_slow: tried.lag.is_some_and(|lag| lag.sender_too_slow),
            lost_share: tried.lost_share,
            values: tried.values,
            why: tried.why.as_deref(),
        };
        let found = |search: &'a Search| {
            let knee = search.around();
            Found {
                of: &search.key,
                rate_per_s: knee.map(|knee| search.tried[knee.best].rung.rate_per_s),
                above_per_s: knee.and_then(|knee| Some(search.tried[knee.above?].rung.rate_per_s)),
                over: search.over,
                found: words::sentence(search, p99_bound_ns),
                rates: search.tried.iter().map(rate).collect(),
            }
        };
        Document {
            schema: "ipcmark.knee/1",
            record: folder.map(|folder| folder.record().display().to_string()),
            report: folder.map(|folder| folder.path().join("index.html").display().to_string()),
            seed: record.settings.seed,
            outcome: record.outcome,
            p99_bound_ns,
            knees: searches.iter().map(found).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::sample;

    /// B5
    #[test]
    fn a_rate_that_failed_sets_the_exit_code() {
        let mut cells = sample::every(1, 6).cells;
        assert_eq!(exit_of(Outcome::BudgetSpent, true, &cells), Exit::Failed);
        assert_eq!(exit_of(Outcome::Interrupted, true, &cells), Exit::Interrupted);
        let fails = |cell: &Cell| !cell.invocations.iter().any(Invocation::is_ok);
        cells.retain(|cell| cell.invocations.is_empty() || !fails(cell));
        assert_eq!(exit_of(Outcome::BudgetSpent, true, &cells), Exit::Ok);
        assert_eq!(exit_of(Outcome::Complete, false, &cells), Exit::Failed);
    }
}

//! `ipcmark run`: measures, keeps, reports.

use crate::Catalog;
use crate::cli::RunArgs;
use crate::exit::Exit;
use crate::folder::{self, Folder};
use crate::progress::Progress;
use crate::raw::{Both, RawFile};
use crate::selection::Job;
use crate::spending::Spending;
use crate::steer::steer;
use crate::{output, rules, table, tool, try_rules};
use anyhow::{Context as _, Result};
use ipcmark_harness::session::Session;
use ipcmark_record::{Cell, Invocation, Outcome, Record, Rule, Standing, Target};
use ipcmark_report::Report;
use ipcmark_show::{plural, share};
use ipcmark_summary::{Census, Classes, Drift, Row, Summary};
use ipcmark_sys::process;
use serde::Serialize;

/// Measures what the command line asks for.
///
/// # Errors
/// All of [`Job::of`] and [`Folder::named`], before anything is measured; a record that can no
/// longer be kept, after what was measured has been shown.
pub(crate) fn run(catalog: &Catalog, args: &RunArgs) -> Result<Exit> {
    if tool::is_debug() && !args.quiet {
        output::warn("this is a debug build, its figures are worth little; build with --release");
    }
    let mut spending = Spending::begin();
    let mut raw = args.detail.raw.as_deref().map(RawFile::create).transpose()?;
    let opened = open(catalog, args, &mut spending);
    if !matches!(opened, Ok(Some(_))) {
        raw.take().into_iter().for_each(RawFile::take_back);
    }
    let Some((mut session, folder)) = opened? else {
        output::warn("interrupted before anything was measured; nothing is kept");
        return Ok(Exit::Interrupted);
    };
    session.keep_at(&folder.record()).inspect_err(|_| folder.take_back())?;
    let mut steer = steer(&session.record().settings);
    let left = spending.left_to_measure(session.record().cells.len());
    session = session.within(left);
    let measured = {
        let mut progress = Progress::new(args.quiet, left);
        session.run(&mut *steer, &mut Both(&mut raw, &mut progress))
    };
    spending.measured(&session);
    let record = session.into_record();
    let kept = args.resume.is_some() || !folder.forget_if_empty(&record);
    let shown = show(args, &record, kept.then_some(&folder), &mut spending);
    measured.with_context(|| stopped(&record))?;
    let summary = shown?;
    raw.map_or(Ok(()), |raw| raw.finish(args.quiet))?;
    if args.json
        && let Some(shortfall) = shortfall(&record, &summary.census)
        && !args.quiet
    {
        output::warn(&shortfall);
    }
    Ok(exit_of(&record, &summary.census))
}

/// Returns a session that is ready to run, and its folder; `None` if a signal came first.
fn open(
    catalog: &Catalog,
    args: &RunArgs,
    spending: &mut Spending,
) -> Result<Option<(Session, Folder)>> {
    if let Some(path) = &args.resume {
        let folder = Folder::of_stopped_run(path)?;
        let mut record = Record::read_and(&folder.record(), output::warn)?;
        if args.retry {
            record.cells.iter_mut().for_each(|cell| cell.deaths = 0);
            record.limit_deaths = 0;
        }
        let job = Job::of_record(catalog, &record, args)?;
        spending.bound(job.options.budget);
        let session = Session::resume(record, job.specs, job.options)?;
        for fact in &session.record().resumed {
            output::warn(&format!("the machine is not as it was when the run began: {fact}"));
        }
        return Ok(Some((session, folder)));
    }
    let job = Job::of(catalog, args)?;
    job.refuse_empty_phases()?;
    spending.bound(job.options.budget);
    if !args.quiet {
        output::say("Looking at this machine and its transports.");
    }
    let folder = match &args.out {
        Some(path) => Folder::named(path)?,
        None => Folder::fresh(&job.options.suite.name)?,
    };
    let session = Session::new(job.specs, job.options).inspect_err(|_| folder.take_back())?;
    spending.part("preparing");
    let rules = match spending.for_rules().filter(|_| wants_rules(args)) {
        None => Some(Vec::new()),
        Some(within) => {
            try_rules::all_rules(catalog, within, args.quiet).inspect_err(|_| folder.take_back())?
        }
    };
    spending.part("rules");
    let Some(rules) = rules.filter(|_| !process::is_interrupted()) else {
        folder.take_back();
        return Ok(None);
    };
    Ok(Some((session.with_rules(rules), folder)))
}

/// Returns true if the run tries the documented rules: a user who names transports wants only their
/// figures.
fn wants_rules(args: &RunArgs) -> bool {
    !args.no_rules && args.axes.cells.transport.is_empty() && args.resume.is_none()
}

/// Writes the report and prints the result. The tables are printed even if the report cannot be
/// written, or the run has left no folder.
fn show(
    args: &RunArgs,
    record: &Record,
    folder: Option<&Folder>,
    spending: &mut Spending,
) -> Result<Summary> {
    let report = Report::of(record)?;
    let written = folder.map_or(Ok(()), |folder| {
        report
            .write(folder.path())
            .map(drop)
            .with_context(|| format!("the record is whole, but its report is not: write it again with `ipcmark report {} --out DIR`", folder.record().display()))
    });
    let summary = report.summary;
    spending.part("report");
    if args.json {
        output::print(&serde_json::to_string_pretty(&Document::of(record, &summary, folder))?)?;
        if !args.quiet {
            output::say(&spending.line());
        }
    } else {
        output::print(&text(args, record, &summary, folder, spending, written.is_ok()))?;
    }
    written.map(|()| summary)
}

fn text(
    args: &RunArgs,
    record: &Record,
    summary: &Summary,
    folder: Option<&Folder>,
    spending: &Spending,
    reported: bool,
) -> String {
    let mut text = table::machine(record, summary, output::columns());
    text.push_str(&table::tables(summary, output::of_tables(args.all_columns)));
    text.push('\n');
    text.push_str(&table::answer(summary, &record.knees, output::columns()));
    text.push_str(&rules::brief(&record.rules, output::columns()));
    let rules_left_out = wants_rules(args) && record.rules.is_empty();
    if let Some(folder) = folder.filter(|_| rules_left_out) {
        let path = folder.path().display();
        text.push_str(&format!(
            "The budget is too short for the documented rules; check them with: ipcmark rules --into {path}\n"
        ));
    }
    let census = ipcmark_view::census(&summary.census);
    text.push_str(&format!("{census} {}\n", table::headline(summary)));
    if let Some(folder) = folder {
        text.push_str(&whereabouts(record, folder, reported));
    }
    if let Some(shortfall) = shortfall(record, &summary.census) {
        text.push_str(&format!("{shortfall}\n"));
    }
    text + &spending.line() + "\n"
}

/// Says where report or record is, and how to continue.
fn whereabouts(record: &Record, folder: &Folder, reported: bool) -> String {
    let mut text = if reported {
        format!("Report: {}\n", folder.path().join("index.html").display())
    } else {
        format!("Record: {}\n", folder.record().display())
    };
    let path = folder.resumable().display();
    if is_unfinished(record) {
        text.push_str(&format!("Continue with: ipcmark run --resume {path}\n"));
    } else if let Some((wide, target)) = wider(record) {
        let (wide, is) = (plural(wide, "cell"), if wide == 1 { "is" } else { "are" });
        text.push_str(&format!(
            "{wide} {is} wider than ± {target}. To measure these for another minute, into the same report: ipcmark run --resume {path} --budget 1m\n"
        ));
    }
    text
}

/// Says how many cells were not reached; `None` if all were.
fn shortfall(record: &Record, census: &Census) -> Option<String> {
    let all = plural(census.cells, "cell");
    let because = match record.outcome {
        Outcome::BudgetSpent => "the budget of time was spent first; give more with --budget",
        Outcome::Interrupted => "the run was interrupted first",
        Outcome::Stopped => "the run stopped first",
        Outcome::Complete | Outcome::Running => "each has its reason above",
    };
    if figures(record) == 0 {
        return Some(format!("NOTHING WAS MEASURED of {all}: {because}."));
    }
    (census.pending > 0).then(|| {
        format!("NOT ALL WAS MEASURED: {} of {all} not reached, {because}.", census.pending)
    })
}

/// Returns the number of cells with at least one invocation that ended well.
fn figures(record: &Record) -> usize {
    let has_figures = |cell: &&Cell| cell.invocations.iter().any(Invocation::is_ok);
    record.cells.iter().filter(has_figures).count()
}

/// Returns true if the run was stopped before its end.
fn is_unfinished(record: &Record) -> bool {
    let stopped =
        matches!(record.outcome, Outcome::Interrupted | Outcome::BudgetSpent | Outcome::Stopped);
    stopped && steer(&record.settings).round(record).is_some()
}

/// Returns the number of cells that are wider than the target and that more visits might narrow, and
/// the target; `None` if there are none.
fn wider(record: &Record) -> Option<(usize, String)> {
    let target = record.settings.target?;
    let left = |cell: &&Cell| matches!(cell.standing, Some(Standing::Wide | Standing::Few));
    let wide = record.cells.iter().filter(left).count();
    let may_go_on = || steer(&record.settings).round(record).is_some();
    (wide > 0 && may_go_on()).then(|| (wide, share(target.p50)))
}

/// The JSON that `--json` prints.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// Names this form; the number behind the slash is its version.
    schema: &'static str,
    /// Null if nothing was measured: such a run leaves no folder.
    record: Option<String>,
    report: Option<String>,
    suite: &'a str,
    seed: u64,
    outcome: Outcome,
    census: &'a Census,
    /// Distance classes: `all` from near to far, each with its range and centre in ns, and
    /// `reference`, the place of the one with most invocations.
    classes: &'a Classes,
    /// Drift of the machine, for each kind of cell: the standard deviation of the log of its factor.
    /// It is part of every interval.
    drift: &'a [Drift],
    /// Half the width of an interval that was asked for, as a fraction of its figure.
    target: Target,
    /// Times are in ns, rates per second, shares from 0 to 1. The record's schema explains the words
    /// of a key, and [`ipcmark_summary::Row`] each field. `time_of` names the measured time of a row
    /// (`round trip`, `one-way from intended start`, `8 messages and an answer`, `task`), `counted`
    /// the unit that rates and costs count. The percentiles of a stream are of blocks of about 50 µs
    /// at the receivers; its time per message is one second over `messages_per_s`. Only `paced` has
    /// `figure.lag`, only `overlap` has `figure.overlap`, only `scatter-gather` has `figure.task`, and
    /// only a mechanism that may lose messages has `figure.lost_share`; elsewhere they are null. An
    /// `interval` holds the median of another run of this length 95 times in a hundred. `figure` is
    /// of the distance class `class`; figures of other classes are in `others`, and no figure pools
    /// two classes. `standing` is the quality of the figures: `precise`, `wide`, `not-steady`,
    /// `noisy` or `few`.
    rows: &'a [Row],
    /// Documented behaviour as checked on this machine, in the form of the record; absent if nothing
    /// was checked.
    #[serde(skip_serializing_if = "<[Rule]>::is_empty")]
    rules: &'a [Rule],
}

impl<'a> Document<'a> {
    fn of(record: &'a Record, summary: &'a Summary, folder: Option<&Folder>) -> Document<'a> {
        Document {
            schema: "ipcmark.summary/1",
            record: folder.map(|folder| folder.record().display().to_string()),
            report: folder.map(|folder| folder.path().join("index.html").display().to_string()),
            suite: &record.suite.name,
            seed: record.settings.seed,
            outcome: record.outcome,
            census: &summary.census,
            classes: &summary.classes,
            drift: &summary.drift,
            target: summary.target,
            rows: &summary.rows,
            rules: &record.rules,
        }
    }
}

fn stopped(record: &Record) -> String {
    let cells = figures(record);
    let all = record.cells.len();
    format!("the run stopped early ({cells} of {all} cells have figures, shown above)")
}

fn exit_of(record: &Record, census: &Census) -> Exit {
    match record.outcome {
        Outcome::Interrupted => Exit::Interrupted,
        _ if census.failed > 0 || figures(record) == 0 => Exit::Failed,
        _ => Exit::Ok,
    }
}

/// Reads a record for the commands that only look at one.
///
/// # Errors
/// A file that is missing, damaged, foreign or newer.
pub(crate) fn read(path: &std::path::Path) -> Result<Record> {
    let path = folder::record_at(path);
    Ok(Record::read_and(&path, output::warn)?)
}

//! `ipcmark repeat`: runs a suite several times, and says how far the runs agree.
//!
//! Each run is a new process, as a user's next run would be: it has its own addresses of code, stack
//! and heap, and inherits no memory from another run.

mod args;

pub(crate) use args::{EXAMPLES, RepeatArgs};

use crate::Catalog;
use crate::exit::{Exit, Usage};
use crate::folder::{self, Folder};
use crate::selection::Job;

use crate::{output, run, tool};
use anyhow::{Context as _, Result, bail};
use console::Term;
use ipcmark_judge::agreement::{Agreement, agreement};
use ipcmark_judge::{Error, to_json};
use ipcmark_record::{Cell, Invocation, Outcome, Record, files};
use ipcmark_show::{plural, wall};
use ipcmark_sys::process::{self, Child, Interrupts};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Time that an interrupted run gets to finish its files.
const PATIENCE: Duration = Duration::from_secs(60);
/// Least time that is worth a run.
const LEAST: Duration = Duration::from_secs(1);

/// Makes runs, or reads their records, and evaluates them.
///
/// # Errors
/// All of [`Job::of`] and [`Folder::named`], before anything is measured; a run that cannot be started; records that cannot
/// be read, or fewer than two.
pub(crate) fn repeat(catalog: &Catalog, args: &RepeatArgs) -> Result<Exit> {
    if args.run.resume.is_some() {
        bail!(Usage("a repetition cannot be resumed; resume one of its runs (`ipcmark run --resume`), then evaluate them all with --of".into()));
    }
    if args.run.detail.raw.is_some() {
        bail!(Usage("--raw is for one run: `ipcmark run --raw FILE`".into()));
    }
    if !args.of.is_empty() {
        let found = evaluate(&records_of(&args.of)?)?;
        show(args, &found)?;
        return Ok(Exit::Ok);
    }
    if tool::is_debug() && !args.run.quiet {
        output::warn("this is a debug build, its figures are worth little; build with --release");
    }
    if let Some(budget) = args.run.budget
        && budget < LEAST * args.runs
    {
        bail!(Usage(format!(
            "{} of {} leave less than {} for each; make fewer with --runs, or give more with --budget",
            plural(args.runs as usize, "run"),
            wall(budget),
            wall(LEAST)
        )));
    }
    let job = Job::of(catalog, &args.run)?;
    job.refuse_empty_phases()?;
    let suite = job.options.suite.name;
    let folder = match &args.run.out {
        Some(path) => Folder::named(path)?,
        None => Folder::fresh(&format!("{suite}-x{}", args.runs))?,
    };
    if folder.path().join(name_of(0)).exists() {
        bail!(Usage(format!(
            "{0} holds runs already; evaluate them with --of {0}, or name another folder with --out",
            folder.path().display()
        )));
    }
    let exit = measure(args, &folder)?;
    let records = records_of(&[folder.path().to_owned()]).unwrap_or_default();
    if records.len() < 2 {
        output::warn(&format!(
            "{} is too few to say how far runs agree",
            plural(records.len(), "run")
        ));
        return Ok(if exit == Exit::Ok { Exit::Failed } else { exit });
    }
    let found = evaluate(&records)?;
    output::keep(&folder.path().join("agreement.md"), &found.document().markdown())?;
    output::keep(&folder.path().join("agreement.json"), &to_json(&found))?;
    show(args, &found)?;
    if !args.run.quiet {
        output::say(&format!("Runs and evaluation: {}", folder.path().display()));
    }
    Ok(exit)
}

fn show(args: &RepeatArgs, found: &Agreement) -> Result<()> {
    if args.run.json {
        return output::print(&to_json(found));
    }
    output::document(&found.document(), true, "")
}

fn evaluate(records: &[Record]) -> Result<Agreement> {
    agreement(records).map_err(|error| match error {
        Error::TooFewRuns { .. } => Usage(error.to_string()).into(),
        _ => anyhow::Error::new(error),
    })
}

/// Makes the runs, one after the other, until one is interrupted or fails.
fn measure(args: &RepeatArgs, folder: &Folder) -> Result<Exit> {
    let _interrupts = Interrupts::handle()?;
    let bar = Term::stderr().is_term();
    let mut exit = Exit::Ok;
    let all = Instant::now();
    for n in 0..args.runs {
        if process::is_interrupted() {
            return Ok(Exit::Interrupted);
        }
        let name = name_of(n);
        let out = files::make_folders(folder.path(), name.as_ref())
            .with_context(|| format!("cannot make {name} in {}", folder.path().display()))?;
        let given = std::env::args_os().skip(2);
        let left = args.run.budget.map(|budget| budget.saturating_sub(all.elapsed()));
        let budget = left.map(|left| left / (args.runs - n));
        let words = args::of_run(given, &args.run, n, (out.as_os_str(), budget), !bar);
        let begun = Instant::now();
        let ended = one(&words);
        // A run that kept nothing leaves no folder.
        let _ = std::fs::remove_dir(&out);
        let ended = ended?;
        let record = run::read(&out)
            .with_context(|| format!("run {} of {} left no record: it {ended}", n + 1, args.runs));
        let record = match record {
            Err(_) if process::is_interrupted() => return Ok(Exit::Interrupted),
            record => record.inspect_err(|_| folder.take_back())?,
        };
        if !args.run.quiet {
            output::say(&line(n, args.runs, &record, begun.elapsed(), &out));
        }
        if process::is_interrupted() || record.outcome == Outcome::Interrupted {
            return Ok(Exit::Interrupted);
        }
        if ended == process::Exit::Code(Exit::Failed as i32) {
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

/// Makes one run, to its end. Its results are not printed, but its warnings are.
fn one(words: &[OsString]) -> Result<process::Exit> {
    let mut child = process::fork(|| {
        // The running program, even if its file was replaced.
        let mut command = std::process::Command::new("/proc/self/exe");
        let error = command.arg0("ipcmark").args(words).stdout(Stdio::null()).exec();
        output::say_error(&anyhow::Error::new(error).context("cannot start a run"));
        Exit::Io as i32
    })?;
    loop {
        if let Some(exit) = child.wait(Duration::from_secs(1))? {
            return Ok(exit);
        }
        if process::is_interrupted() {
            return end(child);
        }
    }
}

/// Asks a run to end; it keeps what it has, and its record says that it was interrupted.
fn end(mut child: Child) -> Result<process::Exit> {
    child.terminate();
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        // A wait ends early when a signal has come, and one has.
        std::thread::sleep(Duration::from_millis(20));
        if let Some(exit) = child.wait(Duration::ZERO)? {
            return Ok(exit);
        }
    }
    bail!("the run did not end within {}; it is killed", wall(PATIENCE))
}

/// `run 3 of 10: 238 of 241 cells have figures, 1 min 2 s: reports/2026-01-31-quick-x10/03`.
fn line(n: u32, runs: u32, record: &Record, took: Duration, out: &Path) -> String {
    let measured = |cell: &&Cell| cell.invocations.iter().any(Invocation::is_ok);
    let figures = record.cells.iter().filter(measured).count();
    let interrupted = if record.outcome == Outcome::Interrupted { ", interrupted" } else { "" };
    format!(
        "run {} of {runs}: {figures} of {} have figures, {}{interrupted}: {}",
        n + 1,
        plural(record.cells.len(), "cell"),
        wall(took),
        out.display()
    )
}

/// Returns the folder of run `n`, from 0: `01`, `02` ...
fn name_of(n: u32) -> String {
    format!("{:02}", n + 1)
}

/// Records that the user named: files, folders of runs, or folders of folders of runs.
fn records_of(paths: &[PathBuf]) -> Result<Vec<Record>> {
    let mut found: Vec<PathBuf> = Vec::new();
    for path in paths {
        if !path.is_dir() || folder::record_at(path).exists() {
            found.push(path.clone());
            continue;
        }
        let within = std::fs::read_dir(path)
            .and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>())
            .with_context(|| format!("cannot list {}", path.display()))?;
        let mut runs: Vec<PathBuf> =
            within.into_iter().filter(|p| p.is_dir() && folder::record_at(p).exists()).collect();
        if runs.is_empty() {
            bail!(Usage(format!("{} holds no record, nor does a folder in it", path.display())));
        }
        runs.sort();
        found.extend(runs);
    }
    found.iter().map(|path| run::read(path)).collect()
}

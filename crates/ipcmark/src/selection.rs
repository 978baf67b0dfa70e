//! From the command line to the cells of a run.

mod asked;
mod replay;
mod resumed;

use crate::Catalog;
use crate::cli::{AxisArgs, CellArgs, Check, RunArgs, all};
use crate::exit::Usage;
use crate::tool;
use anyhow::{Context as _, Result, bail};
use ipcmark_core::{Arrivals, Parameter};
use ipcmark_harness::session::{CellSpec, Options};
use ipcmark_harness::{Entry, host};
use ipcmark_record::{CellKey, GroupNote, SuiteNote, Target};
use ipcmark_suite::{Axes, EMBEDDED, LoadAxes, Suite, embedded, nearest, show_duration};
use std::path::Path;
use std::time::Duration;

/// The cells of a run, and the way to measure them.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) specs: Vec<CellSpec>,
    pub(crate) options: Options,
}

impl Job {
    /// Returns the job that the command line asks for.
    ///
    /// # Errors
    /// A suite that does not exist or is broken; globs that name nothing; axes that leave no cell.
    pub(crate) fn of(catalog: &Catalog, args: &RunArgs) -> Result<Job> {
        let suite = find_suite(args.suite.as_deref().unwrap_or("quick"))?;
        let trace = args.detail.replay.as_deref().map(replay::read).transpose()?;
        let axes = trace.iter().fold(axes(&args.axes), |axes, trace| replay::axes(axes, trace));
        let cells = cells(catalog, &suite, &axes)?;
        if cells.is_empty() {
            bail!(no_cell(&suite, &axes));
        }
        asked::refuse_unread(&axes, &cells)?;
        let mut options = options(catalog, args, &suite)?;
        if let Some(trace) = trace {
            let pass = args.measure.is_none().then_some(trace.pass_ns());
            options.measure = replay::phase(options.measure, pass);
            options.trace = Some(trace);
        }
        if !axes.is_empty() {
            options.suite = asked::narrowed(&suite, &cells);
        }
        let specs = cells.into_iter().map(|cell| spec(catalog, cell)).collect::<Result<_>>()?;
        Ok(Job { specs, options })
    }

    /// Refuses a rate of which a measured phase holds no message: that is the run's setting, and no
    /// fault of a mechanism.
    ///
    /// # Errors
    /// Such a rate, and the phase that it needs.
    pub(crate) fn refuse_empty_phases(&self) -> Result<(), Usage> {
        let measure = self.options.measure;
        let turns = self.specs.iter().filter_map(|spec| {
            let workload = spec.key.workload;
            let arrivals = workload.arrivals()?;
            // The first message of a trace is due at once.
            let replays = matches!(arrivals, Arrivals::Replay { .. });
            let rate = workload.value(Parameter::Rate).filter(|_| !replays)?;
            Some((rate, arrivals.together()))
        });
        let seconds = |(rate, together): &(u32, u32)| f64::from(*together) / f64::from(*rate);
        let longest = turns.max_by(|a, b| seconds(a).total_cmp(&seconds(b)));
        let too_long = |turn: &(u32, u32)| measure.as_secs_f64() < seconds(turn);
        let Some((rate, together)) = longest.filter(too_long) else { return Ok(()) };
        let none = if together > 1 { format!("no burst of {together}") } else { "none".into() };
        let enough = Duration::from_millis((1_000 * u64::from(together)).div_ceil(rate.into()));
        Err(Usage(format!(
            "at {rate} messages a second a measured phase of {} holds {none}; measure for longer with --measure {}",
            show_duration(measure),
            show_duration(enough * 10)
        )))
    }
}

/// Says why a suite has no cell for what the command line asks.
fn no_cell(suite: &Suite, axes: &Axes) -> Usage {
    let globs: Vec<_> = axes.transports.iter().map(ToString::to_string).collect();
    let patterns: Vec<_> = axes.patterns.iter().map(|pattern| pattern.name()).collect();
    let name = &suite.name;
    Usage(match (globs.is_empty(), patterns.is_empty()) {
        (true, true) => format!(
            "the suite '{name}' has no cell: the globs with ! in its groups take away every transport that the others name"
        ),
        (false, true) => format!(
            "the suite '{name}' has no cell for --transport {}; name another suite, e.g. --suite full, or the pattern, e.g. --pattern wake-up",
            globs.join(",")
        ),
        (_, false) => format!(
            "the suite '{name}' has no transport that can do {}{}; name one without a wildcard to have a row that says why",
            patterns.join(" or "),
            if globs.is_empty() { String::new() } else { format!(" among {}", globs.join(",")) }
        ),
    })
}

/// Returns the cells of a suite over the catalog, each with its group.
///
/// # Errors
/// Globs that name nothing.
pub(crate) fn cells(
    catalog: &Catalog,
    suite: &Suite,
    axes: &Axes,
) -> Result<Vec<(String, CellKey)>> {
    let names = catalog.names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Suite::pick(&axes.transports, &names)
        .map_err(|e| Usage(format!("--transport {e}; `ipcmark list` shows them all")))?;
    Ok(suite.cells(axes, &catalog.infos())?)
}

fn entry(catalog: &Catalog, name: &str) -> Result<&'static Entry> {
    catalog.find(name).with_context(|| {
        format!("this build has no transport '{name}'; `ipcmark list` shows what it has")
    })
}

/// Finds the transport of a group's cell.
pub(crate) fn spec(catalog: &Catalog, (group, key): (String, CellKey)) -> Result<CellSpec> {
    Ok(CellSpec { entry: entry(catalog, &key.transport)?, key, group })
}

/// Returns an embedded suite by its name, or a file by its path.
fn find_suite(name: &str) -> Result<Suite> {
    if let Some(suite) = embedded(name) {
        return Ok(suite?);
    }
    let path = Path::new(name);
    let looks_like_a_path = name.contains('/') || name.ends_with(".toml");
    if looks_like_a_path || path.exists() {
        return Ok(Suite::parse(&ipcmark_record::read_text(path)?, name)?);
    }
    let known = EMBEDDED.map(|(name, _)| name);
    let near = nearest(name, known).map(|n| format!(" (did you mean '{n}'?)")).unwrap_or_default();
    bail!(Usage(format!(
        "there is no suite '{name}'{near}; expected {}, or the path of a TOML file",
        known.join(", ")
    )))
}

fn axes(args: &AxisArgs) -> Axes {
    let axes = cell_axes(&args.cells);
    Axes {
        patterns: all(&args.pattern),
        load: LoadAxes {
            peers: all(&args.peers),
            idle: all(&args.idle),
            depths: all(&args.depth),
            rates: all(&args.rate),
            gaps_us: all(&args.gap),
            inputs: all(&args.input),
            when_full: all(&args.when_full),
            ..axes.load
        },
        spin_budgets: all(&args.spin_budget),
        neighbours: args.neighbours,
        ..axes
    }
}

/// Returns the axes that every command shares.
pub(crate) fn cell_axes(args: &CellArgs) -> Axes {
    Axes {
        transports: all(&args.transport),
        sizes: all(&args.size),
        mix: args.mix.clone(),
        placements: all(&args.placement),
        load: LoadAxes { arrivals: all(&args.arrivals), ..LoadAxes::default() },
        capacity: args.capacity.map(|capacity| capacity.0),
        ..Axes::default()
    }
}

/// Returns the seed of a run. One that is drawn is below 2^53: readers of JSON that keep all numbers as
/// floating point would round a larger one.
pub(crate) fn seed(given: Option<u64>) -> u64 {
    given.unwrap_or_else(|| fastrand::u64(..1 << 53))
}

fn options(catalog: &Catalog, args: &RunArgs, suite: &Suite) -> Result<Options, Usage> {
    let defaults = suite.defaults;
    let rounds = args.rounds.unwrap_or(defaults.rounds);
    let most = args.rounds_most.unwrap_or(defaults.rounds_most);
    let adapts = !args.fixed && most > rounds;
    if args.rounds_most.is_some_and(|most| most < rounds) {
        return Err(Usage(format!(
            "--rounds-most {most} is fewer than the minimum of {rounds} invocations; lower it with --rounds"
        )));
    }
    if args.target.is_some() && !adapts {
        return Err(Usage(format!(
            "--target has no effect: each cell gets {rounds} invocations, and no more than {most}; allow more with --rounds-most"
        )));
    }
    Ok(Options {
        seed: seed(args.seed),
        budget: args.budget.or(defaults.budget),
        rounds,
        rounds_most: adapts.then_some(most),
        target: Some(target(args.target, suite)),
        measure: args.measure.unwrap_or(defaults.measure),
        warm_up: args.warm_up.unwrap_or(defaults.warm_up),
        cpus: cpus(args.cpus.as_deref().unwrap_or_default())?,
        count: !args.no_counting,
        check_all: args.check == Some(Check::Full),
        raw: args.detail.raw.as_deref().map(|path| path.display().to_string()),
        percentiles: args.detail.tail.percentiles.clone(),
        tool: tool::tool(),
        checkout: tool::checkout(),
        suite: note(suite),
        floor: catalog.floor(),
        ..Options::new()
    })
}

/// Returns the CPUs that were asked for.
fn cpus(asked: &[u32]) -> Result<Vec<u32>, Usage> {
    let allowed: Vec<u32> = host::cpus().iter().map(|cpu| cpu.id).collect();
    let list = || allowed.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    for (at, cpu) in asked.iter().enumerate() {
        if !allowed.contains(cpu) {
            return Err(Usage(format!("CPU {cpu} is not allowed here; allowed: {}", list())));
        }
        if asked[..at].contains(cpu) {
            return Err(Usage(format!("--cpus names CPU {cpu} twice")));
        }
    }
    Ok(asked.to_vec())
}

/// Returns the target precision. Intervals of 99th percentiles may be five times as wide, unless
/// the suite says otherwise.
pub(crate) fn target(given: Option<f64>, suite: &Suite) -> Target {
    let own = suite.defaults.target_p99.filter(|_| given.is_none());
    let p50 = given.unwrap_or(suite.defaults.target);
    Target { p50, p99: own.unwrap_or(5.0 * p50) }
}

/// Returns the suite's prose, as it goes into the record.
pub(crate) fn note(suite: &Suite) -> SuiteNote {
    SuiteNote {
        name: suite.name.clone(),
        title: suite.title.clone(),
        prose: suite.prose.clone(),
        groups: suite
            .groups
            .iter()
            .map(|group| GroupNote { name: group.name.clone(), prose: group.prose.clone() })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::{Carries, Role, Workload};

    #[test]
    fn each_embedded_suite_finds_its_transports_in_the_catalog() {
        let notifies =
            ipcmark_catalog::CATALOG.iter().any(|e| e.info.carries == Carries::Notifications);
        for (name, _) in EMBEDDED {
            let args = RunArgs { suite: Some(name.into()), ..RunArgs::default() };
            let job = Job::of(&Catalog::builtin(), &args).unwrap();
            let groups: Vec<_> = job.options.suite.groups.iter().map(|g| g.name.as_str()).collect();
            let told = |group: &&str| *group != "wake-ups" || notifies;
            for group in groups.into_iter().filter(told) {
                assert!(job.specs.iter().any(|s| s.group == group), "{name}: {group} has no cell");
            }
        }
    }

    fn job(suite: &str) -> Job {
        Job::of(&Catalog::builtin(), &RunArgs { suite: Some(suite.into()), ..RunArgs::default() })
            .unwrap()
    }

    /// Suites that ask one question have a part of each.
    const WHOLE: [&str; 3] = ["quick", "standard", "full"];

    #[test]
    fn every_suite_has_every_transport() {
        for suite in WHOLE {
            let job = job(suite);
            for name in Catalog::builtin().names() {
                let has = |s: &CellSpec| s.entry.info.name() == name;
                assert!(job.specs.iter().any(has), "{suite}: {name}");
            }
        }
    }

    #[test]
    fn every_suite_has_every_workload() {
        for suite in WHOLE {
            let job = job(suite);
            for pattern in Workload::ALL.into_iter().filter(|&pattern| {
                ipcmark_catalog::CATALOG.iter().any(|entry| entry.info.supports(pattern).is_ok())
            }) {
                let has = |s: &CellSpec| {
                    s.key.workload.is_kind(pattern) && s.entry.info.supports(pattern).is_ok()
                };
                assert!(job.specs.iter().any(has), "{suite}: {pattern}");
            }
        }
    }

    #[test]
    fn a_target_holds_for_medians_and_five_times_it_for_the_99th_percentile() {
        let mut suite = find_suite("standard").unwrap();
        suite.defaults.target = 0.04;
        assert_eq!(target(None, &suite), Target { p50: 0.04, p99: 0.2 });
        suite.defaults.target_p99 = Some(0.5);
        assert_eq!(target(None, &suite), Target { p50: 0.04, p99: 0.5 });
        assert_eq!(target(Some(0.01), &suite), Target { p50: 0.01, p99: 0.05 });
    }

    #[test]
    fn rounds_are_fixed_when_asked_for_and_where_the_most_are_no_more() {
        let options = |flags: RunArgs| Job::of(&Catalog::builtin(), &flags).unwrap().options;
        let quick = options(RunArgs::default());
        assert_eq!(quick.rounds_most.map(|most| most > quick.rounds), Some(true));
        let fixed = options(RunArgs { fixed: true, ..RunArgs::default() });
        // B20: `wide` means the same with and without --fixed.
        assert_eq!((fixed.rounds_most, fixed.target), (None, quick.target));
        assert_eq!(options(RunArgs { rounds: Some(500), ..RunArgs::default() }).rounds_most, None);
        let more = RunArgs { rounds: Some(500), rounds_most: Some(501), ..RunArgs::default() };
        assert_eq!(options(more).rounds_most, Some(501));
        let said = |flags: RunArgs| Job::of(&Catalog::builtin(), &flags).unwrap_err().to_string();
        let fewer = RunArgs { rounds: Some(7), rounds_most: Some(6), ..RunArgs::default() };
        assert!(said(fewer).contains("--rounds-most 6 is fewer than the minimum of 7"));
        let none = RunArgs { rounds: Some(500), target: Some(0.1), ..RunArgs::default() };
        assert!(said(none).contains("--target has no effect"));
    }

    #[test]
    fn the_pilot_of_quick_takes_no_longer_than_it_says() {
        // Time of a visit outside of its measured phase: fork, warm-up, meetings, probes, reaping.
        const OVERHEAD: Duration = Duration::from_millis(12);
        let Job { specs, options } = job("quick");
        let visits = specs.len() as u32 * options.rounds;
        let takes = (options.measure + OVERHEAD) * visits;
        // What is left of the minute when the rules take no longer than on a busy machine.
        assert!(takes <= options.budget.unwrap() * 9 / 10, "{} cells: {takes:?}", specs.len());
    }

    #[test]
    fn each_workload_and_size_of_a_suite_has_its_floor_where_floors_apply() {
        for (suite, _) in EMBEDDED {
            let job = job(suite);
            let floors = job.specs.iter().filter(|s| s.entry.info.role == Role::Floor);
            let floors: Vec<_> = floors.map(|s| (s.key.workload, s.key.size_bytes)).collect();
            let floor = ipcmark_catalog::floor().info;
            for spec in job.specs.iter().filter(|s| floor.suits(s.key.workload).is_ok()) {
                assert!(
                    floors.contains(&(spec.key.workload, spec.key.size_bytes)),
                    "{suite}: {}",
                    spec.key
                );
            }
        }
    }

    #[test]
    fn no_suite_asks_a_mechanism_for_what_it_does_not_carry() {
        for (suite, _) in EMBEDDED {
            for spec in job(suite).specs {
                assert!(spec.entry.info.suits(spec.key.workload).is_ok(), "{suite}: {}", spec.key);
                let bare = !spec.key.workload.has_payload();
                assert!(!bare || spec.key.size_bytes == 0, "{}", spec.key);
            }
        }
    }

    #[test]
    fn a_suite_that_is_not_there_is_told_with_those_that_are() {
        let said = find_suite("quik").unwrap_err().to_string();
        assert!(
            said.contains("did you mean 'quick'?") && said.contains("standard, full"),
            "{said}"
        );
    }
}

//! `ipcmark limits`: the best that hardware and kernel allow, in a few seconds.
//!
//! A run measures the same limits next to its cells.

use crate::cli::{Several, all, parse_placements, parse_size_list};
use crate::exit::Exit;
use crate::output::{self, paint};
use anyhow::Result;
use clap::Args;
use ipcmark_core::Placement;
use ipcmark_harness::limits::{self as measured, Set};
use ipcmark_harness::{host, placement};
use ipcmark_record::{Limit, LimitKind};
use ipcmark_show::{plural, terminal, wall};
use ipcmark_suite::parse_duration;
use ipcmark_summary::Classes;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process::{self, Interrupts};
use ipcmark_view::limit_table;
use serde::Serialize;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

pub(crate) const EXAMPLES: &str = "\
Examples:
  ipcmark limits
  ipcmark limits --size 8..1MiB*8 --placement cross-core
  ipcmark limits --time 1min   longer: a virtual machine's CPUs may move meanwhile
  ipcmark limits --json > limits.json";

/// Pause between two sets, so that a host that moves the CPUs gets the time to do so.
const REST: Duration = Duration::from_millis(60);
/// Time that the last set is measured by, of which it may take a part.
const LAST: Duration = Duration::from_secs(2);
/// Sizes by default.
const SIZES: [usize; 3] = [64, 1 << 10, 64 << 10];

#[derive(Debug, Args)]
pub(crate) struct LimitsArgs {
    /// Message sizes of the copies: 64, 1KiB, 64..64KiB (doubling), 8..1MiB*8 [default: 64,1KiB,64KiB].
    #[arg(long, short, value_name = "SIZE,...", value_parser = parse_size_list)]
    size: Vec<Several<usize>>,
    /// same-core, cross-core, smt-siblings, cross-node, free [default: all that this machine has, except free].
    #[arg(long, value_name = "NAME,...", value_parser = parse_placements)]
    placement: Vec<Several<Placement>>,
    /// Time to measure for, in repeated sets.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = parse_duration)]
    time: Duration,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// The document of `--json`.
#[derive(Debug, Serialize)]
struct Document {
    /// Names this form; the number behind the slash is its version.
    schema: &'static str,
    /// The limits, in the form of a record; `at_ns` counts from the start of the command.
    limits: Vec<Limit>,
    /// Distance classes of the CPUs.
    classes: Classes,
    /// Placements that could not be measured, and why.
    missing: Vec<String>,
}

/// Measures limits and prints them.
///
/// # Errors
/// Standard output that cannot be written to.
pub(crate) fn limits(args: &LimitsArgs) -> Result<Exit> {
    let _interrupts = Interrupts::handle()?;
    let document = measure(args);
    if document.limits.is_empty() {
        output::warn(&format!("nothing could be measured: {}", document.missing.join("; ")));
        return Ok(if process::is_interrupted() { Exit::Interrupted } else { Exit::Failed });
    }
    if args.json {
        output::print(&serde_json::to_string_pretty(&document)?)?;
    } else {
        output::print(&for_people(&document, output::columns()))?;
    }
    Ok(if process::is_interrupted() { Exit::Interrupted } else { Exit::Ok })
}

fn measure(args: &LimitsArgs) -> Document {
    let clock = Clock::calibrate();
    let cpus = host::cpus();
    let given = all(&args.placement);
    let wanted = if given.is_empty() {
        Placement::ALL.into_iter().filter(|p| *p != Placement::Free).collect()
    } else {
        given
    };
    let sizes = all(&args.size);
    let mut sizes = if sizes.is_empty() { SIZES.to_vec() } else { sizes };
    sizes.sort_unstable();
    sizes.dedup();
    let sizes: Vec<u64> = sizes.into_iter().map(|size| size as u64).collect();
    let (mut limits, mut missing, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for placement in wanted {
        match placement::choose(placement, &cpus) {
            Ok(cpus) => places.push((placement, cpus)),
            Err(refusal) => missing.push(format!("{placement}: {}", refusal.reason)),
        }
    }
    let begun = Instant::now();
    loop {
        for (placement, cpus) in &places {
            let at_ns = begun.elapsed().as_nanos() as u64;
            let left = args.time.saturating_sub(begun.elapsed()).max(LAST);
            let why = match measured::measure(&clock, cpus, &sizes, Some(left)) {
                Ok(Set { found, too_long }) => {
                    measured::add(&mut limits, *placement, at_ns, &found);
                    measured::left_out(&too_long)
                }
                Err(why) => Some(why.to_string()),
            };
            let Some(why) = why.map(|why| format!("{placement}: {why}")) else { continue };
            if !process::is_interrupted() && !missing.contains(&why) {
                missing.push(why);
            }
        }
        if begun.elapsed() >= args.time || process::is_interrupted() {
            break;
        }
        std::thread::sleep(REST);
    }
    limits.sort_by_key(|l: &Limit| (l.kind, l.size_bytes));
    let ends = limits.iter().filter(|l| l.kind == LimitKind::HandOff).flat_map(|l| &l.samples);
    let classes = Classes::of_distances(ends.filter_map(|s| s.distance));
    Document { schema: "ipcmark.limits/1", limits, classes, missing }
}

fn for_people(document: &Document, columns: Option<u16>) -> String {
    let table = limit_table(&document.limits, &document.classes);
    let mut text =
        table.map_or_else(String::new, |table| terminal::table(&table, columns, &paint) + "\n");
    for why in &document.missing {
        let _ = writeln!(text, "not available: {why}");
    }
    let (sets, took) = extent(&document.limits);
    let (sets, took) = (plural(sets, "set"), wall(took));
    let _ = writeln!(text, "{sets} of batches in {took}. The best is the limit: noise only adds.");
    text
}

/// Returns the number of sets of the limit with most, and the time of the last.
fn extent(limits: &[Limit]) -> (usize, Duration) {
    let last_ns = limits.iter().flat_map(|l| &l.samples).map(|s| s.at_ns).max();
    let sets = limits.iter().map(|l| l.samples.len()).max();
    (sets.unwrap_or_default(), Duration::from_nanos(last_ns.unwrap_or_default()))
}

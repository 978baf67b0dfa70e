//! One row of the long form: the columns of a record and of a paired comparison, which are the same.
//!
//! Columns that do not apply are empty: a record has no slices, a paired comparison no CPU times.

use crate::table::{Value, count, flag, number, text, time};
use ipcmark_record::{Arrivals, CellKey, Input, Parameter, Refusal, State, WhenFull};
use ipcmark_record::{Distance, Host, Integrity, Setup, SideReport, Tool};

/// Columns of a document, so that rows of many documents fit in one table.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) document: &'static str,
    pub(crate) started: &'a str,
    pub(crate) tool: &'a Tool,
    pub(crate) host: &'a Host,
    pub(crate) suite: &'a str,
}

/// Columns of a cell.
#[derive(Clone, Copy)]
pub(crate) struct Of<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) key: &'a CellKey,
    pub(crate) family: &'a str,
    pub(crate) floor: bool,
    pub(crate) group: &'a str,
    pub(crate) state: &'a State,
    /// Words that go with every figure of the cell; `None` of a paired comparison.
    pub(crate) flags: Option<&'a str>,
}

/// One row.
#[derive(Default)]
pub(crate) struct Line<'a> {
    /// Number of the invocation, from 0; in a paired comparison the number of the pair.
    pub(crate) invocation: Option<usize>,
    pub(crate) round: Option<u32>,
    pub(crate) stage: Option<String>,
    pub(crate) started_ns: Option<u64>,
    /// The failure, if any.
    pub(crate) failure: Option<String>,
    pub(crate) marks: Option<String>,
    pub(crate) steady: Option<bool>,
    /// True if the cell's figures use the invocation.
    pub(crate) counts: Option<bool>,
    pub(crate) class: Option<&'static str>,
    /// Process of a record; side of a paired comparison: `base`, `new`, `again`.
    pub(crate) side: Option<&'a str>,
    /// True if the cell's figures use the times of this side; never of a rate that was not reached, which
    /// has no latency.
    pub(crate) tells: Option<bool>,
    /// Number of the slice, over all sides.
    pub(crate) slice: Option<u32>,
    pub(crate) elapsed_ns: Option<u64>,
    pub(crate) messages: Option<u64>,
    pub(crate) times: Times,
    pub(crate) distance: Option<Distance>,
    pub(crate) integrity: Option<Integrity>,
    pub(crate) setup: Option<Setup>,
    /// Share of their CPUs' time that neighbours lost.
    pub(crate) neighbours_lost: Option<f64>,
    pub(crate) report: Option<&'a SideReport>,
    /// The longest message of those that the row is of, bytes, if it is not of all sizes.
    pub(crate) size_class: Option<u64>,
}

/// Times of a row.
#[derive(Default)]
pub(crate) struct Times {
    /// Unit of a value: `ns-per-round-trip`, `ps-per-message-block` ... The columns are in ns always.
    pub(crate) value_is: Option<String>,
    pub(crate) values: Option<u64>,
    pub(crate) messages_per_value: Option<u64>,
    pub(crate) midmean_ns: Option<f64>,
    /// Values at [`ipcmark_summary::PERCENTILES`].
    pub(crate) percentiles_ns: [Option<f64>; 5],
    pub(crate) max_ns: Option<f64>,
}

/// Returns the columns of a row with their names, which are the same for every row.
pub(crate) fn columns(of: &Of, line: &Line) -> Vec<(&'static str, Value)> {
    let mut columns = about(of);
    let integrity = |get: fn(Integrity) -> u64| count(line.integrity.map(get));
    let setup = |get: fn(Setup) -> u64| count(line.setup.map(get));
    let usage = |get: fn(&SideReport) -> u64| count(line.report.map(get));
    let times = &line.times;
    let [p50, p90, p99, p999, p9999] = times.percentiles_ns.map(number);
    columns.extend([
        ("stage", text(line.stage.as_deref())),
        ("invocation", count(line.invocation.map(|n| n as u64))),
        ("round", count(line.round.map(u64::from))),
        ("started_ns", count(line.started_ns)),
        ("failure", text(line.failure.as_deref())),
        ("marks", text(line.marks.as_deref())),
        ("steady", flag(line.steady)),
        ("counts", flag(line.counts)),
        ("distance_class", text(line.class)),
        ("side", text(line.side)),
        ("tells", flag(line.tells)),
        ("slice", count(line.slice.map(u64::from))),
        ("elapsed_ns", count(line.elapsed_ns)),
        ("messages", count(line.messages)),
        ("value_is", text(times.value_is.as_deref())),
        ("values", count(times.values)),
        ("messages_per_value", count(times.messages_per_value)),
        ("midmean_ns", number(times.midmean_ns)),
        ("p50_ns", p50),
        ("p90_ns", p90),
        ("p99_ns", p99),
        ("p99_9_ns", p999),
        ("p99_99_ns", p9999),
        ("max_ns", number(times.max_ns)),
        ("distance_before_ns", number(line.distance.map(|d| d.before_ns))),
        ("distance_after_ns", number(line.distance.map(|d| d.after_ns))),
        ("lost", integrity(|i| i.lost)),
        ("repeated", integrity(|i| i.repeated)),
        ("reordered", integrity(|i| i.reordered)),
        ("damaged", integrity(|i| i.damaged)),
        ("fixture_ns", setup(|s| s.fixture_ns)),
        ("split_ns", setup(|s| s.split_ns)),
        ("first_ns", count(line.setup.and_then(|s| s.first_ns))),
        ("teardown_ns", setup(|s| s.teardown_ns)),
        ("neighbours_lost", number(line.neighbours_lost)),
        ("cpu_before", usage(|s| s.placed.cpu_before.into())),
        ("cpu_after", usage(|s| s.placed.cpu_after.into())),
        ("user_ns", usage(|s| s.usage.user_ns)),
        ("system_ns", usage(|s| s.usage.system_ns)),
        ("voluntary_switches", usage(|s| s.usage.voluntary_switches)),
        ("involuntary_switches", usage(|s| s.usage.involuntary_switches)),
        ("minor_faults", usage(|s| s.usage.minor_faults)),
        ("major_faults", usage(|s| s.usage.major_faults)),
        ("size_class_bytes", count(line.size_class)),
    ]);
    columns
}

pub(crate) fn about(of: &Of) -> Vec<(&'static str, Value)> {
    let Of { frame, key, family, floor, group, state, flags } = of;
    let value = |of| count(key.workload.value(of).map(u64::from));
    let (word, reason) = match state {
        State::Pending => ("pending", None),
        State::Measured => ("measured", None),
        State::Unavailable(Refusal { reason, .. }) => ("unavailable", Some(reason.as_str())),
        State::Unsupported { reason } => ("unsupported", Some(reason.as_str())),
    };
    vec![
        ("document", text(Some(frame.document))),
        ("run_started", time(frame.started)),
        ("tool_version", text(Some(&frame.tool.version))),
        ("tool_commit", text(frame.tool.commit.as_deref())),
        ("host", text(Some(&frame.host.fingerprint))),
        ("suite", text(Some(frame.suite))),
        ("cell", text(Some(&key.to_string()))),
        ("transport", text(Some(&key.transport))),
        ("pattern", text(Some(key.workload.name()))),
        ("size_bytes", count(key.size_bytes)),
        ("placement", text(Some(key.placement.name()))),
        ("capacity_bytes", count(key.capacity_bytes)),
        ("peers", value(Parameter::Peers)),
        ("idle", count(Some(key.workload.idle() as u64).filter(|idle| *idle > 0))),
        ("depth", value(Parameter::Depth)),
        ("rate_per_s", value(Parameter::Rate)),
        ("gap_us", value(Parameter::Gap)),
        ("spin_budget", text(key.spin_budget.map(|budget| budget.to_string()).as_deref())),
        ("neighbours", text(key.neighbours.map(|neighbours| neighbours.to_string()).as_deref())),
        ("arrivals", text(arrivals(key).map(|arrivals| arrivals.to_string()).as_deref())),
        ("input", text(key.workload.input().map(Input::name))),
        ("when_full", text(when_full(key).map(WhenFull::name))),
        ("mix", text(key.mix.as_ref().map(ToString::to_string).as_deref())),
        ("family", text(Some(family))),
        ("floor", flag(*floor)),
        ("suite_group", text(Some(group))),
        ("state", text(Some(word))),
        ("reason", text(reason)),
        ("flags", text(*flags)),
    ]
}

/// Returns the arrivals that a key names: `constant` is the default, and left out.
pub(crate) fn arrivals(key: &CellKey) -> Option<Arrivals> {
    key.workload.arrivals().filter(|arrivals| *arrivals != Arrivals::Constant)
}

/// Returns what a key's senders do when there is no room: `wait` is the default, and left out.
pub(crate) fn when_full(key: &CellKey) -> Option<WhenFull> {
    Some(key.when_full).filter(|when_full| *when_full != WhenFull::Wait)
}

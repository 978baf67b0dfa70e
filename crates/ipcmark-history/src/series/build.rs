//! Sorts the figures of many runs into series.

use super::classes::Classes;
use super::{History, Machine, Point, Series, Stop};
use crate::{Figure, Line, Metric};
use ipcmark_stats::median;
use ipcmark_summary::DistanceClass;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Facts that the figures of one series share.
#[derive(PartialEq, Eq, Hash)]
struct Key<'a> {
    cell: &'a str,
    figure: Figure,
    host: Option<usize>,
    /// Thousandths of a ns of the centre on one machine; its range across machines.
    class: Option<u64>,
}

/// A series on its way.
struct Open<'a> {
    key: Key<'a>,
    class: Option<DistanceClass>,
    /// By stop: each run's figure, and its origin.
    values: BTreeMap<usize, Vec<(&'a Metric, Origin)>>,
}

/// The machine and the facts of a run, places in [`History`].
#[derive(Clone, Copy)]
struct Origin {
    host: usize,
    facts: usize,
}

pub(super) fn history(lines: &[Line]) -> History {
    let (stops, stop_of) = time_line(lines);
    let mut in_time: Vec<usize> = (0..lines.len()).collect();
    in_time.sort_by_key(|at| lines[*at].run_timestamp);
    let mut hosts: Vec<Machine> = Vec::new();
    let mut classes: Vec<Classes> = Vec::new();
    let mut all_facts: Vec<BTreeMap<String, String>> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut places: HashMap<Key, usize> = HashMap::new();
    for at in in_time {
        let of = &lines[at].attributes;
        let host = hosts.iter().position(|h| h.fingerprint == of.host).unwrap_or_else(|| {
            let words = format!("{}, kernel {}", of.cpu_model, of.kernel);
            hosts.push(Machine { fingerprint: of.host.clone(), words });
            classes.push(Classes::of(lines, &of.host));
            hosts.len() - 1
        });
        let of = &lines[at].facts;
        let facts = all_facts.iter().position(|facts| facts == of).unwrap_or_else(|| {
            all_facts.push(of.clone());
            all_facts.len() - 1
        });
        for metric in lines[at].metrics.iter().filter(|m| m.value.is_finite() && m.value > 0.0) {
            let Some(figure) = metric.figure() else { continue };
            let class = metric.distance_ns.map(|ns| classes[host].class(ns));
            let key = || Key::of(metric, figure, host, class.as_ref());
            let place = *places.entry(key()).or_insert_with(|| {
                open.push(Open { key: key(), class, values: BTreeMap::new() });
                open.len() - 1
            });
            open[place]
                .values
                .entry(stop_of[at])
                .or_default()
                .push((metric, Origin { host, facts }));
        }
    }
    // Cells keep the order of their first run; their figures stay together.
    let mut cells: HashMap<&str, usize> = HashMap::new();
    for series in &open {
        let next = cells.len();
        cells.entry(series.key.cell).or_insert(next);
    }
    open.sort_by_key(|o| (o.key.host, cells[o.key.cell], o.key.figure, o.key.class));
    let series = open.into_iter().map(Open::close).collect();
    History { stops, hosts, series, runs: lines.len(), facts: all_facts }
}

impl<'a> Key<'a> {
    fn of(
        metric: &'a Metric,
        figure: Figure,
        host: usize,
        class: Option<&DistanceClass>,
    ) -> Key<'a> {
        let class = class.map(|class| match figure.is_ratio() {
            true => class.reach() as u64,
            false => (class.centre_ns * 1e3).round() as u64,
        });
        let host = (!figure.is_ratio()).then_some(host);
        Key { cell: metric.cell(), figure, host, class }
    }
}

impl Open<'_> {
    fn close(self) -> Series {
        let Key { cell, figure, host, .. } = self.key;
        let points = self.values.into_iter().map(|(stop, values)| point(stop, &values)).collect();
        Series { cell: cell.into(), figure, host, class: self.class, points }
    }
}

/// Returns the point of a commit: several runs of it are one point.
fn point(stop: usize, values: &[(&Metric, Origin)]) -> Point {
    let of = |pick: fn(&Metric) -> Option<f64>| {
        median(&values.iter().filter_map(|(metric, _)| pick(metric)).collect::<Vec<f64>>())
    };
    let places = |of: fn(&Origin) -> usize| {
        let places: BTreeSet<usize> = values.iter().map(|(_, origin)| of(origin)).collect();
        places.into_iter().collect()
    };
    Point {
        stop,
        value: of(|m| Some(m.value)).unwrap_or(f64::NAN),
        interval: of(|m| m.interval().map(|i| i.0)).zip(of(|m| m.interval().map(|i| i.1))),
        runs: values.len(),
        hosts: places(|origin| origin.host),
        facts: places(|origin| origin.facts),
    }
}

/// Returns the stops in order, and for each run the place of its stop.
fn time_line(lines: &[Line]) -> (Vec<Stop>, Vec<usize>) {
    let mut stops: Vec<(Stop, i64)> = Vec::new();
    let mut of_commit: HashMap<&str, usize> = HashMap::new();
    let mut stop_of = Vec::with_capacity(lines.len());
    for line in lines {
        let commit = line.attributes.git_commit.as_deref();
        let run_s = line.run_timestamp;
        let known = commit.and_then(|commit| of_commit.get(commit).copied());
        let at = known.unwrap_or_else(|| {
            let commit = commit.map(Into::into);
            stops.push((Stop { commit, at_s: run_s, of_commit: false, runs: 0 }, run_s));
            stops.len() - 1
        });
        if let Some(commit) = commit {
            of_commit.insert(commit, at);
        }
        let (stop, first_run_s) = &mut stops[at];
        stop.runs += 1;
        *first_run_s = run_s.min(*first_run_s);
        if line.attributes.commit_time.is_some() {
            (stop.at_s, stop.of_commit) = (line.timestamp, true);
        } else if !stop.of_commit {
            stop.at_s = *first_run_s;
        }
        stop_of.push(at);
    }
    // Commits of one second (a rebase makes many) come as they were first run.
    let mut order: Vec<usize> = (0..stops.len()).collect();
    order.sort_by_key(|at| (stops[*at].0.at_s, stops[*at].1));
    let mut place = vec![0; stops.len()];
    for (to, from) in order.iter().enumerate() {
        place[*from] = to;
    }
    let sorted = order.iter().map(|at| stops[*at].0.clone()).collect();
    (sorted, stop_of.into_iter().map(|at| place[at]).collect())
}

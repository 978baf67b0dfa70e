//! A made-up history, for tests and for a sample page. Nothing in it was measured.
//!
//! Three machines: the first ran each commit, the second began after a fifth of them, the third is new.
//! The first few cells tell a story each; all others only have noise.

use crate::{Attributes, Figure, Line, Metric, line};
use fastrand::Rng;
use ipcmark_record::Reach;
use std::collections::BTreeMap;

/// Change of a cell over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// 5 % slower from two thirds on.
    Step,
    /// Some 9 % slower in all, a little with each commit.
    Drift,
    /// Once 2.5 times as slow.
    Outlier,
    /// Not run for a sixth of the commits.
    Gap,
    /// 12 % faster from two fifths on.
    Better,
    /// Nothing.
    None,
}

/// The stories of the first cells.
pub const STORIES: [Story; 5] =
    [Story::Step, Story::Drift, Story::Outlier, Story::Gap, Story::Better];

/// Transports, patterns and sizes in turn, and the time of each, ns.
const CELLS: [(&str, &str, f64, bool); 8] = [
    ("pipe/block", "ping-pong 64 B cross-core", 97_000.0, true),
    ("unix-stream/block", "ping-pong 64 B same-core", 8_520.0, false),
    ("shm-ring/spin", "ping-pong 64 B cross-core", 121.0, true),
    ("tcp4/epoll", "ping-pong 1024 B same-core", 23_100.0, false),
    ("shm-ring/futex", "stream 65536 B cross-core", 3_870.0, true),
    ("mq/block", "ping-pong 64 B same-core", 7_930.0, false),
    ("fifo/poll", "stream 65536 B same-core", 14_200.0, false),
    ("udp4/block", "paced 64 B cross-core (1000/s, poisson)", 61_400.0, true),
];

/// A machine.
struct Host {
    words: &'static str,
    kernel: &'static str,
    /// Its times over those of the first.
    slower: f64,
    /// Its first commit.
    first: fn(usize) -> usize,
}

const HOSTS: [Host; 3] = [
    Host { words: "Made-up Processor 9000", kernel: "6.12.9", slower: 1.0, first: |_| 0 },
    Host { words: "Made-up Server 2x32", kernel: "6.8.0", slower: 1.31, first: |n| n / 5 },
    Host { words: "Made-up Laptop", kernel: "6.14.1", slower: 0.83, first: |n| n - n / 10 },
];

/// Standard deviation of a figure from run to run, as a share of it.
const NOISE: f64 = 0.01;
/// Share of a run's deviation that the next one keeps.
const MEMORY: f64 = 0.3;
/// Time between two runs of a machine, s.
const APART_S: i64 = 5 * 3_600;
/// Time of the first commit: 2026-01-05.
const BEGIN_S: i64 = 1_767_600_000;

/// Returns the story of a cell, by its place.
#[must_use]
pub fn story(cell: usize) -> Story {
    STORIES.get(cell).copied().unwrap_or(Story::None)
}

/// Returns the cell at a place: those behind the eighth have other sizes.
#[must_use]
pub fn cell(at: usize) -> String {
    let (transport, rest, ..) = CELLS[at % CELLS.len()];
    let wider = at / CELLS.len();
    let rest =
        if wider > 0 { rest.replacen(" B", &format!("{wider:02} B"), 1) } else { rest.into() };
    format!("{transport} {rest}")
}

/// Returns the lines of `commits` commits with `cells` cells; the same seed gives the same history.
#[must_use]
pub fn lines(seed: u64, commits: usize, cells: usize) -> Vec<Line> {
    let mut rng = Rng::with_seed(seed);
    let hashes: Vec<String> =
        (0..commits).map(|_| format!("{:032x}{:08x}", rng.u128(..), rng.u32(..))).collect();
    let mut lines = Vec::new();
    for (number, host) in HOSTS.into_iter().enumerate() {
        let mut deviations = vec![0.0; cells];
        for (commit, hash) in hashes.iter().enumerate().skip((host.first)(commits)) {
            // One commit was run again.
            for again in 0..=i64::from(commit == commits / 2 && number == 0) {
                let commit_s = BEGIN_S + commit as i64 * APART_S;
                let run_s = commit_s + 900 + again * 600 + number as i64;
                let mut metrics = Vec::new();
                for (at, deviation) in deviations.iter_mut().enumerate() {
                    *deviation = MEMORY * *deviation + normal(&mut rng);
                    let level = told(story(at), commit, commits);
                    let factor = level.map(|l| l * (NOISE * *deviation).exp());
                    metrics.extend(
                        factor.into_iter().flat_map(|f| figures(at, f, host.slower, &mut rng)),
                    );
                }
                let attributes = Attributes {
                    git_repo: Some("https://example.org/made-up.git".into()),
                    git_commit: Some(hash.clone()),
                    commit_time: jiff::Timestamp::from_second(commit_s)
                        .ok()
                        .map(|at| at.to_string()),
                    branch: Some("main".into()),
                    host: format!("{:016x}", 0xABCD_0000_u64 + number as u64),
                    cpu_model: host.words.into(),
                    kernel: host.kernel.into(),
                    tool_version: "0.1.0".into(),
                    tool_commit: None,
                    profile: "release".into(),
                    suite: "made-up".into(),
                    reference: None,
                    more: BTreeMap::new(),
                };
                lines.push(Line {
                    schema: line::SCHEMA.into(),
                    run: format!("made-up-{number}-{commit}-{again}"),
                    timestamp: commit_s,
                    run_timestamp: run_s,
                    attributes,
                    facts: BTreeMap::new(),
                    metrics,
                });
            }
        }
    }
    lines
}

/// Returns the factor that a story gives a commit; `None` if the cell was not run.
fn told(story: Story, commit: usize, of: usize) -> Option<f64> {
    let way = commit as f64 / of as f64;
    match story {
        Story::Step if commit >= of * 2 / 3 => Some(1.05),
        Story::Drift => Some(1.0 + 0.09 * way),
        Story::Outlier if commit == of / 2 + 3 => Some(2.5),
        Story::Gap if (of / 3..of / 2).contains(&commit) => None,
        Story::Better if commit >= of * 2 / 5 => Some(0.88),
        _ => Some(1.0),
    }
}

fn figures(at: usize, factor: f64, slower: f64, rng: &mut Rng) -> Vec<Metric> {
    let (_, rest, ns, across) = CELLS[at % CELLS.len()];
    let figure = if rest.starts_with("stream") { Figure::TimePerMessage } else { Figure::P50 };
    let value = ns * slower * factor;
    // Now and then the host has the CPUs on one core; not where the outlier is to be.
    let near = across && factor < 2.0 && rng.u8(..12) == 0;
    let centre_ns = if near { 57.0 } else { 112.0 * slower } * (0.01 * normal(rng)).exp();
    let value = if near { value * 0.7 } else { value };
    let class = match centre_ns {
        _ if !across => None,
        ns => Some(Reach::of(ns).key()),
    };
    let half = 0.015 * (0.3 * normal(rng)).exp();
    let metric = |figure: Figure, value: f64| Metric {
        name: Metric::name_of(&cell(at), class, figure),
        value: line::rounded(value),
        unit: figure.unit().into(),
        low: Some(line::rounded(value * (1.0 - half))),
        high: Some(line::rounded(value * (1.0 + half))),
        n: 9,
        distance_ns: class.map(|_| centre_ns),
        flags: Vec::new(),
    };
    // A faster machine is a little nearer to its limits, or further from them.
    let limit_ns = ns * slower.powf(0.98) * if near { 0.7 } else { 1.0 } / (2.0 + at as f64 / 7.0);
    vec![metric(figure, value), metric(Figure::TimesLimit, value / limit_ns)]
}

/// Returns a nearly normal number of mean 0 and standard deviation 1: the sum of twelve uniform ones.
fn normal(rng: &mut Rng) -> f64 {
    (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0
}

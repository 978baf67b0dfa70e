//! A session steered towards the knee of each of its transports.
//!
//! The record holds the whole state of a search: its rungs are cells that differ in their rate. Rounds
//! interleave the searches of all transports.

use super::search::{self, Around, Grade, Rung};
use ipcmark_core::{Arrivals, Parameter};
use ipcmark_harness::session::{CellSpec, Round, Rounds, Steer, is_open, rounds_of};
use ipcmark_record::{Cell, CellKey, Knee, Record, Refusal, Standing, State};
use ipcmark_suite::RATES;
use ipcmark_summary::{Context, Estimate, Lag, Row, Status, summarize_cell};
use std::time::Duration;

/// Number of samples of all invocations of a rung together: p99 needs 100 above it, and some may be of
/// another distance class.
const VALUES: f64 = 20_000.0;
/// The shortest phase: disturbances of a machine last for milliseconds.
const SHORTEST: Duration = Duration::from_millis(100);
/// Share of lost messages above which p99 of what was sent does not exist.
const LOST: f64 = 0.01;

/// The goal of a search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aims {
    /// Bound on p99, ns.
    pub(crate) bound_ns: f64,
    /// The first rate.
    pub(crate) first_per_s: u32,
    /// Number of invocations of a rung.
    pub(crate) rounds: u32,
    /// The longest phase.
    pub(crate) longest: Duration,
}

/// Steers a session.
#[derive(Debug)]
pub(crate) struct Seek {
    aims: Aims,
    /// A spec for each transport; its rate has no meaning.
    searches: Vec<CellSpec>,
    rounds: Rounds,
    /// Cache of what is unpacked already: a round costs only what is new.
    context: Context,
}

/// One rate that was tried, with its results.
#[derive(Debug, Clone)]
pub(crate) struct Tried {
    pub(crate) rung: Rung,
    pub(crate) p99_ns: Option<Estimate>,
    /// CPUs that all sides used together, pacing left out.
    pub(crate) cpus: Option<f64>,
    /// Time that moving a message takes at least on this machine, ns.
    pub(crate) limit_ns: Option<f64>,
    pub(crate) lag: Option<Lag>,
    pub(crate) lost_share: Option<f64>,
    pub(crate) values: u64,
    /// Reason why nothing was measured.
    pub(crate) why: Option<String>,
}

/// One transport's search.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    /// Without a rate.
    pub(crate) key: CellKey,
    /// Rates that had all their invocations, in the order they were tried.
    pub(crate) tried: Vec<Tried>,
    /// True when there is no rate left to try.
    pub(crate) over: bool,
}

impl Search {
    pub(crate) fn around(&self) -> Option<Around> {
        search::around(&self.rungs())
    }

    fn rungs(&self) -> Vec<Rung> {
        self.tried.iter().map(|tried| tried.rung).collect()
    }
}

impl Seek {
    pub(crate) fn new(aims: Aims, searches: Vec<CellSpec>) -> Seek {
        Seek { aims, searches, rounds: Rounds::new(aims.rounds), context: Context::default() }
    }

    /// Returns the first rung of each search.
    pub(crate) fn first(&self) -> Vec<CellSpec> {
        self.searches.iter().map(|spec| at(spec, self.aims.first_per_s)).collect()
    }

    /// Returns true if a cell has had all its visits, or can have none.
    fn is_done(&self, record: &Record, index: usize) -> bool {
        let cell = &record.cells[index];
        !is_open(cell)
            || self.rounds.is_barren(record, index)
            || rounds_of(cell) >= self.aims.rounds
    }

    /// Returns the state of each search, in order.
    pub(crate) fn searches(&self, record: &Record) -> Vec<Search> {
        let mut context = self.context.clone();
        look(&mut context, record);
        self.searches_in(record, &context)
    }

    fn searches_in(&self, record: &Record, context: &Context) -> Vec<Search> {
        let of = |spec: &CellSpec| {
            let key = without_rate(&spec.key);
            let cells =
                (0..record.cells.len()).filter(|&i| without_rate(&record.cells[i].key) == key);
            let (done, open): (Vec<_>, Vec<_>) = cells.partition(|&i| self.is_done(record, i));
            let tried = done.into_iter().map(|i| self.tried(&record.cells[i], context)).collect();
            let mut search = Search { key, tried, over: false };
            search.over = open.is_empty() && self.next(&search).is_none();
            search
        };
        self.searches.iter().map(of).collect()
    }

    fn next(&self, search: &Search) -> Option<u32> {
        let limits = search.tried.iter().filter_map(|tried| tried.limit_ns);
        let most = limits.map(|ns| 1e9 / ns).fold(f64::from(*RATES.end()), f64::min);
        search::next(&search.rungs(), self.aims.first_per_s, most as u32)
    }

    fn tried(&self, cell: &Cell, context: &Context) -> Tried {
        let rate_per_s = cell.key.workload.value(Parameter::Rate).unwrap_or_default();
        let nothing = |why: String| Tried {
            rung: Rung { rate_per_s, grade: Grade::Failed },
            p99_ns: None,
            cpus: None,
            limit_ns: None,
            lag: None,
            lost_share: None,
            values: 0,
            why: Some(why),
        };
        if let State::Unavailable(Refusal { reason, .. }) | State::Unsupported { reason } =
            &cell.state
        {
            return nothing(reason.clone());
        }
        match summarize_cell(cell, context) {
            Ok(row) => tried(&row, rate_per_s, self.aims.bound_ns).unwrap_or_else(|| {
                let refused = row.figure.and_then(|figure| figure.refused);
                nothing(match row.status {
                    Status::Failed { what } => what,
                    _ if refused.is_some() => refused.unwrap_or_default(),
                    _ => "no invocation counts".into(),
                })
            }),
            Err(e) => nothing(e.to_string()),
        }
    }

    /// Returns a phase long enough for p99 to have its samples, within the bounds.
    fn phase_at(&self, rate_per_s: u32) -> Duration {
        let seconds = VALUES / f64::from(self.aims.rounds) / f64::from(rate_per_s.max(1));
        Duration::from_secs_f64(seconds).max(SHORTEST).min(self.aims.longest)
    }
}

/// Looks at a record that has grown. The cell of a damaged histogram reports it.
fn look(context: &mut Context, record: &Record) {
    if context.again(record).is_err() {
        *context = Context::default();
    }
}

/// Returns the result of a rate from its row; `None` if it has no figure.
fn tried(row: &Row, rate_per_s: u32, bound_ns: f64) -> Option<Tried> {
    let figure = row.figure.as_ref()?;
    let p99 = figure.percentile(0.99);
    let lost_share = figure.lost_share.map(|share| share.value);
    let late = figure.lag.is_some_and(|lag| lag.p99_ns.value > bound_ns);
    let (low, high) = match p99 {
        Some(p99) => p99.ns.interval.unwrap_or((p99.ns.value, p99.ns.value)),
        None => (0.0, 0.0),
    };
    let over = low > bound_ns;
    let grade = if lost_share.is_some_and(|share| share > LOST) {
        Grade::Lossy
    } else if late && (over || row.misses_rate()) {
        Grade::SenderTooSlow
    } else if row.misses_rate() {
        Grade::Overloaded
    } else if over {
        Grade::Over
    } else if !p99?.enough {
        Grade::TooFew
    } else if high > bound_ns {
        Grade::Unsure
    } else {
        Grade::Passed
    };
    // Several round trips may be under way, so their time is no bound of their rate.
    let is_bound = row.key.workload.is_one_way();
    Some(Tried {
        rung: Rung { rate_per_s, grade },
        p99_ns: p99.map(|p99| p99.ns),
        cpus: Some(figure.cpus_used().value),
        limit_ns: row.limit.as_ref().filter(|_| is_bound).map(|limit| limit.limit_ns),
        lag: figure.lag,
        lost_share,
        values: p99.map_or(0, |p99| p99.samples),
        why: None,
    })
}

/// Returns a search's cell at a rate.
fn at(spec: &CellSpec, rate: u32) -> CellSpec {
    let key = CellKey { workload: spec.key.workload.with_value(rate), ..spec.key.clone() };
    CellSpec { key, ..spec.clone() }
}

/// Returns the key that the rungs of one search share.
fn without_rate(key: &CellKey) -> CellKey {
    CellKey { workload: key.workload.with_value(0), ..key.clone() }
}

/// `constant`, `poisson` or `bursts-8`.
pub(crate) fn arrivals(key: &CellKey) -> Arrivals {
    key.workload.arrivals().unwrap_or(Arrivals::Constant)
}

impl Steer for Seek {
    fn sure(&self, record: &Record) -> (usize, usize) {
        self.rounds.sure(record)
    }

    fn more(&mut self, record: &Record) -> Vec<CellSpec> {
        look(&mut self.context, record);
        let searches = self.searches_in(record, &self.context);
        let pairs = self.searches.iter().zip(&searches);
        let open = pairs.filter(|(_, search)| {
            // A rung that still has visits to come is waited for.
            let cells = (0..record.cells.len())
                .filter(|&i| without_rate(&record.cells[i].key) == search.key);
            !search.over && cells.count() == search.tried.len()
        });
        open.filter_map(|(spec, search)| Some(at(spec, self.next(search)?))).collect()
    }

    fn round(&mut self, record: &Record) -> Option<Round> {
        self.rounds.round(record)
    }

    fn phase(&self, record: &Record, cell: usize) -> Option<Duration> {
        record.cells[cell].key.workload.value(Parameter::Rate).map(|rate| self.phase_at(rate))
    }

    fn standings(&mut self, record: &Record) -> Vec<Option<Standing>> {
        vec![None; record.cells.len()]
    }

    fn knees(&self, record: &Record) -> Vec<Knee> {
        let knee = |search: Search| {
            let around = search.around();
            let rate = |index: usize| search.tried[index].rung.rate_per_s;
            Knee {
                found: super::words::sentence(&search, self.aims.bound_ns),
                bound_ns: self.aims.bound_ns,
                rate_per_s: around.map(|around| rate(around.best)),
                above_per_s: around.and_then(|around| around.above).map(rate),
                of: search.key,
            }
        };
        self.searches(record).into_iter().map(knee).collect()
    }
}

//! The order of transports for each workload, size and placement, and how certain it is.

use crate::columns::{BLOCKS, BLOCKS_MEAN, LIMIT, NOTES, quantile_name};
use crate::remarks::room;
use ipcmark_record::{CellKey, Placement};
use ipcmark_show::{NONE, Quantity, bytes};
use ipcmark_summary::{
    AgainstLimit, Bound, DistanceClass, Estimate, Figure, Headline, Row, Status, Summary,
};
use std::collections::BTreeSet;
use std::ops::Deref;

/// The reason why several peers have another limit than a stream.
const PEERS_COPY: &str = " (a stream's limit is higher, because its bytes must get from one CPU to the other; of several peers, some \
    may be on one CPU)";

/// The parts of a cell's key that ranked cells share: all but the transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key, without a transport.
    pub key: CellKey,
    /// True if the record has several buffer sizes, so that each heading names its own.
    pub tells_capacity: bool,
}

impl Deref for Setting {
    type Target = CellKey;

    fn deref(&self) -> &CellKey {
        &self.key
    }
}

impl Setting {
    /// Returns true for the cells of this setting.
    pub fn holds(&self, row: &Row) -> bool {
        row.key.setting() == self.key
    }

    /// Returns the figure that decides the order.
    pub fn headline(&self) -> Headline {
        self.workload.headline()
    }

    /// Returns the name of the measured time: `round trip`, `8 messages and an answer` ...
    pub fn time_of(&self) -> String {
        self.workload.time_of()
    }

    /// Returns the unit of work that costs are given for: `round trip`, `message`, `task`.
    pub fn counted(&self) -> &'static str {
        self.workload.counted()
    }

    /// Returns the quantity of the headline.
    pub fn quantity(&self) -> Quantity {
        crate::quantity(self.headline())
    }

    /// Returns `64 B, cross-core`, with the load, and with the buffer if there are several.
    pub fn place(&self) -> String {
        format!("{}, {}", sizes(&self.key), self.circumstances())
    }

    /// Returns `cross-core, 2 peers, buffer 4 KiB`: the place without the size.
    pub fn circumstances(&self) -> String {
        let parameters = self.load();
        let mut words = vec![self.placement.to_string()];
        words.extend((!parameters.is_empty()).then_some(parameters));
        let capacity = self.capacity_bytes.filter(|_| self.tells_capacity);
        words.extend(capacity.map(|c| format!("buffer {}", bytes(c))));
        words.extend(self.spin_budget.map(|budget| format!("spin budget {budget}")));
        words.extend(self.neighbours.map(|neighbours| format!("neighbours {neighbours}")));
        words.join(", ")
    }
}

/// Returns a transport's name without its wait.
pub fn mechanism(transport: &str) -> &str {
    transport.rsplit_once('/').map_or(transport, |(mechanism, _)| mechanism)
}

/// Returns a message size; `no payload` for 0 B.
pub fn payload(size_bytes: u64) -> String {
    if size_bytes == 0 { "no payload".into() } else { bytes(size_bytes) }
}

/// Returns the message size of a cell: `64 B`, `up to 4 KiB` of several.
pub(crate) fn sizes(key: &CellKey) -> String {
    let longest = payload(key.size_bytes);
    if key.has_sizes() { format!("up to {longest}") } else { longest }
}

/// The ranking of one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking<'a> {
    /// The setting.
    pub setting: Setting,
    /// The distance class of most entries, which is ranked; `None` if the CPUs have no distance.
    pub class: Option<DistanceClass>,
    /// Best first; then those that cannot be ranked, and those of another distance class last.
    pub entries: Vec<Entry<'a>>,
    /// The floors: measured, but no mechanisms.
    pub floors: Vec<Entry<'a>>,
    /// Percentiles that were asked for, as fractions; empty for the usual ones.
    pub percentiles: Vec<f64>,
}

/// One transport in a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// Its cell.
    pub row: &'a Row,
    /// The figures of the cell.
    pub figure: &'a Figure,
    /// The headline; not a number in a row whose rate was not reached.
    pub value: Estimate,
    /// False if `value` is a median of too few round trips: it is shown, but has no rank.
    pub enough: bool,
    /// Best and worst rank that the intervals allow, from 1; `None` without an interval or enough
    /// values, and if it cannot be ranked.
    pub places: Option<(usize, usize)>,
    /// True if its figures are of another distance class than the ranking: they are not comparable.
    pub elsewhere: bool,
}

impl Ranking<'_> {
    /// Returns `ping-pong, 64 B, cross-core, core-to-core latency 383 ns`.
    pub fn title(&self) -> String {
        let class = self.class.map(|class| format!(", core-to-core latency {class}"));
        let Setting { key, .. } = &self.setting;
        format!("{}, {}{}", key.workload, self.setting.place(), class.unwrap_or_default())
    }

    /// Returns the limit that its entries share, with the first of them; `None` if none was measured.
    pub fn limit(&self) -> Option<&AgainstLimit> {
        self.entries.iter().filter(|e| !e.elsewhere).find_map(|e| e.row.limit.as_ref())
    }

    /// Returns the buffer of most entries, if each has one: a note names it only where it differs.
    pub(crate) fn usual_buffer(&self) -> Option<String> {
        let all: Vec<String> = self.entries.iter().map(|e| room(e.row)).collect::<Option<_>>()?;
        let times = |buffer: &&String| all.iter().filter(|other| other == buffer).count();
        all.iter().find(|buffer| 2 * times(buffer) > all.len()).cloned()
    }

    /// Returns the lines under the table, each with the heading of the column that it explains.
    pub fn feet(&self) -> Vec<(&'static str, String)> {
        let limit = self.limit().map(|limit| {
            let time = |ns| Quantity::Time.show(ns);
            let sleeps = |entry: &Entry<'_>| !entry.keeps_its_cpu();
            let wake_up = limit.wake_up_ns.filter(|_| self.entries.iter().any(sleeps)).map(|ns| {
                let times = Quantity::Factor.show(ns / limit.limit_ns);
                let took = time(ns);
                format!("; waking a sleeper there and back took {took} ({times})")
            });
            let wake_up = wake_up.unwrap_or_default();
            let words = &limit.words;
            // A task's limit is its own time by one process.
            let mut limits = self.entries.iter().filter_map(|e| e.row.limit.as_ref());
            let is_shared = limits.all(|other| other.limit_ns == limit.limit_ns);
            let least =
                if is_shared { format!("{}, ", time(limit.limit_ns)) } else { String::new() };
            let is_shared = limit.bound == Bound::Copies
                && self.setting.workload.has_peers()
                && self.setting.placement != Placement::SameCore;
            let peers = if is_shared { PEERS_COPY } else { "" };
            (
                LIMIT,
                format!("{LIMIT}: time divided by {least}the least for {words}{peers}{wake_up}"),
            )
        });
        let differs = |buffer: &String| {
            self.entries.iter().any(|entry| room(entry.row).as_ref() != Some(buffer))
        };
        let buffer = self.usual_buffer().map(|buffer| {
            let but = if differs(&buffer) { ", where no note names another" } else { "" };
            (NOTES, format!("{buffer}{but}"))
        });
        let is_rate = self.setting.headline() == Headline::Rate;
        let blocks =
            is_rate.then(|| (BLOCKS, format!("{}: {BLOCKS_MEAN}", BLOCKS.replace('\n', " "))));
        let is_time = self.setting.headline() == Headline::Median;
        let left_out = self.percentiles.iter().filter(|q| is_time && !self.carries(**q));
        let left_out: Vec<String> = left_out.map(|q| quantile_name(*q)).collect();
        let left_out = (!left_out.is_empty()).then(|| {
            let names = left_out.join(", ");
            let what = "no row has samples enough; give more time with --measure or --rounds";
            (NONE, format!("{names}: {what}"))
        });
        [buffer, limit, blocks, left_out].into_iter().flatten().collect()
    }

    /// Returns the percentiles that were asked for and that some row carries; `None` if the usual ones
    /// are shown.
    pub(crate) fn asked(&self) -> Option<Vec<f64>> {
        let carried = self.percentiles.iter().copied().filter(|q| self.carries(*q));
        (!self.percentiles.is_empty()).then(|| carried.collect())
    }

    /// Returns true if some row has samples enough for a percentile.
    fn carries(&self, quantile: f64) -> bool {
        let figures = self.entries.iter().filter_map(|entry| entry.row.figure.as_ref());
        figures.filter_map(|figure| figure.percentile(quantile)).any(|p| p.enough)
    }
}

impl Entry<'_> {
    /// Returns true if messages were lost. A rate with losses is not faster than one without, and
    /// the time of a message that never came is not in the median.
    pub fn loses(&self) -> bool {
        self.row.integrity.lost > 0
    }

    /// Returns true if its sender dropped messages: the time of a message that was never sent is not in
    /// the median either.
    pub fn drops(&self) -> bool {
        self.row.dropped() > 0
    }

    /// Returns true if its figure may stand among others in a chart: it exists, is possible, and
    /// nothing was lost or dropped.
    pub fn is_drawn(&self) -> bool {
        self.value.value.is_finite() && !self.loses() && !self.drops() && !self.is_impossible()
    }

    /// Returns true if the figure cannot be: see [`Row::is_impossible`].
    pub fn is_impossible(&self) -> bool {
        self.row.is_impossible()
    }

    /// Returns true if it can be ranked: nothing was lost or dropped, the figure is possible, and it is of the
    /// ranking's distance class.
    pub fn is_ranked(&self) -> bool {
        !self.elsewhere && self.is_drawn()
    }

    /// Returns true if a waiting side keeps its CPU.
    pub fn keeps_its_cpu(&self) -> bool {
        self.row.wait.retries()
    }

    /// Returns the value that decides the rank: without its interval if it has too few samples.
    pub fn judged(&self) -> Estimate {
        let Estimate { value, interval, confidence } = self.value;
        let (interval, confidence) =
            if self.enough { (interval, confidence) } else { (None, None) };
        Estimate { value, interval, confidence }
    }

    /// Returns true if the intervals allow no rank but the first.
    pub fn is_first(&self) -> bool {
        self.places == Some((1, 1))
    }

    /// Returns the rank: `1`, `2–4`, `lossy` if messages were lost, `drops` if its sender dropped some, `apart` in another distance class, or
    /// `–` of a figure that is impossible, has no interval or too few samples, and of none.
    pub fn rank(&self) -> String {
        match self.places {
            _ if self.elsewhere => "apart".into(),
            _ if self.loses() => "lossy".into(),
            _ if self.drops() => "drops".into(),
            None => NONE.into(),
            Some((best, worst)) if best == worst => best.to_string(),
            Some((best, worst)) => format!("{best}–{worst}"),
        }
    }
}

/// The order of two estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first interval is wholly below the other one.
    Below,
    /// Wholly above.
    Above,
    /// They overlap: this run cannot separate them.
    Overlap,
    /// One has no interval.
    Unknown,
}

/// Compares two intervals.
pub fn order(a: &Estimate, b: &Estimate) -> Order {
    match (a.interval, b.interval) {
        (Some((_, a_high)), Some((b_low, _))) if a_high < b_low => Order::Below,
        (Some((a_low, _)), Some((_, b_high))) if a_low > b_high => Order::Above,
        (Some(_), Some(_)) => Order::Overlap,
        _ => Order::Unknown,
    }
}

/// Returns all rankings: workloads and placements in the record's order, sizes ascending. Cells with a
/// failed run are not ranked: a transport that loses or damages messages is not fast.
pub fn rankings(summary: &Summary) -> Vec<Ranking<'_>> {
    let capacities = summary.rows.iter().filter(|r| !r.floor).map(|r| r.key.capacity_bytes);
    let several = capacities.flatten().collect::<BTreeSet<_>>().len() > 1;
    let mut settings: Vec<Setting> = Vec::new();
    for row in summary.rows.iter().filter(|r| r.figure.is_some() && !r.floor) {
        let setting = Setting { key: row.key.setting(), tells_capacity: several };
        if !settings.contains(&setting) {
            settings.push(setting);
        }
    }
    let first = |is_same: &dyn Fn(&Setting) -> bool| settings.iter().position(is_same);
    let mut sorted = settings.clone();
    sorted.sort_by_key(|s| {
        let kind = first(&|other| other.workload.is_kind(s.workload));
        let place = first(&|other| other.placement == s.placement);
        (
            kind,
            place,
            s.workload,
            s.when_full,
            s.capacity_bytes,
            s.spin_budget,
            s.neighbours,
            s.size_bytes,
        )
    });
    sorted.into_iter().map(|s| rank(s, summary)).filter(|r| !r.entries.is_empty()).collect()
}

/// Returns true if a row belongs to a setting. A floor has no peer: it belongs to every placement and
/// buffer size.
fn belongs(row: &Row, setting: &Setting) -> bool {
    if row.floor {
        let (row, setting) = (&row.key, &setting.key);
        let same_sizes = row.size_bytes == setting.size_bytes && row.mix == setting.mix;
        row.workload == setting.workload && same_sizes
    } else {
        setting.holds(row)
    }
}

fn rank(setting: Setting, summary: &Summary) -> Ranking<'_> {
    let headline = setting.headline();
    let (mut floors, mut entries): (Vec<Entry>, Vec<Entry>) = summary
        .rows
        .iter()
        .filter(|row| row.status == Status::Measured && belongs(row, &setting))
        .filter_map(|row| {
            let figure = row.figure.as_ref()?;
            let value = figure.headline(headline).filter(|v| v.value.is_finite());
            // A rate that was not reached has no latency, and its row says so.
            let none = Estimate { value: f64::NAN, interval: None, confidence: None };
            let value = value.or_else(|| row.misses_rate().then_some(none))?;
            let enough = figure.has_enough(headline);
            Some(Entry { row, figure, value, enough, places: None, elsewhere: false })
        })
        .partition(|entry| entry.row.floor);
    // A floor was measured on each placement; here the nearest is enough.
    floors.sort_by_key(|floor| floor.row.key.placement != setting.placement);
    let mut seen = BTreeSet::new();
    floors.retain(|floor| seen.insert(floor.row.key.transport.clone()));
    let class = usual_class(&entries);
    for entry in &mut entries {
        entry.elsewhere = entry.row.class != class;
    }
    let descending = headline.more_is_better();
    for list in [&mut floors, &mut entries] {
        list.sort_by(|a, b| {
            let ascending = a.value.value.total_cmp(&b.value.value);
            let order = if descending { ascending.reverse() } else { ascending };
            (a.elsewhere, !a.is_ranked()).cmp(&(b.elsewhere, !b.is_ranked())).then(order)
        });
    }
    let here = entries.iter().filter(|e| e.is_ranked());
    // One of too few samples has no rank; it may take another's only as far as its interval goes.
    let values: Vec<Estimate> = here.map(|entry| entry.value).collect();
    let better = if descending { Order::Above } else { Order::Below };
    for entry in entries.iter_mut().filter(|e| e.is_ranked()) {
        let own = entry.judged();
        entry.places = own.interval.is_some().then(|| {
            let ahead = values.iter().filter(|v| order(v, &own) == better).count();
            let behind = values.iter().filter(|v| order(&own, v) == better).count();
            (ahead + 1, values.len() - behind)
        });
    }
    Ranking { setting, class, entries, floors, percentiles: summary.percentiles.clone() }
}

/// Returns the class of most entries; of equals the nearest.
fn usual_class(entries: &[Entry]) -> Option<DistanceClass> {
    let classes = || entries.iter().filter_map(|e| e.row.class);
    let of = |class: &DistanceClass| classes().filter(|other| other == class).count();
    classes().max_by(|a, b| of(a).cmp(&of(b)).then(b.centre_ns.total_cmp(&a.centre_ns)))
}

/// Returns the middle one of the values.
pub fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests;

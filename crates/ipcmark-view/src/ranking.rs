//! The order of transports for each workload, size and placement, and how certain it is.

use ipcmark_record::CellKey;
use ipcmark_show::{Quantity, bytes};
use ipcmark_summary::{DistanceClass, Estimate, Figure, Headline, Row, Status, Summary};
use std::collections::BTreeSet;
use std::ops::Deref;

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
        format!("{}, {}", payload(self.size_bytes), self.circumstances())
    }

    /// Returns `cross-core, 2 peers, buffer 4 KiB`: the place without the size.
    pub fn circumstances(&self) -> String {
        let parameters = self.workload.parameters();
        let mut words = vec![self.placement.to_string()];
        words.extend((!parameters.is_empty()).then_some(parameters));
        let capacity = self.capacity_bytes.filter(|_| self.tells_capacity);
        words.extend(capacity.map(|c| format!("buffer {}", bytes(c))));
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

/// The ranking of one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking<'a> {
    /// The setting.
    pub setting: Setting,
    /// The distance class of most entries, which is ranked; `None` if the CPUs have no distance.
    pub class: Option<DistanceClass>,
    /// Best first; then those that lost messages, and those of another distance class last.
    pub entries: Vec<Entry<'a>>,
    /// The floors: measured, but no mechanisms.
    pub floors: Vec<Entry<'a>>,
}

/// One transport in a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// Its cell.
    pub row: &'a Row,
    /// The figures of the cell.
    pub figure: &'a Figure,
    /// The headline.
    pub value: Estimate,
    /// False if `value` is a median of too few round trips: it is shown, but has no rank.
    pub enough: bool,
    /// Best and worst rank that the intervals allow, from 1; `None` without an interval or enough
    /// values, if messages were lost, and in another class.
    pub places: Option<(usize, usize)>,
    /// True if its figures are of another distance class than the ranking: they are not comparable.
    pub elsewhere: bool,
}

impl Entry<'_> {
    /// Returns true if messages were lost. A rate with losses is not faster than one without, and
    /// the time of a message that never came is not in the median.
    pub fn loses(&self) -> bool {
        self.row.integrity.lost > 0
    }

    /// Returns true if it can be ranked: it lost nothing, and its figures are of the ranking's
    /// distance class.
    pub fn is_ranked(&self) -> bool {
        !self.elsewhere && !self.loses()
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

    /// Returns the rank: `1`, `2–4`, `(3)` if only the order of the medians is known, `lossy` if
    /// messages were lost, or `apart` in another distance class.
    pub fn place(&self, at: usize) -> String {
        match self.places {
            _ if self.elsewhere => "apart".into(),
            _ if self.loses() => "lossy".into(),
            Some((best, worst)) if best == worst => best.to_string(),
            Some((best, worst)) => format!("{best}–{worst}"),
            None => format!("({})", at + 1),
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
        (kind, place, s.workload, s.capacity_bytes, s.size_bytes)
    });
    sorted.into_iter().map(|s| rank(s, summary)).filter(|r| !r.entries.is_empty()).collect()
}

/// Returns true if a row belongs to a setting. A floor has no peer: it belongs to every placement and
/// buffer size.
fn belongs(row: &Row, setting: &Setting) -> bool {
    if row.floor {
        row.key.workload == setting.workload && row.key.size_bytes == setting.size_bytes
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
            let value = figure.headline(headline).filter(|v| v.value.is_finite())?;
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
            (a.elsewhere, a.loses()).cmp(&(b.elsewhere, b.loses())).then(order)
        });
    }
    let here = entries.iter().filter(|e| e.is_ranked());
    let values: Vec<Estimate> = here.map(Entry::judged).collect();
    let better = if descending { Order::Above } else { Order::Below };
    for entry in entries.iter_mut().filter(|e| e.is_ranked()) {
        let own = entry.judged();
        entry.places = own.interval.is_some().then(|| {
            let ahead = values.iter().filter(|v| order(v, &own) == better).count();
            let behind = values.iter().filter(|v| order(&own, v) == better).count();
            (ahead + 1, values.len() - behind)
        });
    }
    Ranking { setting, class, entries, floors }
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
mod tests {
    use super::*;
    use crate::testing::{estimate, row, summary};
    use ipcmark_record::{Placement, Workload};

    #[test]
    fn places_are_what_the_intervals_leave_open() {
        let summary = summary(vec![
            row("slow/block", 64, 30.0, Some((29.0, 31.0))),
            row("a/block", 64, 10.0, Some((9.0, 12.0))),
            row("b/block", 64, 11.0, Some((10.0, 13.0))),
            row("none/block", 64, 20.0, None),
        ]);
        let rankings = rankings(&summary);
        let ranking = &rankings[0];
        let places: Vec<_> = ranking
            .entries
            .iter()
            .enumerate()
            .map(|(at, e)| (e.row.key.transport.as_str(), e.place(at)))
            .collect();
        let expected =
            [("a/block", "1–3"), ("b/block", "1–3"), ("none/block", "(3)"), ("slow/block", "3–4")];
        assert_eq!(places, expected.map(|(n, p)| (n, p.to_string())));
    }

    #[test]
    fn a_median_of_few_round_trips_takes_no_place() {
        let mut rows = vec![
            row("few/block", 64, 10.0, Some((9.0, 11.0))),
            row("a/block", 64, 20.0, Some((19.0, 21.0))),
            row("b/block", 64, 30.0, Some((29.0, 31.0))),
        ];
        rows[0].figure.as_mut().unwrap().percentiles[0].enough = false;
        let summary = summary(rows);
        let rankings = rankings(&summary);
        let entries = &rankings[0].entries;
        let places: Vec<_> = entries.iter().enumerate().map(|(at, e)| e.place(at)).collect();
        assert_eq!(places, ["(1)", "1–2", "2–3"]);
        assert!(entries.iter().all(|e| !e.is_first()));
        assert!(entries[0].value.interval.is_some(), "it is shown all the same");
    }

    // B1
    #[test]
    fn a_row_that_lost_messages_has_no_rank() {
        let mut rows = ["lossy/spin", "a/block", "b/block"]
            .map(|name| row(name, 64, 10.0, None))
            .into_iter()
            .zip([9e6, 3e6, 2e6])
            .map(|(mut row, rate)| {
                row.key.workload = Workload::Stream;
                let ends = (rate * 0.99, rate * 1.01);
                row.figure.as_mut().unwrap().messages_per_s = estimate(rate, Some(ends));
                row
            })
            .collect::<Vec<_>>();
        rows[0].integrity.lost = 1;
        let summary = summary(rows);
        let rankings = rankings(&summary);
        let entries = rankings[0].entries.iter().enumerate();
        let places: Vec<_> =
            entries.map(|(at, e)| (e.row.key.transport.as_str(), e.place(at))).collect();
        let expected = [("a/block", "1"), ("b/block", "2"), ("lossy/spin", "lossy")];
        assert_eq!(places, expected.map(|(n, p)| (n, p.to_string())));
    }

    #[test]
    fn a_stream_is_ranked_by_rate_and_a_failed_cell_not_at_all() {
        let mut rows = vec![
            row("a/block", 64, 10.0, None),
            row("b/block", 64, 20.0, None),
            row("c/spin", 64, 1.0, None),
        ];
        for (row, rate) in rows.iter_mut().zip([1e6, 3e6, 9e6]) {
            row.key.workload = Workload::Stream;
            row.figure.as_mut().unwrap().messages_per_s = estimate(rate, None);
        }
        rows[2].status = Status::Failed { what: "lost 3 messages".into() };
        let summary = summary(rows);
        let rankings = rankings(&summary);
        let names: Vec<_> = rankings[0].entries.iter().map(|e| &e.row.key.transport).collect();
        assert_eq!(names, ["b/block", "a/block"]);
    }

    #[test]
    fn a_floor_stands_below_every_placement_and_capacity_of_its_size() {
        let mut floor = row("null/none", 64, 1.0, None);
        (floor.floor, floor.key.placement) = (true, Placement::SameCore);
        let mut wide = row("a/block", 64, 9.0, None);
        wide.key.capacity_bytes = Some(4096);
        let summary = summary(vec![floor, row("a/block", 64, 9.0, None), wide]);
        let floors: Vec<usize> = rankings(&summary).iter().map(|r| r.floors.len()).collect();
        assert_eq!(floors, [1, 1]);
    }

    #[test]
    fn nothing_is_ranked_across_distance_classes() {
        let mut rows: Vec<_> = (0..4)
            .map(|i| {
                row(
                    &format!("t{i}/spin"),
                    64,
                    100.0 + 50.0 * f64::from(i),
                    Some((90.0 + 50.0 * f64::from(i), 110.0 + 50.0 * f64::from(i))),
                )
            })
            .collect();
        // The fastest was measured on siblings: that is why.
        rows[0].class = Some(DistanceClass { low_ns: 0.0, high_ns: Some(80.0), centre_ns: 57.0 });
        rows[3].class = None;
        let summary = summary(rows);
        let rankings = rankings(&summary);
        let places: Vec<_> = rankings[0]
            .entries
            .iter()
            .enumerate()
            .map(|(at, e)| (e.row.key.transport.as_str(), e.place(at)))
            .collect();
        let expected =
            [("t1/spin", "1"), ("t2/spin", "2"), ("t0/spin", "apart"), ("t3/spin", "apart")];
        assert_eq!(places, expected.map(|(n, p)| (n, p.to_string())));
        assert_eq!(rankings[0].class.unwrap().centre_ns, 112.0);
    }

    #[test]
    fn sizes_ascend_within_the_records_order_of_placements() {
        let mut far = row("a/block", 1024, 1.0, None);
        far.key.placement = Placement::SameCore;
        let summary =
            summary(vec![row("a/block", 1024, 1.0, None), far, row("a/block", 64, 1.0, None)]);
        let places: Vec<_> = rankings(&summary).iter().map(|r| r.setting.place()).collect();
        assert_eq!(places, ["64 B, cross-core", "1 KiB, cross-core", "1 KiB, same-core"]);
    }
}

//! One cell in both records.

use crate::{Doubt, Figure, Metric, Policy, Verdict};
use ipcmark_record::{CellKey, Distance};
use ipcmark_summary::{Headline, Row, Samples, Status};
use serde::Serialize;

/// One cell in both records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellComparison {
    /// Which cell.
    pub key: CellKey,
    /// True for the floors: when they change, the machine or the harness did.
    pub floor: bool,
    /// Whether it can be compared at all.
    pub standing: Standing,
    /// Its figures; none when nothing can be compared.
    pub metrics: Vec<Metric>,
    /// What a reader of its figures must know.
    pub notes: Vec<String>,
}

/// Whether a cell can be compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Standing {
    /// Measured in both records.
    Compared,
    /// Failed in the new record, wholly or in part, and not in the base (where it may be missing): a regression whatever
    /// the figures say.
    NewlyFailed {
        /// What failed.
        what: String,
    },
    /// Only the base has it.
    OnlyInBase,
    /// Only the new record has it.
    OnlyInNew,
    /// Both have it, and the base measured it; the new record did not.
    Lost {
        /// Why not.
        why: String,
    },
    /// Both have it, and the base did not measure it.
    NotMeasured {
        /// What became of it in the base.
        base: String,
        /// What became of it in the new record.
        new: String,
    },
}

/// A cell's row and its samples, of one record.
pub(crate) struct Half {
    pub(crate) row: Row,
    pub(crate) samples: Samples,
    /// Step of the clock that timed it, ns.
    pub(crate) clock_step_ns: f64,
}

impl CellComparison {
    /// A cell that only the base has.
    pub(crate) fn only_in_base(row: &Row) -> Self {
        CellComparison::alone(row, Standing::OnlyInBase)
    }

    /// A cell that only the new record has.
    pub(crate) fn only_in_new(row: &Row) -> Self {
        CellComparison::alone(
            row,
            match &row.status {
                Status::Failed { what } => Standing::NewlyFailed { what: what.clone() },
                _ => Standing::OnlyInNew,
            },
        )
    }

    fn alone(row: &Row, standing: Standing) -> Self {
        let notes = row.figure.is_none().then(|| words(&row.status)).into_iter().collect();
        CellComparison { key: row.key.clone(), floor: row.floor, standing, metrics: vec![], notes }
    }

    /// A cell that both records have.
    pub(crate) fn of(base: &Half, new: &Half, policy: &Policy) -> Self {
        let obstacle = class_obstacle(&base.row, &new.row);
        let mut notes = notes(&base.row, &new.row);
        let metrics = metrics(base, new, obstacle.as_deref(), policy, &mut notes);
        CellComparison {
            key: base.row.key.clone(),
            floor: base.row.floor,
            standing: standing(&base.row, &new.row),
            metrics,
            notes,
        }
    }

    /// The worst that can be said of it; `None` when there was nothing to lose.
    #[must_use]
    pub fn worst(&self) -> Option<Verdict> {
        let of_standing = match self.standing {
            Standing::Compared | Standing::OnlyInNew | Standing::NotMeasured { .. } => None,
            Standing::OnlyInBase | Standing::Lost { .. } => Some(Verdict::Inconclusive),
            Standing::NewlyFailed { .. } => Some(Verdict::Regressed),
        };
        self.metrics.iter().map(|m| m.verdict).chain(of_standing).max()
    }
}

fn standing(base: &Row, new: &Row) -> Standing {
    match (&base.status, &new.status) {
        (was, Status::Failed { what }) if !matches!(was, Status::Failed { .. }) => {
            Standing::NewlyFailed { what: what.clone() }
        }
        _ if base.figure.is_some() && new.figure.is_some() => Standing::Compared,
        (_, status) if base.figure.is_some() => Standing::Lost { why: words(status) },
        (was, is) => Standing::NotMeasured { base: words(was), new: words(is) },
    }
}

fn metrics(
    base: &Half,
    new: &Half,
    obstacle: Option<&str>,
    policy: &Policy,
    notes: &mut Vec<String>,
) -> Vec<Metric> {
    let judge = |figure, base: &[f64], new: &[f64], doubt: Doubt| {
        Metric::judge(figure, base, new, doubt, policy)
    };
    let elsewhere = Doubt { obstacle, steps_ns: (0.0, 0.0) };
    if base.row.key.is_rate() {
        let ns = |half: &Half| -> Vec<f64> {
            half.samples.messages_per_s.iter().map(|rate| 1e9 / rate).collect()
        };
        return judge(Figure::TimePerMessage, &ns(base), &ns(new), elsewhere).into_iter().collect();
    }
    if Headline::of(&base.row.key) == Headline::SpeedUp {
        // A speed-up moves with either of its two times; the task's own is what changed or did not.
        let ns = |half: &Half| half.samples.parallel_ns.clone();
        return judge(Figure::TaskTime, &ns(base), &ns(new), elsewhere).into_iter().collect();
    }
    let refused = [base, new].iter().find_map(|half| half.row.figure.as_ref()?.refused.clone());
    let late = sender_obstacle(base, new);
    let obstacle = obstacle.or(refused.as_deref()).or(late.as_deref());
    let (p50, p99) = Figure::percentiles(&base.row.key.pattern);
    let at = |q: f64, figure, obstacle| {
        let (base_ns, new_ns) = (base.samples.percentile_ns(q), new.samples.percentile_ns(q));
        let steps_ns = (base.clock_step_ns, new.clock_step_ns);
        judge(figure, base_ns, new_ns, Doubt { obstacle, steps_ns })
    };
    let enough = |q| base.samples.enough(q) && new.samples.enough(q);
    let fewest = base.samples.values.min(new.samples.values);
    let things = format!("{}s", base.row.counted);
    // A median of few round trips is shown, and not judged.
    let few = (!enough(0.5)).then(|| {
        format!("{fewest} {things}; p50 takes 200, and 10 in the median invocation; measure longer")
    });
    let mut metrics: Vec<Metric> = at(0.5, p50, obstacle.or(few.as_deref())).into_iter().collect();
    if enough(0.99) {
        metrics.extend(at(0.99, p99, obstacle));
    } else if !metrics.is_empty() {
        notes.push(format!(
            "p99 is not judged: {fewest} {things}, and it takes 10000, and 500 in the median invocation"
        ));
    }
    metrics
}

/// Why a paced figure tells of the sender rather than of the mechanism.
fn sender_obstacle(base: &Half, new: &Half) -> Option<String> {
    let late = |half: &Half| {
        half.row.figure.as_ref().and_then(|f| f.lag).is_some_and(|lag| lag.sender_too_slow)
    };
    let which = match (late(base), late(new)) {
        (true, true) => "both records",
        (true, false) => "the base",
        (false, true) => "the new record",
        (false, false) => return None,
    };
    Some(format!(
        "the sender was too slow in {which}: its lag's p99 is over a tenth of the latency's; lower the rate"
    ))
}

/// Why the two were not measured in one distance class, so that their figures cannot be compared.
fn class_obstacle(base: &Row, new: &Row) -> Option<String> {
    let word = |row: &Row| row.class.map_or("none, they moved".into(), |class| class.to_string());
    // Where nobody probed there is no class, and nothing that differs.
    let probed = base.distance.is_some() && new.distance.is_some();
    (probed && base.class != new.class).then(|| {
        format!(
            "classes differ: the CPUs stood apart {} in the base and {} in the new record; measure again, interleaved",
            word(base),
            word(new)
        )
    })
}

fn notes(base: &Row, new: &Row) -> Vec<String> {
    let mut notes = Vec::new();
    if let (Some(b), Some(n)) = (base.distance, new.distance)
        && [(b.min_ns, n.min_ns), (b.median_ns, n.median_ns), (b.max_ns, n.max_ns)]
            .into_iter()
            .any(|(base_ns, new_ns)| Distance::differ(base_ns, new_ns))
    {
        notes.push(format!(
            "distances of the CPUs differ: {:.0} to {:.0} ns in the base, {:.0} to {:.0} ns in the new record",
            b.min_ns, b.max_ns, n.min_ns, n.max_ns
        ));
    }
    if base.figure.is_some() && new.figure.is_some() && base.capacity != new.capacity {
        notes.push("capacities differ, as read back from the kernel".into());
    }
    if base.links != new.links && base.figure.is_some() && new.figure.is_some() {
        notes.push(
            "links differ: one for all peers in one record, one for each in the other".into(),
        );
    }
    let loss = |row: &Row| row.figure.as_ref().and_then(|f| f.lost_share).map(|share| share.value);
    if let (Some(b), Some(n)) = (loss(base), loss(new))
        && b.max(n) > 0.0
    {
        let (b, n) = (b * 100.0, n * 100.0);
        notes.push(format!(
            "loses {b:.2} % of the messages in the base, {n:.2} % in the new record"
        ));
    }
    for (name, row) in [("base", base), ("new record", new)] {
        if row.failed_invocations > 0 {
            let all = row.made_invocations;
            notes.push(format!(
                "{} of {all} invocations failed in the {name}",
                row.failed_invocations
            ));
        }
        if row.unsteady_invocations > 0 {
            let (unsteady, all) = (row.unsteady_invocations, row.invocations);
            notes.push(format!("{unsteady} of {all} invocations were not steady in the {name}"));
        }
    }
    notes
}

/// What became of a cell, in words.
fn words(status: &Status) -> String {
    match status {
        Status::Measured => "measured".into(),
        Status::Failed { what } => format!("failed: {what}"),
        Status::Unavailable { reason, .. } => format!("not available: {reason}"),
        Status::Unsupported { reason } => format!("not supported: {reason}"),
        Status::Pending => "not reached".into(),
    }
}

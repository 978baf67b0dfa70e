//! The limits of one placement, for one cell.

use ipcmark_record::{Distance, Limit, LimitKind, LimitSample, Placement};

/// The limits that apply where a cell was measured.
pub(crate) struct Ground<'a> {
    /// All limits of the record.
    pub(crate) limits: &'a [Limit],
    /// The cell's placement.
    pub(crate) placement: Placement,
    /// The least distance of the invocations behind the figure, ns; `None` if they have none.
    pub(crate) nearest_ns: Option<f64>,
    /// True for distances in the cell's class; for all, if it has none.
    pub(crate) in_class: &'a dyn Fn(Distance) -> bool,
}

impl Ground<'_> {
    /// Returns the least time that was measured for this limit, ns: in the cell's class, otherwise
    /// on CPUs no farther apart.
    pub(crate) fn least(&self, kind: LimitKind, size_bytes: Option<u64>) -> Option<f64> {
        let own = |l: &&Limit| {
            l.kind == kind && l.placement == self.placement && l.size_bytes == size_bytes
        };
        let samples = || self.limits.iter().filter(own).flat_map(|l| &l.samples);
        let least = |fits: &dyn Fn(Distance) -> bool| {
            // A sample without a distance was taken on one CPU, and belongs to every class.
            let counts = |s: &&LimitSample| s.distance.is_none_or(fits);
            samples().filter(counts).map(|s| s.least_ns).reduce(f64::min)
        };
        least(self.in_class).or_else(|| {
            let nearest_ns = self.nearest_ns?;
            least(&|d| d.before_ns.max(d.after_ns) <= nearest_ns)
        })
    }
}

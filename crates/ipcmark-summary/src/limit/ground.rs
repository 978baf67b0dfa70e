//! The limits of one placement, as one cell meets them.

use ipcmark_record::{Distance, Limit, LimitKind, LimitSample, Placement};

/// The limits that hold where a cell was measured.
pub(crate) struct Ground<'a> {
    /// All limits of the record.
    pub(crate) limits: &'a [Limit],
    /// The cell's placement.
    pub(crate) placement: Placement,
    /// The least distance of the invocations behind the figure, ns; `None` where they have none.
    pub(crate) nearest_ns: Option<f64>,
    /// True of distances in the cell's class; of all, where it has none.
    pub(crate) in_class: &'a dyn Fn(Distance) -> bool,
}

impl Ground<'_> {
    /// The least that this limit was ever seen at, ns: in the cell's class, else on CPUs no farther apart.
    pub(crate) fn least(&self, kind: LimitKind, size_bytes: Option<u64>) -> Option<f64> {
        let own = |l: &&Limit| {
            l.kind == kind && l.placement == self.placement && l.size_bytes == size_bytes
        };
        let samples = || self.limits.iter().filter(own).flat_map(|l| &l.samples);
        let least = |fits: &dyn Fn(Distance) -> bool| {
            // One without a distance was measured on one CPU, and belongs to every class.
            let counts = |s: &&LimitSample| s.distance.is_none_or(fits);
            samples().filter(counts).map(|s| s.least_ns).reduce(f64::min)
        };
        least(self.in_class).or_else(|| {
            let nearest_ns = self.nearest_ns?;
            least(&|d| d.before_ns.max(d.after_ns) <= nearest_ns)
        })
    }
}

//! The limits of one placement, in one distance class.

use ipcmark_record::{Distance, Limit, LimitKind, LimitSample, Placement};

/// The limits that apply where a cell was measured: the same for all cells of its placement and
/// class.
pub(crate) struct Ground<'a> {
    /// All limits of the record.
    pub(crate) limits: &'a [Limit],
    /// The cell's placement.
    pub(crate) placement: Placement,
    /// True for distances in the cell's class; for all, if it has none.
    pub(crate) in_class: &'a dyn Fn(Distance) -> bool,
}

impl Ground<'_> {
    /// Returns the least time that was measured for this limit in the class, ns.
    pub(crate) fn least(&self, kind: LimitKind, size_bytes: Option<u64>) -> Option<f64> {
        let own = |l: &&Limit| {
            l.kind == kind && l.placement == self.placement && l.size_bytes == size_bytes
        };
        // A sample without a distance was taken on one CPU, and belongs to every class.
        let counts = |s: &&LimitSample| s.distance.is_none_or(self.in_class);
        let samples = self.limits.iter().filter(own).flat_map(|l| &l.samples).filter(counts);
        samples.map(|s| s.least_ns).reduce(f64::min)
    }
}

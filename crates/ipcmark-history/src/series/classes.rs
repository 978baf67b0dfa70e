//! The distance classes of a machine over all of its runs.
//!
//! Each run finds its own classes, so that the same pair of CPUs has 57 ns in one and 59 ns in the next.
//! The classes of the machine are found from the runs' centres.

use crate::Line;
use ipcmark_record::Distance;
use ipcmark_summary::DistanceClass;

/// The classes of one machine.
#[derive(Debug, Default)]
pub(super) struct Classes(Vec<DistanceClass>);

impl Classes {
    /// Finds those of all runs made on `host`.
    pub(super) fn of(lines: &[Line], host: &str) -> Classes {
        let here = lines.iter().filter(|line| line.attributes.host == host);
        let centres: Vec<f64> =
            here.flat_map(|line| &line.metrics).filter_map(|m| m.distance_ns).collect();
        let found = ipcmark_stats::classes(&centres)
            .into_iter()
            .map(|c| DistanceClass::new(c.low, Some(c.high).filter(|ns| ns.is_finite()), c.centre));
        Classes(found.collect())
    }

    /// Returns the class of a run's centre. A centre far from all classes is a class of its own.
    pub(super) fn class(&self, centre_ns: f64) -> DistanceClass {
        let holds = |c: &&DistanceClass| {
            c.low_ns <= centre_ns && c.high_ns.is_none_or(|high| centre_ns < high)
        };
        match self.0.iter().find(holds) {
            Some(class) if !Distance::differ(class.centre_ns, centre_ns) => *class,
            _ => DistanceClass::new(centre_ns, Some(centre_ns), centre_ns),
        }
    }
}

//! The counts of a scan, including what was not scanned.

use super::Change;
use crate::History;
use ipcmark_show::plural;
use serde::Serialize;
use std::fmt;

/// Counts of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Census {
    /// All series.
    pub series: usize,
    /// Machines that they are of.
    pub hosts: usize,
    /// Commits on the time line.
    pub stops: usize,
    /// Runs.
    pub runs: usize,
    /// Series with too few points.
    pub too_short: usize,
    /// Series with at least one change.
    pub changed: usize,
    /// Changes in all.
    pub changes: usize,
    /// Those for the worse.
    pub worse: usize,
}

impl Census {
    pub(super) fn of(history: &History, changes: &[Vec<Change>], too_short: usize) -> Census {
        let all = || changes.iter().flatten();
        Census {
            series: history.series.len(),
            hosts: history.hosts.len(),
            stops: history.stops.len(),
            runs: history.runs,
            too_short,
            changed: changes.iter().filter(|c| !c.is_empty()).count(),
            changes: all().count(),
            worse: all().filter(|c| c.worse).count(),
        }
    }
}

impl fmt::Display for Census {
    /// Writes `scanned 180 of 236 series of 2 hosts, 61 runs of 60 commits; 56 too short. 3 changed: 2
    /// changes for the worse, 1 for the better`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "scanned {} of {} series of {}, {} of {}; {} too short. ",
            self.series - self.too_short,
            self.series,
            plural(self.hosts, "host"),
            plural(self.runs, "run"),
            plural(self.stops, "commit"),
            self.too_short,
        )?;
        if self.changes == 0 {
            return f.write_str("No change found");
        }
        write!(
            f,
            "{} changed: {} for the worse, {} for the better",
            self.changed,
            plural(self.worse, "change"),
            self.changes - self.worse
        )
    }
}

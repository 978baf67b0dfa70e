//! Changes of one time: a commit often changes several cells.

use super::{Change, Scanned};
use crate::Series;
use std::collections::BTreeSet;

/// Most stops between changes of one group: a change point is known to a few points only.
const NEAR: usize = 2;

/// Changes that lie together on the time line.
#[derive(Debug, Clone, PartialEq)]
pub struct Group<'a> {
    /// The last stop before the first of them and the first stop after the last of them.
    pub between: (usize, usize),
    /// Each with its series, the largest first.
    pub changes: Vec<(&'a Series, &'a Change)>,
}

impl Group<'_> {
    /// Returns the facts that changed with any of the changes: see [`Change::facts_changed`].
    #[must_use]
    pub fn facts_changed(&self) -> BTreeSet<&str> {
        let facts = self.changes.iter().flat_map(|(_, change)| &change.facts_changed);
        facts.map(String::as_str).collect()
    }
}

impl Scanned {
    /// Returns all changes by time, the latest first.
    #[must_use]
    pub fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group> = Vec::new();
        for (series, change) in self.latest_first() {
            match groups.last_mut() {
                Some(group) if change.between.1 + NEAR >= group.between.1 => {
                    group.between.0 = group.between.0.min(change.between.0);
                    group.changes.push((series, change));
                }
                _ => {
                    groups.push(Group { between: change.between, changes: vec![(series, change)] })
                }
            }
        }
        for group in &mut groups {
            group.changes.sort_by(|(_, a), (_, b)| size(b).total_cmp(&size(a)));
        }
        groups
    }
}

/// Returns the size of a change: half as fast is as much as twice as fast.
pub(super) fn size(change: &Change) -> f64 {
    change.ratio.ln().abs()
}

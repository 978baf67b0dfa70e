//! The newest point of a series, and the ones before it.

use super::{Point, Series};
use ipcmark_stats::median;

/// Number of points that the newest is compared with.
const BEFORE: usize = 10;

/// The newest point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latest<'a> {
    /// The point.
    pub point: &'a Point,
    /// Its value over the median of up to ten points before it; absent if it is the only one. It is not
    /// a test.
    pub against_ten: Option<f64>,
}

impl Series {
    /// Returns the newest point; `None` for an empty series.
    #[must_use]
    pub fn latest(&self) -> Option<Latest<'_>> {
        let (point, before) = self.points.split_last()?;
        let ten: Vec<f64> = before.iter().rev().take(BEFORE).map(|p| p.value).collect();
        Some(Latest { point, against_ten: median(&ten).map(|level| point.value / level) })
    }
}

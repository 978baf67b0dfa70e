//! The newest point of a series, beside those just before it.

use super::{Point, Series};
use ipcmark_stats::median;

/// Points that the newest is held against.
const BEFORE: usize = 10;

/// The newest point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latest<'a> {
    /// The point.
    pub point: &'a Point,
    /// Its value over the median of the ten before it, or of as many as there are; absent where it is the only one. One run
    /// against ten: a glance, and no test.
    pub against_ten: Option<f64>,
}

impl Series {
    /// The newest point; `None` of a series without any.
    #[must_use]
    pub fn latest(&self) -> Option<Latest<'_>> {
        let (point, before) = self.points.split_last()?;
        let ten: Vec<f64> = before.iter().rev().take(BEFORE).map(|p| p.value).collect();
        Some(Latest { point, against_ten: median(&ten).map(|level| point.value / level) })
    }
}

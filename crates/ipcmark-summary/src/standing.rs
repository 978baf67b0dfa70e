//! Quality of a cell: how far its figures can be trusted. The one rule, for the record, for tables
//! and for code that steers a run.

use crate::counting::FEWEST;
use crate::{Estimate, Row};
use ipcmark_record::{Headline, Standing, Target};

/// Returns how wide an interval is compared with the target: half its width divided by the
/// target's. It looks at the headline and at the 99th percentile (if that is a time and rests on
/// enough values), and returns the larger. Up to 1 the interval is as narrow as the target. `None`
/// if there is no interval.
#[must_use]
pub fn excess(row: &Row, target: Target) -> Option<f64> {
    let figure = row.figure.as_ref()?;
    let headline = row.key.workload.headline();
    let width = |estimate: Estimate| {
        let (low, high) = estimate.interval?;
        // No width is a fraction of the value 0.
        Some(if low == high {
            0.0
        } else {
            estimate.relative_half_width().unwrap_or(f64::INFINITY)
        })
    };
    let own = width(figure.headline(headline)?)? / target.p50;
    let tail = figure.percentile(0.99).filter(|p| headline == Headline::Median && p.enough);
    let tail = tail.and_then(|p| width(p.ns)).map(|width| width / target.p99);
    Some(tail.map_or(own, |tail| own.max(tail)))
}

impl Row {
    /// Returns the words that must go wherever its figures go, worst first: `impossible`, `rate-not-reached`,
    /// `lost-messages`, `sender-too-slow`, `throttled`, and `noisy`, `not-steady` or `few`; none of a row that can be
    /// trusted.
    #[must_use]
    pub fn flags(&self) -> Vec<&'static str> {
        let lag = self.figure.as_ref().and_then(|figure| figure.lag);
        let quality = match self.standing {
            Some(Standing::Noisy) => Some("noisy"),
            Some(Standing::NotSteady) => Some("not-steady"),
            Some(Standing::Few) => Some("few"),
            Some(Standing::Precise | Standing::Wide) | None => None,
        };
        let all = [
            self.is_impossible().then_some("impossible"),
            self.misses_rate().then_some("rate-not-reached"),
            (self.integrity.lost > 0).then_some("lost-messages"),
            (self.dropped() > 0).then_some("dropped-messages"),
            lag.is_some_and(|lag| lag.sender_too_slow).then_some("sender-too-slow"),
            (self.throttled_invocations > 0).then_some("throttled"),
            quality,
        ];
        all.into_iter().flatten().collect()
    }
}

/// Returns the quality of a cell by its row and the target; `None` if nothing was measured.
///
/// Noisy: more than a third of the good invocations had to be set aside. Few: fewer than 6 count.
/// Not steady: more than a third of those never settled in their warm-up. Wide: wider than the
/// target. Otherwise precise. The first that applies is returned, because it is the reason for the
/// others.
#[must_use]
pub fn standing(row: &Row, target: Target) -> Option<Standing> {
    row.figure.as_ref()?;
    let good = row.made_invocations - row.failed_invocations;
    Some(match excess(row, target) {
        _ if good >= FEWEST && 3 * row.set_aside > good => Standing::Noisy,
        _ if row.invocations < FEWEST => Standing::Few,
        _ if 3 * row.unsteady_invocations > row.invocations => Standing::NotSteady,
        Some(excess) if excess <= 1.0 => Standing::Precise,
        _ => Standing::Wide,
    })
}

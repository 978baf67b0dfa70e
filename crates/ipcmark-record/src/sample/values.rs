//! Made-up histograms.

use crate::{Encoded, Histogram, Unit};
use fastrand::Rng;

/// `count` values around `median` with a long tail: p99 at 1.6, p99.9 at 2.1, p99.99 at 2.8 times the median. The tail is
/// drawn finer than the body, so that few draws hold all percentiles.
pub(super) fn long_tailed(median: f64, count: u64, rng: &mut Rng) -> Histogram {
    const DECADES: i32 = 5;
    const DRAWS: u32 = 60;
    let mut histogram = empty();
    let mut recorded = 0;
    for decade in 0..DECADES {
        let (beyond, width) = (0.1f64.powi(decade), 0.9 * 0.1f64.powi(decade) / f64::from(DRAWS));
        for draw in 0..DRAWS {
            let from = 1.0 - beyond + width * f64::from(draw);
            let u = from + width * rng.f64();
            let until = ((from + width) * count as f64).round() as u64;
            let value = if u < 0.5 { 0.9 + 0.2 * u } else { (2.0 * (1.0 - u)).powf(-0.12) };
            let n = until.saturating_sub(recorded);
            histogram.record_n((median * value).round() as u64, n).expect("the histogram resizes");
            recorded += n;
        }
    }
    histogram.record_n((4.0 * median) as u64, count - recorded).expect("the histogram resizes");
    histogram
}

pub(super) fn empty() -> Histogram {
    Histogram::new(3).expect("three digits are allowed")
}

pub(super) fn pack(histogram: &Histogram, unit: Unit, messages_per_value: u64) -> Encoded {
    Encoded::pack(histogram, unit, messages_per_value).expect("a small histogram packs")
}

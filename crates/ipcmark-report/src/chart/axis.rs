//! Axes: the place of a value, 0 to 1, and the places of the ticks.

use ipcmark_show::{Quantity, percentile};

/// A tick.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    /// Its place, 0 to 1.
    pub at: f64,
    /// Its label; none for the small ticks between.
    pub label: Option<String>,
}

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    /// Its quantity, with the unit if ticks have none.
    pub title: String,
    /// Its ticks, in ascending order.
    pub ticks: Vec<Tick>,
    low: f64,
    high: f64,
    scale: Scale,
}

/// The way from a value to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Linear,
    Log,
    /// By the nines of a percentile: -log10(1 - q).
    Nines,
}

impl Axis {
    /// Makes a logarithmic axis for all `values` above zero; `None` if there are none. It spans half a decade at least, so
    /// that a flat line has a scale, too.
    pub(crate) fn log(
        title: &str,
        quantity: Quantity,
        values: impl Iterator<Item = f64>,
    ) -> Option<Axis> {
        let (low, high) = range(values.filter(|v| v.is_finite() && *v > 0.0).map(f64::log10))?;
        let margin = ((high - low) * 0.04).max((0.5 - (high - low)) / 2.0).max(0.02);
        let mut axis = Axis::bare(title, low - margin, high + margin, Scale::Log);
        axis.ticks = axis.log_ticks(quantity);
        Some(axis)
    }

    /// Makes the axis that suits the quantity: logarithmic, or from zero on for factors and shares.
    pub(crate) fn fit(
        title: &str,
        quantity: Quantity,
        values: impl Iterator<Item = f64>,
    ) -> Option<Axis> {
        if quantity.is_logarithmic() {
            return Axis::log(title, quantity, values);
        }
        let (_, high) = range(values.filter(|v| v.is_finite() && *v > 0.0))?;
        Some(Axis::from_zero(title, high, |v| quantity.tick(v)))
    }

    /// Makes a linear axis from zero to a little more than `high`, which is above zero.
    pub(crate) fn from_zero(title: &str, high: f64, label: impl Fn(f64) -> String) -> Axis {
        let mut axis = Axis::bare(title, 0.0, 1.04 * high, Scale::Linear);
        // Five steps at most, of 1, 2 or 5 times a power of ten.
        let power = 10f64.powf((high / 5.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power).into_iter();
        let step = step.filter(|step| high / step <= 5.0).fold(f64::INFINITY, f64::min);
        let ticks = (0..=5).map(|n| f64::from(n) * step).filter(|v| axis.place(*v) <= 1.0);
        axis.ticks = ticks.map(|v| Tick { at: axis.place(v), label: Some(label(v)) }).collect();
        axis
    }

    /// Makes a linear axis from `low` to `high`, for values that move by percents.
    pub(crate) fn about(title: &str, quantity: Quantity, (low, high): (f64, f64)) -> Axis {
        let margin = 0.04 * (high - low).max(f64::MIN_POSITIVE);
        let mut axis = Axis::bare(title, low - margin, high + margin, Scale::Linear);
        // The smallest round step that leaves four steps or fewer.
        let power = 10f64.powf(((high - low) / 4.0).log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power).into_iter();
        let step = steps.filter(|s| (high - low) / s <= 4.0).fold(f64::INFINITY, f64::min);
        let first = (axis.low / step).ceil() as i64;
        let values = (first..first + 8).map(|n| n as f64 * step);
        let ticks = values.map(|v| Tick { at: axis.place(v), label: Some(quantity.tick(v)) });
        axis.ticks = ticks.filter(|tick| tick.at <= 1.0).collect();
        axis
    }

    /// Makes a logarithmic axis of whole numbers, with ticks at those that occur.
    pub(crate) fn values(
        title: &str,
        sizes: impl Iterator<Item = u64>,
        label: impl Fn(u64) -> String,
    ) -> Option<Axis> {
        let mut sizes: Vec<u64> = sizes.filter(|s| *s > 0).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let (low, high) = range(sizes.iter().map(|s| (*s as f64).log10()))?;
        let margin = ((high - low) * 0.04).max(0.1);
        let mut axis = Axis::bare(title, low - margin, high + margin, Scale::Log);
        // Labels need room: the smallest and the largest first, then those that keep their distance from both
        // neighbours.
        const ROOM: f64 = 0.155;
        let at: Vec<f64> = sizes.iter().map(|s| axis.place(*s as f64)).collect();
        let mut labelled = vec![false; sizes.len()];
        labelled[sizes.len() - 1] = true;
        let last = at[sizes.len() - 1];
        let mut previous = f64::NEG_INFINITY;
        for i in 0..sizes.len() - 1 {
            if at[i] - previous >= ROOM && (last - at[i] >= ROOM || i == 0) {
                labelled[i] = true;
                previous = at[i];
            }
        }
        axis.ticks = (0..sizes.len())
            .map(|i| Tick { at: at[i], label: labelled[i].then(|| label(sizes[i])) })
            .collect();
        Some(axis)
    }

    /// Makes the nines axis, x = -log10(1 - q), from the median to `highest`: 90, 99 and 99.9 % are at equal steps.
    pub(crate) fn nines(title: &str, highest: f64) -> Axis {
        let high = (-(1.0 - highest.clamp(0.5, 0.999_999_999)).log10()).max(1.0);
        let low = 2f64.log10();
        let margin = 0.02 * (high - low);
        let mut axis = Axis::bare(title, low - margin, high + margin, Scale::Nines);
        let nines = (1..=9).map(|n| 1.0 - 10f64.powi(-n));
        axis.ticks = std::iter::once(0.5)
            .chain(nines)
            .filter(|q| axis.place(*q) <= 1.0)
            .map(|q| Tick {
                at: axis.place(q),
                label: Some(percentile(q).trim_start_matches('p').to_string()),
            })
            .collect();
        axis
    }

    fn bare(title: &str, low: f64, high: f64, scale: Scale) -> Axis {
        Axis { title: title.into(), ticks: Vec::new(), low, high, scale }
    }

    /// Returns the place of a value: 0 at the lower end of the axis, 1 at the upper; NaN if it has none (0 on a log axis).
    pub(crate) fn place(&self, value: f64) -> f64 {
        let x = match self.scale {
            Scale::Linear => value,
            Scale::Log => value.log10(),
            Scale::Nines => -(1.0 - value).log10(),
        };
        if x.is_finite() { (x - self.low) / (self.high - self.low) } else { f64::NAN }
    }

    /// Returns the value at a place: the inverse of [`Axis::place`].
    pub(crate) fn value(&self, place: f64) -> f64 {
        let x = self.low + place * (self.high - self.low);
        match self.scale {
            Scale::Linear => x,
            Scale::Log => 10f64.powf(x),
            Scale::Nines => 1.0 - 10f64.powf(-x),
        }
    }

    /// Returns labelled ticks at 1, at 1, 2 and 5, or at every digit, so that there are 3 to 12 labels, and unlabelled ones
    /// between if there is room.
    fn log_ticks(&self, quantity: Quantity) -> Vec<Tick> {
        let decades = self.high - self.low;
        let every = (decades / 9.0).ceil().max(1.0) as i32;
        let (labels, small): (&[u32], &[u32]) = match decades {
            d if d < 0.7 => (&[1, 2, 3, 4, 5, 6, 7, 8, 9], &[]),
            d if d < 3.6 => (&[1, 2, 5], &[]),
            d if d < 5.0 => (&[1], &[2, 5]),
            _ => (&[1], &[]),
        };
        let (first, last) = (self.low.floor() as i32, self.high.ceil() as i32);
        let mut ticks = Vec::new();
        for exponent in (first..=last).filter(|e| e.rem_euclid(every) == 0) {
            for digit in 1..=9 {
                if !labels.contains(&digit) && !small.contains(&digit) {
                    continue;
                }
                let value = f64::from(digit) * 10f64.powi(exponent);
                let at = self.place(value);
                if (0.0..=1.0).contains(&at) {
                    let label = labels.contains(&digit).then(|| quantity.tick(value));
                    ticks.push(Tick { at, label });
                }
            }
        }
        ticks
    }
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((low, high)) => Some((low.min(v), high.max(v))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_show::bytes;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().filter_map(|t| t.label.as_deref()).collect()
    }

    #[test]
    fn a_wide_axis_is_labelled_by_decades() {
        let axis = Axis::log("t", Quantity::Time, [150.0, 3_000_000.0].into_iter()).unwrap();
        assert_eq!(labels(&axis), ["1 µs", "10 µs", "100 µs", "1 ms"]);
        assert!(axis.ticks.len() > 10, "small ticks between");
        assert!(axis.ticks.is_sorted_by(|a, b| a.at < b.at));
    }

    #[test]
    fn a_narrow_axis_still_has_three_labels() {
        for (low, high) in [(8_500.0, 8_500.0), (950.0, 1_050.0), (7_000.0, 16_000.0), (1.0, 90.0)]
        {
            let axis = Axis::log("t", Quantity::Time, [low, high].into_iter()).unwrap();
            assert!((3..=12).contains(&labels(&axis).len()), "{low}..{high}: {:?}", labels(&axis));
            assert!(axis.place(low) > 0.0 && axis.place(high) < 1.0);
        }
    }

    #[test]
    fn labels_stay_few_over_many_decades() {
        let axis = Axis::log("t", Quantity::ByteRate, [1.0, 1e24].into_iter()).unwrap();
        assert!(labels(&axis).len() <= 10, "{:?}", labels(&axis));
    }

    #[test]
    fn what_is_not_above_zero_has_no_place() {
        assert_eq!(Axis::log("t", Quantity::Time, [0.0, -1.0, f64::NAN].into_iter()), None);
        let axis = Axis::log("t", Quantity::Time, [1.0].into_iter()).unwrap();
        assert!(axis.place(0.0).is_nan() && axis.place(-1.0).is_nan());
    }

    #[test]
    fn shares_and_factors_begin_at_zero() {
        let axis = Axis::fit("t", Quantity::Share, [0.31, 0.93].into_iter()).unwrap();
        assert_eq!(labels(&axis), ["0 %", "20 %", "40 %", "60 %", "80 %"]);
        assert!(axis.place(0.0) == 0.0 && axis.place(0.93) < 1.0);
        let axis = Axis::fit("t", Quantity::Factor, [1.9, 3.7].into_iter()).unwrap();
        assert_eq!(labels(&axis), ["0 ×", "1 ×", "2 ×", "3 ×"]);
        assert_eq!(Axis::fit("t", Quantity::Share, [0.0, f64::NAN].into_iter()), None);
    }

    #[test]
    fn what_moves_by_percents_fills_its_axis() {
        for (low, high) in [(96_000.0, 103_000.0), (119.0, 124.5), (7_930.0, 8_330.0), (2.0, 2.2)] {
            let axis = Axis::about("t", Quantity::Time, (low, high));
            assert!((3..=6).contains(&labels(&axis).len()), "{low}..{high}: {:?}", labels(&axis));
            assert!(axis.place(low) > 0.0 && axis.place(low) < 0.05 && axis.place(high) < 1.0);
        }
        let axis = Axis::about("t", Quantity::Time, (96_000.0, 103_000.0));
        assert_eq!(labels(&axis), ["96 µs", "98 µs", "100 µs", "102 µs"]);
    }

    #[test]
    fn the_nines_are_at_equal_steps() {
        let axis = Axis::nines("percentile", 0.9999);
        assert_eq!(labels(&axis), ["50", "90", "99", "99.9", "99.99"]);
        let steps: Vec<f64> = axis.ticks[1..].windows(2).map(|w| w[1].at - w[0].at).collect();
        assert!(steps.iter().all(|s| (s - steps[0]).abs() < 1e-9), "{steps:?}");
        assert!(Axis::nines("p", 1.0).ticks.iter().all(|t| t.at.is_finite()));
    }

    #[test]
    fn sizes_are_labelled_at_both_ends_and_never_crowded() {
        let axis = Axis::values("size", (0..=26).map(|e| 1u64 << e), bytes).unwrap();
        let labelled: Vec<&Tick> = axis.ticks.iter().filter(|t| t.label.is_some()).collect();
        assert_eq!(labels(&axis).first(), Some(&"1 B"));
        assert_eq!(labels(&axis).last(), Some(&"64 MiB"));
        assert!(labelled.windows(2).all(|w| w[1].at - w[0].at > 0.15));
        assert_eq!(labels(&Axis::values("size", [64].into_iter(), bytes).unwrap()), ["64 B"]);
        assert_eq!(Axis::values("size", std::iter::empty(), bytes), None);
    }
}

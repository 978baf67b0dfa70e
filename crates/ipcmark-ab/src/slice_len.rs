//! The length of a cell's slices.

use ipcmark_record::{Arrivals, CellKey, Parameter, Slice};
use std::time::Duration;

/// Values that a slice should hold: with more, the machine changes faster than they help.
const VALUES: f64 = 8.0;
/// Longest slice, however few values it holds: all sides must have their turns before the machine
/// changes.
const LONGEST: Duration = Duration::from_millis(8);

/// Returns the length of the first slices of a cell.
pub(crate) fn at_first(key: &CellKey, least: Duration) -> Duration {
    let rate = key.workload.value(Parameter::Rate);
    let together = key.workload.arrivals().map_or(1, Arrivals::together);
    let paced = rate.map(|rate| Duration::from_secs(1) * together / rate.max(1));
    let gap_us = key.workload.value(Parameter::Gap);
    match paced.or(gap_us.map(|us| Duration::from_micros(us.into()))) {
        // Its values come this far apart; each slice has to hold one, or a burst.
        Some(gap) => (gap * VALUES as u32).clamp(least, LONGEST).max(gap * 2),
        None => least,
    }
}

/// Returns the next length, by the number of values in the last slices.
pub(crate) fn after(had: Duration, slices: &[Slice], least: Duration) -> Duration {
    let Some(fewest) = slices.iter().map(|slice| slice.values).min() else { return had };
    let enough = VALUES / (fewest.max(1) as f64);
    if enough <= 1.0 { had } else { had.mul_f64(enough).clamp(least, LONGEST.max(had)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::{Placement, Workload};

    #[test]
    fn slices_grow_until_they_hold_enough_and_no_longer() {
        let ms = Duration::from_millis;
        let slice = |values| Slice {
            turn: 3,
            midmean_ns: 1.0,
            p99_ns: 1.0,
            values,
            messages: values,
            elapsed_ns: 1,
            by_schedule: false,
            distance: None,
        };
        assert_eq!(after(ms(1), &[slice(400), slice(20)], ms(1)), ms(1));
        assert_eq!(after(ms(1), &[slice(400), slice(4)], ms(1)), ms(2));
        assert_eq!(after(ms(1), &[slice(0)], ms(1)), ms(8));
        assert_eq!(after(ms(4), &[slice(1)], ms(1)), LONGEST);
        assert_eq!(after(ms(200), &[slice(2)], ms(1)), ms(200), "it never shrinks");
        let mut key = CellKey::new(
            "pipe/block",
            Workload::Paced { rate: 0, arrivals: Arrivals::Constant },
            64,
            Placement::CrossCore,
        );
        assert_eq!(at_first(&key, ms(1)), ms(1));
        key.workload = key.workload.with_value(1_000);
        assert_eq!(at_first(&key, ms(1)), ms(8));
        key.workload = key.workload.with_arrivals(Arrivals::Bursts { of: 64 });
        assert_eq!(at_first(&key, ms(1)), ms(128), "two bursts");
        key.workload = Workload::PACED.with_value(10);
        assert_eq!(at_first(&key, ms(1)), ms(200));
        key.workload = Workload::WakeUp { gap_us: 5_000 };
        assert_eq!(at_first(&key, ms(1)), ms(10));
        key.workload = Workload::WAKE_UP;
        assert_eq!(at_first(&key, ms(1)), ms(1));
    }
}

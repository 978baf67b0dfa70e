//! What the intervals promise, tried on values whose truth is known.
//!
//! Each simulation is seeded, so it gives the same share on each run; the bounds are four standard errors of a share of
//! that many trials, so that another seed would pass as well.

mod changes;
mod classes;
mod drift;
#[path = "../../examples/simulate/history.rs"]
mod history;
mod laws;
#[path = "../../examples/simulate/paired.rs"]
mod paired;
mod pairs;
mod replication;

use fastrand::Rng;
use ipcmark_stats::{Interval, median_interval, ratio};
use laws::{TRIALS, heavy_tailed, log_normal, normal, share, slack, times};

const CONFIDENCE: f64 = 0.95;

#[test]
fn the_median_interval_covers_as_often_as_it_says_whatever_the_law() {
    type Law = (&'static str, fn(&mut Rng) -> f64);
    let laws: [Law; 3] =
        [("normal", normal), ("log-normal", log_normal), ("heavy-tailed", heavy_tailed)];
    for (name, law) in laws {
        for n in [6, 10, 20] {
            let mut promised = 0.0;
            let covered = share(n, |rng| {
                let values: Vec<f64> = (0..n).map(|_| law(rng)).collect();
                let Interval { low, high, confidence } =
                    median_interval(&values, CONFIDENCE).unwrap();
                promised = confidence;
                low <= 0.0 && 0.0 <= high
            });
            assert!(
                (covered - promised).abs() < slack(promised),
                "{name}, n = {n}: covered {covered}, promised {promised}"
            );
        }
    }
}

#[test]
fn identical_programs_are_called_different_as_often_as_the_interval_says() {
    // The last pair is beyond the exact distribution.
    for (m, n) in [(6, 6), (10, 10), (8, 20), (35, 35)] {
        let mut promised = 0.0;
        let alarms = share(100 + n as u64, |rng| {
            let (base, new) = (times(rng, m, 80.0), times(rng, n, 80.0));
            let Interval { low, high, confidence } =
                ratio(&base, &new, CONFIDENCE).unwrap().interval.unwrap();
            promised = 1.0 - confidence;
            high < 1.0 || 1.0 < low
        });
        assert!(
            (alarms - promised).abs() < slack(promised),
            "{m} and {n}: {alarms} alarms, {promised} promised"
        );
    }
}

#[test]
fn a_fifth_slower_is_found_more_often_with_more_invocations_and_its_size_covered() {
    // Simulated with other seeds: power 0.78 and 0.94 to 0.95.
    for (n, power_min) in [(10, 0.74), (16, 0.92)] {
        let mut covered = 0;
        let power = share(7, |rng| {
            let (base, new) = (times(rng, n, 80.0), times(rng, n, 96.0));
            let Interval { low, high, .. } =
                ratio(&base, &new, CONFIDENCE).unwrap().interval.unwrap();
            covered += u32::from(low <= 1.2 && 1.2 <= high);
            low > 1.0
        });
        let covered = f64::from(covered) / f64::from(TRIALS);
        assert!(power > power_min, "n = {n}: power {power}");
        assert!(covered > CONFIDENCE - slack(CONFIDENCE), "n = {n}: 1.2 is covered in {covered}");
    }
}

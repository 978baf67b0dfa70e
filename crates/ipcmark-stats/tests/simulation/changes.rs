//! Change points: how often they are found, and how often invented. The example `simulate` prints more of the same.

use crate::history::{Noise, bump_found, false_alarms, false_points, found};
use ipcmark_stats::Scan;

/// Bounds are a little beyond what `simulate` prints for many more series; another seed would pass as well.
const SCAN: Scan = Scan {
    alpha: 0.001,
    false_share: 0.05,
    least_points: 10,
    least_side: 3,
    floor: 0.02,
    permutations: 1_999,
    seed: 7,
};

#[test]
fn a_hundred_commits_without_a_change_have_hardly_ever_a_change_point() {
    for noise in [
        Noise::White(0.03),
        Noise::LogNormal(0.05),
        Noise::Autoregressive(0.3, 0.03),
        Noise::Autoregressive(0.6, 0.03),
        Noise::Spiked(0.01),
    ] {
        let invented = false_points(noise, 100, 60, &SCAN);
        assert!(invented <= 0.1, "{}: {invented} a series", noise.name());
    }
}

#[test]
fn at_a_spread_of_one_percent_scanning_after_each_commit_invents_hardly_any_either() {
    for noise in [Noise::White(0.01), Noise::Autoregressive(0.3, 0.01)] {
        let invented = false_alarms(noise, 60, 6, &SCAN);
        assert!(invented <= 0.2, "{}: {invented} a series", noise.name());
    }
}

#[test]
fn a_step_of_five_percent_is_found_ten_points_later() {
    for noise in
        [Noise::White(0.01), Noise::Autoregressive(0.3, 0.01), Noise::Autoregressive(0.6, 0.01)]
    {
        let (share, elsewhere) = found(noise, (90, 10), 1.05, 60, &SCAN);
        assert!(share >= 0.95, "{}: {share}", noise.name());
        assert!(elsewhere <= 0.1, "{}: something else in {elsewhere}", noise.name());
    }
}

#[test]
fn an_improvement_is_found_as_well_and_a_step_below_the_floor_is_not() {
    let noise = Noise::White(0.01);
    let (share, _) = found(noise, (60, 10), 1.0 / 1.05, 40, &SCAN);
    assert!(share >= 0.95, "{share}");
    let (share, _) = found(noise, (60, 10), 1.005, 40, &SCAN);
    assert!(share <= 0.1, "{share}");
}

#[test]
fn a_spell_that_ended_is_found_at_both_ends() {
    let share =
        bump_found(Noise::White(0.01), (25, 10), 1.05, 10, &Scan { permutations: 999, ..SCAN });
    assert!(share >= 0.8, "{share}");
}

//! The order of the sides.

use fastrand::Rng;

/// The base, the new side, the base again.
pub(crate) const SIDES: usize = 3;
/// Number of the base.
pub(crate) const BASE: usize = 0;
/// Number of the new side.
pub(crate) const NEW: usize = 1;
/// Number of the base again.
pub(crate) const AGAIN: usize = 2;

/// Returns the side of each turn: first a warm-up of each, then laps there and back: A B C, A B C C
/// B A ...
///
/// In each lap every side has the same mean place, so that an even drift adds the same to each. Each
/// pair of invocations draws its own order, because a side may also depend on the one before it.
pub(crate) fn order(laps: u32, random: &mut Rng) -> Vec<usize> {
    let mut there = [BASE, NEW, AGAIN];
    random.shuffle(&mut there);
    let back = there.iter().rev();
    let lap: Vec<usize> = there.iter().chain(back).copied().collect();
    let measured = (0..laps).flat_map(|_| lap.iter().copied());
    there.into_iter().chain(measured).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_warms_up_and_has_the_same_mean_place() {
        let mut random = Rng::with_seed(3);
        let mut firsts = [0; SIDES];
        for _ in 0..300 {
            let order = order(2, &mut random);
            assert_eq!(order.len(), 3 + 2 * 6);
            let mut warm_ups = order[..3].to_vec();
            warm_ups.sort_unstable();
            assert_eq!(warm_ups, [0, 1, 2]);
            for side in 0..SIDES {
                for lap in order[3..].chunks(6) {
                    let places: usize = (0..6).filter(|place| lap[*place] == side).sum();
                    assert_eq!(places, 5, "{order:?}");
                }
            }
            firsts[order[0]] += 1;
        }
        assert!(firsts.iter().all(|n| (60..150).contains(n)), "{firsts:?}");
    }
}

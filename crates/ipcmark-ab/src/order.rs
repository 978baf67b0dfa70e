//! Who has which turn.

use fastrand::Rng;

/// The base, the new side, the base again.
pub(crate) const ARMS: usize = 3;
/// Number of the base's arm.
pub(crate) const BASE: usize = 0;
/// Of the new side's.
pub(crate) const NEW: usize = 1;
/// Of the A/A arm's.
pub(crate) const AGAIN: usize = 2;

/// The arm of each turn: first each arm's warm-up, then all arms there and back, as often as said: A B C, A B C C B A ...
///
/// In each such palindrome every arm has the same mean place, so that what drifts evenly meanwhile adds the same to each.
/// Which arm is A is drawn anew for each pair of invocations: what follows upon whom is another matter than drift.
pub(crate) fn order(palindromes: u32, random: &mut Rng) -> Vec<usize> {
    let mut there = [BASE, NEW, AGAIN];
    random.shuffle(&mut there);
    let back = there.iter().rev();
    let palindrome: Vec<usize> = there.iter().chain(back).copied().collect();
    let measured = (0..palindromes).flat_map(|_| palindrome.iter().copied());
    there.into_iter().chain(measured).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_arm_warms_up_and_has_the_same_mean_place() {
        let mut random = Rng::with_seed(3);
        let mut firsts = [0; ARMS];
        for _ in 0..300 {
            let order = order(2, &mut random);
            assert_eq!(order.len(), 3 + 2 * 6);
            let mut warm_ups = order[..3].to_vec();
            warm_ups.sort_unstable();
            assert_eq!(warm_ups, [0, 1, 2]);
            for arm in 0..ARMS {
                for palindrome in order[3..].chunks(6) {
                    let places: usize = (0..6).filter(|place| palindrome[*place] == arm).sum();
                    assert_eq!(places, 5, "{order:?}");
                }
            }
            firsts[order[0]] += 1;
        }
        assert!(firsts.iter().all(|n| (60..150).contains(n)), "{firsts:?}");
    }
}

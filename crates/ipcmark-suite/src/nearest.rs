//! The nearest known word, for "did you mean".

/// Finds the known word nearest to `word`: at most a third of its letters away (at least 2),
/// transpositions counted once.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_several(word, known, 1).into_iter().next()
}

/// Finds up to `n` near words, nearest first. A word that contains `word`, or that `word` contains,
/// is near at any length.
#[must_use]
pub fn nearest_several<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
    n: usize,
) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let reach = (word.chars().count() / 3).max(2);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|candidate| {
            let within = word.len() > 2
                && candidate.len() > 2
                && (candidate.contains(&word) || word.contains(candidate));
            let distance = distance(&word, candidate);
            (within || distance <= reach).then_some((if within { 0 } else { distance }, candidate))
        })
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().map(|(_, candidate)| candidate).take(n).collect()
}

/// Returns the edit distance with transpositions (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let swap = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + swap);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn distance_is_symmetric_and_zero_only_for_equals(a in "[a-c]{0,6}", b in "[a-c]{0,6}") {
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert_eq!(distance(&a, &b) == 0, a == b);
            prop_assert!(distance(&a, &b) <= a.len().max(b.len()));
        }
    }

    #[test]
    fn slips_of_the_hand_are_near() {
        let known = ["ping-pong", "stream", "cross-core", "same-core"];
        assert_eq!(nearest("pingpong", known), Some("ping-pong"));
        assert_eq!(nearest("Straem", known), Some("stream"));
        assert_eq!(nearest("cros-core", known), Some("cross-core"));
        assert_eq!(nearest("rhubarb", known), None);
        assert_eq!(distance("straem", "stream"), 1);
    }

    #[test]
    fn parts_of_a_name_find_it() {
        let known = ["unix-stream/block", "unix-stream/poll", "pipe/block"];
        let near = nearest_several("unix", known, 8);
        assert_eq!(near, ["unix-stream/block", "unix-stream/poll"]);
    }
}

//! When a client sends its request again: the timeout doubles from copy to copy, up to a bound. No clock, no sockets.

use std::time::Duration;

/// Time that a client waits for a reply before it sends the request again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After the first copy.
    pub first: Duration,
    /// At most.
    pub most: Duration,
}

impl Patience {
    /// Two seconds, then four, then eight: on a path that loses nothing, a server that is only slow is not to be asked
    /// twice.
    pub const DEFAULT: Patience =
        Patience { first: Duration::from_secs(2), most: Duration::from_secs(8) };
}

/// The copies of one call's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempts {
    timeout: Duration,
    most: Duration,
    /// Copies that may still be sent; `None` when there is no bound.
    left: Option<u32>,
}

impl Attempts {
    /// Begins before the first copy; `copies` bounds them, and the first one counts.
    #[must_use]
    pub const fn new(patience: Patience, copies: Option<u32>) -> Attempts {
        Attempts { timeout: patience.first, most: patience.most, left: copies }
    }

    /// Returns the next copy is to be sent, and this long to be waited for its reply; `None` when there have been
    /// enough.
    pub fn next_timeout(&mut self) -> Option<Duration> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1)?;
        }
        let timeout = self.timeout;
        self.timeout = (timeout * 2).min(self.most).max(timeout);
        Some(timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_timeout_doubles_up_to_its_bound() {
        let ms = Duration::from_millis;
        let mut attempts = Attempts::new(Patience { first: ms(3), most: ms(10) }, Some(4));
        let timeouts: Vec<_> = std::iter::from_fn(|| attempts.next_timeout()).collect();
        assert_eq!(timeouts, [ms(3), ms(6), ms(10), ms(10)]);
    }

    proptest! {
        #[test]
        fn as_many_copies_as_allowed(copies in 0u32..50) {
            let mut attempts = Attempts::new(Patience::DEFAULT, Some(copies));
            let sent = std::iter::from_fn(|| attempts.next_timeout()).count();
            prop_assert_eq!(sent, copies as usize);
            prop_assert_eq!(attempts.next_timeout(), None);
        }

        #[test]
        fn without_a_bound_it_never_ends_and_never_hurries(first in 1u64..5_000, most in 1u64..5_000) {
            let patience = Patience { first: Duration::from_millis(first), most: Duration::from_millis(most) };
            let mut attempts = Attempts::new(patience, None);
            let mut before = Duration::ZERO;
            for _ in 0..200 {
                let timeout = attempts.next_timeout().unwrap();
                prop_assert!(timeout >= before && timeout <= patience.most.max(patience.first));
                before = timeout;
            }
        }
    }
}

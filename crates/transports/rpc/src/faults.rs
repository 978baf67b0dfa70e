//! Faults on the way, as types: none, which costs nothing, or drops from a seeded source.

/// Decides for each message whether it is lost on its way.
pub trait Faults {
    /// Returns true if the next message is to be dropped.
    fn drops(&mut self) -> bool;
}

/// Every message arrives: what the sockets give.
#[derive(Debug, Default)]
pub struct Faithful;

impl Faults for Faithful {
    #[inline(always)]
    fn drops(&mut self) -> bool {
        false
    }
}

/// Messages are dropped with a given probability, the same ones for the same seed.
#[derive(Debug)]
pub struct Dropping {
    source: fastrand::Rng,
    share: f64,
    dropped: u64,
}

impl Dropping {
    /// Drops this share of messages, from 0 to 1.
    #[must_use]
    pub fn new(share: f64, seed: u64) -> Dropping {
        Dropping { source: fastrand::Rng::with_seed(seed), share, dropped: 0 }
    }

    /// Returns how many it has dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl Faults for Dropping {
    fn drops(&mut self) -> bool {
        let drops = self.source.f64() < self.share;
        self.dropped += u64::from(drops);
        drops
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_kept_and_a_seed_repeats_itself() {
        let run = |share, seed| {
            let mut faults = Dropping::new(share, seed);
            let drops: Vec<bool> = (0..10_000).map(|_| faults.drops()).collect();
            assert_eq!(faults.dropped(), drops.iter().filter(|&&d| d).count() as u64);
            drops
        };
        let tenth = run(0.1, 7).iter().filter(|&&d| d).count();
        assert!((850..1_150).contains(&tenth), "{tenth}");
        assert_eq!(run(0.1, 7), run(0.1, 7));
        assert_ne!(run(0.1, 7), run(0.1, 8));
        assert!(run(0.0, 1).iter().all(|d| !d) && run(1.0, 1).iter().all(|d| *d));
    }
}

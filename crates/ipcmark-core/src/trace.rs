//! A trace: the times and sizes of messages that a program once sent, to be sent again.

/// Times and sizes, in their order. After its last message it begins again, a mean gap later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    name: String,
    /// ns after the first.
    times_ns: Vec<u64>,
    sizes: Vec<u32>,
    hash: u32,
}

impl Trace {
    /// Messages of a trace at most.
    pub const MOST: usize = 1_000_000;

    /// Makes a trace of times in ns, and sizes in bytes. Times need not begin at 0.
    ///
    /// # Errors
    /// No message, too many; the number of a message that is before the one in front of it.
    pub fn new(name: &str, rows: Vec<(u64, u32)>) -> Result<Trace, TraceError> {
        let Some(&(begin, _)) = rows.first() else { return Err(TraceError::Empty) };
        if rows.len() > Trace::MOST {
            return Err(TraceError::TooLong);
        }
        if let Some(at) = rows.windows(2).position(|pair| pair[1].0 < pair[0].0) {
            return Err(TraceError::Falls { message: at + 1 });
        }
        let (times_ns, sizes): (Vec<u64>, Vec<u32>) =
            rows.into_iter().map(|(time, size)| (time - begin, size)).unzip();
        let hash = hash(&times_ns, &sizes);
        Ok(Trace { name: name.into(), times_ns, sizes, hash })
    }

    /// Returns the name: that of its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number of messages, at least 1.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// Returns false: a trace has a message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// Returns the sizes, bytes.
    #[must_use]
    pub fn sizes(&self) -> &[u32] {
        &self.sizes
    }

    /// Returns a hash of times and sizes.
    #[must_use]
    pub const fn hash(&self) -> u32 {
        self.hash
    }

    /// Returns the time of one pass, ns, from its first message to that of the next pass: a mean gap
    /// longer than to its last message. A trace of one instant takes a second.
    #[must_use]
    pub fn pass_ns(&self) -> u64 {
        let last = self.times_ns.last().copied().unwrap_or_default();
        match self.len() as u64 - 1 {
            0 => 1_000_000_000,
            _ if last == 0 => 1_000_000_000,
            gaps => last.saturating_add((last / gaps).max(1)),
        }
    }

    /// Returns the mean rate, messages a second, at least 1.
    #[must_use]
    pub fn rate_per_s(&self) -> u32 {
        let rate = self.len() as f64 * 1e9 / self.pass_ns() as f64;
        rate.round().clamp(1.0, f64::from(u32::MAX)) as u32
    }

    /// Returns the time of message `n`, ns after the first.
    #[must_use]
    pub fn time_ns(&self, n: u64) -> u64 {
        let (pass, at) = (n / self.len() as u64, (n % self.len() as u64) as usize);
        pass.saturating_mul(self.pass_ns()).saturating_add(self.times_ns[at])
    }

    /// Returns the size of message `n`, bytes.
    #[must_use]
    pub fn size(&self, n: u64) -> u32 {
        self.sizes[(n % self.len() as u64) as usize]
    }

    /// Returns the number of messages that are due before `time_ns`.
    #[must_use]
    pub fn due_before(&self, time_ns: u64) -> u64 {
        let (passes, rest) = (time_ns / self.pass_ns(), time_ns % self.pass_ns());
        let within = self.times_ns.partition_point(|time| *time < rest);
        passes * self.len() as u64 + within as u64
    }
}

/// The reason why rows are no trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceError {
    /// It has no message.
    Empty,
    /// It has more than [`Trace::MOST`] messages.
    TooLong,
    /// A message, counted from 0, comes before the one in front of it.
    Falls {
        /// Its number.
        message: usize,
    },
}

/// Returns the hash by which records tell traces apart (FNV-1a, folded).
fn hash(times_ns: &[u64], sizes: &[u32]) -> u32 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut eat = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for (time, size) in times_ns.iter().zip(sizes) {
        eat(&time.to_le_bytes());
        eat(&size.to_le_bytes());
    }
    (hash ^ (hash >> 32)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn times_rise_over_all_passes_and_counts_agree(
            gaps in prop::collection::vec(0u64..1_000_000, 1..50), begin in 0u64..1 << 40,
        ) {
            let mut time = begin;
            let rows = gaps.iter().map(|gap| { time += gap; (time, 64) }).collect();
            let trace = Trace::new("t", rows).unwrap();
            prop_assert_eq!(trace.time_ns(0), 0);
            let n = 3 * trace.len() as u64;
            prop_assert!((1..n).all(|n| trace.time_ns(n - 1) <= trace.time_ns(n)));
            for at in [0, 1, trace.pass_ns() / 2, trace.pass_ns(), 2 * trace.pass_ns() + 1] {
                let due = (0..n).filter(|n| trace.time_ns(*n) < at).count() as u64;
                prop_assert_eq!(trace.due_before(at), due);
            }
        }
    }

    #[test]
    fn a_pass_keeps_the_mean_gap_and_the_hash_tells_traces_apart() {
        let of = |rows: &[(u64, u32)]| Trace::new("t", rows.to_vec()).unwrap();
        let even = of(&[(5_000_000, 64), (6_000_000, 64), (7_000_000, 9)]);
        assert_eq!((even.pass_ns(), even.rate_per_s(), even.len()), (3_000_000, 1_000, 3));
        assert_eq!([even.time_ns(2), even.time_ns(3)], [2_000_000, 3_000_000]);
        assert_eq!((even.size(2), even.size(5), even.size(3)), (9, 9, 64));
        assert_eq!((of(&[(1, 1)]).rate_per_s(), of(&[(1, 1); 50]).rate_per_s()), (1, 50));
        let later = of(&[(0, 64), (1_000_000, 64), (2_000_000, 9)]);
        assert_eq!(even.hash(), later.hash(), "the beginning is no part of it");
        assert_ne!(even.hash(), of(&[(0, 64), (1_000_000, 64), (2_000_000, 8)]).hash());
        assert_eq!(Trace::new("t", vec![]), Err(TraceError::Empty));
        let falls = Trace::new("t", vec![(5, 1), (6, 1), (4, 1)]);
        assert_eq!(falls, Err(TraceError::Falls { message: 2 }));
    }
}

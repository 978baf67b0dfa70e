//! The cost of making a link: outside the measured phase.
//!
//! The supervisor makes a fixture once. Each side takes its halves and drops them. All three are
//! wall time: a new connection waits for its other end, and two sides on one CPU wait for each
//! other.

use ipcmark_core::Result;
use ipcmark_sys::usage;
use std::ops::AddAssign;
use std::time::Instant;

/// Cost of making what the sides inherit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Making {
    pub(crate) ns: u64,
    pub(crate) mapped_bytes: u64,
}

impl AddAssign for Making {
    fn add_assign(&mut self, other: Making) {
        self.ns += other.ns;
        self.mapped_bytes += other.mapped_bytes;
    }
}

/// Makes a fixture and notes its cost. The look at what is mapped is outside the clock.
pub(crate) fn making<F>(make: impl FnOnce() -> Result<F>) -> Result<(F, Making)> {
    let mapped_before = usage::mapped_bytes();
    let begun = Instant::now();
    let fixture = make()?;
    let ns = begun.elapsed().as_nanos() as u64;
    let mapped_bytes = usage::mapped_bytes().saturating_sub(mapped_before);
    Ok((fixture, Making { ns, mapped_bytes }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_sys::shared::Parcel;
    use std::time::Duration;

    #[test]
    fn a_fixture_is_timed_and_its_mappings_are_counted() {
        const BYTES: usize = 64 << 20;
        let (_parcel, made) = making(|| {
            std::thread::sleep(Duration::from_millis(3));
            Parcel::new(BYTES)
        })
        .unwrap();
        assert!(made.ns >= 3_000_000, "{made:?}");
        // Other tests of this process map and unmap at the same time.
        assert!(made.mapped_bytes >= BYTES as u64 / 2, "{made:?}");
    }
}

//! What making a link takes and ending it: beside the measured phase, never in it.
//!
//! A fixture is made by the supervisor, once; its halves are taken and dropped by each side. All three are wall time: a
//! connection that is made waits for its other end, and two sides on one CPU wait for each other.

use crate::side::Findings;
use ipcmark_core::Result;
use ipcmark_record::Setup;
use ipcmark_sys::usage;
use std::ops::AddAssign;
use std::time::Instant;

/// What making what the sides inherit took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Making {
    ns: u64,
    mapped_bytes: u64,
}

impl AddAssign for Making {
    fn add_assign(&mut self, other: Making) {
        self.ns += other.ns;
        self.mapped_bytes += other.mapped_bytes;
    }
}

/// Makes a fixture, and notes what it took. Looking up what is mapped is outside the clock.
pub(crate) fn making<F>(make: impl FnOnce() -> Result<F>) -> Result<(F, Making)> {
    let mapped_before = usage::mapped_bytes();
    let begun = Instant::now();
    let fixture = make()?;
    let ns = begun.elapsed().as_nanos() as u64;
    let mapped_bytes = usage::mapped_bytes().saturating_sub(mapped_before);
    Ok((fixture, Making { ns, mapped_bytes }))
}

/// The fixture's part, and of what the sides did the slower one's.
pub(crate) fn setup(making: Making, sides: &[Findings]) -> Setup {
    let slowest = |of: fn(&Findings) -> u64| sides.iter().map(of).max().unwrap_or_default();
    Setup {
        fixture_ns: making.ns,
        split_ns: slowest(|side| side.split_ns),
        teardown_ns: slowest(|side| side.teardown_ns),
        mapped_bytes: making.mapped_bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_sys::shared::Parcel;
    use std::time::Duration;

    #[test]
    fn what_is_made_is_timed_and_what_it_maps_is_counted() {
        const BYTES: usize = 64 << 20;
        let (_parcel, made) = making(|| {
            std::thread::sleep(Duration::from_millis(3));
            Parcel::new(BYTES)
        })
        .unwrap();
        assert!(made.ns >= 3_000_000, "{made:?}");
        // Other tests of this process map and unmap beside it.
        assert!(made.mapped_bytes >= BYTES as u64 / 2, "{made:?}");
    }
}

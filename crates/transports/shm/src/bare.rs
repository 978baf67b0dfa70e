//! The bare rings, safe to use: each half keeps the pages it points into. For benches and soak tests, which measure a ring with
//! no transport around it.
//!
//! Both halves are made before the fork, as fixtures are; then each process uses its own half alone and leaves the other's copy
//! untouched. Nothing can check that across a fork, but the ring survives it: what a half reads from the shared pages is
//! checked before it is believed.
//!
//! A half is lent to a closure, not dereferenced: through a plain `&mut Producer` two rings' halves could be swapped, and one
//! would then outlive its pages. The closure's lifetime is its own, so that what is lent can neither leave it nor be mixed
//! with what another closure was lent. The hot loop stands inside the closure, and nothing is added to it.

mod mailbox;
#[cfg(feature = "peers")]
#[allow(missing_debug_implementations, reason = "halves of a crate that has none")]
pub mod shmem_ipc;

pub use mailbox::Mailbox;

use crate::backing::anonymous;
use crate::common::word;
use crate::mapping::Mapping;
use ipcmark_core::Result;
use ipcmark_ring::{footprint, mpsc, slots, spsc};
use std::sync::Arc;

/// Defines the owner of one half of a ring.
macro_rules! owned {
    ($(#[$doc:meta])* $owned:ident, $($half:ident)::+) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $owned {
            half: $($half)::+<'static>,
            /// Memory that `half` points into.
            pages: Arc<Mapping>,
        }

        impl $owned {
            /// Lends the half.
            #[inline(always)]
            pub fn with<R>(&mut self, user: impl for<'m> FnOnce(&mut $($half)::+<'m>) -> R) -> R {
                user(&mut self.half)
            }

            /// Maps every page into this process: a fork does not copy the page table of a shared mapping.
            pub fn populate(&self) {
                self.pages.populate();
            }
        }
    };
}

owned!(
    /// The sending half of [`spsc()`].
    OwnedProducer, spsc::Producer
);
owned!(
    /// The receiving half of [`spsc()`].
    OwnedConsumer, spsc::Consumer
);
owned!(
    /// The sending half of [`slots()`].
    OwnedSlotsProducer, slots::Producer
);
owned!(
    /// The receiving half of [`slots()`].
    OwnedSlotsConsumer, slots::Consumer
);

/// Makes an empty [`mod@spsc`] ring of `capacity` bytes, a power of two, in shared memory without a name.
///
/// # Errors
/// When the capacity is none that a ring can have, or the memory is not available.
pub fn spsc(capacity: usize) -> Result<(OwnedProducer, OwnedConsumer)> {
    let len = footprint(capacity);
    let pages = Arc::new(anonymous(len)?);
    let base = pages.slice(0, len);
    // SAFETY: the pages were mapped just now, live as long as both halves, and hold one producer.
    let producer = unsafe { spsc::Producer::create(base, len, capacity) }.map_err(word)?;
    // SAFETY: as above, and they hold one consumer.
    let consumer = unsafe { spsc::Consumer::attach(base, len) }.map_err(word)?;
    let producer = OwnedProducer { half: producer, pages: pages.clone() };
    Ok((producer, OwnedConsumer { half: consumer, pages }))
}

/// Makes an empty ring of `count` [`mod@slots`] for messages of up to `largest` bytes, in shared memory without a name.
///
/// # Errors
/// When there are less than two slots or they take more than 4 GiB, or the memory is not available.
pub fn slots(count: usize, largest: usize) -> Result<(OwnedSlotsProducer, OwnedSlotsConsumer)> {
    let len = slots::footprint(count, largest);
    let pages = Arc::new(anonymous(len)?);
    let base = pages.slice(0, len);
    // SAFETY: the pages were mapped just now, live as long as both halves, and hold one producer.
    let producer = unsafe { slots::Producer::create(base, len, count, largest) }.map_err(word)?;
    // SAFETY: as above, and they hold one consumer.
    let consumer = unsafe { slots::Consumer::attach(base, len) }.map_err(word)?;
    let producer = OwnedSlotsProducer { half: producer, pages: pages.clone() };
    Ok((producer, OwnedSlotsConsumer { half: consumer, pages }))
}

owned!(
    /// A sending half of [`mpsc()`].
    OwnedMpscProducer, mpsc::Producer
);
owned!(
    /// The receiving half of [`mpsc()`].
    OwnedMpscConsumer, mpsc::Consumer
);

/// Makes an empty [`mod@mpsc`] ring of `slots` slots (a power of two) for messages of up to `largest` bytes, in shared memory
/// without a name, with this many producers, tagged from 1.
///
/// # Errors
/// When the ring cannot have such slots, or the memory is not available.
pub fn mpsc(
    slots: usize,
    largest: usize,
    producers: usize,
) -> Result<(Vec<OwnedMpscProducer>, OwnedMpscConsumer)> {
    let len = mpsc::footprint(slots, largest);
    let pages = Arc::new(anonymous(len)?);
    let base = pages.slice(0, len);
    // SAFETY: the pages were mapped just now and are used by no one else yet.
    unsafe { mpsc::create(base, len, slots, largest) }.map_err(word)?;
    let producer = |tag| -> Result<OwnedMpscProducer> {
        // SAFETY: the pages hold a ring, which halves alone use, and live as long as each half.
        let half = unsafe { mpsc::Producer::attach(base, len, tag) }.map_err(word)?;
        Ok(OwnedMpscProducer { half, pages: pages.clone() })
    };
    let producers = (1..=producers as u32).map(producer).collect::<Result<_>>()?;
    // SAFETY: as above.
    let half = unsafe { mpsc::Consumer::attach(base, len, 1) }.map_err(word)?;
    Ok((producers, OwnedMpscConsumer { half, pages }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_outlive_each_other_and_no_capacity_is_taken_on_trust() {
        let (mut producer, mut consumer) = spsc(4096).unwrap();
        producer.with(|ring| {
            ring.try_claim(5).unwrap().unwrap().copy_from_slice(b"bytes");
            ring.commit();
            ring.close();
        });
        drop(producer);
        consumer.populate();
        assert!(consumer.with(|ring| ring.poll_receive()).unwrap());
        assert_eq!(consumer.with(|ring| ring.received().to_vec()), b"bytes");
        assert!(spsc(4095).is_err());
    }
    #[test]
    fn slots_carry_a_batch_between_halves() {
        let (mut producer, mut consumer) = slots(4, 8).unwrap();
        producer.with(|ring| {
            assert_eq!(ring.poll_claim_many(9, 5).unwrap(), 4);
            ring.claims().for_each(|space| space.copy_from_slice(b"bytes"));
            ring.commit();
        });
        let mut taken = 0;
        let drained = consumer.with(|ring| {
            ring.drain(9, |message| {
                assert_eq!(message, b"bytes");
                taken += 1;
            })
        });
        assert_eq!((drained, taken), (Ok(4), 4));
        assert!(slots(1, 8).is_err());
    }
}

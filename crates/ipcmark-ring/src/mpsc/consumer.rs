//! The receiving half.

use super::slots::{Claim, Mark, Slots, TAG_MAX};
use crate::RingError;
use crate::sleep;
use crate::sync::{AtomicU32, Ordering};
#[cfg(not(loom))]
use core::ptr::NonNull;

/// The receiving half of a ring. Several may be attached, and the first that polls is the one consumer from then on.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Consumer::close) does.
pub struct Consumer<'m> {
    slots: Slots<'m>,
    tag: u32,
    /// This half is the consumer.
    owns: bool,
    /// The message that comes next.
    head: u64,
    /// The part of that which the producers know.
    published: u64,
    /// The length of the message that is lent, if one is.
    lent: Option<usize>,
    /// Messages released since it was last asked.
    batch: u32,
    /// Slots were given back since producers were last looked after.
    news: bool,
}

#[cfg(not(loom))]
impl Consumer<'_> {
    /// Attaches. `tag`, not 0, tells this half from others.
    ///
    /// Fails when the memory holds no ring of this kind, a damaged one, or a part of one.
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` bytes during the half's life.
    /// - They are used by halves of this ring alone.
    pub unsafe fn attach(base: NonNull<u8>, len: usize, tag: u32) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Ok(Self::over(unsafe { Slots::attach(base, len) }?, tag))
    }
}

impl<'m> Consumer<'m> {
    pub(crate) fn over(slots: Slots<'m>, tag: u32) -> Self {
        let tag = (tag & TAG_MAX).max(1);
        Consumer {
            slots,
            tag,
            owns: false,
            head: 0,
            published: 0,
            lent: None,
            batch: 0,
            news: false,
        }
    }

    /// Becomes the consumer, or says who is.
    #[cold]
    fn own(&mut self) -> Result<(), RingError> {
        let relaxed = Ordering::Relaxed;
        let consumer = &self.slots.control().consumer;
        match consumer.compare_exchange(0, self.tag, relaxed, relaxed) {
            Ok(_) => {
                self.owns = true;
                Ok(())
            }
            Err(tag) => Err(RingError::Occupied { tag }),
        }
    }

    /// Returns the mark of the slot of the next message.
    #[inline]
    fn look(&self) -> Mark {
        Mark(self.slots.mark(self.head).load(self.slots.observe()))
    }

    /// Returns true if there is a message to lend; [`received`](Consumer::received) does. Finding none, it gives back all
    /// that was released: then, too, see [`take_news`](Consumer::take_news).
    ///
    /// Fails with [`RingError::Closed`] after the last message of the last producer, with [`RingError::Occupied`] when
    /// another half is the consumer, and with [`RingError::Corrupt`] when the content of a slot breaks the rules.
    #[inline]
    pub fn poll_receive(&mut self) -> Result<bool, RingError> {
        if self.lent.is_some() {
            return Ok(true);
        }
        loop {
            let mark = self.look();
            let lap = self.slots.lap(self.head);
            if mark.lap() != lap {
                return self.nothing(mark, lap);
            }
            if !self.owns {
                self.own()?;
            }
            match mark.len() {
                Some(len) if len > self.slots.largest => {
                    let what = "a message is longer than its slot";
                    return Err(RingError::Corrupt { what, value: len as u64 });
                }
                Some(_) => {
                    self.lent = mark.len();
                    return Ok(true);
                }
                None => {
                    self.head += 1;
                    if self.head - self.published >= self.slots.portion() {
                        self.give_back();
                    }
                }
            }
        }
    }

    /// Returns the next message is not there: is anything to come?
    fn nothing(&mut self, mark: Mark, lap: u32) -> Result<bool, RingError> {
        if !self.owns {
            self.own()?;
        }
        if mark.lap() != lap.wrapping_sub(1) {
            let what = "a slot is of another lap than the message that comes next";
            return Err(RingError::Corrupt { what, value: mark.0 });
        }
        if self.published != self.head {
            self.give_back();
        }
        let attendance = self.slots.control().attendance.load(self.slots.count_heads());
        let (came, left) = (attendance >> 32, attendance & 0xffff_ffff);
        if came == 0 || came != left || self.look().lap() == lap {
            return Ok(false);
        }
        Err(RingError::Closed)
    }

    /// Returns the message lent last; empty when none is.
    #[inline]
    #[must_use]
    pub fn received(&self) -> &[u8] {
        let Some(len) = self.lent else { return &[] };
        self.slots.track_read(self.head);
        let bytes = self.slots.message(self.head);
        // SAFETY: the slot is committed: its producer is done with it, and no other gets it until it is given back.
        unsafe { core::slice::from_raw_parts(bytes.as_ptr(), len) }
    }

    /// Gives the space of the message lent last back; nothing when there is none.
    ///
    /// Space goes back in portions of an eighth of the ring (at most 64 slots), or when a look finds nothing, whichever is
    /// sooner: producers before a full ring read the line that tells of it again and again, and were it written for each
    /// message it would travel for each message.
    #[inline]
    pub fn release(&mut self) {
        if self.lent.take().is_some() {
            self.slots.track_read(self.head);
            self.head += 1;
            self.batch = self.batch.saturating_add(1);
            if self.head - self.published >= self.slots.portion() {
                self.give_back();
            }
        }
    }

    /// Returns messages released since this was last asked, which is after a look in vain: a single one was met by a consumer
    /// that was waiting, several mean that producers run ahead.
    #[inline]
    pub fn take_batch(&mut self) -> u32 {
        core::mem::take(&mut self.batch)
    }

    /// Publishes the head: the slots before it are free.
    #[inline]
    fn give_back(&mut self) {
        self.slots.control().head.store(self.head, self.slots.give_back());
        self.published = self.head;
        self.news = true;
    }

    /// Returns the tag of the producer that has claimed the next message and not committed it.
    #[must_use]
    pub fn stalled(&self) -> Option<u32> {
        self.claim().map(|(claim, _)| claim.tag())
    }

    /// Returns who has claimed the next message, which is not committed, and how many slots it has from
    /// there on.
    fn claim(&self) -> Option<(Claim, u64)> {
        if !self.owns || self.look().lap() == self.slots.lap(self.head) {
            return None;
        }
        self.slots.covering(self.head)
    }

    /// Skips the claim that [`stalled`](Consumer::stalled) told of, if it is still there: one message, whatever else the
    /// producer had claimed behind it.
    ///
    /// # Safety
    /// The producer of that tag has ended: it writes no more into the slot, which others will be given.
    pub unsafe fn skip(&mut self, tag: u32) {
        if let Some((claim, left)) = self.claim()
            && claim.tag() == tag
        {
            // The dead may have had no time to write the words inside its run.
            let lap = self.slots.lap(self.head);
            let claim = Claim::new(lap, left, tag);
            self.slots.claim(self.head).store(claim.0, Ordering::Relaxed);
            self.slots.mark(self.head).store(Mark::skipped(lap).0, Ordering::Relaxed);
        }
    }

    /// Says that nothing more will be received: producers that claim get [`RingError::Closed`]. Nothing where another half is
    /// the consumer.
    pub fn close(&mut self) {
        if self.owns || self.own().is_ok() {
            self.slots.control().consumer_closed.store(1, Ordering::Release);
            self.news = true;
        }
    }

    /// Says that this side sleeps until there is a message; returns the value of the flag to sleep on. Poll again
    /// before sleeping; see [`mpsc`](super).
    #[must_use = "it is what the flag must still hold when the sleep begins"]
    pub fn announce_sleep(&self) -> u32 {
        self.slots.announce_sleep(self.own_flag())
    }

    /// Says that this side runs again.
    pub fn retract_sleep(&self) {
        sleep::retract(self.own_flag());
    }

    /// Returns true after a release, an empty look or a close if slots were released since the last call, so that it is
    /// worth looking whether producers sleep.
    #[inline]
    #[must_use = "a sleeper that is not woken sleeps on"]
    pub fn take_news(&mut self) -> bool {
        core::mem::take(&mut self.news)
    }

    /// Returns true after [`take_news`](Consumer::take_news) if producers sleep; all must be woken on
    /// [`peer_flag`](Consumer::peer_flag).
    #[inline]
    #[must_use = "a sleeper that is not woken sleeps on"]
    pub fn take_wake(&self) -> bool {
        self.slots.take_wake(self.peer_flag())
    }

    /// Returns the word this side sleeps on.
    #[must_use]
    pub fn own_flag(&self) -> &AtomicU32 {
        &self.slots.control().consumer_sleeps
    }

    /// Returns the word all producers sleep on.
    #[must_use]
    pub fn peer_flag(&self) -> &AtomicU32 {
        &self.slots.control().producers_sleep
    }
}

impl core::fmt::Debug for Consumer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Consumer")
            .field("owns", &self.owns)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

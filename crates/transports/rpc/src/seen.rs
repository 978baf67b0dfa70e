//! The record of calls seen: what makes a server execute a call at most once. It has no clock and no sockets.
//!
//! It holds the reply of each call by the time at which the client made it, the oldest first. It is bounded, in calls, in
//! bytes and in age, so that it must forget; the *horizon* is the time of the newest call that it has forgotten. A
//! copy of a call that it holds gets the reply again. A call from behind the horizon may be one of those forgotten, and
//! is refused: to execute it might be the second time. So memory bounds how late a copy may come, and never how often
//! a call is executed.
//!
//! A client that acknowledges a reply will not ask again: its calls up to that one are forgotten at once, and any late
//! copy of them is refused.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// Identity of a call: the copies of one call agree in all three. Ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Time when the client made the call, in ns.
    pub sent_at_ns: u64,
    /// Caller.
    pub client: u64,
    /// Number of the call.
    pub call: u64,
}

/// Outcome of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission<'a> {
    /// It was not seen before: execute it.
    Execute,
    /// It was executed: send this again.
    Repeat(&'a [u8]),
    /// It may have been executed: neither.
    Refuse,
}

/// A server's memory of calls.
pub trait Record {
    /// Judges a request that came now; `now_ns` tells the time on the client's clock.
    fn admit(&mut self, key: Key, now_ns: impl FnOnce() -> u64) -> Admission<'_>;
    /// Keeps the reply of a call that was executed.
    fn keep(&mut self, key: Key, reply: &[u8]);
    /// Forgets the calls up to this one: the client has their replies.
    fn settle(&mut self, client: u64, call: u64);
}

/// Remembers nothing: each copy is executed.
#[derive(Debug, Default)]
pub struct Nothing;

impl Record for Nothing {
    #[inline(always)]
    fn admit(&mut self, _: Key, _: impl FnOnce() -> u64) -> Admission<'_> {
        Admission::Execute
    }
    #[inline(always)]
    fn keep(&mut self, _: Key, _: &[u8]) {}
    fn settle(&mut self, _: u64, _: u64) {}
}

/// Size of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Calls.
    pub calls: usize,
    /// Bytes of replies; the newest one is held whatever its length.
    pub bytes: usize,
    /// Age of a call.
    pub age: Duration,
}

impl Bounds {
    /// 1,024 calls, 16 MiB, one minute: far more than a client repeats within.
    pub const DEFAULT: Bounds =
        Bounds { calls: 1_024, bytes: 16 << 20, age: Duration::from_secs(60) };
}

/// Remembers calls and their replies within [`Bounds`].
#[derive(Debug)]
pub struct Seen {
    bounds: Bounds,
    replies: BTreeMap<Key, Vec<u8>>,
    bytes: usize,
    /// Calls made at or before this time, in ns, may have been forgotten.
    horizon_ns: u64,
    /// Time when the newest call that was ever kept was made, in ns.
    newest_ns: u64,
    /// Each client's last settled call.
    settled: HashMap<u64, u64>,
    /// A forgotten reply's memory, for the next one.
    spare: Vec<u8>,
}

impl Default for Seen {
    fn default() -> Seen {
        Seen::new(Bounds::DEFAULT)
    }
}

impl Seen {
    /// Returns an empty one.
    #[must_use]
    pub fn new(bounds: Bounds) -> Seen {
        Seen {
            bounds,
            replies: BTreeMap::new(),
            bytes: 0,
            horizon_ns: 0,
            newest_ns: 0,
            settled: HashMap::new(),
            spare: Vec::new(),
        }
    }

    /// Calls it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.replies.len()
    }

    /// Returns true if it holds no call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty()
    }

    fn forget_oldest(&mut self) {
        if let Some((key, reply)) = self.replies.pop_first() {
            self.horizon_ns = self.horizon_ns.max(key.sent_at_ns);
            self.free(reply);
        }
    }

    fn free(&mut self, reply: Vec<u8>) {
        self.bytes -= reply.len();
        self.spare = reply;
    }

    fn forget_older_than(&mut self, now_ns: u64) {
        let age_ns = u64::try_from(self.bounds.age.as_nanos()).unwrap_or(u64::MAX);
        let edge = now_ns.saturating_sub(age_ns);
        self.horizon_ns = self.horizon_ns.max(edge);
        while self.replies.first_key_value().is_some_and(|(key, _)| key.sent_at_ns <= edge) {
            self.forget_oldest();
        }
    }
}

impl Record for Seen {
    fn admit(&mut self, key: Key, now_ns: impl FnOnce() -> u64) -> Admission<'_> {
        self.forget_older_than(now_ns());
        if self.settled.get(&key.client).is_some_and(|&call| key.call <= call) {
            return Admission::Refuse;
        }
        match self.replies.get(&key) {
            Some(reply) => Admission::Repeat(reply),
            None if key.sent_at_ns <= self.horizon_ns => Admission::Refuse,
            None => Admission::Execute,
        }
    }

    fn keep(&mut self, key: Key, reply: &[u8]) {
        let mut kept = std::mem::take(&mut self.spare);
        kept.clear();
        kept.extend_from_slice(reply);
        self.bytes += kept.len();
        self.newest_ns = self.newest_ns.max(key.sent_at_ns);
        if let Some(before) = self.replies.insert(key, kept) {
            self.free(before);
        }
        while self.replies.len() > 1
            && (self.replies.len() > self.bounds.calls || self.bytes > self.bounds.bytes)
        {
            self.forget_oldest();
        }
    }

    fn settle(&mut self, client: u64, call: u64) {
        // Bounded too: beyond the bound, all that was made until now falls behind the horizon instead.
        if self.settled.len() >= self.bounds.calls && !self.settled.contains_key(&client) {
            self.horizon_ns = self.horizon_ns.max(self.newest_ns);
            self.settled.clear();
        }
        let last = self.settled.entry(client).or_insert(call);
        *last = call.max(*last);
        let last = *last;
        let done: Vec<Key> = self
            .replies
            .keys()
            .filter(|key| key.client == client && key.call <= last)
            .copied()
            .collect();
        for key in done {
            if let Some(reply) = self.replies.remove(&key) {
                self.free(reply);
            }
        }
    }
}

#[cfg(test)]
#[path = "seen_tests.rs"]
mod tests;

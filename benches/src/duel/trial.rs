//! The extent of a run, and what it keeps of each trial.

use super::candidate::Role;
use super::shape::Shape;
use ipcmark_record::Distance;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Messages that a candidate has room for at least.
const MESSAGES: usize = 8;

/// Extent of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Rounds at most; 0 means as many as fit into the time.
    pub rounds: u32,
    /// Time at most.
    pub time: Duration,
    /// Length of a trial's measured part.
    pub trial: Duration,
    /// Messages of a trial's measured part; absent if `trial` sets its length.
    pub messages: Option<u64>,
    /// Room for messages, in bytes; at least 8 of them.
    pub bytes: usize,
    /// True if the senders of a fan-in use both CPUs in turn.
    pub spread: bool,
    /// True if waiting workers yield their CPU.
    pub yields: bool,
}

impl Default for Extent {
    /// Returns the extent that a table needs: 256 KiB, trials of 2.5 ms, three minutes.
    fn default() -> Extent {
        Extent {
            rounds: 0,
            time: Duration::from_secs(180),
            trial: Duration::from_micros(2500),
            messages: None,
            bytes: 256 << 10,
            spread: false,
            yields: false,
        }
    }
}

impl Extent {
    /// Returns the bytes of messages that each candidate has room for in a shape.
    #[must_use]
    pub fn room(&self, shape: Shape) -> usize {
        self.bytes.max(MESSAGES * shape.size)
    }
}

/// A candidate in a shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The candidate's name.
    pub name: String,
    /// The candidate's role.
    pub role: Role,
    /// The shape.
    pub shape: Shape,
    /// The reason why it was not measured; absent if it was.
    pub reason: Option<String>,
}

/// A few milliseconds of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Index of its entry.
    pub entry: usize,
    /// Number of the round. Trials of one round and one shape follow each other directly; only they
    /// are compared.
    pub round: u32,
    /// Time for a message, or for a round trip, ns.
    pub ns: f64,
    /// Messages, or round trips.
    pub messages: u64,
    /// Distance of the first two workers' CPUs, just before and just after.
    pub distance: Distance,
}

/// All trials of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Trials {
    /// Entries, measured or not.
    pub entries: Vec<Entry>,
    /// Trials of those that were.
    pub trials: Vec<Trial>,
    /// Rounds.
    pub rounds: u32,
    /// Length of the run, s.
    pub seconds: f64,
}

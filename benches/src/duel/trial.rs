//! What is measured, and what is kept of it.

use super::candidate::Role;
use super::shape::Shape;
use ipcmark_record::Distance;
use serde::{Deserialize, Serialize};

/// A candidate in a shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The candidate's name.
    pub name: String,
    /// What it is there for.
    pub role: Role,
    /// The shape.
    pub shape: Shape,
    /// Why it was not measured; absent where it was.
    pub reason: Option<String>,
}

/// A few milliseconds of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Index of its entry.
    pub entry: usize,
    /// Trials of one round and one shape follow each other at once, and only they are compared.
    pub round: u32,
    /// For a message, or for a round trip.
    pub ns: f64,
    /// Messages, or round trips.
    pub messages: u64,
    /// Of the two workers' CPUs, just before and just after.
    pub distance: Distance,
}

/// All that a run brought.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Trials {
    /// What was to be measured.
    pub entries: Vec<Entry>,
    /// What was.
    pub trials: Vec<Trial>,
    /// Rounds.
    pub rounds: u32,
    /// Length of the run, s.
    pub seconds: f64,
}

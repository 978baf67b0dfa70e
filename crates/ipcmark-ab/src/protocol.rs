//! What the comparing program and those that measure say to each other: a line of JSON each way, over standard input and output.

use ipcmark_record::{Arm, CellKey, State, Tool};
use serde::{Deserialize, Serialize};

/// The version of what is said; two builds that differ in it cannot be compared.
pub const PROTOCOL: u32 = 1;

/// A measuring program's first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The build.
    pub tool: Tool,
}

/// One invocation that shares its time with those of the other arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) key: CellKey,
    /// The arm of each turn.
    pub(crate) order: Vec<usize>,
    pub(crate) slice_ns: u64,
    pub(crate) warm_up_ns: u64,
    /// Bound on the whole.
    pub(crate) deadline_ns: u64,
    pub(crate) seed: u64,
    pub(crate) slow_down_permille: u32,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// It was made, well or not.
    Made { arm: Arm },
    /// This cell cannot be measured here, or anywhere, by this build.
    Refused { state: State },
}

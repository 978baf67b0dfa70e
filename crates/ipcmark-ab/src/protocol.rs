//! The protocol between the program that compares and those that measure: lines of JSON over standard
//! input and output.

use ipcmark_record::{Arm as SideRun, CellKey, Host, State, Tool};
use serde::{Deserialize, Serialize};

/// Version of the protocol; two builds with different versions cannot be compared.
pub const PROTOCOL: u32 = 1;

/// A measuring program's first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The build.
    pub tool: Tool,
    /// The machine, as it finds it; absent in older builds.
    #[serde(default)]
    pub host: Option<Host>,
}

/// A request for one invocation, which takes turns with those of the other sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) key: CellKey,
    /// The side of each turn.
    pub(crate) order: Vec<usize>,
    pub(crate) slice_ns: u64,
    pub(crate) warm_up_ns: u64,
    /// Bound on the invocation.
    pub(crate) deadline_ns: u64,
    pub(crate) seed: u64,
    pub(crate) slow_down_permille: u32,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// The invocation, which may have failed.
    Made { arm: SideRun },
    /// This build cannot measure the cell here.
    Refused { state: State },
}

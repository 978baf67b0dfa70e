//! What a search for the highest rate under a bound found.

use crate::CellKey;
#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The highest rate at which the 99th percentile of a transport's latency, from each message's intended start, stays under a
/// bound. The rates that were tried are cells of the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Knee {
    /// Key that the cells of the search share: it has no rate.
    pub of: CellKey,
    /// The bound on the 99th percentile, ns.
    pub bound_ns: f64,
    /// The highest rate that passed, messages a second; absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_per_s: Option<u32>,
    /// The lowest rate above it that was tried and did not pass; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above_per_s: Option<u32>,
    /// The result in words, with the fate of the rate above, or the reason why there is no knee.
    pub found: String,
}

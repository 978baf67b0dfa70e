//! The reason why something cannot be done here.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The reason why something cannot be done, and what would change that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Refusal {
    /// The thing that is missing.
    pub reason: String,
    /// The one step that would change it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Refusal {
    /// Makes a refusal without a remedy.
    pub fn new(reason: impl Into<String>) -> Refusal {
        Refusal { reason: reason.into(), remedy: None }
    }

    /// Adds a remedy.
    #[must_use]
    pub fn with_remedy(self, remedy: impl Into<String>) -> Refusal {
        Refusal { remedy: Some(remedy.into()), ..self }
    }
}

impl fmt::Display for Refusal {
    /// Writes the reason, then the remedy after a semicolon.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, "; {remedy}"))
    }
}

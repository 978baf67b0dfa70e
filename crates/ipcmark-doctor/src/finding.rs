//! One thing that the machine offers or denies.

use serde::Serialize;
use std::fmt;

/// Subject of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// CPUs, their places and their idling.
    Processors,
    /// Clocks and counters.
    Clock,
    /// Other work while something is measured.
    Noise,
    /// File systems that mechanisms have their names in.
    Mounts,
    /// Limits of what a mechanism may hold.
    Limits,
    /// Settings of the kernel.
    Kernel,
    /// Privileges of this user.
    Privileges,
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Area::Processors => "Processors",
            Area::Clock => "Clock and counters",
            Area::Noise => "Noise",
            Area::Mounts => "Mounts",
            Area::Limits => "Limits",
            Area::Kernel => "Kernel",
            Area::Privileges => "Privileges",
        })
    }
}

/// Amount of it that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// All that ipcmark can use.
    Offered,
    /// Some: figures or sizes are the poorer for it.
    Limited,
    /// None.
    #[serde(rename = "withheld")]
    Denied,
}

/// One thing that the machine offers or denies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its subject.
    pub area: Area,
    /// Its name, where it has one the kernel's: `fs.mqueue.msg_max`, `/dev/shm`, `RLIMIT_NOFILE`.
    pub subject: String,
    /// Value found, with its unit.
    pub found: String,
    /// Amount of it that there is.
    pub level: Level,
    /// Cost: the mechanisms, sizes or figures that are lost. Absent if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub costs: Option<String>,
    /// The line that would change it; absent where none would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    /// Makes the finding that all of it is there.
    pub(crate) fn offered(area: Area, subject: &str, found: impl Into<String>) -> Finding {
        Finding {
            area,
            subject: subject.into(),
            found: found.into(),
            level: Level::Offered,
            costs: None,
            remedy: None,
        }
    }

    /// Says that there is less than could be used.
    #[must_use]
    pub(crate) fn limited(self, costs: impl Into<String>) -> Finding {
        Finding { level: Level::Limited, costs: Some(costs.into()), ..self }
    }

    /// Says that there is nothing of it.
    #[must_use]
    pub(crate) fn denied(self, costs: impl Into<String>) -> Finding {
        Finding { level: Level::Denied, costs: Some(costs.into()), ..self }
    }

    /// Returns the line that would change it.
    #[must_use]
    pub(crate) fn remedy(self, line: impl Into<String>) -> Finding {
        Finding { remedy: Some(line.into()), ..self }
    }
}

//! One thing the machine offers or withholds.

use serde::Serialize;
use std::fmt;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// CPUs, their places and their idling.
    Processors,
    /// Clocks and counters.
    Clock,
    /// What else happens while something is measured.
    Noise,
    /// File systems that mechanisms have their names in.
    Mounts,
    /// What a mechanism may hold.
    Limits,
    /// What the kernel was built or told to allow.
    Kernel,
    /// What this user may do.
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

/// How much of it there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// All that ipcmark can use.
    Offered,
    /// Some: figures or sizes are the poorer for it.
    Limited,
    /// None.
    Withheld,
}

/// One thing the machine offers or withholds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub area: Area,
    /// Its name, where it has one the kernel's: `fs.mqueue.msg_max`, `/dev/shm`, `RLIMIT_NOFILE`.
    pub subject: String,
    /// What was found, with its unit.
    pub found: String,
    /// How much of it there is.
    pub level: Level,
    /// What that costs: which mechanisms, sizes or figures. Absent where it costs nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub costs: Option<String>,
    /// The line that would change it; absent where none would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    /// It is all there.
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

    /// There is less than could be used.
    #[must_use]
    pub(crate) fn limited(self, costs: impl Into<String>) -> Finding {
        Finding { level: Level::Limited, costs: Some(costs.into()), ..self }
    }

    /// There is nothing of it.
    #[must_use]
    pub(crate) fn withheld(self, costs: impl Into<String>) -> Finding {
        Finding { level: Level::Withheld, costs: Some(costs.into()), ..self }
    }

    /// The line that would change it.
    #[must_use]
    pub(crate) fn remedy(self, line: impl Into<String>) -> Finding {
        Finding { remedy: Some(line.into()), ..self }
    }
}

//! What else took time while an invocation went on, and from when on it is set aside.
//!
//! Sides with a CPU of their own listen just before and just after the measured phase: a process that only spins sees each
//! interrupt, each other process and each time that a hypervisor took its CPU away as a gap between two readings of the
//! clock. Listening *while* something is measured would measure the listening. The supervisor reads what was stolen before
//! the fork and after the last side's end.
//!
//! The rule that marks an invocation looks at this and never at what was measured, so that making it again cannot favour
//! any result.

use crate::Bench;
use ipcmark_record::{Gaps, Mark, Noise};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::noise;
use ipcmark_sys::taken::Steal;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a side listens, before and again after.
pub(crate) const LISTEN: Duration = Duration::from_micros(200);

/// What one side heard.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Heard {
    listened_ns: u64,
    gaps: Gaps,
}

impl Heard {
    /// Spins for a while.
    pub(crate) fn listen(clock: &Clock, during: Duration) -> Heard {
        let noise::Gaps { count, total_ns, longest_ns } = noise::gaps(clock, during, noise::GAP);
        let gaps = Gaps { count, total_ns, longest_ns };
        Heard { listened_ns: during.as_nanos() as u64, gaps }
    }

    /// Both together.
    #[must_use]
    pub(crate) fn and(self, other: Heard) -> Heard {
        Heard {
            listened_ns: self.listened_ns + other.listened_ns,
            gaps: Gaps {
                count: self.gaps.count + other.gaps.count,
                total_ns: self.gaps.total_ns + other.gaps.total_ns,
                longest_ns: self.gaps.longest_ns.max(other.gaps.longest_ns),
            },
        }
    }
}

/// The CPUs of an invocation; none where it is not pinned.
pub(crate) fn cpus(bench: &Bench, processes: usize) -> Vec<u32> {
    (0..processes).filter_map(|process| bench.cpus.of(process)).collect()
}

/// What was heard around an invocation by all its sides, and what was stolen of its CPUs since `before`.
pub(crate) fn around(heard: impl IntoIterator<Item = Heard>, stolen_ns: Option<u64>) -> Noise {
    let Heard { listened_ns, gaps } = heard.into_iter().fold(Heard::default(), Heard::and);
    Noise { listened_ns, gaps, stolen_ns }
}

/// What was stolen of these CPUs since `before`, ns.
pub(crate) fn stolen_ns(before: Option<&Steal>, cpus: &[u32]) -> Option<u64> {
    Some(Steal::now()?.since_ns(before?, cpus))
}

//! The room of a link, and the resources that a side used.

use serde::{Deserialize, Serialize};

/// Capacity of one direction of a link, read back from the mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Capacity {
    /// Bytes, as the kernel or the ring reports them (socket buffers include the kernel's
    /// bookkeeping).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u64>"))]
    pub bytes: Option<usize>,
    /// Messages of the cell's size that find room, counted up to 65,536. (Older records: only if
    /// the mechanism counts messages.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u64>"))]
    pub messages: Option<usize>,
}

/// Cost of the measured phase for one side (`getrusage(2)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Usage {
    /// CPU time in user mode, ns.
    pub user_ns: u64,
    /// CPU time in the kernel, ns.
    pub system_ns: u64,
    /// Times the side gave its CPU up to wait.
    pub voluntary_switches: u64,
    /// Times the scheduler took its CPU away.
    pub involuntary_switches: u64,
    /// Page faults served without I/O.
    pub minor_faults: u64,
    /// Page faults that needed I/O.
    pub major_faults: u64,
    /// CPU cycles; absent from timed invocations, because counting slows them down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u64>,
    /// Instructions; absent for the same reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<u64>,
    /// The part that a sender at a set rate spent on waiting for the next message's time; absent
    /// elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pacing: Option<Pacing>,
}

/// Cost of sending on time: CPU time and switches that belong to the harness and not to the
/// mechanism. They are a part of those in [`Usage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Pacing {
    /// CPU time of spinning until a message is due, ns, all of it in user mode.
    pub spinning_ns: u64,
    /// CPU time of sleeping until shortly before, ns: what each timer and its switches take.
    pub sleeping_ns: u64,
    /// Number of sleeps: each is a voluntary switch.
    pub sleeps: u64,
}

impl Usage {
    /// Returns the resources used since `earlier`; cycles and instructions are left out.
    #[must_use]
    pub fn since(self, earlier: Usage) -> Usage {
        Usage {
            user_ns: self.user_ns.saturating_sub(earlier.user_ns),
            system_ns: self.system_ns.saturating_sub(earlier.system_ns),
            voluntary_switches: self.voluntary_switches - earlier.voluntary_switches,
            involuntary_switches: self.involuntary_switches - earlier.involuntary_switches,
            minor_faults: self.minor_faults - earlier.minor_faults,
            major_faults: self.major_faults - earlier.major_faults,
            cycles: None,
            instructions: None,
            pacing: None,
        }
    }

    /// Returns the resources that the mechanism used: those of pacing are left out.
    #[must_use]
    pub fn of_mechanism(self) -> Usage {
        let Some(pacing) = self.pacing else { return self };
        let all_ns = self.user_ns.saturating_add(self.system_ns);
        let left_ns = all_ns.saturating_sub(pacing.spinning_ns.saturating_add(pacing.sleeping_ns));
        // The kernel knows the sum exactly, and guesses its parts from samples.
        let user_ns = self.user_ns.saturating_sub(pacing.spinning_ns).min(left_ns);
        Usage {
            user_ns,
            system_ns: left_ns - user_ns,
            voluntary_switches: self.voluntary_switches.saturating_sub(pacing.sleeps),
            pacing: None,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pacing_is_left_out_and_never_more_than_there_is() {
        let pacing = Pacing { spinning_ns: 150, sleeping_ns: 30, sleeps: 2 };
        let all = Usage {
            user_ns: 160,
            system_ns: 100,
            voluntary_switches: 5,
            pacing: Some(pacing),
            ..Usage::default()
        };
        let own = all.of_mechanism();
        assert_eq!((own.user_ns, own.system_ns, own.voluntary_switches), (10, 70, 3));
        assert_eq!(own.of_mechanism(), own);
        let short = Usage { user_ns: 10, system_ns: 100, voluntary_switches: 1, ..all };
        let own = short.of_mechanism();
        assert_eq!((own.user_ns, own.system_ns, own.voluntary_switches), (0, 0, 0));
    }
}

//! The findings of one process of an invocation, as it returns them to its parent.

use crate::noise::Heard;
use crate::turns::OwnSlice;
use ipcmark_core::{Error, Result, Side, Workload};
use ipcmark_record::{Energy, Integrity, Overlap, Replayed, SideReport, Task, WarmUp};
use ipcmark_sys::crew::Work;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Findings of one process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Findings {
    pub(crate) report: SideReport,
    pub(crate) frame: Frame,
    pub(crate) integrity: Integrity,
    /// Messages sent in all phases.
    pub(crate) sent: u64,
    /// Messages dropped in all phases.
    pub(crate) dropped: u64,
    /// Messages received whole in all phases.
    pub(crate) received: u64,
    pub(crate) overlap: Option<Overlap>,
    pub(crate) task: Option<Task>,
    pub(crate) links: Option<String>,
    pub(crate) sums: Option<[u64; 3]>,
}

impl Findings {
    /// Returns true if the figures are made of what this process timed.
    pub(crate) fn is_timed(&self, workload: Workload) -> bool {
        Side::of_process(&self.report.side).is_some_and(|side| workload.is_timed_by(side))
    }
}

/// Findings of the frame, which is the same for all patterns.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Frame {
    /// Time from the barrier to the last checked message, or of the schedule, ns.
    pub(crate) elapsed_ns: u64,
    /// True if it is that of the schedule.
    pub(crate) by_schedule: bool,
    /// Messages of the measured phase, as the pattern counts them.
    pub(crate) messages: u64,
    warm_up: Option<WarmUp>,
    /// Distance before and after; only process 0 has it.
    pub(crate) distance: Option<(f64, f64)>,
    /// Gaps around the measured phase.
    pub(crate) heard: Heard,
    /// Time without a CPU in the measured phase: see [`ipcmark_record::Noise`].
    pub(crate) waited_ns: Option<u64>,
    /// Computations of the neighbours in the measured phase, and its time, ns; only process 0 has it.
    pub(crate) near: Option<(u64, u64)>,
    /// First value of the warm-up, ns.
    pub(crate) first_ns: Option<u64>,
    /// Time to take the halves of all links, ns.
    pub(crate) split_ns: u64,
    /// Time to drop them again, ns.
    pub(crate) teardown_ns: u64,
    /// Energy of the machine; only process 0 reads it.
    pub(crate) energy: Option<Energy>,
    /// Memory that the process gained by its links, if it was looked at.
    pub(crate) memory: Option<Gained>,
    /// Messages of a replayed trace in the measured phase.
    pub(crate) replayed: Option<Replayed>,
    /// Slices, if the invocation shared its time with others.
    pub(crate) slices: Vec<OwnSlice>,
}

/// Memory that a process gained, bytes; less than nothing if it gave more back.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Gained {
    pub(crate) resident_bytes: i64,
    pub(crate) locked_bytes: i64,
}

impl Frame {
    /// Keeps the warm-up.
    pub(crate) fn warmed_up(&mut self, warm_up: WarmUp) {
        self.warm_up = Some(warm_up);
    }

    /// Returns the warm-up. A process without one does not hold up the others.
    pub(crate) fn warm_up(&self) -> WarmUp {
        self.warm_up.unwrap_or(WarmUp { messages: 0, elapsed_ns: 0, steady: true })
    }
}

/// Packs a member's result for its parent.
pub(crate) fn pack(found: &impl Serialize) -> Work {
    Ok(serde_json::to_vec(found)?)
}

/// Unpacks a member's result.
pub(crate) fn unpack<T: DeserializeOwned>(result: &[u8]) -> Result<T> {
    serde_json::from_slice(result)
        .map_err(|e| Error::Protocol(format!("a process returned what cannot be read: {e}")))
}

//! The parts that the halves of every ring share: where they run, how they notice a dead peer, and their errors.

use crate::wait::Site;
use ipcmark_core::{Error, Placement, Plan, Result};
use ipcmark_ring::RingError;
use ipcmark_sys::affinity;
use ipcmark_sys::lifeline::Lifeline;

/// Times that a side may look in vain before it asks whether its peer lives.
const VAIN_LOOKS: u32 = 1 << 14;

/// Returns where the sides of a plan will run.
pub(crate) fn site(plan: &Plan) -> Result<Site> {
    // The mask of each side tells nothing: sides on two CPUs are pinned to one each.
    let one_cpu = match plan.placement {
        Placement::SameCore => true,
        Placement::CrossCore | Placement::SmtSiblings | Placement::CrossNode => false,
        Placement::Free => affinity::allowed()?.len() == 1,
    };
    Ok(Site::of(one_cpu, plan.spin_budget))
}

/// Counts one more look in vain; true when the peer was asked for at last, and is gone.
#[inline]
pub(crate) fn looked_in_vain(vain_looks: &mut u32, lifeline: &Lifeline) -> bool {
    *vain_looks += 1;
    if *vain_looks < VAIN_LOOKS {
        return false;
    }
    *vain_looks = 0;
    lifeline.peer_is_gone()
}

/// Returns the ring's error in the words of the seam.
#[cold]
pub(crate) fn word(error: RingError) -> Error {
    match error {
        RingError::Closed => Error::Closed,
        RingError::TooLong { len, max } => Error::misfit(len, max),
        other => Error::Protocol(other.to_string()),
    }
}

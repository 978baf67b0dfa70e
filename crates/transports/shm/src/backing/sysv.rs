//! System V segments: `shmget(2)`.

use super::Backing;
use crate::mapping::Mapping;
use ipcmark_core::{Availability, Limits, MeetBy, Names, Refusal, Result};
use ipcmark_sys::segment::Segment;

/// Bytes of the segment that asks whether there can be one.
const PROBE_BYTES: usize = 4096;

/// A System V segment: `shmget(2)`, removed as soon as it is attached. The sides inherit the attachment, and the last
/// detach frees it, so that a kill leaves nothing.
#[derive(Debug)]
pub struct SystemV;

fn removed_at_once(len: usize) -> Result<Segment> {
    let segment = Segment::attached(len)?;
    segment.remove()?;
    Ok(segment)
}

impl Backing for SystemV {
    const MECHANISM: &'static str = "shm-ring-sysv";
    const MEET_BY: MeetBy = MeetBy::Key;
    const SUMMARY: &'static str = "lock-free ring in a System V segment (shmget)";
    const REFERENCE: &'static str = "shmget(2)";

    fn available() -> Availability {
        match removed_at_once(PROBE_BYTES) {
            Ok(_) => Availability::Available(Limits::none()),
            Err(e) => Availability::Unavailable(Refusal::new(e.to_string()).with_remedy(
                "use a kernel with CONFIG_SYSVIPC, and raise kernel.shmmni if it is used up",
            )),
        }
    }

    #[expect(private_interfaces, reason = "made and used in this crate alone")]
    fn map(_: &Names, len: usize) -> Result<Mapping> {
        removed_at_once(len).map(Mapping::Segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_sys::segment::state;

    #[test]
    fn the_segment_is_removed_while_it_serves_and_gone_afterwards() {
        let segment = removed_at_once(4096).unwrap();
        assert!(segment.state().unwrap().removed);
        let id = segment.id();
        drop(segment);
        assert!(state(id).is_err());
    }
}

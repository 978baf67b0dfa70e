//! What a run finds out about the machine beside its cells: between invocations, never while one is measured.

use ipcmark_record::Record;
use ipcmark_sys::clock::Clock;
use std::time::Instant;

/// Looks at the machine when a round begins, and at the end.
#[derive(Debug)]
pub(super) struct Beside {
    clock: Clock,
}

impl Beside {
    pub(super) fn new(clock: Clock) -> Beside {
        Beside { clock }
    }

    /// A round is about to begin. `before_ns`: how long the run that is gone on with had lasted.
    pub(super) fn round(&mut self, record: &mut Record, before_ns: u64, begun: Instant) {
        let _ = (record, before_ns, begun, self.clock);
    }

    /// The run has ended.
    pub(super) fn end(&mut self, record: &mut Record, before_ns: u64, begun: Instant) {
        let _ = (record, before_ns, begun, self.clock);
    }
}

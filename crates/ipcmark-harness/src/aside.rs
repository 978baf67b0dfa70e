//! What works for a phase without being a side: other processes, and the machine as a whole.

use crate::stage::Stage;
use ipcmark_record::{Energy, ThirdParties};
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::energy::{Meter, Reading};
use ipcmark_sys::helpers::Helpers;

/// Counts when a phase began.
pub(crate) struct Aside {
    helpers: Option<(Helpers, u64)>,
    energy: Option<(Meter, Reading, Ticks)>,
}

impl Aside {
    /// Takes the counts just before a phase. The energy is the whole machine's: one process reads it.
    pub(crate) fn begin(stage: &Stage<'_>) -> Aside {
        let helpers = Helpers::of_this_process();
        let cpu_ns = helpers.cpu_ns();
        let meter = (stage.seat.process == 0).then(Meter::here).and_then(Result::ok);
        let energy = meter.and_then(|meter| {
            let reading = meter.read()?;
            Some((meter, reading, stage.clock.now()))
        });
        Aside { helpers: (helpers.count() > 0).then_some((helpers, cpu_ns)), energy }
    }

    /// Returns what was used since.
    pub(crate) fn end(self, clock: &Clock) -> (Option<ThirdParties>, Option<Energy>) {
        let energy = self.energy.and_then(|(meter, before, begun)| {
            let packages_uj = meter.between_uj(&before, &meter.read()?);
            let window_ns = clock.ns(clock.now() - begun) as u64;
            Some(Energy { packages_uj, window_ns })
        });
        let third_parties = self.helpers.map(|(helpers, before_ns)| ThirdParties {
            processes: helpers.count() as u64,
            cpu_ns: helpers.cpu_ns().saturating_sub(before_ns),
        });
        (third_parties, energy)
    }
}

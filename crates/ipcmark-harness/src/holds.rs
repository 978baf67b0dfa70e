//! How long a send holds its sender, and whether it had to wait.
//!
//! At a set rate each send is timed: the sender has the time, and reads the clock before it in any case. A
//! stream of a ring takes a few ns a message, and two reads of the clock would be a large part of that. So
//! one send is timed in each block of messages, which lasts about 50 µs: its two reads are under 0.2 % of
//! the block. Which one is left to chance, because a transport may keep messages and send several in one
//! call.
//!
//! A send had to wait if the mechanism refused it when it was asked not to wait. That is asked where it
//! costs nothing, which is where waiting is to try again. A sender that can only sleep tells by its voluntary
//! switches. Where neither is so, it is not known.

use crate::rules;
use crate::seat::Seat;
use crate::timer::Timer;
use ipcmark_core::{CpuUse, Info, Plan, Result};
use ipcmark_record::{Blocked, Hold, KnownBy, Unit, Usage};
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::usage;

/// The way that it is known whether a send waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    By(KnownBy),
    Not,
}

impl Known {
    /// Returns the way that suits a transport.
    pub(crate) const fn of(info: &Info) -> Known {
        let retries = info.user_space || info.wait.retries();
        match (info.never_waits && retries, info.wait.cpu_use()) {
            (true, _) => Known::By(KnownBy::Refusal),
            (false, CpuUse::Sleeps) => Known::By(KnownBy::Sleep),
            (false, _) => Known::Not,
        }
    }
}

/// The timer of one sender's sends.
#[derive(Debug)]
pub(crate) struct Holds {
    timer: Timer,
    known: Known,
    /// Sends that were timed, and those of them that were refused first.
    timed: u64,
    refused: u64,
    /// Voluntary switches when the phase began.
    switches_before: u64,
    /// All sends of the phase, and the times that the sender slept in them.
    slept: Option<(u64, u64)>,
    random: fastrand::Rng,
    /// False while warming up. The length of a block comes from the warm-up, which must be as fast as the phase.
    measures: bool,
}

/// Returns the timer, if sends are timed now.
pub(crate) fn active(holds: &mut Option<Holds>) -> Option<&mut Holds> {
    holds.as_mut().filter(|holds| holds.measures)
}

impl Holds {
    /// Makes the timer; `None` for a process whose sends are not timed.
    pub(crate) fn of(plan: &Plan, seat: Seat, info: &Info, clock: Clock) -> Result<Option<Holds>> {
        if !rules::keeps_holds(plan.workload, seat.side) {
            return Ok(None);
        }
        Ok(Some(Holds {
            timer: Timer::new(clock, Some(Unit::NsPerSend))?,
            known: Known::of(info),
            timed: 0,
            refused: 0,
            switches_before: 0,
            slept: None,
            random: fastrand::Rng::with_seed(plan.seed ^ seat.process as u64),
            measures: false,
        }))
    }

    /// Forgets the phase before.
    pub(crate) fn forget(&mut self) {
        self.timer.forget();
        (self.timed, self.refused, self.slept) = (0, 0, None);
    }

    /// Begins a phase; `usage` is the process's own at this moment.
    pub(crate) fn begin(&mut self, usage: Usage) {
        self.switches_before = usage.voluntary_switches;
        self.measures = true;
    }

    /// Ends the sends of a phase: `sends` were made, and the sender slept `pauses` times for another reason.
    /// What the process sleeps from now on does not count.
    pub(crate) fn end(&mut self, sends: u64, pauses: u64) {
        let switches = usage::now().voluntary_switches - self.switches_before;
        self.slept = Some((sends, switches.saturating_sub(pauses).min(sends)));
    }

    /// Returns true if a send is to be asked first whether it would wait.
    pub(crate) fn asks(&self) -> bool {
        self.known == Known::By(KnownBy::Refusal)
    }

    /// Returns a random number below `count`, which is not 0.
    pub(crate) fn one_of(&mut self, count: u64) -> u64 {
        self.random.u64(..count)
    }

    /// Takes the time of one send.
    pub(crate) fn take(&mut self, begun: Ticks, end: Ticks, refused: bool) {
        self.timed += 1;
        self.refused += u64::from(refused);
        self.timer.take(end, end.saturating_sub(begun));
    }

    /// Returns what the record keeps of the phase.
    pub(crate) fn report(&self) -> Result<Option<Hold>> {
        let Some(times) = self.timer.encoded()? else { return Ok(None) };
        let blocked = match self.known {
            Known::By(known_by @ KnownBy::Refusal) => {
                Some(Blocked { known_by, sends: self.timed, blocked: self.refused })
            }
            Known::By(known_by @ KnownBy::Sleep) => {
                self.slept.map(|(sends, blocked)| Blocked { known_by, sends, blocked })
            }
            Known::Not => None,
        };
        Ok(Some(Hold { times, blocked }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::WaitKind;

    #[test]
    fn a_refusal_is_asked_for_where_waiting_is_to_try_again() {
        let info =
            |user_space, never_waits, wait| Info { user_space, never_waits, wait, ..Info::DEFAULT };
        for (user_space, never_waits, wait, known) in [
            (true, true, WaitKind::Spin, Known::By(KnownBy::Refusal)),
            (true, true, WaitKind::Futex, Known::By(KnownBy::Refusal)),
            (false, true, WaitKind::Spin, Known::By(KnownBy::Refusal)),
            (false, true, WaitKind::Block, Known::By(KnownBy::Sleep)),
            (false, false, WaitKind::Block, Known::By(KnownBy::Sleep)),
            (false, false, WaitKind::Epoll, Known::By(KnownBy::Sleep)),
            (false, false, WaitKind::Spin, Known::Not),
            (false, false, WaitKind::Yield, Known::Not),
            (true, false, WaitKind::Hybrid, Known::Not),
        ] {
            let found = Known::of(&info(user_space, never_waits, wait));
            assert_eq!(found, known, "{user_space} {never_waits} {wait}");
        }
    }
}

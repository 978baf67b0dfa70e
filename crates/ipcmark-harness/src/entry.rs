//! A row of the catalog: one transport with its type erased.

use crate::bench::Bench;
use crate::counting::{Counted, Purpose};
use crate::invoke::{self, Report};
use crate::pattern::{self, Make};
use crate::slices::{Sliced, Turns};
use ipcmark_core::{Availability, Info, Notifier, Plan, Remote, Transport};
use ipcmark_sys::counters::Modes;

/// One transport of a catalog. `const`, so that a catalog is one static slice.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its constant facts.
    pub info: Info,
    available: fn() -> Availability,
    make: Make,
}

impl Entry {
    /// Erases `T`.
    #[must_use]
    pub const fn of<T: Transport>() -> Entry {
        Entry {
            info: T::INFO.complete(),
            available: T::available,
            make: pattern::of_transport::<T>(),
        }
    }

    /// Erases `N`.
    #[must_use]
    pub const fn of_notifier<N: Notifier>() -> Entry {
        Entry { info: N::INFO.complete(), available: N::available, make: pattern::of_notifier::<N> }
    }

    /// Erases `R`.
    #[must_use]
    pub const fn of_remote<R: Remote>() -> Entry {
        Entry { info: R::INFO.complete(), available: R::available, make: pattern::of_remote::<R> }
    }

    /// Tells if this kernel, here, now, can run it.
    #[must_use]
    pub fn available(&self) -> Availability {
        (self.available)()
    }

    /// Makes one invocation: forks, measures, reaps. A failure is part of the report.
    #[must_use]
    pub fn invoke(&self, plan: &Plan, bench: &Bench) -> Report {
        invoke::invoke(&self.info, self.make, plan, bench)
    }

    /// Makes one invocation that shares its time with others, slice by slice.
    #[must_use]
    pub fn slices(&self, plan: &Plan, bench: &Bench, turns: &Turns) -> Sliced {
        invoke::slices(&self.info, self.make, plan, bench, turns)
    }

    /// Makes one invocation that counts the system calls of all sides, in a phase of its own
    /// length. The plan's warm-up and deadline hold.
    #[must_use]
    pub fn count(&self, plan: &Plan, bench: &Bench) -> Counted {
        invoke::count(&self.info, self.make, plan, bench, Purpose::SystemCalls)
    }

    /// Makes one invocation that counts the cycles and instructions of all sides, in the modes that
    /// this machine allows: see [`ipcmark_sys::counters::here`].
    #[must_use]
    pub fn count_cycles(&self, plan: &Plan, bench: &Bench, modes: Modes) -> Counted {
        invoke::count(&self.info, self.make, plan, bench, Purpose::Cycles(modes))
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Entry").field(&self.info.name()).finish()
    }
}

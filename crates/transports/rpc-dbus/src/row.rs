//! The facts of the row, which stand in the catalog also where the framework is left out.

use ipcmark_core::{Carries, Info, MeetBy, WaitKind};

pub(crate) const INFO: Info = Info {
    carries: Carries::Calls,
    family: "rpc-dbus",
    mechanism: "dbus",
    wait: WaitKind::Epoll,
    meet_by: MeetBy::Service,
    summary: "D-Bus method calls (zbus) through a dbus-daemon of their own",
    reference: "dbus-daemon(1)",
    ..Info::DEFAULT
};

#[cfg(not(feature = "framework"))]
mod absent {
    use ipcmark_core::{Absent, Info, LeftOut};

    /// Calls through D-Bus.
    #[derive(Debug)]
    pub struct Row;

    impl LeftOut for Row {
        const INFO: Info = super::INFO;
        const FEATURE: &'static str = "dbus";
    }

    /// Calls through D-Bus, which this build leaves out.
    pub type Dbus = Absent<Row>;
}
#[cfg(not(feature = "framework"))]
pub use absent::Dbus;

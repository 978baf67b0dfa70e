//! The facts of the row, which stand in the catalog also where the framework is left out.

use ipcmark_core::{Carries, Info, MeetBy, WaitKind};

pub(crate) const INFO: Info = Info {
    carries: Carries::Calls,
    family: "rpc-capnp",
    mechanism: "capnp-unix",
    wait: WaitKind::Epoll,
    meet_by: MeetBy::Descriptor,
    summary: "Cap'n Proto RPC over a Unix-domain socket, driven by tokio",
    reference: "https://capnproto.org/rpc.html",
    ..Info::DEFAULT
};

#[cfg(not(feature = "framework"))]
mod absent {
    use ipcmark_core::{Absent, Info, LeftOut};

    /// Calls through Cap'n Proto.
    #[derive(Debug)]
    pub struct Row;

    impl LeftOut for Row {
        const INFO: Info = super::INFO;
        const FEATURE: &'static str = "capnp";
    }

    /// Calls through Cap'n Proto, which this build leaves out.
    pub type CapnpUnix = Absent<Row>;
}
#[cfg(not(feature = "framework"))]
pub use absent::CapnpUnix;

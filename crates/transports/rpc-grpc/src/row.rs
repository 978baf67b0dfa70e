//! The facts of the rows, which stand in the catalog also where the framework is left out.

use ipcmark_core::{Carries, Info, MeetBy, WaitKind};

pub(crate) const UNIX: Info = info(
    "grpc-unix",
    MeetBy::Descriptor,
    "gRPC (tonic) over a Unix-domain socket: protobuf over HTTP/2",
);
pub(crate) const TCP: Info =
    info("grpc-tcp", MeetBy::Port, "gRPC (tonic) over TCP on loopback: protobuf over HTTP/2");

const fn info(mechanism: &'static str, meet_by: MeetBy, summary: &'static str) -> Info {
    Info {
        carries: Carries::Calls,
        family: "rpc-grpc",
        mechanism,
        wait: WaitKind::Epoll,
        meet_by,
        summary,
        reference: "https://grpc.io/docs/",
        ..Info::DEFAULT
    }
}

#[cfg(not(feature = "framework"))]
mod absent {
    use ipcmark_core::{Absent, Info, LeftOut};

    /// Over a Unix-domain socket.
    #[derive(Debug)]
    pub struct OverUnix;
    /// Over TCP.
    #[derive(Debug)]
    pub struct OverTcp;

    impl LeftOut for OverUnix {
        const INFO: Info = super::UNIX;
        const FEATURE: &'static str = "grpc";
    }

    impl LeftOut for OverTcp {
        const INFO: Info = super::TCP;
        const FEATURE: &'static str = "grpc";
    }

    /// Calls through gRPC, which this build leaves out.
    pub type Grpc<W> = Absent<W>;
}
#[cfg(not(feature = "framework"))]
pub use absent::{Grpc, OverTcp, OverUnix};

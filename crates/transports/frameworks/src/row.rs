//! The rows of the catalog, which exist also without the frameworks.

use ipcmark_core::{Carries, Info, LeftOut, MeetBy, WaitKind};

pub(crate) const CAPNP_UNIX: Info = Info {
    family: "rpc-capnp",
    mechanism: "capnp-unix",
    meet_by: MeetBy::Descriptor,
    summary: "Cap'n Proto RPC over a Unix-domain socket, driven by tokio",
    reference: "https://capnproto.org/rpc.html",
    ..CALLS
};
pub(crate) const GRPC_UNIX: Info = Info {
    family: "rpc-grpc",
    mechanism: "grpc-unix",
    meet_by: MeetBy::Descriptor,
    summary: "gRPC (tonic) over a Unix-domain socket: protobuf over HTTP/2",
    reference: "https://grpc.io/docs/",
    ..CALLS
};
pub(crate) const GRPC_TCP: Info = Info {
    mechanism: "grpc-tcp",
    meet_by: MeetBy::Port,
    summary: "gRPC (tonic) over TCP on loopback: protobuf over HTTP/2",
    ..GRPC_UNIX
};
pub(crate) const DBUS: Info = Info {
    family: "rpc-dbus",
    mechanism: "dbus",
    works_elsewhere: true,
    meet_by: MeetBy::Service,
    summary: "D-Bus method calls (zbus) through a dbus-daemon of their own",
    reference: "dbus-daemon(1)",
    ..CALLS
};
const CALLS: Info = Info { carries: Carries::Calls, wait: WaitKind::Epoll, ..Info::DEFAULT };

/// Declares rows that a build leaves out: type, row and feature.
macro_rules! left_out {
    ($($name:ident = $info:ident, $feature:literal;)*) => {$(
        /// A row that this build leaves out.
        #[derive(Debug)]
        #[allow(dead_code, unreachable_pub, reason = "with its feature the real row takes its place")]
        pub struct $name;

        impl LeftOut for $name {
            const INFO: Info = $info;
            const FEATURE: &'static str = $feature;
        }
    )*};
}

left_out! {
    NoCapnp = CAPNP_UNIX, "capnp";
    OverUnix = GRPC_UNIX, "grpc";
    OverTcp = GRPC_TCP, "grpc";
    NoDbus = DBUS, "dbus";
}

/// Calls through Cap'n Proto, which this build leaves out.
#[cfg(not(feature = "capnp"))]
pub type CapnpUnix = ipcmark_core::Absent<NoCapnp>;
/// Calls through gRPC, which this build leaves out.
#[cfg(not(feature = "grpc"))]
pub type Grpc<W> = ipcmark_core::Absent<W>;
/// Calls through D-Bus, which this build leaves out.
#[cfg(not(feature = "dbus"))]
pub type Dbus = ipcmark_core::Absent<NoDbus>;

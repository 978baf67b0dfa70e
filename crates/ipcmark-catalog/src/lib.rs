//! ONE table: every transport in this build, in the order of reports.
//!
//! It lists and does not define. One line here is all that the suites, the laws, the benches and
//! the program need to know of a transport: [`CATALOG`] holds it with its type erased,
//! [`visit_all`] shows its type.
//!
//! [`catalog!`] makes both in any crate, so that a program can add its own rows: see
//! `examples/own-transport`.
#![forbid(unsafe_code)]

pub use ipcmark_core::Visitor;
use ipcmark_fifo::Fifo;
use ipcmark_file::{
    Flock, Mapped, Plain, Record, SharedFile, Spin as FileSpin, Yield as FileYield,
};
use ipcmark_floor::{Copy, Null};
pub use ipcmark_harness::Entry;
use ipcmark_mq::{Mq, MqPriority};
use ipcmark_notify::{BellNotifier, Eventfd, Pidfd};
use ipcmark_pipe::{Pipe, PipePacket, PipeVmsplice};
use ipcmark_pty::Pty;
use ipcmark_rpc::{
    AtLeastOnce, AtMostOnce, ExactlyOnce, Fixed, Matched, Rpc, Tcp as OverTcp, Unix,
};
use ipcmark_shm::{
    Belled, Condvar, Futex, HugePages, Hybrid, MappedFile, Memfd, Pause, Posix, ShmBroadcast,
    ShmLatest, ShmMpsc, ShmRing, ShmSlots, Spin as RingSpin, SystemV, Yield as RingYield,
};
use ipcmark_signal::{Handled, Signal, SignalRt, Waited, Watched};
use ipcmark_sys::bell::{EventBell, FutexBell, SemBell, SemopBell};
use ipcmark_sys::fd::{Block, Epoll, Poll, Sigio, Spin, Uring, Yield};
use ipcmark_sysv::{SysvMsg, SysvMsgTyped};
use ipcmark_tcp::{Nagle, Tcp, TcpZeroCopy, V6 as TcpV6};
use ipcmark_udp::{Gso, Udp, UdpBatch, V6 as UdpV6};
use ipcmark_unix::{
    UnixAbstract, UnixBatch, UnixDatagram, UnixMemfd, UnixPath, UnixSeqpacket, UnixStream,
};
use ipcmark_uring::MsgRing;
use ipcmark_vm::{Futex as VmFutex, Spin as VmSpin, VmRead, VmWrite};
use ipcmark_vsock::{VsockSeqpacket, VsockStream};

/// Makes a catalog in the module that calls it: `CATALOG`, its rows with their types erased, and
/// `visit_all`, which shows each type to a [`Visitor`].
///
/// A line is what passes between the sides (`messages` of a [`Transport`](ipcmark_core::Transport),
/// `notifications` of a [`Notifier`](ipcmark_core::Notifier), `calls` of a
/// [`Remote`](ipcmark_core::Remote)) and the type.
///
/// ```
/// use ipcmark_sys::fd::{Block, Spin};
///
/// ipcmark_catalog::catalog! {
///     messages ipcmark_pipe::Pipe<Block>,
///     notifications ipcmark_notify::Eventfd<Spin>,
/// }
///
/// assert_eq!(CATALOG[1].info.name(), "eventfd/spin");
/// ```
#[macro_export]
macro_rules! catalog {
    (@entry messages $row:ty) => { $crate::Entry::of::<$row>() };
    (@entry notifications $row:ty) => { $crate::Entry::of_notifier::<$row>() };
    (@entry calls $row:ty) => { $crate::Entry::of_remote::<$row>() };
    (@visit $visitor:ident messages $row:ty) => { $visitor.visit::<$row>() };
    (@visit $visitor:ident notifications $row:ty) => { $visitor.visit_notifier::<$row>() };
    (@visit $visitor:ident calls $row:ty) => { $visitor.visit_remote::<$row>() };
    ($($carries:ident $row:ty),+ $(,)?) => {
        /// Every transport, its type erased.
        pub static CATALOG: &[$crate::Entry] = &[$($crate::catalog!(@entry $carries $row)),+];

        /// Shows every transport to the visitor, in order, as a type.
        pub fn visit_all(visitor: &mut impl $crate::Visitor) {
            $($crate::catalog!(@visit visitor $carries $row);)+
        }
    };
}

catalog! {
    // The floors come first: see `floor`.
    messages Null,
    messages Copy,

    // Pipes.
    messages Pipe<Block>,
    messages Pipe<Spin>,
    messages Pipe<Yield>,
    messages Pipe<Poll>,
    messages Pipe<Epoll>,
    messages Pipe<Sigio>,
    messages Pipe<Uring>,
    messages PipePacket<Block>,
    messages PipePacket<Spin>,
    messages PipePacket<Poll>,
    messages PipePacket<Epoll>,
    messages PipeVmsplice<Block>,
    messages PipeVmsplice<Spin>,
    messages PipeVmsplice<Poll>,
    messages PipeVmsplice<Epoll>,

    // Named pipes.
    messages Fifo<Block>,
    messages Fifo<Spin>,
    messages Fifo<Poll>,
    messages Fifo<Epoll>,

    // Unix-domain sockets.
    messages UnixStream<Block>,
    messages UnixStream<Spin>,
    messages UnixStream<Yield>,
    messages UnixStream<Poll>,
    messages UnixStream<Epoll>,
    messages UnixStream<Sigio>,
    messages UnixStream<Uring>,
    messages UnixSeqpacket<Block>,
    messages UnixSeqpacket<Spin>,
    messages UnixSeqpacket<Poll>,
    messages UnixSeqpacket<Epoll>,
    messages UnixDatagram<Block>,
    messages UnixDatagram<Spin>,
    messages UnixDatagram<Poll>,
    messages UnixDatagram<Epoll>,
    messages UnixBatch<Block>,
    messages UnixBatch<Spin>,
    messages UnixBatch<Poll>,
    messages UnixBatch<Epoll>,
    messages UnixPath<Block>,
    messages UnixPath<Epoll>,
    messages UnixAbstract<Block>,
    messages UnixAbstract<Epoll>,
    messages UnixMemfd<Block>,
    messages UnixMemfd<Poll>,
    messages UnixMemfd<Epoll>,

    // Internet-domain sockets.
    messages Tcp<Block>,
    messages Tcp<Spin>,
    messages Tcp<Poll>,
    messages Tcp<Epoll>,
    messages Tcp<Sigio>,
    messages Tcp<Uring>,
    messages Tcp<Block, Nagle>,
    messages Tcp<Block, TcpV6>,
    messages Tcp<Epoll, TcpV6>,
    messages TcpZeroCopy,
    messages Udp<Block>,
    messages Udp<Spin>,
    messages Udp<Poll>,
    messages Udp<Epoll>,
    messages Udp<Block, UdpV6>,
    messages Udp<Block, Gso>,
    messages UdpBatch<Block>,
    messages UdpBatch<Spin>,
    messages UdpBatch<Poll>,
    messages UdpBatch<Epoll>,

    // Message queues.
    messages Mq<Block>,
    messages Mq<Spin>,
    messages Mq<Poll>,
    messages Mq<Epoll>,
    messages MqPriority<Block>,
    messages SysvMsg<Block>,
    messages SysvMsg<Spin>,
    messages SysvMsg<Yield>,
    messages SysvMsgTyped<Block>,

    // Shared memory.
    messages ShmRing<Memfd, RingSpin>,
    messages ShmRing<Memfd, Pause>,
    messages ShmRing<Memfd, RingYield>,
    messages ShmRing<Memfd, Hybrid>,
    messages ShmRing<Memfd, Futex>,
    messages ShmRing<Memfd, Belled<EventBell>>,
    messages ShmRing<Memfd, Belled<SemBell>>,
    messages ShmRing<Memfd, Belled<SemopBell>>,
    messages ShmRing<Memfd, Condvar>,
    messages ShmRing<Posix, RingSpin>,
    messages ShmRing<Posix, Hybrid>,
    messages ShmRing<SystemV, RingSpin>,
    messages ShmRing<SystemV, Hybrid>,
    messages ShmRing<MappedFile, RingSpin>,
    messages ShmRing<MappedFile, Hybrid>,
    messages ShmRing<HugePages, RingSpin>,
    messages ShmRing<HugePages, Hybrid>,
    messages ShmSlots<RingSpin>,
    messages ShmSlots<Hybrid>,
    messages ShmMpsc<RingSpin>,
    messages ShmMpsc<Hybrid>,
    messages ShmBroadcast<RingSpin>,
    messages ShmBroadcast<Hybrid>,
    messages ShmLatest<RingSpin>,
    messages ShmLatest<RingYield>,

    // Shared files.
    messages SharedFile<Record, Plain, FileYield>,
    messages SharedFile<Record, Plain, FileSpin>,
    messages SharedFile<Record, Mapped, FileYield>,
    messages SharedFile<Record, Mapped, FileSpin>,
    messages SharedFile<Flock, Plain, FileYield>,
    messages SharedFile<Flock, Plain, FileSpin>,
    messages SharedFile<Flock, Mapped, FileYield>,
    messages SharedFile<Flock, Mapped, FileSpin>,

    // Single copy.
    messages VmRead<VmSpin>,
    messages VmRead<VmFutex>,
    messages VmWrite<VmSpin>,
    messages VmWrite<VmFutex>,

    // Pseudo-terminals and vsock.
    messages Pty<Block>,
    messages Pty<Poll>,
    messages Pty<Epoll>,
    messages VsockStream<Block>,
    messages VsockStream<Epoll>,
    messages VsockSeqpacket<Block>,
    messages VsockSeqpacket<Epoll>,

    // Asynchronous rings.
    messages MsgRing,

    // Signals.
    notifications Signal<Handled>,
    notifications Signal<Waited>,
    notifications Signal<Watched>,
    messages SignalRt<Waited>,
    messages SignalRt<Watched>,

    // Notifications.
    notifications Eventfd<Block>,
    notifications Eventfd<Spin>,
    notifications Eventfd<Poll>,
    notifications Eventfd<Epoll>,
    notifications BellNotifier<FutexBell>,
    notifications BellNotifier<SemBell>,
    notifications BellNotifier<SemopBell>,
    notifications Pidfd,

    // Remote procedure calls.
    calls Rpc<Unix, Fixed, AtLeastOnce>,
    calls Rpc<Unix, Fixed, AtMostOnce>,
    calls Rpc<Unix, Fixed, ExactlyOnce>,
    calls Rpc<Unix, Matched, AtMostOnce>,
    calls Rpc<OverTcp, Fixed, AtLeastOnce>,
    calls Rpc<OverTcp, Fixed, AtMostOnce>,
    calls Rpc<OverTcp, Fixed, ExactlyOnce>,
    calls Rpc<OverTcp, Matched, AtMostOnce>,

    // Frameworks for calls.
    calls ipcmark_frameworks::CapnpUnix,
    calls ipcmark_frameworks::Grpc<ipcmark_frameworks::OverUnix>,
    calls ipcmark_frameworks::Grpc<ipcmark_frameworks::OverTcp>,
    calls ipcmark_frameworks::Dbus,
}

/// Returns the transport on which the cost of the harness's whole loop is measured.
#[must_use]
pub fn floor() -> &'static Entry {
    &CATALOG[0]
}

/// Returns the transport of this name, e.g. `pipe/block`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOG.iter().find(|entry| entry.info.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::{Notifier, Remote, Role, Transport};
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_found() {
        let names: HashSet<_> = CATALOG.iter().map(|e| e.info.name()).collect();
        assert_eq!(names.len(), CATALOG.len());
        for name in &names {
            assert_eq!(find(name).map(|e| e.info.name()).as_ref(), Some(name));
        }
    }

    #[test]
    fn the_floor_is_one() {
        assert_eq!(floor().info.role, Role::Floor);
    }

    #[test]
    fn both_forms_list_the_same() {
        struct Names(Vec<String>);
        impl Visitor for Names {
            fn visit<T: Transport>(&mut self) {
                self.0.push(T::INFO.name());
            }
            fn visit_notifier<N: Notifier>(&mut self) {
                self.0.push(N::INFO.name());
            }
            fn visit_remote<R: Remote>(&mut self) {
                self.0.push(R::INFO.name());
            }
        }
        let mut names = Names(Vec::new());
        visit_all(&mut names);
        assert_eq!(names.0, CATALOG.iter().map(|e| e.info.name()).collect::<Vec<_>>());
    }
}

//! ONE table: every transport in this build, in the order of reports.
//!
//! It lists and does not define. A line here is all that the suites, the laws, the benches and the program need to
//! know of a transport: [`CATALOG`] holds it with its type erased, [`visit_all`] with its type.
#![forbid(unsafe_code)]

use ipcmark_core::Visitor;
use ipcmark_fifo::Fifo;
use ipcmark_floor::{Copy, Null};
use ipcmark_harness::Entry;
use ipcmark_mq::Mq;
use ipcmark_pipe::Pipe;
use ipcmark_shm::{Hybrid, Memfd, Posix, ShmRing, Spin as RingSpin};
use ipcmark_sys::fd::{Block, Epoll, Poll, Spin};
use ipcmark_tcp::Tcp;
use ipcmark_unix::{UnixDatagram, UnixSeqpacket, UnixStream};

macro_rules! catalog {
    ($($transport:ty),+ $(,)?) => {
        /// Every transport, its type erased.
        pub static CATALOG: &[Entry] = &[$(Entry::of::<$transport>()),+];

        /// Shows every transport to the visitor, in order, as a type.
        pub fn visit_all(visitor: &mut impl Visitor) {
            $(visitor.visit::<$transport>();)+
        }
    };
}

catalog! {
    Null,
    Copy,
    Pipe<Block>,
    Pipe<Spin>,
    Pipe<Poll>,
    Pipe<Epoll>,
    Fifo<Block>,
    Fifo<Spin>,
    Fifo<Poll>,
    Fifo<Epoll>,
    UnixStream<Block>,
    UnixStream<Spin>,
    UnixStream<Poll>,
    UnixStream<Epoll>,
    UnixSeqpacket<Block>,
    UnixSeqpacket<Spin>,
    UnixSeqpacket<Poll>,
    UnixSeqpacket<Epoll>,
    UnixDatagram<Block>,
    UnixDatagram<Spin>,
    UnixDatagram<Poll>,
    UnixDatagram<Epoll>,
    Tcp<Block>,
    Tcp<Spin>,
    Tcp<Poll>,
    Tcp<Epoll>,
    Mq<Block>,
    Mq<Spin>,
    Mq<Poll>,
    Mq<Epoll>,
    ShmRing<Memfd, RingSpin>,
    ShmRing<Memfd, Hybrid>,
    ShmRing<Posix, RingSpin>,
    ShmRing<Posix, Hybrid>,
}

/// The transport on which the cost of the harness's whole loop is measured.
#[must_use]
pub fn floor() -> &'static Entry {
    &CATALOG[0]
}

/// The transport of this name, e.g. `pipe/block`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOG.iter().find(|entry| entry.info.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::{Role, Transport};
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
        }
        let mut names = Names(Vec::new());
        visit_all(&mut names);
        assert_eq!(names.0, CATALOG.iter().map(|e| e.info.name()).collect::<Vec<_>>());
    }
}

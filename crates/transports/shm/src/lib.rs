//! Shared-memory rings: memfd_create(2), shm_open(3), futex(2).
//!
//! The key decision is that nothing enters the kernel while messages flow. The rings of `ipcmark-ring` move messages
//! with loads and stores alone; what differs between the transports here is where the pages come from
//! ([`Backing`]) and what a side does while it has nothing to do ([`RingWait`]). The kernel is asked only by a side that
//! waits: to sleep ([`Hybrid`]), to let others run ([`Yield`]), and, rarely, whether its peer still lives.
//!
//! Both directions lie in one mapping, each its own ring with its control page. The pages are reserved before the
//! fork and mapped on both sides before the first message, so that no page fault falls into a measurement and no full
//! `/dev/shm` kills a side with SIGBUS.
#![allow(unsafe_code, reason = "the rings are made over mapped memory")]

mod backing;
pub mod bare;
mod broadcast;
mod common;
mod ends;
mod fixture;
mod latest;
mod mapping;
mod mpsc;
mod ring;
mod slots;
mod wait;

pub use backing::{Backing, HugePages, MappedFile, Memfd, Posix, SystemV, probe_dir};
pub use broadcast::{BroadcastReceiver, BroadcastSender, ShmBroadcast};
pub use ends::{BATCH_PAUSES, Flags, RingReceiver, RingRx, RingSender, RingTx};
pub use fixture::ShmFixture;
pub use ipcmark_sys::bell::{EventBell, SemBell, SemopBell};
pub use latest::{LatestFixture, LatestReceiver, LatestSender, ShmLatest};
pub use mpsc::{MpscReceiver, MpscSender, ShmMpsc};
pub use ring::{DEFAULT_CAPACITY, ShmReceiver, ShmRing, ShmSender};
pub use slots::{ShmSlots, SlotsReceiver, SlotsSender};
pub use wait::{
    Belled, Bells, Condvar, FencedHybrid, Futex, Half, Hybrid, HybridAs, Look, Pause, RingWait,
    Seat, Site, Spin, Turn, Watch, Yield,
};

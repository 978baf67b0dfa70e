//! Flaws of what a transport may do besides sending and receiving: empty messages, refusals, attaching, resets.

use crate::flawed::{Flaw, ROOM, Sound as Below};
use ipcmark_core::{Address, Availability, Capacity, Plan, Result, Transport};
use rustix::event::{EventfdFlags, eventfd};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

type Send<'a> = &'a mut dyn FnMut(&[u8]) -> Result<()>;

/// Empty messages are not sent.
#[derive(Default)]
pub(crate) struct DropsEmpty;
impl Flaw for DropsEmpty {
    const NAME: &'static str = "dropping_empty_ones";
    fn commit(&mut self, _: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        if message.is_empty() { Ok(()) } else { send(message) }
    }
}

/// Its descriptor is one of something else.
#[derive(Default)]
pub(crate) struct TellsOf<const NEWS: u32>;
/// Nothing ever comes there.
pub(crate) type TellsOfAnother = TellsOf<0>;
/// Something is always there.
pub(crate) type TellsAlways = TellsOf<1>;

impl<const NEWS: u32> TellsOf<NEWS> {
    fn elsewhere() -> &'static OwnedFd {
        static ELSEWHERE: [OnceLock<OwnedFd>; 2] = [const { OnceLock::new() }; 2];
        let open = || eventfd(NEWS, EventfdFlags::CLOEXEC).expect("a descriptor");
        ELSEWHERE[NEWS as usize].get_or_init(open)
    }
}

impl<const NEWS: u32> Flaw for TellsOf<NEWS> {
    const NAME: &'static str = if NEWS == 0 { "telling_of_another" } else { "telling_always" };
    fn available() -> Availability {
        // Before the law counts what is held.
        Self::elsewhere();
        Below::available()
    }
    fn descriptor(_: Option<BorrowedFd<'_>>) -> Option<BorrowedFd<'_>> {
        Some(Self::elsewhere().as_fd())
    }
}

/// It refuses what there is no room for, and is sound otherwise.
#[derive(Default)]
pub(crate) struct SoundlyRefusing;
impl Flaw for SoundlyRefusing {
    const NAME: &'static str = "soundly_refusing";
    const NEVER_WAITS: bool = true;
}

/// It waits instead of refusing.
#[derive(Default)]
pub(crate) struct RefusesNothing;
impl Flaw for RefusesNothing {
    const NAME: &'static str = "refusing_nothing";
    const NEVER_WAITS: bool = true;
    fn refuses(_: u64) -> bool {
        false
    }
}

/// It says that it sent what it should refuse.
#[derive(Default)]
pub(crate) struct TakesAndLoses;
impl Flaw for TakesAndLoses {
    const NAME: &'static str = "taking_what_it_loses";
    const NEVER_WAITS: bool = true;
    fn refuses(_: u64) -> bool {
        false
    }
    fn loses(&mut self, _: u64, on_their_way: u64) -> bool {
        on_their_way >= ROOM
    }
}

/// It loses one message that it took.
#[derive(Default)]
pub(crate) struct LosesTaken;
impl Flaw for LosesTaken {
    const NAME: &'static str = "losing_one_it_took";
    const NEVER_WAITS: bool = true;
    fn loses(&mut self, n: u64, _: u64) -> bool {
        n == 5
    }
}

/// A process that attaches gets a link that no other process holds.
#[derive(Default)]
pub(crate) struct AttachesElsewhere;
impl Flaw for AttachesElsewhere {
    const NAME: &'static str = "attaching_elsewhere";
    fn attach(plan: &Plan, _: Address) -> Result<<Below as Transport>::Fixture> {
        Below::fixture(plan)
    }
}

/// A peer that is gone with something unread ends the stream at once, as a reset does: what it had committed is
/// passed over.
#[derive(Default)]
pub(crate) struct ResetsFirst;
impl Flaw for ResetsFirst {
    const NAME: &'static str = "resetting_first";
    fn ends_early(unread: u64) -> bool {
        unread > 0
    }
}

/// It counts the bytes of messages, and not what each is charged.
#[derive(Default)]
pub(crate) struct SaysTooMuch;
impl Flaw for SaysTooMuch {
    const NAME: &'static str = "overstating_its_capacity";
    fn capacity(sound: Capacity) -> Capacity {
        Capacity { messages: sound.messages.map(|messages| 2 * messages), ..sound }
    }
}

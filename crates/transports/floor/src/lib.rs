//! Floors: the least any transport can show under the same loop.
//!
//! Both run in one process, which holds both ends: what a side commits comes back at its own receiver. `null` hands a
//! buffer over by moving a pointer, so its figure is the harness itself: claim, stamp, commit, receive, check,
//! release. `copy` adds what a kernel path cannot do without: one copy in on commit, one copy out on receive
//! (`memcpy(3)`), both within this process's own caches. A ping-pong that comes out below its floor shows a mistake in
//! one of the two; a stream may, since its two processes copy at the same time.
//!
//! Each holds one message at a time. No other process makes room or sends, so a wait would never end; so where
//! another transport waits, these return an error.
#![forbid(unsafe_code)]

mod copy;
mod null;
mod slot;

pub use copy::{Copy, CopyReceiver, CopySender};
pub use null::{Null, NullReceiver, NullSender};

use ipcmark_core::{Error, Info, MeetBy, Role, WaitKind};

const fn info(mechanism: &'static str, summary: &'static str) -> Info {
    Info {
        role: Role::Floor,
        family: "floor",
        mechanism,
        wait: WaitKind::None,
        meet_by: MeetBy::OneProcess,
        summary,
        reference: "memcpy(3)",
        ..Info::DEFAULT
    }
}

/// Returns where another transport's sender would wait for room.
#[cold]
fn full(receiver_lives: bool) -> Error {
    if receiver_lives {
        Error::Protocol(
            "a floor holds one message, in one process: receive and release it before the next claim".into(),
        )
    } else {
        Error::Closed
    }
}

/// Returns where another transport's receiver would wait for a message.
#[cold]
fn empty(sender_lives: bool) -> Error {
    if sender_lives {
        Error::Protocol(
            "a floor is one process and cannot wait for another: commit before receiving".into(),
        )
    } else {
        Error::Closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::{Availability, Link, Names, Plan, Receiver, Sender, Side, Transport};

    fn link<T: Transport>(size: usize) -> Link<T::Tx, T::Rx> {
        let plan = Plan::new(size, Names { token: "test".into(), dir: "/nonexistent".into() });
        assert!(matches!(T::available(), Availability::Available(_)));
        let fixture = T::fixture(&plan).unwrap();
        assert_eq!(T::capacity(&fixture).unwrap().messages, Some(1));
        T::split(fixture, Side::Initiator).unwrap()
    }

    fn echoes<T: Transport>() {
        let Link { mut tx, mut rx } = link::<T>(100);
        for len in [100, 1, 64] {
            for round in 0..3u8 {
                let space = tx.claim(len).unwrap();
                assert_eq!(space.len(), len);
                space.fill(round);
                tx.commit().unwrap();
                assert_eq!(rx.receive().unwrap(), vec![round; len]);
                rx.release().unwrap();
            }
        }
    }

    #[test]
    fn what_is_committed_comes_back() {
        echoes::<Null>();
        echoes::<Copy>();
    }

    fn keeps<T: Transport>() {
        let Link { mut tx, mut rx } = link::<T>(100);
        let space = tx.claim(100).unwrap();
        space.fill(7);
        let address = space.as_ptr();
        tx.commit().unwrap();
        rx.receive().unwrap();
        rx.release().unwrap();
        let space = tx.claim(100).unwrap();
        assert_eq!(space.as_ptr(), address);
        assert_eq!(space, [7; 100]);
    }

    #[test]
    fn the_claimed_buffer_is_the_same_and_keeps_its_contents() {
        keeps::<Null>();
        keeps::<Copy>();
    }

    fn refuses<T: Transport>() {
        let Link { mut tx, mut rx } = link::<T>(100);
        assert!(matches!(tx.claim(101), Err(Error::TooLong { len: 101, max: 100, .. })));
        assert!(matches!(rx.receive(), Err(Error::Protocol(_))), "nothing was sent");
        tx.claim(5).unwrap();
        tx.commit().unwrap();
        let second = tx.claim(5).map(|_| ()).and_then(|()| tx.commit());
        assert!(matches!(second, Err(Error::Protocol(_))), "one message at a time");
        assert_eq!(rx.receive().unwrap().len(), 5);
        rx.release().unwrap();
        drop(tx);
        assert!(matches!(rx.receive(), Err(Error::Closed)));
    }

    #[test]
    fn a_wait_that_would_never_end_is_an_error() {
        refuses::<Null>();
        refuses::<Copy>();
    }

    fn sending_to_nobody<T: Transport>() {
        let Link { mut tx, rx } = link::<T>(8);
        tx.claim(8).unwrap();
        tx.commit().unwrap();
        drop(rx);
        let second = tx.claim(8).map(|_| ()).and_then(|()| tx.commit());
        assert!(matches!(second, Err(Error::Closed)));
    }

    #[test]
    fn a_sender_without_receiver_is_closed() {
        sending_to_nobody::<Null>();
        sending_to_nobody::<Copy>();
    }
}

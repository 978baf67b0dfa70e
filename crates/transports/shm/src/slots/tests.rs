//! Both sides in one process: two threads over one mapping.

use super::*;
use crate::wait::{Futex, Hybrid, Spin};
use ipcmark_core::{Names, Receiver, Sender};
use std::thread;

fn plan(size: usize, capacity: Option<usize>) -> Plan {
    let token = format!("ipcmark-shm-slots-test-{}", std::process::id());
    Plan { capacity, ..Plan::new(size, Names { token, dir: std::env::temp_dir() }) }
}

type End<W> = Link<SlotsSender<W>, SlotsReceiver<W>>;

/// Initiator and responder.
fn both<W: RingWait>(plan: &Plan) -> [End<W>; 2] {
    make::<W>(plan).unwrap().enter_both().map(|side| halves(&side).unwrap())
}

fn send<W: RingWait>(tx: &mut SlotsSender<W>, message: &[u8]) -> Result<()> {
    tx.claim(message.len())?.copy_from_slice(message);
    tx.commit()
}

fn take<W: RingWait>(rx: &mut SlotsReceiver<W>) -> Result<Vec<u8>> {
    let message = rx.receive()?.to_vec();
    rx.release()?;
    Ok(message)
}

/// Everything the responder gets comes back, at many lengths, then the end in both directions.
fn echoes<W: RingWait + 'static>([initiator, responder]: [End<W>; 2]) {
    let echo = thread::spawn(move || {
        let Link { mut tx, mut rx } = responder;
        loop {
            match take(&mut rx) {
                Ok(message) => send(&mut tx, &message).unwrap(),
                Err(end) => return end,
            }
        }
    });
    let Link { mut tx, mut rx } = initiator;
    for n in 0..200usize {
        let message = vec![n as u8; 1 + n * 7 % 1500];
        send(&mut tx, &message).unwrap();
        assert_eq!(take(&mut rx).unwrap(), message);
    }
    drop(tx);
    assert!(matches!(rx.receive(), Err(Error::Closed)));
    assert!(matches!(echo.join().unwrap(), Error::Closed));
}

#[test]
fn messages_come_back_whole() {
    let plan = plan(1500, Some(4096));
    echoes(both::<Spin>(&plan));
    echoes(both::<Hybrid>(&plan));
    echoes(both::<Futex>(&plan));
    let sleepers = both::<Hybrid>(&plan).map(|Link { mut tx, mut rx }| {
        tx.rest.wait.never_spin();
        rx.rest.wait.never_spin();
        Link { tx, rx }
    });
    echoes(sleepers);
}

/// Both sides sleep whenever they have nothing to do, over a ring of four slots, until they are woken.
#[test]
fn a_stream_wakes_whoever_sleeps() {
    let [mut initiator, mut responder] = both::<Hybrid>(&plan(8, Some(1)));
    initiator.tx.rest.wait.never_spin();
    responder.rx.rest.wait.never_spin();
    let sender = thread::spawn(move || {
        (0..2000u64).for_each(|n| send(&mut initiator.tx, &n.to_le_bytes()).unwrap());
    });
    (0..2000u64).for_each(|n| assert_eq!(take(&mut responder.rx).unwrap(), n.to_le_bytes()));
    assert!(matches!(responder.rx.receive(), Err(Error::Closed)));
    sender.join().unwrap();
}

#[test]
fn capacity_is_what_was_asked_for_in_slots_and_at_least_four() {
    let real = |size, asked| {
        let fixture = make::<Spin>(&plan(size, asked)).unwrap();
        let Capacity { bytes, messages } = ShmSlots::<Spin>::capacity(&fixture).unwrap();
        (bytes.unwrap(), messages.unwrap())
    };
    assert_eq!(real(8, None), (crate::DEFAULT_CAPACITY, crate::DEFAULT_CAPACITY / 16));
    assert_eq!(real(56, Some(1000)), (1024, 16));
    assert_eq!(real(1024, Some(1)), (4 * slot_bytes(1024), 4));
    let huge = make::<Spin>(&plan(1 << 40, None));
    assert!(matches!(huge, Err(Error::Unavailable(_))));
}

#[test]
fn too_long_a_message_is_refused_and_nothing_is_sent() {
    let [mut initiator, mut responder] = both::<Spin>(&plan(64, None));
    assert!(matches!(initiator.tx.claim(65), Err(Error::TooLong { len: 65, max: 64, .. })));
    assert!(!responder.rx.ready().unwrap());
    send(&mut initiator.tx, &[1; 64]).unwrap();
    assert_eq!(take(&mut responder.rx).unwrap(), [1; 64]);
}

/// A side whose process died: its end of the lifeline is closed, its rings are not.
#[test]
fn a_peers_death_is_noticed_after_what_it_sent() {
    let plan = plan(64, Some(1));
    let [here, dead] = make::<Hybrid>(&plan).unwrap().enter_both();
    // SAFETY: the mapping outlives this function, and the dead peer's half is used here alone.
    let mut left = unsafe { Producer::attach(dead.tx(), dead.len) }.unwrap();
    left.try_claim(4).unwrap().unwrap().copy_from_slice(b"will");
    left.commit();
    drop(dead);
    let mut end = halves(&here).unwrap();
    assert_eq!(take(&mut end.rx).unwrap(), b"will");
    assert!(matches!(end.rx.receive(), Err(Error::PeerDied)));
    for _ in 0..SLOTS {
        send(&mut end.tx, &[0; 64]).unwrap();
    }
    assert!(matches!(end.tx.claim(64), Err(Error::PeerDied)));
}

//! Both sides in one process: two threads over one mapping.

use super::*;
use crate::backing::{MappedFile, SystemV};
use crate::backing::{Memfd, Posix};
use crate::wait::{Belled, Condvar, Futex, Hybrid, HybridAs, Pause, Spin, Yield};
use ipcmark_core::Placement;
use ipcmark_core::{Names, Receiver, Sender};
use ipcmark_sys::affinity;
use ipcmark_sys::bell::{EventBell, SemBell, SemopBell};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

fn plan(size: usize, capacity: Option<usize>) -> Plan {
    Plan {
        fixed: false,
        capacity,
        ..Plan::new(
            size,
            Names {
                token: format!("ipcmark-shm-test-{}", std::process::id()),
                dir: std::env::temp_dir(),
            },
        )
    }
}

type Ends<W> = [Link<ShmSender<W>, ShmReceiver<W>>; 2];

/// Initiator and responder.
fn both<B: Backing, W: RingWait>(plan: &Plan) -> Ends<W> {
    make::<B, W>(plan).unwrap().enter_both().map(|side| halves(&side).unwrap())
}

/// As [`both`], asleep from the first wait on, and until woken.
fn sleepers<const FENCED: bool>(plan: &Plan) -> Ends<HybridAs<75, FENCED>> {
    both::<Memfd, HybridAs<75, FENCED>>(plan).map(|Link { mut tx, mut rx }| {
        tx.rest.wait.never_spin();
        rx.rest.wait.never_spin();
        Link { tx, rx }
    })
}

fn send<W: RingWait>(tx: &mut ShmSender<W>, message: &[u8]) -> Result<()> {
    tx.claim(message.len())?.copy_from_slice(message);
    tx.commit()
}

fn take<W: RingWait>(rx: &mut ShmReceiver<W>) -> Result<Vec<u8>> {
    let message = rx.receive()?.to_vec();
    rx.release()?;
    Ok(message)
}

fn fill<W: RingWait>(tx: &mut ShmSender<W>, len: usize) -> usize {
    let mut messages = 0;
    while tx.ring.poll_claim(len).unwrap() {
        tx.ring.claimed().fill(messages as u8);
        tx.ring.commit();
        messages += 1;
    }
    messages
}

/// Somebody sleeps on the flag.
fn is_up(flag: &AtomicU32) -> bool {
    flag.load(Ordering::Relaxed) & 1 != 0
}

fn wait_until(mut so: impl FnMut() -> bool) {
    while !so() {
        thread::yield_now();
    }
}

/// Everything the responder gets comes back, at many lengths, then the end in both directions.
fn echoes<W: RingWait>([initiator, responder]: Ends<W>) {
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
fn messages_come_back_whole_under_every_wait() {
    let plan = plan(1500, Some(4096));
    echoes(both::<Memfd, Spin>(&plan));
    echoes(both::<Memfd, Pause>(&plan));
    echoes(both::<Memfd, Yield>(&plan));
    echoes(both::<Memfd, Futex>(&plan));
    echoes(both::<Memfd, Condvar>(&plan));
    echoes(both::<Memfd, Belled<EventBell>>(&plan));
    echoes(both::<Memfd, Belled<SemBell>>(&plan));
    echoes(both::<Memfd, Belled<SemopBell>>(&plan));
    echoes(both::<Memfd, Hybrid>(&plan));
    echoes(sleepers::<false>(&plan));
    echoes(sleepers::<true>(&plan));
}

#[test]
fn messages_come_back_whole_over_every_backing() {
    let plan = plan(1500, Some(4096));
    echoes(both::<SystemV, Hybrid>(&plan));
    echoes(both::<MappedFile, Hybrid>(&plan));
}

#[test]
fn looking_finds_a_message_its_end_and_a_death_without_waiting() {
    let [mut initiator, mut responder] = both::<Memfd, Hybrid>(&plan(64, None));
    assert!(!responder.rx.ready().unwrap());
    send(&mut initiator.tx, b"news").unwrap();
    assert!(responder.rx.ready().unwrap());
    assert!(responder.rx.ready().unwrap(), "looking takes nothing");
    assert_eq!(take(&mut responder.rx).unwrap(), b"news");
    assert!(!responder.rx.ready().unwrap());
    drop(initiator.tx);
    assert!(responder.rx.ready().unwrap());
    let mut bereaved = bereaved::<Hybrid>();
    take(&mut bereaved.rx).unwrap();
    wait_until(|| bereaved.rx.ready().unwrap());
    assert!(matches!(bereaved.rx.receive(), Err(Error::PeerDied)));
}

#[test]
fn the_largest_message_within_some_memory_fits_and_one_more_byte_does_not() {
    for mib in [1, 2, 10, 64] {
        let bytes = mib << 20;
        let largest = largest_within(bytes).unwrap();
        let needed =
            |size| mapped(footprint(capacity_for(MESSAGES, size).unwrap().max(DEFAULT_CAPACITY)));
        assert!(needed(largest) <= bytes && needed(largest + 1) > bytes);
    }
    assert_eq!(largest_within(4096), None);
}

#[test]
fn posix_memory_works_and_leaves_no_name() {
    if let Availability::Unavailable(Refusal { reason, remedy }) = Posix::available() {
        assert!(!reason.is_empty() && remedy.is_some());
        return;
    }
    let plan = plan(1500, None);
    let ends = both::<Posix, Hybrid>(&plan);
    let second = make::<Posix, Spin>(&plan).expect("two fixtures under one token");
    let left = std::fs::read_dir("/dev/shm").unwrap().flatten();
    let left = left.filter(|e| e.file_name().to_string_lossy().starts_with(&plan.names.token));
    assert_eq!(left.count(), 0);
    drop(second);
    echoes(ends);
}

#[test]
fn capacity_is_what_was_asked_for_and_at_least_four_messages() {
    let real = |size, asked| {
        let fixture = make::<Memfd, Spin>(&plan(size, asked)).unwrap();
        ShmRing::<Memfd, Spin>::capacity(&fixture).unwrap().bytes.unwrap()
    };
    assert_eq!(real(64, None), DEFAULT_CAPACITY);
    assert_eq!(real(65_536, None), 512 << 10);
    assert_eq!(real(64, Some(5000)), 8192);
    assert_eq!(real(1024, Some(1)), 8192);
    let [mut initiator, _responder] = both::<Memfd, Spin>(&plan(65_536, Some(1)));
    assert!(fill(&mut initiator.tx, 65_536) >= MESSAGES);
    let huge = make::<Memfd, Spin>(&plan(1 << 40, None));
    assert!(matches!(huge, Err(Error::Unavailable(_))));
}

#[test]
fn too_long_a_message_is_refused_and_nothing_is_sent() {
    let [mut initiator, mut responder] = both::<Memfd, Spin>(&plan(64, None));
    let refused = initiator.tx.claim(65);
    assert!(matches!(refused, Err(Error::TooLong { len: 65, max: 64, .. })));
    send(&mut initiator.tx, &[1; 64]).unwrap();
    assert_eq!(take(&mut responder.rx).unwrap(), [1; 64]);
    assert!(!responder.rx.ring.poll_receive().unwrap());
}

#[test]
fn the_end_comes_after_the_last_message() {
    let [mut initiator, mut responder] = both::<Memfd, Hybrid>(&plan(64, None));
    send(&mut initiator.tx, b"last").unwrap();
    drop(initiator);
    assert_eq!(take(&mut responder.rx).unwrap(), b"last");
    assert!(matches!(responder.rx.receive(), Err(Error::Closed)));
}

#[test]
fn a_sleeping_receiver_is_woken_by_a_message_and_by_the_end() {
    let [initiator, responder] = sleepers::<false>(&plan(64, None));
    let mut tx = initiator.tx;
    let mut rx = responder.rx;
    let asleep = |tx: &ShmSender<Hybrid>| is_up(tx.ring.peer_flag());
    let receiver = thread::spawn(move || {
        assert_eq!(take(&mut rx).unwrap(), b"one");
        assert_eq!(take(&mut rx).unwrap(), b"two");
        rx.receive().map(<[u8]>::to_vec).unwrap_err()
    });
    for message in [b"one", b"two"] {
        wait_until(|| asleep(&tx));
        send(&mut tx, message).unwrap();
    }
    wait_until(|| asleep(&tx));
    drop(tx);
    assert!(matches!(receiver.join().unwrap(), Error::Closed));
}

#[test]
fn a_sleeping_sender_is_woken_by_room_and_by_the_receivers_end() {
    let [initiator, responder] = sleepers::<false>(&plan(64, Some(1)));
    let (mut tx, mut rx) = (initiator.tx, responder.rx);
    fill(&mut tx, 64);
    let asleep = |rx: &ShmReceiver<Hybrid>| is_up(rx.ring.peer_flag());
    let sender = thread::spawn(move || {
        loop {
            if let Err(end) = send(&mut tx, &[9; 64]) {
                return end;
            }
        }
    });
    wait_until(|| asleep(&rx));
    assert_eq!(take(&mut rx).unwrap(), [0; 64]);
    wait_until(|| asleep(&rx));
    drop(rx);
    assert!(matches!(sender.join().unwrap(), Error::Closed));
}

/// A side whose process died: its end of the lifeline is closed, its rings are not.
fn bereaved<W: RingWait>() -> Link<ShmSender<W>, ShmReceiver<W>> {
    let [here, dead] = make::<Memfd, W>(&plan(64, Some(1))).unwrap().enter_both();
    // SAFETY: the mapping outlives this function, and the dead peer's half is used here alone.
    let mut left = unsafe { Producer::attach(dead.tx(), dead.len) }.unwrap();
    left.poll_claim(4).unwrap();
    left.claimed().copy_from_slice(b"will");
    left.commit();
    drop(dead);
    halves(&here).unwrap()
}

fn notices_a_death<W: RingWait>() {
    let Link { mut tx, mut rx } = bereaved::<W>();
    assert_eq!(take(&mut rx).unwrap(), b"will", "what was sent before the death arrives");
    assert!(matches!(rx.receive(), Err(Error::PeerDied)));
    fill(&mut tx, 64);
    assert!(matches!(tx.claim(64), Err(Error::PeerDied)));
}

#[test]
fn a_peers_death_is_noticed_under_every_wait() {
    notices_a_death::<Spin>();
    notices_a_death::<Pause>();
    notices_a_death::<Yield>();
    notices_a_death::<Futex>();
    notices_a_death::<Condvar>();
    notices_a_death::<Belled<EventBell>>();
    notices_a_death::<Belled<SemBell>>();
    notices_a_death::<Belled<SemopBell>>();
    notices_a_death::<Hybrid>();
}

#[test]
fn a_damaged_ring_is_a_protocol_error() {
    let plan = plan(64, Some(1));
    let fixture = make::<Memfd, Spin>(&plan).unwrap();
    let base = fixture.mapping.slice(0, 8);
    // SAFETY: 8 aligned bytes of the mapping, which no one else uses here.
    unsafe { base.cast::<u64>().write(0) };
    let Err(error) = ShmRing::<Memfd, Spin>::split(fixture, Side::Initiator) else {
        panic!("attached to a ring without its mark");
    };
    assert!(matches!(error, Error::Protocol(_)), "{error}");
}

#[test]
fn only_sides_that_must_share_a_cpu_are_told_so() {
    let one_cpu = |placement| {
        let plan = Plan { placement, ..plan(64, None) };
        make::<Memfd, Spin>(&plan).unwrap().site.one_cpu
    };
    assert!(one_cpu(Placement::SameCore));
    assert!(!one_cpu(Placement::CrossCore));
    assert_eq!(one_cpu(Placement::Free), affinity::allowed().unwrap().len() == 1);
}

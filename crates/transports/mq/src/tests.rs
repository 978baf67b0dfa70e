//! What the queues promise, both sides in one process. Two processes are the conformance laws' business.

use super::*;
use ipcmark_core::{Error, Names, Receiver, Sender};
use ipcmark_sys::fd::{Block, Epoll, Poll, Spin, sysctl};
use std::thread;

fn plan(test: &str, size: usize, capacity: Option<usize>) -> Plan {
    Plan {
        fixed: false,
        capacity,
        ..Plan::new(
            size,
            Names {
                token: format!("ipcmark-mq-{}-{test}", std::process::id()),
                dir: "/nonexistent".into(),
            },
        )
    }
}

type Both<W> = [Link<<Mq<W> as Transport>::Tx, <Mq<W> as Transport>::Rx>; 2];

/// Both sides in this process, each with its own descriptors.
fn both_sides<W: FdWait>(test: &str, size: usize, depth: usize) -> Both<W> {
    let fixture = Mq::<W>::fixture(&plan(test, size, Some(size * depth))).unwrap();
    let ([to_there, at_there], [to_here, at_here]) = (fixture.forth, fixture.back);
    let [here, there] = fixture.lifelines.into_both();
    let halves = |to_peer, from_peer, lifeline| {
        message_halves(QueuePort(to_peer), QueuePort(from_peer), size, Some(lifeline)).unwrap()
    };
    [halves(to_there, at_here, here), halves(to_here, at_there, there)]
}

fn put<W: FdWait>(tx: &mut MessageSender<W, QueuePort<0>>, message: &[u8]) -> Result<()> {
    tx.claim(message.len())?.copy_from_slice(message);
    tx.commit()
}

#[test]
fn the_capacity_is_what_the_plan_asks_in_messages() {
    let of = |capacity| {
        let fixture = Mq::<Block>::fixture(&plan("capacity", 64, capacity)).unwrap();
        Mq::<Block>::capacity(&fixture).unwrap()
    };
    assert_eq!(of(Some(4 * 64)), Capacity { bytes: Some(256), messages: Some(4) });
    assert_eq!(of(Some(1)).messages, Some(1), "a message fits always");
    assert!(of(None).messages.unwrap() >= 1);
}

#[test]
fn boundaries_are_kept_and_a_long_message_is_refused_unsent() {
    let [mut a, mut b] = both_sides::<Block>("boundaries", 100, 4);
    put(&mut a.tx, b"one").unwrap();
    assert!(matches!(a.tx.claim(101), Err(Error::TooLong { len: 101, max: 100, .. })));
    assert!(matches!(a.tx.claim(0), Err(Error::Protocol(_))));
    put(&mut a.tx, &[7; 100]).unwrap();
    assert_eq!(b.rx.receive().unwrap(), b"one");
    assert_eq!(b.rx.receive().unwrap(), [7; 100]);
}

#[test]
fn the_end_comes_after_what_was_sent_and_the_other_way_stays_open() {
    let [mut a, mut b] = both_sides::<Poll>("end", 8, 4);
    put(&mut a.tx, b"last").unwrap();
    drop(a.tx);
    assert_eq!(b.rx.receive().unwrap(), b"last");
    assert!(matches!(b.rx.receive(), Err(Error::Closed)));
    put(&mut b.tx, b"still").unwrap();
    assert_eq!(a.rx.receive().unwrap(), b"still");
}

#[test]
fn the_end_of_a_full_queue_is_an_end_in_order() {
    fn full<W: FdWait>(test: &str) {
        let [mut a, mut b] = both_sides::<W>(test, 8, 2);
        put(&mut a.tx, b"first").unwrap();
        put(&mut a.tx, b"second").unwrap();
        drop(a);
        assert_eq!(b.rx.receive().unwrap(), b"first");
        assert_eq!(b.rx.receive().unwrap(), b"second");
        assert!(matches!(b.rx.receive(), Err(Error::Closed)));
    }
    full::<Block>("full-block");
    full::<Spin>("full-spin");
    full::<Epoll>("full-epoll");
}

/// The farewell interrupts what a blocking side is doing, and that side may still have a peer that reads.
#[test]
fn a_peer_that_sends_nothing_more_still_receives_under_back_pressure() {
    fn pressed<W: FdWait + Send>(test: &str) {
        let [mut a, b] = both_sides::<W>(test, 4, 2);
        drop(b.tx);
        let mut rx = b.rx;
        let receiving = thread::spawn(move || {
            for i in 0..5_000u32 {
                assert_eq!(rx.receive().unwrap(), i.to_le_bytes());
            }
            assert!(matches!(rx.receive(), Err(Error::Closed)));
        });
        assert!(matches!(a.rx.receive(), Err(Error::Closed)));
        for i in 0..5_000u32 {
            put(&mut a.tx, &i.to_le_bytes()).unwrap();
        }
        drop(a.tx);
        receiving.join().unwrap();
    }
    pressed::<Block>("farewell-block");
    pressed::<Spin>("farewell-spin");
    pressed::<Poll>("farewell-poll");
    pressed::<Epoll>("farewell-epoll");
}

/// What the kernel does for a killed process: it closes the descriptors, and no farewell is said.
#[test]
fn a_dead_peer_is_noticed_under_every_wait() {
    fn dies<W: FdWait>(test: &str) {
        let fixture = Mq::<W>::fixture(&plan(test, 8, Some(16))).unwrap();
        fixture.back[0].send(b"before", 0).unwrap();
        let Link { mut tx, mut rx } = Mq::<W>::split(fixture, Side::Initiator).unwrap();
        assert_eq!(rx.receive().unwrap(), b"before");
        assert!(matches!(rx.receive(), Err(Error::PeerDied)));
        let sent = (0..3).try_for_each(|_| put(&mut tx, b"after"));
        assert!(matches!(sent, Err(Error::PeerDied)), "a queue of two takes no third");
    }
    dies::<Block>("dies-block");
    dies::<Spin>("dies-spin");
    dies::<Poll>("dies-poll");
    dies::<Epoll>("dies-epoll");
}

#[test]
fn every_wait_gets_through_back_pressure() {
    fn pressed<W: FdWait + Send>(test: &str) {
        let [mut a, mut b] = both_sides::<W>(test, 4, 2);
        let sending = thread::spawn(move || {
            for i in 0..5_000u32 {
                put(&mut a.tx, &i.to_le_bytes()).unwrap();
            }
        });
        for i in 0..5_000u32 {
            assert_eq!(b.rx.receive().unwrap(), i.to_le_bytes());
        }
        assert!(matches!(b.rx.receive(), Err(Error::Closed)));
        sending.join().unwrap();
    }
    pressed::<Block>("pressed-block");
    pressed::<Spin>("pressed-spin");
    pressed::<Poll>("pressed-poll");
    pressed::<Epoll>("pressed-epoll");
}

#[test]
fn the_longest_message_that_is_told_can_be_had_and_no_longer_one() {
    let Availability::Available(limits) = Mq::<Block>::available() else {
        panic!("no message queues here")
    };
    let longest = limits.max_message.unwrap();
    if let Err(e) = Mq::<Block>::fixture(&plan("longest", longest, None)) {
        // Two of the longest may be all that the limit leaves this user, who may have other queues.
        assert_eq!(limits.limited_by, "RLIMIT_MSGQUEUE", "{e}");
    }
    let error = Mq::<Block>::fixture(&plan("longer", longest + 1, None)).map(drop);
    if limits.limited_by == "fs.mqueue.msgsize_max" {
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)));
        let text = error.to_string();
        assert!(text.contains(&format!("which is {longest} bytes")), "{text}");
        assert!(text.contains(&format!("sysctl fs.mqueue.msgsize_max={}", longest + 1)), "{text}");
    }
}

#[test]
fn each_limit_is_named_with_its_value_and_its_remedy() {
    let text = |errno| limits::explain(errno, 1, 10, 1 << 20).to_string();
    let bytes = text(Errno::MFILE);
    assert!(bytes.contains("RLIMIT_MSGQUEUE") || bytes.contains("ulimit -n"), "{bytes}");
    let queues = sysctl("fs.mqueue.queues_max").unwrap();
    assert!(text(Errno::NOSPC).contains(&format!("queues_max queues already, which is {queues}")));
    assert!(text(Errno::NOSYS).contains("CONFIG_POSIX_MQUEUE"));
    assert!(text(Errno::ACCESS).contains("seccomp"));
}

// F8
#[test]
fn links_of_one_row_share_the_bytes_of_a_user_and_are_all_counted() {
    use ipcmark_core::Workload;
    let broadcast = Workload::Broadcast { peers: 16 };
    let links = limits::links(&Plan { workload: broadcast, ..plan("shares", 64, None) });
    assert_eq!((links, limits::links(&plan("alone", 64, None))), (16, 1));
    assert!(limits::share(links, 64) >= 1 && limits::share(links, 64) <= limits::share(1, 64));
    assert!(!limits::no_descriptor_is_left());
    let text = limits::explain(Errno::MFILE, links, 10, 64).to_string();
    assert!(text.contains("32 queues"), "{text}");
}

/// To `fs.mqueue.msg_max` for an ordinary user; for one who passes that, by halves to what `RLIMIT_MSGQUEUE` leaves.
#[test]
fn a_depth_over_the_limit_is_cut_down_and_told() {
    let max = sysctl("fs.mqueue.msg_max").unwrap() as usize;
    // Under and over what a privileged user may have.
    for (asked, most) in [(5_000, 5_000), (1_000_000, limits::HARD_DEPTH_MAX)] {
        let fixture = Mq::<Block>::fixture(&plan("deep", 1, Some(asked)));
        let depth = Mq::<Block>::capacity(&fixture.unwrap()).unwrap().messages.unwrap();
        let halved = (0..8).any(|halvings| depth == most >> halvings);
        assert!(depth == max || halved, "{depth} of {asked} where fs.mqueue.msg_max is {max}");
    }
}

//! What the queues promise, both sides in one process. Two processes are the conformance laws' business.

use super::*;
use ipcmark_core::{Error, Names, Receiver, Refusal, Sender};
use ipcmark_sys::fd::{Block, Spin};

fn plan(size: usize, capacity: Option<usize>) -> Plan {
    let names = Names { token: "ipcmark-sysv".into(), dir: "/nonexistent".into() };
    Plan { fixed: false, capacity, ..Plan::new(size, names) }
}

#[test]
fn the_capacity_is_what_the_plan_asks_and_the_kernel_grants() {
    let of = |size, capacity| {
        let fixture = SysvMsg::<Block>::fixture(&plan(size, capacity)).unwrap();
        SysvMsg::<Block>::capacity(&fixture).unwrap().bytes.unwrap()
    };
    let msgmnb = ipcmark_sys::sysv::system_limits().unwrap().msgmnb;
    assert_eq!(of(64, Some(1024)), 1024);
    assert_eq!(of(64, Some(1)), 64, "a message fits always");
    assert_eq!(of(64, None), msgmnb);
    assert!(of(64, Some(4 * msgmnb)) >= msgmnb);
}

#[test]
fn a_direction_of_a_shared_queue_has_half() {
    let fixture = SysvMsgTyped::<Block>::fixture(&plan(64, Some(1024))).unwrap();
    assert_eq!(SysvMsgTyped::<Block>::capacity(&fixture).unwrap().bytes, Some(1024));
    assert_eq!(fixture.queues[0].status().unwrap().bytes_max, 2048);
}

#[test]
fn a_size_over_the_limit_names_it() {
    let msgmax = ipcmark_sys::sysv::system_limits().unwrap().msgmax;
    match SysvMsg::<Block>::fixture(&plan(msgmax + 1, None)) {
        Err(Error::Unavailable(Refusal { reason, remedy: Some(remedy) })) => {
            assert!(reason.contains("kernel.msgmax"), "{reason}");
            assert_eq!(remedy, format!("sysctl kernel.msgmax={}", msgmax + 1));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_look_sees_messages_and_the_end() {
    let SysvFixture { queues, lifelines, size } =
        SysvMsg::<Spin>::fixture(&plan(64, None)).unwrap();
    let [here, there] = lifelines.into_both();
    let mut rx = QueueReceiver::<Spin> {
        turns: Turns::arm(&here).unwrap(),
        queue: queues[0].clone(),
        lifeline: Arc::new(here),
        envelope: ipcmark_sys::sysv::Envelope::new(size, FORTH),
        kind: ANY,
    };
    let mut tx = QueueSender::<Spin> {
        turns: Turns::arm(&there).unwrap(),
        queue: queues[0].clone(),
        lifeline: Arc::new(there),
        envelope: ipcmark_sys::sysv::Envelope::new(size, FORTH),
        len: 0,
    };
    assert!(!rx.ready().unwrap());
    tx.claim(3).unwrap().copy_from_slice(b"one");
    tx.commit().unwrap();
    assert!(rx.ready().unwrap());
    assert_eq!(rx.receive().unwrap(), b"one");
    assert!(!rx.ready().unwrap());
    drop(tx);
    assert!(rx.ready().unwrap());
    for _ in 0..2 {
        assert!(matches!(rx.receive(), Err(Error::Closed)));
    }
}

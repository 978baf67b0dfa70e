//! The record of calls seen, against a model that never forgets.

use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

fn key(sent_at_ns: u64) -> Key {
    Key { sent_at_ns, client: 1, call: sent_at_ns }
}

fn small(calls: usize, bytes: usize, age_ns: u64) -> Seen {
    Seen::new(Bounds { calls, bytes, age: Duration::from_nanos(age_ns) })
}

#[test]
fn a_copy_gets_the_reply_again() {
    let mut seen = Seen::default();
    assert_eq!(seen.admit(key(5), || 5), Admission::Execute);
    seen.keep(key(5), b"five");
    assert_eq!(seen.admit(key(5), || 6), Admission::Repeat(b"five"));
}

#[test]
fn beyond_its_size_it_forgets_the_oldest_and_refuses_it() {
    let mut seen = small(3, 1_000, u64::MAX);
    for at in 1..=4 {
        assert_eq!(seen.admit(key(at), || at), Admission::Execute);
        seen.keep(key(at), &[at as u8]);
    }
    assert_eq!(seen.len(), 3);
    assert_eq!(seen.admit(key(1), || 9), Admission::Refuse);
    assert_eq!(seen.admit(key(2), || 9), Admission::Repeat(&[2]));
}

#[test]
fn bytes_bound_it_but_the_newest_reply_is_held() {
    let mut seen = small(100, 10, u64::MAX);
    seen.keep(key(1), &[0; 6]);
    seen.keep(key(2), &[0; 6]);
    assert_eq!(seen.len(), 1);
    seen.keep(key(3), &[0; 60]);
    assert_eq!(seen.admit(key(3), || 3), Admission::Repeat(&[0; 60]));
    assert_eq!(seen.admit(key(2), || 3), Admission::Refuse);
}

#[test]
fn what_is_too_old_is_forgotten_and_refused() {
    let mut seen = small(100, 1_000, 50);
    seen.keep(key(100), b"x");
    assert_eq!(seen.admit(key(100), || 149), Admission::Repeat(b"x"));
    assert_eq!(seen.admit(key(100), || 150), Admission::Refuse);
    assert!(seen.is_empty());
    assert_eq!(seen.admit(key(101), || 152), Admission::Refuse, "never seen, and too old to tell");
    assert_eq!(seen.admit(key(151), || 152), Admission::Execute);
}

#[test]
fn an_acknowledged_call_is_forgotten_and_never_executed_again() {
    let mut seen = Seen::default();
    for at in 1..=3 {
        seen.keep(key(at), b"x");
    }
    seen.settle(1, 2);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen.admit(key(2), || 4), Admission::Refuse);
    assert_eq!(seen.admit(key(3), || 4), Admission::Repeat(b"x"));
}

#[test]
fn many_clients_that_acknowledge_do_not_grow_it() {
    let mut seen = small(8, 1_000, u64::MAX);
    for client in 0..1_000 {
        let key = Key { sent_at_ns: client + 1, client, call: 1 };
        assert_eq!(seen.admit(key, || client + 1), Admission::Execute, "client {client}");
        seen.keep(key, b"x");
        seen.settle(client, 1);
        assert!(seen.settled.len() <= 8 && seen.is_empty());
    }
    let early = Key { sent_at_ns: 1, client: 0, call: 1 };
    assert_eq!(seen.admit(early, || 1_001), Admission::Refuse);
}

#[derive(Debug, Clone)]
enum Step {
    Ask { client: u64, back: u64 },
    Settle { client: u64, back: u64 },
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u64..3, 0u64..12).prop_map(|(client, back)| Step::Ask { client, back }),
        1 => (0u64..3, 0u64..4).prop_map(|(client, back)| Step::Settle { client, back }),
        2 => (1u64..40).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever copies come, in whatever order: no call is executed twice, a repeated reply is the call's own, a call
    /// made just now is executed, and the bounds hold.
    #[test]
    fn at_most_once(steps in proptest::collection::vec(step(), 1..300), calls in 1usize..6, age in 5u64..100) {
        let mut seen = small(calls, 20, age);
        let mut made: Vec<Vec<Key>> = vec![Vec::new(); 3];
        let mut executed = HashSet::new();
        let mut now = 1_000;
        for step in steps {
            match step {
                Step::Wait(ns) => now += ns,
                Step::Settle { client, back } => {
                    let of = &made[client as usize];
                    if let Some(key) = of.len().checked_sub(1 + back as usize).map(|at| of[at]) {
                        seen.settle(client, key.call);
                    }
                }
                Step::Ask { client, back } => {
                    let of = &mut made[client as usize];
                    let fresh = back == 0 || (back as usize) > of.len();
                    let key = if fresh {
                        now += 1;
                        let key = Key { sent_at_ns: now, client, call: of.len() as u64 };
                        of.push(key);
                        key
                    } else {
                        of[of.len() - back as usize]
                    };
                    match seen.admit(key, || now) {
                        Admission::Execute => {
                            prop_assert!(executed.insert(key), "{key:?} was executed twice");
                            seen.keep(key, &key.sent_at_ns.to_le_bytes());
                        }
                        Admission::Repeat(reply) => {
                            prop_assert!(!fresh);
                            prop_assert_eq!(reply, &key.sent_at_ns.to_le_bytes());
                        }
                        Admission::Refuse => prop_assert!(!fresh, "a call made just now was refused"),
                    }
                }
            }
            prop_assert!(seen.len() <= calls && (seen.bytes <= 20 || seen.len() == 1));
            prop_assert!(seen.settled.len() <= calls.max(1));
        }
    }
}

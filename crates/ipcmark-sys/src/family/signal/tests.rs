//! Signals that a thread sends its own process; two processes are the conformance laws' business.

use super::*;
use std::thread;

/// Takes two signals that carry payloads, which came before it looked, in order.
fn takes<T: Taking>(payloads: bool) {
    // A thread of its own: its mask ends with it. The signal goes to the process, where every other thread has it
    // unblocked; so it is sent to this thread alone, by name of its number.
    thread::spawn(move || {
        let _blocked = Blocked::new(Number::RealTime).unwrap();
        let mut taking = T::new(Number::RealTime).unwrap();
        for word in [7, 8] {
            send_here(Payload { word, tag: 3 });
        }
        assert!(is_pending(Number::RealTime));
        for word in [7, 8] {
            let taken = taking.take().unwrap();
            if payloads {
                assert_eq!(taken, Payload { word, tag: 3 });
            }
        }
        assert!(!is_pending(Number::RealTime));
    })
    .join()
    .unwrap();
}

/// `rt_tgsigqueueinfo()` - queues a signal for this thread.
fn send_here(payload: Payload) {
    let info = Info {
        signo: Number::RealTime.raw(),
        code: libc::SI_QUEUE,
        tag: payload.tag,
        word: payload.word,
        ..Info::default()
    };
    let (pid, tid) = (std::process::id(), rustix::thread::gettid().as_raw_nonzero().get());
    // SAFETY: the call reads one `siginfo_t`, whose size and layout `Info` has.
    let rc = unsafe {
        libc::syscall(libc::SYS_rt_tgsigqueueinfo, pid, tid, info.signo, &raw const info)
    };
    assert_eq!(rc, 0);
}

/// One test, since what is done about a signal belongs to the process.
#[test]
fn signals_are_taken_in_order_with_their_payload() {
    takes::<Waited>(true);
    takes::<Watched>(true);
    takes::<Handled>(false);
}

#[test]
fn the_info_has_the_size_and_place_that_the_kernel_expects() {
    assert_eq!(size_of::<Info>(), 128);
    assert_eq!(std::mem::offset_of!(Info, word), 24);
}

#[test]
fn limits_that_go_in_the_order_they_came_leave_what_was_before() {
    let now = || getrlimit(Resource::Sigpending).current.unwrap_or(u64::MAX);
    let before = now();
    let (first, second) =
        (PendingLimit::lower(1_000).unwrap(), PendingLimit::lower(2_000).unwrap());
    assert_eq!(
        (first.count(), second.count(), now()),
        (before.min(1_000), before.min(1_000), before.min(1_000))
    );
    drop(first);
    drop(second);
    assert_eq!(now(), before);
}

//! A load that overtakes a store: what two processes see of each other, and which side can forbid it for both.

use crate::peers::{joined, peer};
use crate::trial::{Found, Seen, Trial, figure};
use ipcmark_core::{Error, Names, Result};
use ipcmark_sys::shared::{Line, Lines};
use ipcmark_sys::{affinity, membarrier};
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{compiler_fence, fence};

pub(crate) const RULES: &[Trial] = &[Trial {
    family: "shm",
    mechanism: "shared memory",
    name: "asymmetric-barrier",
    rule: "Two processes that each store a word and then load the other's may both find the old value, because a load overtakes a store. A fence in each forbids it, and so does one system call in one of them, the other having none.",
    calls: &[
        "memfd_create, mmap(MAP_SHARED), fork, sched_setaffinity to two CPUs",
        "store, load in each process, 200,000 times",
        "store, fence, load in each, as often",
        "membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED)",
        "store, membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED), load in one; store, load in the other, as often",
    ],
    reference: "membarrier(2)",
    run: asymmetric,
}];

/// Stores and loads of each process.
const TURNS: u64 = 200_000;
/// Looks at a word before others get the CPU.
const LOOKS: u32 = 1 << 12;

/// What stands between a side's store and its load.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    /// Nothing but the order of the program, which the compiler keeps.
    Program,
    Fence,
    Call,
}

fn asymmetric(_: &Names) -> Found {
    let [here, there, ..] = affinity::allowed()?[..] else {
        return Err(Error::Unavailable {
            reason: "this process has one CPU, on which nothing overtakes".into(),
            remedy: Some("allow it two (taskset, cpuset)".into()),
        });
    };
    membarrier::agree().map_err(|e| Error::Unavailable {
        reason: e.to_string(),
        remedy: Some("Linux 4.16, and a seccomp filter that allows membarrier(2)".into()),
    })?;
    let run = |mine, others| both_missed([here, there], [mine, others]);
    let none = run(Order::Program, Order::Program)?;
    let fences = run(Order::Fence, Order::Fence)?;
    let call = run(Order::Call, Order::Program)?;
    let words = format!(
        "Of {} times, both processes missed what the other had stored {} with nothing between store and load, {} with a fence in each, {} with membarrier in one and nothing in the other.",
        figure(TURNS),
        figure(none),
        figure(fences),
        figure(call)
    );
    // How often a load overtakes is the machine's own affair; some never let it.
    Ok(Seen::new(fences == 0 && call == 0, words)
        .count("turns", TURNS)
        .count("missed_with_nothing", none)
        .count("missed_with_fences", fences)
        .count("missed_with_membarrier", call))
}

/// How often neither process saw the other's store.
fn both_missed(cpus: [u32; 2], orders: [Order; 2]) -> Result<u64> {
    let lines = Lines::new(5)?;
    let [mine, others, gate, back, saw] = lines.lines() else { unreachable!("five lines") };
    let other = peer(|| {
        affinity::pin(cpus[1])?;
        membarrier::agree()?;
        for turn in 1..=TURNS {
            meet(back, gate, turn);
            let seen = store_and_load(others, mine, turn, orders[1])?;
            saw.word.store(2 * turn + u64::from(seen), Release);
        }
        Ok(())
    })?;
    affinity::pin(cpus[0])?;
    let mut missed = 0;
    for turn in 1..=TURNS {
        meet(gate, back, turn);
        let here = store_and_load(mine, others, turn, orders[0])?;
        until(|| saw.word.load(Acquire) >= 2 * turn);
        let there = saw.word.load(Acquire) % 2 == 1;
        missed += u64::from(!here && !there);
    }
    joined([other])?;
    affinity::pin_to(&cpus)?;
    Ok(missed)
}

/// Says that this side is there and waits for the other.
fn meet(own: &Line, others: &Line, turn: u64) {
    own.word.store(turn, Release);
    until(|| others.word.load(Acquire) >= turn);
}

fn until(so: impl Fn() -> bool) {
    let mut looks = 0u32;
    while !so() {
        looks += 1;
        if looks.is_multiple_of(LOOKS) {
            std::thread::yield_now();
        } else {
            spin_loop();
        }
    }
}

/// Stores the turn in one word, then looks whether it stands in the other.
fn store_and_load(own: &Line, others: &Line, turn: u64, order: Order) -> Result<bool> {
    own.word.store(turn, Relaxed);
    match order {
        Order::Program => compiler_fence(SeqCst),
        Order::Fence => fence(SeqCst),
        Order::Call => membarrier::everywhere()?,
    }
    Ok(others.word.load(Relaxed) == turn)
}

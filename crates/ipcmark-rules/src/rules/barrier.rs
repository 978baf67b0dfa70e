//! A load that overtakes a store: what two processes see of each other, and which side can forbid it for both.

use crate::peers::{joined, peer};
use crate::trial::{Found, Seen, Trial, figure};
use ipcmark_core::{Error, Names, Refusal, Result};
use ipcmark_sys::shared::{Line, Lines};
use ipcmark_sys::{affinity, membarrier};
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{compiler_fence, fence};
use std::time::{Duration, Instant};

pub(crate) const RULES: &[Trial] = &[Trial {
    family: "shm",
    mechanism: "shared memory",
    name: "asymmetric-barrier",
    rule: "Two processes that each store a word and then load the other's may both find the old value, because a load overtakes a store. A fence in each forbids it, and so does one system call in one of them, the other having none.",
    calls: &[
        "memfd_create, mmap(MAP_SHARED), fork, sched_setaffinity to two CPUs",
        "store, load in each process, up to 50,000 times",
        "store, fence, load in each, up to as many times",
        "membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED)",
        "store, membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED), load in one; store, load in the other, up to as many times",
    ],
    reference: "membarrier(2)",
    run: asymmetric,
}];

/// Stores and loads of each process, unless a busy machine takes longer than [`ENOUGH`] for them.
const TURNS: u64 = 50_000;
const ENOUGH: Duration = Duration::from_secs(2);
/// Turn that ends the other process.
const STOP: u64 = u64::MAX;
/// Looks at a word before others get the CPU.
const LOOKS: u32 = 1 << 12;

/// The barrier between a side's store and its load.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    /// None: the compiler keeps the order of the program.
    Program,
    Fence,
    Call,
}

fn asymmetric(_: &Names) -> Found {
    let [here, there, ..] = affinity::allowed()?[..] else {
        return Err(Error::Unavailable(
            Refusal::new("this process has one CPU, on which nothing overtakes")
                .with_remedy("allow it two (taskset, cpuset)"),
        ));
    };
    membarrier::agree().map_err(|e| {
        Error::Unavailable(
            Refusal::new(e.to_string())
                .with_remedy("Linux 4.16, and a seccomp filter that allows membarrier(2)"),
        )
    })?;
    let run = |mine, others| both_missed([here, there], [mine, others]);
    let none = run(Order::Program, Order::Program)?;
    let fences = run(Order::Fence, Order::Fence)?;
    let call = run(Order::Call, Order::Program)?;
    let words = format!(
        "Both processes missed what the other had stored {} with nothing between store and load, {} with a fence in each, {} with membarrier in one and nothing in the other.",
        none.of_turns(),
        fences.of_turns(),
        call.of_turns()
    );
    // Some machines never let a load overtake a store.
    Ok(Seen::new(fences.missed == 0 && call.missed == 0, words)
        .count("turns", none.turns.min(fences.turns).min(call.turns))
        .count("missed_with_nothing", none.missed)
        .count("missed_with_fences", fences.missed)
        .count("missed_with_membarrier", call.missed))
}

/// Number of turns, and of those in which neither process saw the other's store.
struct Missed {
    turns: u64,
    missed: u64,
}

impl Missed {
    fn of_turns(&self) -> String {
        format!("{} of {} times", figure(self.missed), figure(self.turns))
    }
}

fn both_missed(cpus: [u32; 2], orders: [Order; 2]) -> Result<Missed> {
    let lines = Lines::new(5)?;
    let [mine, others, gate, back, saw] = lines.lines() else { unreachable!("five lines") };
    let other = peer(|| {
        affinity::pin(cpus[1])?;
        membarrier::agree()?;
        for turn in 1..=TURNS {
            meet(back, gate, turn);
            if gate.word.load(Acquire) == STOP {
                break;
            }
            let seen = store_and_load(others, mine, turn, orders[1])?;
            saw.word.store(2 * turn + u64::from(seen), Release);
        }
        Ok(())
    })?;
    affinity::pin(cpus[0])?;
    let (begun, mut turns, mut missed) = (Instant::now(), 0, 0);
    for turn in 1..=TURNS {
        // P-8: asked each turn, because on a busy machine one may take tens of milliseconds.
        if begun.elapsed() > ENOUGH {
            gate.word.store(STOP, Release);
            break;
        }
        meet(gate, back, turn);
        let here = store_and_load(mine, others, turn, orders[0])?;
        until(|| saw.word.load(Acquire) >= 2 * turn);
        let there = saw.word.load(Acquire) % 2 == 1;
        missed += u64::from(!here && !there);
        turns = turn;
    }
    joined([other])?;
    affinity::pin_to(&cpus)?;
    Ok(Missed { turns, missed })
}

/// Announces this side and waits for the other.
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

/// Stores the turn in one word, then returns true if the other word has it too.
fn store_and_load(own: &Line, others: &Line, turn: u64, order: Order) -> Result<bool> {
    own.word.store(turn, Relaxed);
    match order {
        Order::Program => compiler_fence(SeqCst),
        Order::Fence => fence(SeqCst),
        Order::Call => membarrier::everywhere()?,
    }
    Ok(others.word.load(Relaxed) == turn)
}

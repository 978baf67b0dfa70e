//! Many orders of rings too large for loom, drawn at random: more slots, laps, messages and producers. shuttle knows no
//! reordering by the CPU, which is loom's part (`tests/loom.rs`); it finds what goes wrong in the order of steps, and the mistakes
//! seeded there.
//!
//! `RUSTFLAGS="--cfg loom --cfg shuttle" CARGO_TARGET_DIR=target/loom cargo test -p ipcmark-ring --release --test shuttle`
#![cfg(shuttle)]
#![allow(unsafe_code, reason = "a dead producer's claim is skipped on the test's word")]

#[path = "shuttle/mpsc.rs"]
mod mpsc;
#[path = "shuttle/slots.rs"]
mod slots;

use shuttle::sync::{Condvar, Mutex};

/// Orders tried by each scheduler: enough that every mistake seeded here is found many times over.
const ORDERS: usize = 2000;

/// Tries `model` under switches at random, and under few switches at the worst places (probabilistic concurrency
/// testing, Burckhardt et al. 2010: finds each mistake that takes `depth` switches with a known probability).
fn explore(model: impl Fn() + Sync + Send + Clone + 'static) {
    shuttle::check_random(model.clone(), ORDERS);
    let depth = 3;
    shuttle::check_pct(model, ORDERS, depth);
}

/// `futex(2)` as far as it matters: compares and sleeps in one step; a wake-up between sleeps is forgotten.
#[derive(Default)]
struct Futex {
    queue: Mutex<()>,
    woken: Condvar,
}

impl Futex {
    fn wait(&self, asleep: impl Fn() -> bool) {
        let queue = self.queue.lock().unwrap();
        if asleep() {
            drop(self.woken.wait(queue).unwrap());
        }
    }

    fn wake(&self) {
        let _queue = self.queue.lock().unwrap();
        self.woken.notify_all();
    }
}

//! A sender that dies between claim and commit, in a separate process: the others' messages come, its claim does not.
#![forbid(unsafe_code)]

use ipcmark_core::{Called, Error, Link, Names, Plan, Receiver, Result, Sender, Side, Transport};
use ipcmark_shm::{Hybrid, ShmMpsc, Spin};
use ipcmark_sys::process::{Child, Exit, fork};
use ipcmark_sys::shared::Lines;
use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{Signal, getpid, kill_process};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

/// Messages of the sender that lives: more than the ring has slots, so that it waits behind the claim.
const COUNT: u64 = 200;
const PATIENCE: Duration = Duration::from_secs(60);

fn wait_for(stage: &Lines, value: u64) {
    while stage.lines()[0].word.load(Acquire) < value {
        std::thread::yield_now();
    }
}

fn send(tx: &mut impl Sender, n: u64) -> Result<()> {
    tx.claim(8)?.copy_from_slice(&n.to_le_bytes());
    tx.commit()
}

/// Sends two, claims a third, and dies.
fn victim<T: Transport>(link: Link<T::Tx, T::Rx>, stage: &Lines) -> Result<()> {
    let Link { mut tx, rx: _rx } = link;
    send(&mut tx, 1000)?;
    send(&mut tx, 1001)?;
    tx.claim(8)?;
    stage.lines()[0].word.store(1, Release);
    kill_process(getpid(), Signal::KILL).called("kill")
}

fn other<T: Transport>(link: Link<T::Tx, T::Rx>, stage: &Lines) -> Result<()> {
    let Link { mut tx, rx: _rx } = link;
    wait_for(stage, 1);
    (0..COUNT).try_for_each(|n| send(&mut tx, n))?;
    wait_for(stage, 2);
    Ok(())
}

fn receiver<T: Transport>(link: Link<T::Tx, T::Rx>, stage: &Lines) -> Result<()> {
    let Link { tx: _tx, mut rx } = link;
    for expected in [1000, 1001].into_iter().chain(0..COUNT) {
        let right = rx.receive()? == expected.to_le_bytes();
        rx.release()?;
        if !right {
            return Err(Error::Protocol("another message".into()));
        }
    }
    stage.lines()[0].word.store(2, Release);
    Ok(())
}

fn dies_with_a_claim<T: Transport>() -> std::result::Result<(), Failed> {
    let token = format!("ipcmark-dead-claim-{}", std::process::id());
    let names = Names { token, dir: std::env::temp_dir() };
    let plan = Plan { capacity: Some(1), ..Plan::new(8, names) };
    let stage = Lines::new(1)?;
    let mut fixture = Some(T::fixture(&plan)?);
    type Part<T> = fn(Link<<T as Transport>::Tx, <T as Transport>::Rx>, &Lines) -> Result<()>;
    let mut process = |side: Side, part: Part<T>| {
        fork(|| {
            let link = fixture.take().map(|fixture| T::split(fixture, side));
            match link.map(|link| part(link?, &stage)) {
                Some(Ok(())) => 0,
                _ => 1,
            }
        })
    };
    let mut victim = process(Side::Initiator, victim::<T>)?;
    let mut other = process(Side::Initiator, other::<T>)?;
    let mut receiver = process(Side::Responder, receiver::<T>)?;
    drop(fixture);
    let ended = |child: &mut Child, exit| match child.wait(PATIENCE)? {
        Some(so) if so == exit => Ok(()),
        how => Err(Failed::from(format!("ended with {how:?}, not {exit:?}"))),
    };
    ended(&mut victim, Exit::Signal(9))?;
    ended(&mut receiver, Exit::Code(0))?;
    ended(&mut other, Exit::Code(0))
}

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let trials = vec![
        Trial::test("a_dead_senders_claim_is_skipped_by_a_spinner", || {
            dies_with_a_claim::<ShmMpsc<Spin>>()
        }),
        Trial::test("a_dead_senders_claim_is_skipped_by_a_sleeper", || {
            dies_with_a_claim::<ShmMpsc<Hybrid>>()
        }),
    ];
    libtest_mimic::run(&args, trials).exit();
}

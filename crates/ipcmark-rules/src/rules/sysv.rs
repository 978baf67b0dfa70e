//! System V queues and semaphores: chosen by type, outliving their processes, undone when a process dies.

use crate::peers::{joined, peer};
use crate::trial::{Found, Seen, Trial, name_of};
use ipcmark_core::{Called, Names, Result};
use ipcmark_sys::process;
use ipcmark_sys::sysv::{Envelope, MessageQueue, Patience, Semaphore, listed, system_limits};
use rustix::io::Errno;
use std::time::Duration;

const SEMAPHORE: &str = "System V semaphore";

const QUEUE: Trial = Trial::of("sysv", "System V message queue", "msgop(2)");

pub(crate) const RULES: &[Trial] = &[
    Trial {
        name: "types",
        rule: "A receiver takes the oldest message of the type it asks for, and leaves the others where they are.",
        calls: &["msgget(IPC_CREAT)", "msgsnd of types 2, 1, 2", "msgrcv of type 1, then of any"],
        run: types,
        ..QUEUE
    },
    Trial {
        name: "boundaries",
        rule: "One message sent is one message received; one that does not fit the receiver's space is refused and stays.",
        calls: &["msgsnd of 1, 100 and 0 bytes", "msgrcv", "msgsnd of 100 bytes", "msgrcv into 10"],
        run: boundaries,
        ..QUEUE
    },
    Trial {
        name: "limit",
        rule: "A message longer than kernel.msgmax is refused with EINVAL.",
        calls: &["msgctl(IPC_INFO)", "msgsnd of msgmax bytes", "msgsnd of one more"],
        run: limit,
        ..QUEUE
    },
    Trial {
        name: "outlives",
        rule: "A queue and its messages outlive the processes that sent them, until IPC_RMID.",
        calls: &[
            "msgsnd three times, in a process that ends",
            "msgrcv",
            "msgctl(IPC_RMID)",
            "/proc/sysvipc/msg",
        ],
        reference: "sysvipc(7)",
        run: outlives,
        ..QUEUE
    },
    Trial {
        family: "sysv",
        mechanism: SEMAPHORE,
        name: "undo",
        rule: "What a process took with SEM_UNDO is given back when it ends, also by SIGKILL; without it, it is lost.",
        calls: &[
            "semop(+1)",
            "semop(-1, SEM_UNDO), in a process that is killed",
            "semop(-1, IPC_NOWAIT)",
        ],
        reference: "semop(2)",
        run: undo,
    },
];

fn put(queue: &MessageQueue, kind: i64, len: usize) -> rustix::io::Result<()> {
    let mut envelope = Envelope::new(len, kind);
    envelope.text_mut(len).fill(kind as u8);
    queue.send(&envelope, len, Patience::None)
}

fn sent(queue: &MessageQueue, kind: i64, len: usize) -> Result<()> {
    put(queue, kind, len).called("msgsnd")
}

fn take(queue: &MessageQueue, kind: i64, room: usize) -> rustix::io::Result<Vec<u8>> {
    let mut envelope = Envelope::new(room, 1);
    let len = queue.receive(&mut envelope, kind, Patience::None)?;
    Ok(envelope.text(len).to_vec())
}

fn types(_: &Names) -> Found {
    let queue = MessageQueue::create()?;
    for kind in [2, 1, 2] {
        sent(&queue, kind, 1)?;
    }
    let mut came = Vec::new();
    for kind in [1, 0, 0] {
        came.extend(take(&queue, kind, 1).called("msgrcv")?);
    }
    let words = format!(
        "Sent types 2, 1, 2. Asked for type 1: {}; then for any: {}, {}.",
        came[0], came[1], came[2]
    );
    Ok(Seen::new(came == [1, 2, 2], words).count("messages", came.len() as u64))
}

fn boundaries(_: &Names) -> Found {
    let queue = MessageQueue::create()?;
    let mut came = Vec::new();
    for len in [1, 100, 0] {
        sent(&queue, 1, len)?;
    }
    for _ in 0..3 {
        came.push(take(&queue, 0, 128).called("msgrcv")?.len());
    }
    sent(&queue, 1, 100)?;
    let refused = take(&queue, 0, 10).err();
    let left = take(&queue, 0, 100).map_or(0, |message| message.len());
    let words = format!(
        "Sent 1, 100 and 0 bytes; received {}, {} and {}. 100 bytes into 10: {}, and then into 100: {left} bytes.",
        came[0],
        came[1],
        came[2],
        refused.map_or("received".to_owned(), name_of)
    );
    let kept = came == [1, 100, 0] && refused == Some(Errno::TOOBIG) && left == 100;
    Ok(Seen::new(kept, words).count("left_bytes", left as u64))
}

fn limit(_: &Names) -> Found {
    let max = system_limits().called("msgctl(IPC_INFO)")?.msgmax;
    let queue = MessageQueue::create()?;
    let said = |errno: Option<Errno>| errno.map_or("sent".to_owned(), name_of);
    let (at, beyond) = (put(&queue, 1, max).err(), put(&queue, 1, max + 1).err());
    let words = format!(
        "kernel.msgmax is {max}. A message of {max} bytes: {}; of {}: {}. sysctl kernel.msgmax={} raises it.",
        said(at),
        max + 1,
        said(beyond),
        8 * max
    );
    let kept = at.is_none() && beyond == Some(Errno::INVAL);
    Ok(Seen::new(kept, words).count("msgmax_bytes", max as u64))
}

fn outlives(_: &Names) -> Found {
    let queue = MessageQueue::create()?;
    let name = format!("msg {}", queue.id());
    joined([peer(|| (0..3).try_for_each(|_| sent(&queue, 1, 8)))?])?;
    let held = queue.status().called("msgctl(IPC_STAT)")?.messages;
    let before = listed().contains(&name);
    // This process is the last that holds it, and removes it.
    drop(queue);
    let after = listed().contains(&name);
    let words = format!(
        "The process that sent 3 messages had ended: the queue held {held} and was {}; after IPC_RMID it was {}.",
        if before { "listed" } else { "not listed" },
        if after { "still listed" } else { "gone" }
    );
    Ok(Seen::new(held == 3 && before && !after, words).count("held", held as u64))
}

/// Lets a process take the one there is, kills it, and says whether there is one again.
fn back_after_death(undo: bool) -> Result<bool> {
    let semaphore = Semaphore::new()?;
    semaphore.add().called("semop")?;
    let took = Semaphore::new()?;
    let mut taker = process::fork(|| {
        let done = if undo { semaphore.take_until_exit() } else { semaphore.take() };
        if done.is_ok() && took.add().is_ok() {
            std::thread::sleep(Duration::from_secs(15));
        }
        1
    })?;
    took.take().called("semop")?;
    taker.kill();
    taker.wait(Duration::from_secs(15))?;
    Ok(semaphore.try_take().is_ok())
}

fn undo(_: &Names) -> Found {
    let (with, without) = (back_after_death(true)?, back_after_death(false)?);
    let held = |back: bool| if back { "1" } else { "0" };
    let words = format!(
        "A process took the last one and was killed. With SEM_UNDO the semaphore held {} afterwards, without it {}.",
        held(with),
        held(without)
    );
    Ok(Seen::new(with && !without, words)
        .count("with_undo", u64::from(with))
        .count("without_undo", u64::from(without)))
}

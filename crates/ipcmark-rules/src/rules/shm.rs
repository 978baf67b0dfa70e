//! Shared memory: what is lost and torn without synchronisation, who dies with a lock, and when a segment goes.

use crate::peers::{joined, peer};
use crate::trial::{Found, Seen, Trial, figure};
use ipcmark_core::{Called, Error, Names, Result};
use ipcmark_sys::names::under_new_name;
use ipcmark_sys::process::Exit;
use ipcmark_sys::robust::RobustMutex;
use ipcmark_sys::segment::{self, Segment, State};
use ipcmark_sys::shared::{Line, Lines};
use rustix::fs::Mode;
use rustix::process::{Signal, getpid, kill_process};
use rustix::shm;
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU64, fence};
use std::time::Duration;

const SHARED_MEMORY: Trial = Trial::of("shm", "shared memory", "shm_overview(7)");

pub(crate) const RULES: &[Trial] = &[
    Trial {
        name: "lost-update",
        rule: "An increment is a load and a store: of two processes that increment a shared word without synchronisation, one overwrites what the other has just added. An atomic addition or a lock loses none.",
        calls: &[
            "memfd_create, mmap(MAP_SHARED), fork",
            "load, add, pause, store, 1,000,000 times in each of two processes",
            "atomic add, as often",
            "pthread_mutex_lock, load, add, pause, store, pthread_mutex_unlock, as often",
        ],
        run: lost_update,
        ..SHARED_MEMORY
    },
    Trial {
        name: "torn-read",
        rule: "Two words that are written one after the other can be read in between: half old, half new. A seqlock lets the reader notice and read again.",
        calls: &[
            "memfd_create, mmap(MAP_SHARED), fork",
            "store, store in one process; load, load in another",
            "the same between two changes of a sequence number",
        ],
        run: torn_read,
        ..SHARED_MEMORY
    },
    Trial {
        family: "shm",
        mechanism: "robust mutex",
        name: "dead-owner",
        rule: "When the owner of a robust mutex dies, the next who locks it gets it, with EOWNERDEAD, and makes it consistent.",
        calls: &[
            "pthread_mutexattr_setpshared, pthread_mutexattr_setrobust",
            "pthread_mutex_lock, SIGKILL in another process",
            "pthread_mutex_lock, pthread_mutex_consistent, pthread_mutex_unlock",
        ],
        reference: "pthread_mutexattr_setrobust(3)",
        run: dead_owner,
    },
    Trial {
        family: "shm",
        mechanism: "System V segment",
        name: "removal",
        rule: "A System V segment that is removed is found no more by its key, and serves those who have attached it until the last of them detaches.",
        calls: &[
            "shmget, shmat, fork",
            "shmctl(IPC_RMID), shmctl(IPC_STAT), shmget of the same key",
            "store in the other process, load here, shmdt",
        ],
        reference: "shmctl(2)",
        run: removal,
    },
    Trial {
        family: "shm",
        mechanism: "POSIX shared memory",
        name: "unlink",
        rule: "A POSIX shared memory object that is unlinked loses its name at once, and its memory only when the last mapping goes.",
        calls: &[
            "shm_open(O_CREAT), mmap(MAP_SHARED), fork",
            "shm_unlink, shm_open of the same name",
            "store in the other process, load here",
        ],
        reference: "shm_overview(7)",
        run: unlink,
    },
];

/// Increments of each of the two processes.
const EACH: u64 = 1_000_000;
/// Runs without synchronisation at most, until something goes wrong: where there is one CPU the two may take turns.
const ATTEMPTS: usize = 20;
/// Pairs read.
const READS: u64 = 1_000_000;

fn lost_update(_: &Names) -> Found {
    let mut plain = 2 * EACH;
    for _ in 0..ATTEMPTS {
        plain = counted(step_by_step)?;
        if plain != 2 * EACH {
            break;
        }
    }
    let atomic = counted(|word| {
        word.fetch_add(1, Relaxed);
    })?;
    let mutex = RobustMutex::new()?;
    let locked = counted(|word| {
        // A count that is short says that the lock failed.
        if let Ok(_locked) = mutex.lock() {
            step_by_step(word);
        }
    })?;
    let words = format!(
        "2 processes × {} increments gave {} without synchronisation, {} with an atomic add, {} with a lock.",
        figure(EACH),
        figure(plain),
        figure(atomic),
        figure(locked)
    );
    Ok(Seen::new(plain < 2 * EACH && atomic == 2 * EACH && locked == 2 * EACH, words)
        .count("increments", 2 * EACH)
        .count("unsynchronised", plain)
        .count("atomic", atomic)
        .count("locked", locked))
}

/// Adds one in three steps. The pause is an instruction of a processor's own, in place of what a program does
/// with a value before it writes it back: most of the time passes between load and store, so that two processes that
/// take turns on one busy CPU overwrite each other too. And no compiler makes one instruction of it.
fn step_by_step(word: &AtomicU64) {
    let after = word.load(Relaxed) + 1;
    spin_loop();
    word.store(after, Relaxed);
}

/// Returns the value of a word that two processes have incremented at the same time.
fn counted(increment: impl Fn(&AtomicU64)) -> Result<u64> {
    let lines = Lines::new(2)?;
    let [word, gate] = lines.lines() else { unreachable!("two lines were made") };
    let part = || {
        meet(gate);
        (0..EACH).for_each(|_| increment(&word.word));
        Ok(())
    };
    joined([peer(part)?, peer(part)?])?;
    Ok(word.word.load(Acquire))
}

/// Waits until two are here.
fn meet(gate: &Line) {
    gate.word.fetch_add(1, Release);
    while gate.word.load(Acquire) < 2 {
        std::thread::yield_now();
    }
}

fn torn_read(_: &Names) -> Found {
    let (mut bare, mut read) = (0, 0);
    while bare == 0 && read < ATTEMPTS as u64 * READS {
        bare = torn(false)?;
        read += READS;
    }
    let guarded = torn(true)?;
    let words = format!(
        "Of {} pairs of words read while another process wrote them, {} were torn; with a seqlock {} of {}.",
        figure(read),
        figure(bare),
        figure(guarded),
        figure(READS)
    );
    Ok(Seen::new(bare > 0 && guarded == 0, words)
        .count("read_without_seqlock", read)
        .count("read_with_seqlock", READS)
        .count("torn_without_seqlock", bare)
        .count("torn_with_seqlock", guarded))
}

/// Reads pairs of words that another process writes alike, and counts those that differ.
fn torn(seqlock: bool) -> Result<u64> {
    let lines = Lines::new(4)?;
    let [first, second, mark, gate] = lines.lines() else { unreachable!("four lines were made") };
    let writer = peer(|| {
        meet(gate);
        let mut n = 0;
        // The reader's third step on the gate ends it.
        while gate.word.load(Relaxed) < 3 {
            n += 1;
            if seqlock {
                mark.word.store(2 * n - 1, Relaxed);
                fence(Release);
            }
            first.word.store(n, Relaxed);
            second.word.store(n, Relaxed);
            if seqlock {
                mark.word.store(2 * n, Release);
            }
        }
        Ok(())
    })?;
    meet(gate);
    let (mut read, mut torn) = (0, 0);
    while read < READS {
        let before = mark.word.load(Acquire);
        let pair = (first.word.load(Relaxed), second.word.load(Relaxed));
        fence(Acquire);
        if seqlock && (before % 2 != 0 || mark.word.load(Relaxed) != before) {
            // In the making: read again. One that has been preempted there gets the CPU back.
            if before % 2 != 0 {
                std::thread::yield_now();
            }
            continue;
        }
        read += 1;
        torn += u64::from(pair.0 != pair.1);
    }
    gate.word.fetch_add(1, Release);
    joined([writer])?;
    Ok(torn)
}

fn dead_owner(_: &Names) -> Found {
    let mutex = RobustMutex::new()?;
    let mut owner = peer(|| {
        let locked = mutex.lock()?;
        locked.word().store(1, Relaxed);
        kill_process(getpid(), Signal::KILL).called("kill")
    })?;
    let exit = owner.wait(Duration::from_secs(10))?;
    let next = mutex.lock()?;
    let (told, found) = (next.owner_died(), next.word().load(Relaxed));
    drop(next);
    let told_again = mutex.lock()?.owner_died();
    let words = format!(
        "A process locked the mutex, wrote 1 and was killed. The next lock {} EOWNERDEAD and found {found}; made consistent, the one after it {}.",
        if told { "said" } else { "did not say" },
        if told_again { "said it again" } else { "was an ordinary one" },
    );
    let kept = exit == Some(Exit::Signal(9)) && told && !told_again && found == 1;
    Ok(Seen::new(kept, words).count("owners_died", mutex.owners_died()))
}

/// Stored by the other process after the name is gone.
const LATE: u64 = 4_711;

/// Lets another process, which has inherited the memory, store into it now; returns what is read here.
fn stored_late(word: &AtomicU64) -> Result<u64> {
    joined([peer(|| {
        word.store(LATE, Release);
        Ok(())
    })?])?;
    Ok(word.load(Acquire))
}

fn removal(_: &Names) -> Found {
    let segment = Segment::attached(4096)?;
    let (id, key) = (segment.id(), segment.key());
    let before = segment::is_found(key);
    segment.remove()?;
    let after = segment::is_found(key);
    let State { attachments, removed } = segment.state()?;
    let read = stored_late(&segment.words()[0])?;
    drop(segment);
    let gone = segment::state(id).is_err();
    let words = format!(
        "Removed while attached, the segment was {} by its key; another process stored {} into it, and {} was read here. After the last detach it was {}.",
        if after { "still found" } else { "found no more" },
        figure(LATE),
        figure(read),
        if gone { "gone" } else { "still there" },
    );
    let kept = before && !after && removed && attachments == 1 && read == LATE && gone;
    Ok(Seen::new(kept, words).count("attachments", attachments).count("read", read))
}

fn unlink(names: &Names) -> Found {
    let mode = Mode::RUSR | Mode::WUSR;
    let create = shm::OFlags::CREATE | shm::OFlags::EXCL | shm::OFlags::RDWR;
    let made = under_new_name(&names.token, |name| {
        let name = format!("/{name}");
        Ok((shm::open(&name, create, mode)?, name))
    });
    let (file, name) = made.map_err(|e| {
        let call = format!("shm_open({})", names.token);
        Error::os_hint(call, e, "mount a writable tmpfs on /dev/shm")
    })?;
    let mapped = Lines::of_file(&file, 1);
    let found = || shm::open(&name, shm::OFlags::RDWR, mode).is_ok();
    let before = found();
    shm::unlink(&name).map_err(|e| Error::os(format!("shm_unlink({name})"), e))?;
    let after = found();
    drop(file);
    let mapped = mapped?;
    let read = stored_late(&mapped.lines()[0].word)?;
    let words = format!(
        "Unlinked while mapped, the object's name was {}; another process stored {} into the mapping, and {} was read here.",
        if after { "still found" } else { "gone" },
        figure(LATE),
        figure(read),
    );
    Ok(Seen::new(before && !after && read == LATE, words).count("read", read))
}

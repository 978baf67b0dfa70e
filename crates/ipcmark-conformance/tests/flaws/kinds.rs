//! The flaws, one type each.

use crate::flawed::{Flaw, ROOM, Sound as Below};
use ipcmark_core::{Availability, Capacity, Error, Limits, Plan, Result, Transport};
use ipcmark_sys::sysv::Semaphore;
use nix::mqueue::{MQ_OFlag, MqAttr, mq_close, mq_open, mq_unlink};
use nix::sys::stat::Mode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

type Send<'a> = &'a mut dyn FnMut(&[u8]) -> Result<()>;

/// None at all.
#[derive(Default)]
pub(crate) struct Sound;
impl Flaw for Sound {
    const NAME: &'static str = "sound";
}

/// The hundredth message is never sent.
#[derive(Default)]
pub(crate) struct Loses;
impl Flaw for Loses {
    const NAME: &'static str = "losing_the_100th";
    fn commit(&mut self, n: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        if n == 100 { Ok(()) } else { send(message) }
    }
}

/// What more follows is kept, and pushed out by the next run only.
#[derive(Default)]
pub(crate) struct KeepsRuns(Vec<Vec<u8>>);
impl Flaw for KeepsRuns {
    const NAME: &'static str = "keeping_runs";
    fn commit(&mut self, _: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        if self.0.len() < 5 {
            self.0.drain(..).try_for_each(|kept| send(&kept))?;
        }
        send(message)
    }
    fn commit_more(&mut self, _: u64, message: &[u8], _: Send<'_>) -> Result<()> {
        self.0.push(message.to_vec());
        Ok(())
    }
}

/// It loses what there is no room for, and is sound otherwise.
#[derive(Default)]
pub(crate) struct SoundlyLossy;
impl Flaw for SoundlyLossy {
    const NAME: &'static str = "soundly_lossy";
    const LOSSY: bool = true;
}

/// It loses one although there is room.
#[derive(Default)]
pub(crate) struct LosesAmidRoom;
impl Flaw for LosesAmidRoom {
    const NAME: &'static str = "losing_amid_room";
    const LOSSY: bool = true;
    fn loses(&mut self, n: u64, on_their_way: u64) -> bool {
        on_their_way >= ROOM || n == 20_100
    }
}

/// It says that it may lose messages, and waits for room instead.
#[derive(Default)]
pub(crate) struct NeverLoses;
impl Flaw for NeverLoses {
    const NAME: &'static str = "losing_none";
    const LOSSY: bool = true;
    fn loses(&mut self, _: u64, _: u64) -> bool {
        false
    }
}

/// Once it has lost a message it loses all.
#[derive(Default)]
pub(crate) struct Jams(bool);
impl Flaw for Jams {
    const NAME: &'static str = "jamming";
    const LOSSY: bool = true;
    fn loses(&mut self, _: u64, on_their_way: u64) -> bool {
        self.0 |= on_their_way >= ROOM;
        self.0
    }
}

/// It may lose messages, and brings one twice.
#[derive(Default)]
pub(crate) struct LossyRepeats;
impl Flaw for LossyRepeats {
    const NAME: &'static str = "losing_and_repeating";
    const LOSSY: bool = true;
    fn commit(&mut self, n: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        // The first ones are sure to find room.
        if n == 5 {
            send(message)?;
        }
        send(message)
    }
}

/// Two messages change places.
#[derive(Default)]
pub(crate) struct Swaps(Vec<u8>);
impl Flaw for Swaps {
    const NAME: &'static str = "swapping_two";
    fn commit(&mut self, n: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        if n == 700 {
            self.0 = message.to_vec();
            return Ok(());
        }
        send(message)?;
        if n == 701 { send(&self.0) } else { Ok(()) }
    }
}

/// One message comes twice.
#[derive(Default)]
pub(crate) struct Repeats;
impl Flaw for Repeats {
    const NAME: &'static str = "repeating_one";
    fn commit(&mut self, n: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        if n == 19_000 {
            send(message)?;
        }
        send(message)
    }
}

/// One bit of one long message is wrong, in its body, far from every check value.
#[derive(Default)]
pub(crate) struct Flips;
impl Flaw for Flips {
    const NAME: &'static str = "flipping_a_bit";
    fn commit(&mut self, n: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        if n != 3 || message.len() <= 4096 {
            return send(message);
        }
        let mut wrong = message.to_vec();
        wrong[2000] ^= 1;
        send(&wrong)
    }
}

/// Messages of two bytes or more come in two parts.
#[derive(Default)]
pub(crate) struct Splits;
impl Flaw for Splits {
    const NAME: &'static str = "splitting_boundaries";
    fn commit(&mut self, _: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        let (head, tail) = message.split_at(message.len() / 2);
        if !head.is_empty() {
            send(head)?;
        }
        send(tail)
    }
}

/// A message leaves when the next one comes: the last one never does.
#[derive(Default)]
pub(crate) struct Lags(Option<Vec<u8>>);
impl Flaw for Lags {
    const NAME: &'static str = "lagging_by_one";
    fn commit(&mut self, _: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        match self.0.replace(message.to_vec()) {
            Some(before) => send(&before),
            None => Ok(()),
        }
    }
}

/// What was claimed and abandoned is sent all the same.
#[derive(Default)]
pub(crate) struct SendsAbandoned;
impl Flaw for SendsAbandoned {
    const NAME: &'static str = "sending_the_abandoned";
    fn on_claim(
        &mut self,
        buffer: &mut [u8],
        pending: Option<usize>,
        send: Send<'_>,
    ) -> Result<()> {
        pending.map_or(Ok(()), |len| send(&buffer[..len]))
    }
}

/// Each claim lends a fresh buffer.
#[derive(Default)]
pub(crate) struct NewBuffer;
impl Flaw for NewBuffer {
    const NAME: &'static str = "lending_a_fresh_buffer";
    fn on_claim(&mut self, buffer: &mut [u8], _: Option<usize>, _: Send<'_>) -> Result<()> {
        buffer.fill(0);
        Ok(())
    }
}

/// A message that is too long is cut without a word.
#[derive(Default)]
pub(crate) struct Clamps;
impl Flaw for Clamps {
    const NAME: &'static str = "clamping_silently";
    fn claimed(len: usize, size: usize) -> usize {
        len.min(size)
    }
}

/// None at all, on a link that several share.
#[derive(Default)]
pub(crate) struct SoundlyShared;
impl Flaw for SoundlyShared {
    const NAME: &'static str = "soundly_shared";
    const MANY_SENDERS: bool = true;
    const MANY_RECEIVERS: bool = true;
}

/// A message of one sender gets the end of the other's.
#[derive(Default)]
pub(crate) struct MixesSenders;
impl Flaw for MixesSenders {
    const NAME: &'static str = "mixing_senders";
    const MANY_SENDERS: bool = true;
    const MANY_RECEIVERS: bool = true;
    fn commit(&mut self, n: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        let mut mixed = message.to_vec();
        if n == 100 {
            // The body of the other sender's message differs from this one's in the bits that senders differ by.
            let (_, end) = mixed.split_at_mut(message.len() - 4);
            end.iter_mut().for_each(|byte| *byte ^= 97);
        }
        send(&mixed)
    }
}

/// A message of a link that several share comes twice.
#[derive(Default)]
pub(crate) struct GivesToBoth;
impl Flaw for GivesToBoth {
    const NAME: &'static str = "giving_to_both";
    const MANY_SENDERS: bool = true;
    const MANY_RECEIVERS: bool = true;
    fn commit(&mut self, n: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        if n == 100 {
            send(message)?;
        }
        send(message)
    }
}

/// A message of a link that several share gets lost.
#[derive(Default)]
pub(crate) struct GivesToNobody;
impl Flaw for GivesToNobody {
    const NAME: &'static str = "giving_to_nobody";
    const MANY_RECEIVERS: bool = true;
    fn commit(&mut self, n: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        if n == 100 { Ok(()) } else { send(message) }
    }
}

/// It says that it tells everybody, and tells one.
#[derive(Default)]
pub(crate) struct TellsOne;
impl Flaw for TellsOne {
    const NAME: &'static str = "telling_one";
    const MANY_RECEIVERS: bool = true;
    const BROADCASTS: bool = true;
}

/// It overwrites, and a receiver that keeps up loses a message because another does not read.
#[derive(Default)]
pub(crate) struct LosesForTheBusy;
impl Flaw for LosesForTheBusy {
    const NAME: &'static str = "losing_for_the_busy";
    const MANY_RECEIVERS: bool = true;
    const BROADCASTS: bool = true;
    const LOSSY: bool = true;
    fn loses(&mut self, n: u64, _on_their_way: u64) -> bool {
        n == 100
    }
}

/// It names a limit and does not hold a plan to it.
#[derive(Default)]
pub(crate) struct TakesAnyPlan;
impl Flaw for TakesAnyPlan {
    const NAME: &'static str = "taking_any_plan";
    fn available() -> Availability {
        let max_message = Some(100);
        Availability::Available(Limits { max_message, limited_by: "a whim", remedy: None })
    }
}

/// It says that it holds one message, and holds more.
#[derive(Default)]
pub(crate) struct SaysOneMessage;
impl Flaw for SaysOneMessage {
    const NAME: &'static str = "understating_its_capacity";
    fn capacity(sound: Capacity) -> Capacity {
        Capacity { messages: Some(1), ..sound }
    }
}

/// An orderly end is called a death.
#[derive(Default)]
pub(crate) struct EndsAsDeath;
impl Flaw for EndsAsDeath {
    const NAME: &'static str = "calling_an_end_a_death";
    fn on_end(_: Error) -> Error {
        Error::PeerDied
    }
}

/// The receiver waits on when its peer is gone.
#[derive(Default)]
pub(crate) struct Deaf;
impl Flaw for Deaf {
    const NAME: &'static str = "deaf_to_a_death";
    fn on_end(_: Error) -> Error {
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

/// The fourth commit panics.
#[derive(Default)]
pub(crate) struct Panics;
impl Flaw for Panics {
    const NAME: &'static str = "panicking";
    fn commit(&mut self, n: u64, message: &[u8], send: Send<'_>) -> Result<()> {
        if n == 3 {
            // Its words would only confuse a reader of the test's output.
            std::panic::set_hook(Box::new(|_| {}));
            panic!("on purpose");
        }
        send(message)
    }
}

/// It is available in another way each time it is asked.
#[derive(Default)]
pub(crate) struct ChangesItsMind;
impl Flaw for ChangesItsMind {
    const NAME: &'static str = "changing_its_mind";
    fn available() -> Availability {
        static ASKED: AtomicU32 = AtomicU32::new(1000);
        let max_message = Some(ASKED.fetch_add(1, Ordering::Relaxed) as usize);
        Availability::Available(Limits { max_message, limited_by: "the moon", remedy: None })
    }
}

/// A file stays in the plan's directory.
#[derive(Default)]
pub(crate) struct LeavesFile;
impl Flaw for LeavesFile {
    const NAME: &'static str = "leaving_a_file";
    fn on_fixture(plan: &Plan) {
        std::fs::write(plan.names.dir.join("litter"), "x").expect("a file in the plan's directory");
    }
}

/// A descriptor stays open on each side.
#[derive(Default)]
pub(crate) struct LeavesDescriptor;
impl LeavesDescriptor {
    fn leak() {
        std::mem::forget(std::fs::File::open("/dev/null").expect("/dev/null"));
    }
}
impl Flaw for LeavesDescriptor {
    const NAME: &'static str = "leaving_a_descriptor";
    fn available() -> Availability {
        Self::leak();
        Below::available()
    }
    fn on_split() {
        Self::leak();
    }
}

/// A shared-memory name stays in the system.
#[derive(Default)]
pub(crate) struct LeavesSegment;
impl Flaw for LeavesSegment {
    const NAME: &'static str = "leaving_a_segment";
    fn on_fixture(plan: &Plan) {
        std::fs::write(format!("/dev/shm/{}", plan.names.token), "x").expect("a name in /dev/shm");
    }
}

/// A process stays for a while.
#[derive(Default)]
pub(crate) struct LeavesProcess;
impl Flaw for LeavesProcess {
    const NAME: &'static str = "leaving_a_process";
    fn on_fixture(_: &Plan) {
        let child = std::process::Command::new("sleep").arg("3").spawn();
        std::mem::forget(child.expect("sleep(1)"));
    }
}

/// Names of the queues left behind.
static QUEUES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A message queue stays in the system.
#[derive(Default)]
pub(crate) struct LeavesQueue;
impl Flaw for LeavesQueue {
    const NAME: &'static str = "leaving_a_queue";
    fn on_fixture(plan: &Plan) {
        let name = format!("/{}", plan.names.token);
        let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
        let attr = MqAttr::new(0, 1, 64, 0);
        let queue =
            mq_open(name.as_str(), flags, Mode::S_IRUSR, Some(&attr)).expect("a message queue");
        mq_close(queue).expect("close the queue");
        QUEUES.lock().expect("one thread").push(name);
    }
}

/// Removes what [`LeavesQueue`] and [`LeavesObject`] left.
pub(crate) fn clear_queues() {
    for name in QUEUES.lock().expect("one thread").drain(..) {
        let _ = mq_unlink(name.as_str());
    }
    OBJECTS.lock().expect("one thread").clear();
}

/// System V objects left behind: the last process that holds one removes it.
static OBJECTS: Mutex<Vec<Semaphore>> = Mutex::new(Vec::new());

/// A System V semaphore stays in the system.
#[derive(Default)]
pub(crate) struct LeavesObject;
impl Flaw for LeavesObject {
    const NAME: &'static str = "leaving_an_object";
    fn on_fixture(_: &Plan) {
        let semaphore = Semaphore::new().expect("a System V semaphore");
        OBJECTS.lock().expect("one thread").push(semaphore);
    }
}

//! The laws can fail: transports with one flaw each, and the law that must catch it.
//!
//! Each is a real pipe between two real processes with a thin, broken layer on top. What a flaw
//! leaves behind on purpose is cleared here.
#[path = "flaws/again.rs"]
mod again;
#[path = "flaws/calling.rs"]
mod calling;
#[path = "flaws/flawed.rs"]
mod flawed;
#[path = "flaws/kinds.rs"]
mod kinds;
#[path = "flaws/seams.rs"]
mod seams;

use flawed::{Flaw, Flawed};
use ipcmark_conformance::{Case, Outcome, Test, cases, prepare, remote_cases, run};
use rustix::process::{WaitOptions, waitpid};

/// The law whose name ends so must be broken by `F`, in words that contain `words`.
fn caught<F: Flaw>(law: &'static str, words: &'static str) -> Test {
    caught_among(F::NAME, cases::<Flawed<F>>, law, words)
}

/// The same for a flaw in calls.
fn caught_call<F: calling::Flaw>(law: &'static str, words: &'static str) -> Test {
    caught_among(F::NAME, remote_cases::<calling::Flawed<F>>, law, words)
}

fn caught_among(
    flaw: &str,
    cases: fn() -> Vec<Case>,
    law: &'static str,
    words: &'static str,
) -> Test {
    Test::new(format!("{flaw}_is_caught_by::{law}"), move || {
        let cases = cases();
        let case = cases
            .iter()
            .find(|case| case.name.ends_with(&format!("::{law}")))
            .ok_or_else(|| format!("there is no law {law}"))?;
        let outcome = case.check();
        clear();
        match outcome {
            Ok(Outcome::Held) => Err("the law held".into()),
            Ok(Outcome::NotTried(why)) => Err(format!("the law was not tried: {why}")),
            Err(what) if what.contains(words) => Ok(Outcome::Held),
            Err(what) => Err(format!("caught, but in other words: {what}")),
        }
    })
}

/// Without a flaw the layer passes: so it is the flaw that is caught, and not the layer.
fn sound() -> Vec<Test> {
    let calls = remote_cases::<calling::Flawed<calling::Sound>>();
    let refusing = cases::<Flawed<seams::SoundlyRefusing>>();
    let shared = cases::<Flawed<kinds::SoundlyShared>>();
    cases::<Flawed<kinds::Sound>>()
        .into_iter()
        .chain(calls)
        .chain(refusing.into_iter().filter(|case| case.name.ends_with("a-full-link-refuses")))
        .chain(shared.into_iter().filter(|case| case.name.ends_with("-share-a-link")))
        // A layer that drops does not touch the pipe, which alone could show that no one reads.
        .chain(
            cases::<Flawed<kinds::SoundlyLossy>>()
                .into_iter()
                .filter(|case| !case.name.ends_with("notices-a-dead-peer-that-never-reads")),
        )
        .map(|case| Test::new(case.name.clone(), move || case.check()))
        .collect()
}

/// Takes away what flaws leave behind on purpose: names of this process, and children.
fn clear() {
    let token = format!("ipcmark-law-{}-", std::process::id());
    for entry in std::fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&token) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    kinds::clear_queues();
    while waitpid(None, WaitOptions::empty()).is_ok() {}
}

fn main() -> std::process::ExitCode {
    let mut trials = sound();
    trials.extend([
        caught::<kinds::Loses>("order", "lost: 1,"),
        caught::<kinds::Swaps>("order", "reordered: 1,"),
        caught::<kinds::Repeats>("order", "repeated: 1,"),
        caught::<kinds::KeepsRuns>("runs", "message 15"),
        caught::<kinds::LosesAmidRoom>("order", "message 20100 was lost"),
        caught::<kinds::LossyRepeats>("order", "repeated: 1,"),
        caught::<kinds::NeverLoses>("a-flood-loses-and-the-link-goes-on", "lost none of"),
        caught::<kinds::Jams>("a-flood-loses-and-the-link-goes-on", "nothing came for"),
        caught::<kinds::Flips>(
            "same-bytes-at-every-size",
            "1 of 4097 bytes differ, the first at 2000",
        ),
        caught::<kinds::Splits>("boundaries-are-kept", "bytes were sent and"),
        caught::<kinds::Lags>("end-of-stream", "the peer has closed the link"),
        caught::<seams::DropsEmpty>("empty-messages-are-messages", "hung while in receive"),
        caught::<seams::RefusesNothing>("a-full-link-refuses", "hung while in commit"),
        caught::<seams::TakesAndLoses>("a-full-link-refuses", "131072 messages that the peer"),
        caught::<seams::LosesTaken>("a-full-link-refuses", "message 5 is not the one"),
        caught::<seams::TellsOfAnother>("a-descriptor-tells-of-a-message", "not readable"),
        caught::<seams::TellsAlways>(
            "a-descriptor-tells-of-a-message",
            "readable before message 0",
        ),
        caught::<seams::AttachesElsewhere>("attaches-without-a-fork", "receiving message 0"),
        caught_among(
            "leaving_connections_open",
            cases::<again::Flawed<again::LeavesOpen>>,
            "connects-again-and-again",
            "is closed and still holds",
        ),
        caught_among(
            "answering_from_before",
            cases::<again::Flawed<again::AnswersLate>>,
            "connects-again-and-again",
            "not the one that was sent",
        ),
        caught::<kinds::SendsAbandoned>("an-abandoned-claim-sends-nothing", "message 0"),
        caught::<kinds::NewBuffer>("keeps-its-buffer", "lent another buffer"),
        caught::<kinds::Clamps>("refuses-an-over-long-message", "lent 200 bytes"),
        caught::<kinds::TakesAnyPlan>("refuses-an-over-long-plan", "a link for 101 bytes was made"),
        caught::<kinds::SaysOneMessage>("capacity-is-bounded", "before the sender waited"),
        // P-1, P-2
        caught::<seams::SaysTooMuch>("capacity-is-bounded", "before the sender waited"),
        caught::<kinds::EndsAsDeath>("end-of-stream", "an orderly end is Error::Closed"),
        caught::<kinds::Deaf>(
            "notices-a-dead-peer-it-awaits",
            "hung while in receive, for message 5",
        ),
        // P-3
        caught::<seams::ResetsFirst>(
            "notices-a-dead-peer-it-awaits",
            "after it committed, with a message unread: responder: receiving message 0",
        ),
        caught::<kinds::Panics>("ping-pong", "panicked: on purpose"),
        caught::<kinds::ChangesItsMind>("asking-leaves-nothing", "then"),
        caught::<kinds::LeavesFile>(
            "ping-pong",
            "left behind in the directory of the plan: litter",
        ),
        caught::<kinds::LeavesDescriptor>("ping-pong", "still held after both halves were closed"),
        caught::<kinds::LeavesDescriptor>("asking-leaves-nothing", "still held after"),
        caught::<kinds::LeavesSegment>("ping-pong", "left behind: /dev/shm/ipcmark-law-"),
        caught::<kinds::LeavesObject>("ping-pong", "System V sem "),
        caught::<kinds::MixesSenders>("two-senders-share-a-link", "it is torn: 4 of 16 bytes"),
        caught::<kinds::GivesToBoth>("two-senders-share-a-link", "is at 101, and 100 came"),
        caught::<kinds::GivesToBoth>("two-receivers-share-a-link", "message 100 came"),
        caught::<kinds::GivesToNobody>("two-receivers-share-a-link", "1999 of 2000 messages came"),
        caught::<kinds::TellsOne>("each-receiver-gets-each-message", "came to 1 of 2 receivers"),
        caught::<kinds::LosesForTheBusy>(
            "a-receiver-that-does-not-read-blocks-no-other",
            "did not come to the receiver that reads",
        ),
        caught::<kinds::LeavesProcess>("ping-pong", "a child process that still runs"),
    ]);
    trials.extend([
        caught_call::<calling::ChangesItsMind>("asking-leaves-nothing", "then"),
        caught_call::<calling::Flips>("same-bytes-at-every-size", "the first at 2000"),
        caught_call::<calling::Repeats>("one-call-one-execution", "1001 executed"),
        caught_call::<calling::Forgets>("one-call-one-execution", "999 executed"),
        caught_call::<calling::Lags>("order", "the result of call 0"),
        caught_call::<calling::Repeats>("order", "execution 701"),
        caught_call::<calling::Clamps>("refuses-an-over-long-argument", "10001 bytes was taken"),
        caught_call::<calling::ServesOnce>("serves-again", "call 20"),
        caught_call::<calling::DeafServer>("end-of-the-caller", "hung while serving"),
        caught_call::<calling::DeafCaller>("end-of-the-server", "hung while in a call"),
        caught_call::<calling::DeafCaller>("notices-a-dead-server", "hung while in a call"),
        caught_call::<calling::DeafServer>("notices-a-dead-caller", "hung while serving"),
        caught_call::<calling::LeavesName>("order", "left behind in the directory of the plan"),
        caught_call::<calling::LeavesDaemon>("order", "a child process that still runs"),
        caught_call::<calling::LeavesDaemon>("notices-a-dead-server", "lives on"),
    ]);
    if prepare().is_ok_and(|blind| blind.is_empty()) {
        trials.push(caught::<kinds::LeavesQueue>(
            "ping-pong",
            "left behind: POSIX message queue ipcmark-law-",
        ));
    }
    run(trials)
}

//! Queues under an `RLIMIT_MSGQUEUE` that holds fewer messages than the plan asks for. A separate program, as the
//! limit is the process's, and without the standard harness, as it forks.

use ipcmark_core::{
    Error, Names, Plan, Receiver, Refusal, Result, Sender, Side, Transport, Workload,
};
use ipcmark_mq::{Mq, MqFixture};
use ipcmark_sys::fd::Block;
use ipcmark_sys::process::{Exit, fork};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::thread::sleep;
use std::time::Duration;

/// Bytes of a message: an ordinary user's longest (`fs.mqueue.msgsize_max` by default), next to which the
/// kernel's bookkeeping is little.
const SIZE: usize = 8_192;
/// Messages asked of each direction, of which an ordinary user may have all.
const DEPTH: usize = 10;
/// Bytes for five messages each way, and not for ten.
const ENOUGH: usize = 2 * SIZE * 6;

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let trial = |name: &str, test: fn() -> std::result::Result<(), Failed>| {
        Trial::ignorable_test(name, move || match getrlimit(Resource::Msgqueue).maximum {
            Some(most) if most < ENOUGH as u64 => Ok(Completion::ignored_with(format!(
                "RLIMIT_MSGQUEUE cannot be raised over {most}"
            ))),
            _ => test().map(|()| Completion::Completed),
        })
    };
    let trials = vec![
        trial("a_depth_over_the_bytes_is_halved_and_its_messages_pass", halved),
        trial("a_depth_of_one_that_is_refused_names_the_limit", refused),
    ];
    libtest_mimic::run(&args, trials).exit();
}

fn halved() -> std::result::Result<(), Failed> {
    leave(ENOUGH);
    for capacity in [None, Some(SIZE * DEPTH)] {
        let fixture = patiently(|| Mq::<Block>::fixture(&plan("halved", capacity)))?;
        let depth = Mq::<Block>::capacity(&fixture)?.messages.ok_or("no depth")?;
        // 5, unless another process's queues take their share.
        assert!([5, 2, 1].contains(&depth), "{depth} is not {DEPTH} halved");
        assert_eq!(Mq::<Block>::capacity(&fixture)?.bytes, Some(depth * SIZE));
        all_pass(fixture, 3 * DEPTH)?;
    }
    Ok(())
}

/// Sends more messages than the queue holds from a separate process.
fn all_pass(fixture: MqFixture, messages: usize) -> std::result::Result<(), Failed> {
    let mut fixture = Some(fixture);
    let mut child = fork(|| {
        let fixture = fixture.take().expect("it was not taken yet");
        let mut link = Mq::<Block>::split(fixture, Side::Initiator).expect("the sender's side");
        for n in 0..messages {
            link.tx.claim(SIZE).expect("room").fill(n as u8);
            link.tx.commit().expect("a message sent");
        }
        0
    })?;
    let fixture = fixture.take().ok_or("the child took it in this process")?;
    let mut link = Mq::<Block>::split(fixture, Side::Responder)?;
    for n in 0..messages {
        let message = link.rx.receive()?;
        if message.len() != SIZE || message.iter().any(|&byte| byte != n as u8) {
            return Err(format!("message {n} came damaged").into());
        }
    }
    assert!(matches!(link.rx.receive(), Err(Error::Closed)));
    assert_eq!(child.wait(Duration::from_secs(20))?, Some(Exit::Code(0)));
    Ok(())
}

fn refused() -> std::result::Result<(), Failed> {
    leave(SIZE);
    let error = Mq::<Block>::fixture(&plan("none", Some(SIZE * DEPTH))).map(drop).unwrap_err();
    assert!(reason(&error).contains("each for one message of 8192 bytes"), "{error}");
    assert!(
        reason(&error).contains("RLIMIT_MSGQUEUE leaves all queues of this user 8192"),
        "{error}"
    );
    // One remedy is enough, unless another process's queues take their share.
    let mut error = Some(error);
    for _ in 0..4 {
        let Some(Error::Unavailable(Refusal { remedy, .. })) = error else { break };
        let remedy = remedy.ok_or("no remedy")?;
        leave(remedy.strip_prefix("ulimit -q ").ok_or(remedy.clone())?.parse()?);
        error = patiently(|| Mq::<Block>::fixture(&plan("remedied", None))).err();
    }
    error.map_or(Ok(()), |error| Err(error.into()))
}

fn reason(error: &Error) -> &str {
    match error {
        Error::Unavailable(Refusal { reason, .. }) => reason,
        other => panic!("{other}"),
    }
}

/// Tries for a while: the queues of another process of this user may be in the way.
fn patiently<T>(attempt: impl Fn() -> Result<T>) -> Result<T> {
    for _ in 0..20 {
        if let Ok(found) = attempt() {
            return Ok(found);
        }
        sleep(Duration::from_millis(100));
    }
    attempt()
}

/// Leaves all queues of this user `bytes`, as this process sees it.
fn leave(bytes: usize) {
    let mut limit = getrlimit(Resource::Msgqueue);
    limit.current = Some(bytes as u64);
    setrlimit(Resource::Msgqueue, limit).unwrap();
}

fn plan(test: &str, capacity: Option<usize>) -> Plan {
    Plan {
        workload: Workload::Stream,
        capacity,
        ..Plan::new(
            SIZE,
            Names {
                token: format!("ipcmark-mq-{}-{test}", std::process::id()),
                dir: "/nonexistent".into(),
            },
        )
    }
}

//! Whether it is allowed: two processes try, as two sides would.

use ipcmark_core::{
    Availability, Error, Limits, Names, Plan, Receiver, Refusal, Result, Sender, Side, Transport,
};
use ipcmark_sys::crew::{Crew, Fault};
use ipcmark_sys::fd::{availability, sysctl};
use rustix::io::Errno;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Time that the two may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes that a side has to say why it failed.
const ROOM: usize = 512;

pub(crate) fn available<T: Transport>(call: &'static str) -> Availability {
    availability(attempt::<T>(call).map(|()| Limits::none()))
}

/// Passes one byte from one child to another.
fn attempt<T: Transport>(call: &'static str) -> Result<()> {
    let plan = Plan::new(1, Names { token: String::new(), dir: PathBuf::new() });
    let mut fixture = Some(T::fixture(&plan)?);
    let one_byte = |fixture: Option<T::Fixture>, side: Side| -> Result<()> {
        let mut link = T::split(fixture.ok_or(Error::Closed)?, side)?;
        match side {
            Side::Initiator => {
                link.tx.claim(1)?.fill(1);
                link.tx.commit()
            }
            Side::Responder => link.rx.receive().map(drop),
        }
    };
    let fault = |e: Error| match e.errno() {
        Some(errno) => Fault::of(&refusal(call, Errno::from_raw_os_error(errno))),
        None => Fault { follows: e.is_end(), ..Fault::from(&e) },
    };
    let mut crew = Crew::new(2, ROOM)?;
    for side in [Side::Initiator, Side::Responder] {
        crew.fork(|| one_byte(fixture.take(), side).map(|()| Vec::new()).map_err(fault))?;
    }
    // Ours would keep the lifeline whole.
    drop(fixture);
    let passed = crew.finish(Instant::now() + PATIENCE)?.results().map(drop);
    passed.map_err(|failure| {
        let otherwise = || format!("two processes could not pass one byte by {call}: {failure}");
        Error::Unavailable(failure.refusal.clone().unwrap_or_else(|| Refusal::new(otherwise())))
    })
}

/// Returns what a failed call means, and what would change it.
fn refusal(call: &'static str, errno: Errno) -> Error {
    let remedy = match (errno, sysctl("kernel.yama.ptrace_scope")) {
        (Errno::NOSYS, _) => "a kernel with CONFIG_CROSS_MEMORY_ATTACH is needed",
        (_, Some(2..)) => "sysctl kernel.yama.ptrace_scope=1",
        _ => "let the sandbox permit it (docker run --cap-add=SYS_PTRACE)",
    };
    Error::Unavailable(
        Refusal::new(format!("{call} from one process to another fails here: {errno}"))
            .with_remedy(remedy),
    )
}

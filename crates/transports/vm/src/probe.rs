//! Whether it is allowed: two processes try, as two sides would.

use ipcmark_core::{
    Availability, Error, Limits, Names, Plan, Receiver, Refusal, Result, Sender, Side, Transport,
};
use ipcmark_sys::fd::{availability, sysctl};
use ipcmark_sys::process::{Exit, fork};
use rustix::io::Errno;
use std::path::PathBuf;
use std::time::Duration;

/// Time that the two may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The status of a side that failed without an `errno`.
const WITHOUT_ERRNO: i32 = 255;

pub(crate) fn available<T: Transport>(call: &'static str) -> Availability {
    availability(attempt::<T>(call).map(|()| Limits::none()))
}

/// Returns one byte, from one child to another.
fn attempt<T: Transport>(call: &'static str) -> Result<()> {
    let plan = Plan::new(1, Names { token: String::new(), dir: PathBuf::new() });
    let mut fixture = Some(T::fixture(&plan)?);
    let mut side = |side: Side| {
        let one_byte = fixture.take().map_or(Ok(()), |fixture| {
            let mut link = T::split(fixture, side)?;
            match side {
                Side::Initiator => {
                    link.tx.claim(1)?.fill(1);
                    link.tx.commit()
                }
                Side::Responder => link.rx.receive().map(drop),
            }
        });
        one_byte.err().map_or(0, |e: Error| e.errno().unwrap_or(WITHOUT_ERRNO))
    };
    let mut children = [fork(|| side(Side::Initiator))?, fork(|| side(Side::Responder))?];
    // Ours would keep the lifeline whole.
    drop(fixture);
    for child in &mut children {
        match child.wait(PATIENCE)? {
            Some(Exit::Code(0)) => {}
            Some(Exit::Code(errno)) if errno != WITHOUT_ERRNO => {
                return Err(refusal(call, Errno::from_raw_os_error(errno)));
            }
            _ => {
                return Err(Error::Unavailable(Refusal::new(format!(
                    "two processes could not pass one byte by {call}"
                ))));
            }
        }
    }
    Ok(())
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

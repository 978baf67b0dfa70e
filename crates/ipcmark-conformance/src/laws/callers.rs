//! Ends of callers and servers: in good order, and by death.

use crate::board::Told;
use crate::laws::ends::{LastBreath, NOTICE, SETTLE, killing};
use crate::pair::Pair;
use crate::remote::run;
use crate::scratch::Scratch;
use ipcmark_core::{Flow, Limits, Remote, Side};
use ipcmark_sys::clock::monotonic_ns;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Gives the argument back, for ever.
#[expect(clippy::unnecessary_wraps, reason = "the shape of a procedure")]
fn echo(_: u64, argument: &[u8], result: &mut Vec<u8>) -> Result<Flow, String> {
    result.extend_from_slice(argument);
    Ok(Flow::Continue)
}

/// **The caller ends in order.** Its server learns that there are no more calls, while the caller's process lives on.
pub fn end_of_caller<R: Remote>(_: &Limits) -> Told {
    for calls in [0, 50] {
        let scratch = Scratch::new(8, true)?;
        run::<R>(
            Pair { deadline: 2 * NOTICE, ..Pair::new(&scratch.plan) },
            |caller| {
                (0..calls).try_for_each(|n: u8| caller.expect(&[n; 8], &[n; 8]))?;
                caller.caller = None;
                caller.await_server(1)
            },
            |server| {
                server.serve_to_end(echo)?;
                server.raise(1)
            },
        )
        .map_err(|what| format!("after {calls} calls: {what}"))?;
        scratch.finish()?;
    }
    Ok(())
}

/// **The server ends in order.** A call that comes later is an error that says so, while the server's process lives on.
pub fn end_of_server<R: Remote>(_: &Limits) -> Told {
    let scratch = Scratch::new(8, true)?;
    run::<R>(
        Pair { deadline: 2 * NOTICE, ..Pair::new(&scratch.plan) },
        |caller| {
            caller.expect(&[7; 8], &[7; 8])?;
            caller.await_server(1)?;
            caller.expect_end(&[8; 8])?;
            caller.raise(1)
        },
        |server| {
            server.serve(|_, argument, result| {
                result.extend_from_slice(argument);
                Ok(Flow::Stop)
            })?;
            server.server = None;
            server.raise(1)?;
            server.await_caller(1)
        },
    )?;
    scratch.finish()
}

/// **A dead server is noticed** by a caller that waits for its result, and by one that calls after the death.
pub fn notices_dead_server<R: Remote>(_: &Limits) -> Told {
    for awaited in [true, false] {
        let scratch = Scratch::new(8, true)?;
        let last_breath = LastBreath::new()?;
        let died_ns = Arc::new(LastBreath::new()?);
        let in_procedure = Arc::clone(&died_ns);
        run::<R>(
            killing(&scratch, Side::Responder),
            |caller| {
                (0..5u8).try_for_each(|n| caller.expect(&[n; 8], &[n; 8]))?;
                if !awaited {
                    caller.raise(1)?;
                    caller.await_server(1)?;
                    std::thread::sleep(SETTLE);
                }
                caller.expect_end(&[5; 8])?;
                if awaited { died_ns.noticed_in_time() } else { last_breath.noticed_in_time() }
            },
            |server| {
                server.serve(move |n, argument, result| {
                    if n == 5 {
                        std::thread::sleep(SETTLE);
                        in_procedure.die()?;
                    }
                    result.extend_from_slice(argument);
                    Ok(if n == 4 && !awaited { Flow::Stop } else { Flow::Continue })
                })?;
                // The last reply may still be under way, in another thread of this process.
                server.await_caller(1)?;
                server.raise(1)?;
                last_breath.die()
            },
        )
        .and_then(|()| no_orphans())
        .map_err(|what| {
            let when = if awaited { "while a call is executed" } else { "between two calls" };
            format!("the server is killed {when}: {what}")
        })?;
        scratch.finish()?;
    }
    Ok(())
}

/// **A dead caller is noticed** by its server, whether it waits for the next call or executes one.
pub fn notices_dead_caller<R: Remote>(_: &Limits) -> Told {
    for executing in [true, false] {
        let scratch = Scratch::new(8, true)?;
        let last_breath = Arc::new(LastBreath::new()?);
        let (dying, noticed) = (Arc::clone(&last_breath), Arc::clone(&last_breath));
        run::<R>(
            killing(&scratch, Side::Initiator),
            |caller| {
                (0..5u8).try_for_each(|n| caller.expect(&[n; 8], &[n; 8]))?;
                if executing {
                    let me = i64::from(getpid().as_raw_nonzero().get());
                    // The server kills it; there is no result.
                    caller.try_call(&me.to_le_bytes(), |_| ()).map_err(|e| e.to_string())?;
                    return Err("a killed caller had its result".into());
                }
                std::thread::sleep(SETTLE);
                dying.die()
            },
            |server| {
                server.serve_to_end(move |n, argument, result| {
                    if n == 5 {
                        kill_caller(argument, &last_breath)?;
                    }
                    echo(n, argument, result)
                })?;
                noticed.noticed_in_time()
            },
        )
        .and_then(|()| no_orphans())
        .map_err(|what| {
            let when = if executing { "while its call is executed" } else { "between two calls" };
            format!("the caller is killed {when}: {what}")
        })?;
        scratch.finish()?;
    }
    Ok(())
}

fn kill_caller(number: &[u8], last_breath: &LastBreath) -> Told {
    let number = number.try_into().map(i64::from_le_bytes).map_err(|e| e.to_string())?;
    let pid = i32::try_from(number).ok().and_then(Pid::from_raw).ok_or("no process number")?;
    last_breath.at_ns().store(monotonic_ns(), Ordering::Release);
    kill_process(pid, Signal::KILL).map_err(|e| format!("kill: {e}"))
}

/// Checks that what a dead side had started ends with it. This process reaps orphans, see [`crate::prepare`].
fn no_orphans() -> Told {
    let begun = Instant::now();
    loop {
        match waitpid(None, WaitOptions::NOHANG) {
            Err(Errno::CHILD) => return Ok(()),
            Err(e) => return Err(format!("waitpid: {e}")),
            Ok(Some(_)) => {}
            Ok(None) if begun.elapsed() < NOTICE => {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            Ok(None) => return Err("a process that the dead side had started lives on".into()),
        }
    }
}

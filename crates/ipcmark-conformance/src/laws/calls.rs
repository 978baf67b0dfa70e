//! Calls: the right bytes both ways, each executed once, in order, and refused when too long.

use crate::board::Told;
use crate::holdings::Holdings;
use crate::pair::Pair;
use crate::remote::run;
use crate::scratch::{Scratch, largest};
use ipcmark_core::{Availability, Error, Flow, Limits, Remote};

/// Around the places where something changes: the page, the default buffers, the windows of what lies below.
const SIZES: [usize; 8] = [1, 8, 64, 1 << 10, 4 << 10, (4 << 10) + 1, 64 << 10, 1 << 20];
/// Calls of a law that counts them.
const CALLS: u64 = 1_000;

/// Returns the bytes of the `n`th argument, and with another seed those of its result.
fn bytes(seed: u64, n: u64, size: usize) -> Vec<u8> {
    let mut space = vec![0; size];
    fastrand::Rng::with_seed(seed ^ (n << 20)).fill(&mut space);
    space
}

/// Stops after call number `last`.
fn until(n: u64, last: u64) -> Flow {
    if n < last { Flow::Continue } else { Flow::Stop }
}

/// **Same bytes at every size.** Arguments and results of 1 byte to the largest that the machine allows (4 MiB at most)
/// arrive equal byte for byte; also a long result of a short argument, and none at all of a long one.
pub fn same_bytes<R: Remote>(limits: &Limits) -> Told {
    let largest = largest(limits);
    let sizes = SIZES.into_iter().filter(|&size| size < largest).chain([largest]);
    let both = sizes.map(|size| (size, size)).chain([(1, largest), (largest, 0)]);
    for (there, back) in both {
        let calls: u64 = if there.max(back) <= 65_536 { 8 } else { 3 };
        let scratch = Scratch::new(there.max(back), false)?;
        let seed = scratch.plan.seed;
        run::<R>(
            Pair::new(&scratch.plan),
            |caller| {
                (0..calls)
                    .try_for_each(|n| caller.expect(&bytes(seed, n, there), &bytes(!seed, n, back)))
            },
            |server| {
                server.serve(move |n, argument, result| {
                    crate::end::same(argument, &bytes(seed, n, there))
                        .map_err(|what| format!("the argument of call {n}: {what}"))?;
                    result.extend_from_slice(&bytes(!seed, n, back));
                    Ok(until(n, calls - 1))
                })
            },
        )
        .map_err(|what| format!("an argument of {there} bytes, a result of {back}: {what}"))?;
        scratch.finish()?;
    }
    Ok(())
}

/// **One call, one execution.** With nothing lost on the way, the server executes its procedure as often as the caller
/// called it.
pub fn executed_once<R: Remote>(_: &Limits) -> Told {
    let scratch = Scratch::new(8, true)?;
    run::<R>(
        Pair::new(&scratch.plan),
        |caller| {
            for n in 0..CALLS {
                let last = [u8::from(n + 1 == CALLS); 8];
                caller.try_call(&last, |_| ()).map_err(|e| format!("call {n}: {e}"))?;
            }
            Ok(())
        },
        |server| {
            server.serve(|_, argument, result| {
                result.extend_from_slice(argument);
                Ok(if argument[0] == 0 { Flow::Continue } else { Flow::Stop })
            })?;
            match server.executions() {
                CALLS => Ok(()),
                other => Err(format!("{CALLS} calls were made and {other} executed")),
            }
        },
    )?;
    scratch.finish()
}

/// **Order.** Calls are executed in the order in which they were made, and each has its own result.
pub fn in_order<R: Remote>(_: &Limits) -> Told {
    let scratch = Scratch::new(8, true)?;
    run::<R>(
        Pair::new(&scratch.plan),
        |caller| {
            (0..CALLS).try_for_each(|n| {
                caller.expect(&n.to_le_bytes(), &(n.wrapping_mul(n) + 1).to_le_bytes())
            })
        },
        |server| {
            server.serve(|n, argument, result| {
                crate::end::same(argument, &n.to_le_bytes())
                    .map_err(|what| format!("execution {n}: {what}"))?;
                result.extend_from_slice(&(n.wrapping_mul(n) + 1).to_le_bytes());
                Ok(until(n, CALLS - 1))
            })
        },
    )?;
    scratch.finish()
}

/// **An over-long argument is refused.** An argument of one byte more than the largest is `Error::TooLong`, with the
/// length, the limit and what sets it; nothing is executed, and the caller calls on.
pub fn refuses_over_long<R: Remote>(limits: &Limits) -> Told {
    let Some(max) = limits.max_message else { return Ok(()) };
    let scratch = Scratch::new(max.min(4096), false)?;
    let over_long = vec![0; max + 1];
    run::<R>(
        Pair::new(&scratch.plan),
        |caller| {
            for n in 0..3u8 {
                match caller.try_call(&over_long, <[u8]>::len) {
                    Ok(_) => return Err(format!("an argument of {} bytes was taken", max + 1)),
                    Err(Error::TooLong { len, max: said, limited_by }) => {
                        if (len, said) != (max + 1, max) || limited_by.is_empty() {
                            return Err(format!(
                                "an argument of {} bytes said len {len}, max {said}, limited by '{limited_by}'",
                                max + 1
                            ));
                        }
                    }
                    Err(e) => return Err(format!("it is Error::TooLong, but came as: {e}")),
                }
                caller.expect(&[n], &[n])?;
            }
            Ok(())
        },
        |server| {
            server.serve(|n, argument, result| {
                if argument.len() != 1 {
                    return Err(format!("{} bytes came as an argument", argument.len()));
                }
                result.extend_from_slice(argument);
                Ok(until(n, 2))
            })
        },
    )?;
    scratch.finish()
}

/// **A server serves again.** After the procedure has said stop, another may be served over the same connection.
pub fn serves_again<R: Remote>(_: &Limits) -> Told {
    let scratch = Scratch::new(64, false)?;
    run::<R>(
        Pair::new(&scratch.plan),
        |caller| {
            for phase in 0..4u8 {
                (0..20u8).try_for_each(|n| caller.expect(&[n], &[n, phase]))?;
            }
            Ok(())
        },
        |server| {
            for phase in 0..4u8 {
                server.serve(move |n, argument, result| {
                    result.extend_from_slice(argument);
                    result.push(phase);
                    Ok(until(n, 20 * u64::from(phase) + 19))
                })?;
            }
            Ok(())
        },
    )?;
    scratch.finish()
}

/// **Asking leaves nothing.** `available` gives one answer, however often it is asked, and holds nothing afterwards;
/// and what it calls available can be made.
pub fn on_asking<R: Remote>(limits: &Limits) -> Told {
    let held = Holdings::now()?;
    for _ in 0..3 {
        let answer = R::available();
        if answer != Availability::Available(limits.clone()) {
            return Err(format!("first {limits:?}, then {answer:?}"));
        }
    }
    if limits.limited_by.is_empty() {
        return Err("the limits do not say what sets them".into());
    }
    let scratch = Scratch::new(largest(limits), true)?;
    drop(R::fixture(&scratch.plan).map_err(|e| format!("fixture: {e}"))?);
    let gained = held.gained()?;
    if gained.is_empty() {
        Ok(())
    } else {
        Err(format!("still held after the fixture was dropped: {}", gained.join(", ")))
    }
}

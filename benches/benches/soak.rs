//! Many messages through each ring, every byte compared: `cargo bench --bench soak -- --messages 1000000000`.
//!
//! `-- --ring spsc` tries one ring; `-- --seconds 20` stops after so long and says
//! where `-- --from N` goes on. Ctrl-C ends both processes and says what was received until then. Fails when a message was
//! lost, repeated, out of order or damaged.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what this program is for"
)]

use ipcmark_benches::soak::{Ring, Tally, soak};
use ipcmark_sys::process::{Exit, Interrupts, is_interrupted, wait_any};
use std::error::Error;
use std::time::{Duration, Instant};

const HELP: &str = "cargo bench --bench soak -- [FLAGS]

--ring NAME    spsc or mpsc alone
--messages N   so many messages through each ring (100000000)
--seconds N    stop after so long, and say where --from goes on
--from N       the number of the first message (0)";

struct Arguments {
    ring: Option<String>,
    messages: u64,
    from: u64,
    seconds: Option<u64>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut found = Arguments { ring: None, messages: 100_000_000, from: 0, seconds: None };
    let mut rest = std::env::args().skip(1);
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or(format!("{argument} wants a value"));
        match argument.as_str() {
            "--ring" => found.ring = Some(value()?),
            "--messages" => found.messages = value()?.parse()?,
            "--from" => found.from = value()?.parse()?,
            "--seconds" => found.seconds = Some(value()?.parse()?),
            "--help" | "-h" => {
                println!("{HELP}");
                std::process::exit(0);
            }
            _ => {}
        }
    }
    Ok(found)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let chosen = |name: &str| arguments.ring.as_deref().is_none_or(|ring| ring == name);
    let rings: Vec<_> = Ring::ALL.into_iter().filter(|(_, name)| chosen(name)).collect();
    if rings.is_empty() {
        let names = Ring::ALL.map(|(_, name)| name).join(", ");
        return Err(format!("there is no such ring; there are {names}").into());
    }
    let _interrupts = Interrupts::heed()?;
    let mut wrong = Vec::new();
    for (ring, name) in rings {
        if let Err(e) = try_out(ring, name, &arguments) {
            wrong.push(format!("{name}: {e}"));
        }
        if is_interrupted() {
            break;
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ").into()) }
}

fn try_out(ring: Ring, name: &str, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let tally = Tally::new()?;
    let end = arguments.from + arguments.messages;
    let begun = Instant::now();
    let mut sides = soak(ring, arguments.from..end, &tally)?;
    let mut told = begun;
    while sides.iter().any(|side| side.exit().is_none()) {
        wait_any(sides.iter_mut(), Duration::from_millis(100))?;
        let late = arguments.seconds.is_some_and(|s| begun.elapsed() > Duration::from_secs(s));
        if late || is_interrupted() {
            tally.stop();
        }
        if sides.iter().any(|side| !matches!(side.exit(), None | Some(Exit::Code(0)))) {
            break;
        }
        if told.elapsed() > Duration::from_secs(1) {
            told = Instant::now();
            eprint!(
                "\r{name}: {:.1} % of {} ",
                100.0 * share(&tally, arguments),
                arguments.messages
            );
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let (messages, bytes, faults) = (tally.messages(), tally.bytes(), tally.faults());
    eprint!("\r");
    println!(
        "{name:<10} {messages:>13} messages {bytes:>15} bytes {faults:>3} faults {:>8.2} million/s {:>6.2} GB/s",
        messages as f64 / seconds / 1e6,
        bytes as f64 / seconds / 1e9,
    );
    if sides.iter().any(|side| side.exit() != Some(Exit::Code(0))) {
        return Err("a side failed".into());
    }
    if faults > 0 {
        return Err(format!("{faults} messages were wrong").into());
    }
    if messages < arguments.messages {
        println!(
            "stopped; go on with --from {} --messages {}",
            arguments.from + messages,
            arguments.messages - messages
        );
        if arguments.seconds.is_none() && !is_interrupted() {
            return Err("messages were lost".into());
        }
    }
    Ok(())
}

fn share(tally: &Tally, arguments: &Arguments) -> f64 {
    tally.messages() as f64 / arguments.messages as f64
}

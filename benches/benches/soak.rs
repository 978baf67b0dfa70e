//! Many messages through each ring, every byte compared: `cargo bench --bench soak -- --messages
//! 1000000000`.
//!
//! `-- --ring spsc` tries one ring. `-- --seconds 20` stops after that time and prints the number
//! for `-- --from N`, which continues there. Ctrl-C ends both processes and prints what was
//! received. It fails if a message was lost, repeated, out of order or damaged.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is the purpose of a bench")]

use clap::Parser;
use ipcmark_benches::arguments::Common;
use ipcmark_benches::soak::{Ring, Tally, soak};
use ipcmark_sys::crew::Over;
use ipcmark_sys::process::{Interrupts, is_interrupted};
use std::error::Error;
use std::time::{Duration, Instant};

/// Longest soak: bounds the wait.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);
/// Time for the receiver after the sender has stopped.
const STOPPING: Duration = Duration::from_secs(20);

/// Sends many messages through each ring and compares every byte.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    common: Common,
    /// Try this ring only.
    #[arg(long, value_parser = Ring::ALL.map(|(_, name)| name))]
    ring: Option<String>,
    /// Messages through each ring.
    #[arg(long, default_value_t = 100_000_000)]
    messages: u64,
    /// Stop after this time, and print where --from continues.
    #[arg(long)]
    seconds: Option<u64>,
    /// Number of the first message.
    #[arg(long, default_value_t = 0)]
    from: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let line = Line::parse();
    let chosen = |name: &str| line.ring.as_deref().is_none_or(|ring| ring == name);
    let _interrupts = Interrupts::handle()?;
    let mut wrong = Vec::new();
    for (ring, name) in Ring::ALL.into_iter().filter(|(_, name)| chosen(name)) {
        if let Err(e) = try_out(ring, name, &line) {
            wrong.push(format!("{name}: {e}"));
        }
        if is_interrupted() {
            break;
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ").into()) }
}

fn try_out(ring: Ring, name: &str, line: &Line) -> Result<(), Box<dyn Error>> {
    let tally = Tally::new()?;
    let begun = Instant::now();
    let mut crew = soak(ring, line.from..line.from + line.messages, &tally)?;
    let (mut shown, mut end) = (begun, begun + LONGEST);
    // An interrupt or the end of the time stops the sender; the receiver then ends on its own.
    while !crew.ended() && Instant::now() < end {
        let over = crew.step(end)?;
        let late = line.seconds.is_some_and(|s| begun.elapsed() > Duration::from_secs(s));
        if late || over == Some(Over::Interrupted) {
            tally.stop();
            end = end.min(Instant::now() + STOPPING);
        } else if over.is_some() {
            break;
        }
        if shown.elapsed() > Duration::from_secs(1) {
            shown = Instant::now();
            let share = 100.0 * tally.messages() as f64 / line.messages as f64;
            eprint!("\r{name}: {share:.1} % of {} ", line.messages);
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let (messages, bytes, faults) = (tally.messages(), tally.bytes(), tally.faults());
    let finished = crew.finish(Instant::now())?;
    eprint!("\r");
    println!(
        "{name:<10} {messages:>13} messages {bytes:>15} bytes {faults:>3} faults {:>8.2} million/s {:>6.2} GB/s",
        messages as f64 / seconds / 1e6,
        bytes as f64 / seconds / 1e9,
    );
    finished.results().map_err(|failure| format!("a side failed: {failure}"))?;
    if faults > 0 {
        return Err(format!("{faults} messages were wrong").into());
    }
    if messages < line.messages {
        println!(
            "stopped; continue with --from {} --messages {}",
            line.from + messages,
            line.messages - messages
        );
        if line.seconds.is_none() && !is_interrupted() {
            return Err("messages were lost".into());
        }
    }
    Ok(())
}

//! One connection after another.

use crate::board::{Board, Told};
use crate::holdings::Holdings;
use crate::pair::Pair;
use crate::row::Row;
use crate::scratch::{Scratch, largest};
use ipcmark_core::{Connections, Error, Limits, Listener, Side};

/// Connections of a trial.
const COUNT: u8 = 20;

/// **Connects again and again.** Each connection to a listener is a link of its own: it carries a message
/// there and one back, the responder sees its end when the initiator closes it, and neither side keeps
/// anything of it.
pub fn connects(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(1000);
    let scratch = Scratch::new(size, true)?;
    let board = Board::new()?;
    let listen = || (row.listen)(&scratch.plan).map_err(|e| format!("listen: {e}"));
    let side = |side: Side, listener: Listener| {
        let mut connections = listener(side).map_err(|e| format!("entering: {e}"))?;
        let mut held = None;
        for n in 0..COUNT {
            let met = one(&mut *connections, side, (n, size));
            met.map_err(|what| format!("connection {n}: {what}"))?;
            // What the first one leaves may be kept for all.
            match &held {
                None => held = Some(Holdings::now()?),
                Some(held) => {
                    let gained = held.gained()?;
                    if !gained.is_empty() {
                        let what = gained.join(", ");
                        return Err(format!("connection {n} is closed and still holds: {what}"));
                    }
                }
            }
        }
        Ok(())
    };
    Pair::new(&scratch.plan).over(&board, listen, side)?;
    scratch.finish()
}

/// Sends a message over one connection and gets its answer; the initiator closes first.
fn one(connections: &mut dyn Connections, side: Side, (n, size): (u8, usize)) -> Told {
    let words = |what: &'static str| move |e: Error| format!("{what}: {e}");
    connections.open().map_err(words("open"))?;
    for sender in Side::ALL {
        // Each connection and direction has its own bytes.
        let byte = 2 * n + sender.index() as u8;
        if side == sender {
            connections.tx().claim(size).map_err(words("claim"))?.fill(byte);
            connections.tx().commit().map_err(words("commit"))?;
            continue;
        }
        let message = connections.rx().receive().map_err(words("receive"))?;
        if message.len() != size || message.iter().any(|got| *got != byte) {
            return Err(format!("the message is not the one that was sent over it, {byte}"));
        }
        connections.rx().release().map_err(words("release"))?;
    }
    if side == Side::Responder {
        match connections.rx().receive() {
            Err(Error::Closed) => {}
            Err(e) => return Err(format!("its end is Error::Closed, not: {e}")),
            Ok(_) => return Err("something came after the one message".into()),
        }
    }
    connections.close();
    Ok(())
}

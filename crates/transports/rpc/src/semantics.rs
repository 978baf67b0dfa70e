//! What a call means when messages may be lost: three answers, as types.

use crate::seen::{Nothing, Record, Seen};
use std::fmt::Debug;

/// Number of times that a call is executed, and what client and server do for it.
pub trait Semantics: 'static {
    /// Copies of a request that a client sends before it gives up; `None` when it never does.
    const COPIES: Option<u32>;
    /// The client tells the server that a reply has come.
    const ACKNOWLEDGES: bool;
    /// A call that was sent to a server which is gone may be sent to its successor, which has another record.
    const MOVES: bool;
    /// Memory of the server.
    type Record: Record + Default + Debug;
}

/// The client repeats until there is a reply; the server executes each copy. Right for what may run twice.
#[derive(Debug)]
pub struct AtLeastOnce;

impl Semantics for AtLeastOnce {
    const COPIES: Option<u32> = None;
    const ACKNOWLEDGES: bool = false;
    const MOVES: bool = true;
    type Record = Nothing;
}

/// The server remembers, by time, which calls it has executed, and repeats the reply; the client gives up after three
/// copies, and then does not know whether its call was executed once or not at all.
#[derive(Debug)]
pub struct AtMostOnce;

impl Semantics for AtMostOnce {
    const COPIES: Option<u32> = Some(3);
    const ACKNOWLEDGES: bool = false;
    const MOVES: bool = false;
    type Record = Seen;
}

/// At most once; the client also repeats until it has the reply, and acknowledges it, so that the server may forget it
/// at once. Exactly once as long as the server lives: its record is memory, and ends with it.
#[derive(Debug)]
pub struct ExactlyOnce;

impl Semantics for ExactlyOnce {
    const COPIES: Option<u32> = None;
    const ACKNOWLEDGES: bool = true;
    const MOVES: bool = false;
    type Record = Seen;
}

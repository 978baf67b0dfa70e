//! The nature of a mechanism, as the catalog and the record have it.

use crate::word::word;

/// Says if message boundaries survive the mechanism itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// The kernel or the protocol keeps boundaries.
    Message,
    /// Bytes only; `ipcmark_core::Framed` adds boundaries.
    Stream,
}

impl Framing {
    /// Both.
    pub const ALL: [Framing; 2] = [Framing::Message, Framing::Stream];

    /// Returns `message` or `stream`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Framing::Message => "message",
            Framing::Stream => "stream",
        }
    }
}

word!(Framing, "framing");

/// The thing that passes between the two sides: one of three seams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Carries {
    /// Messages: a `Transport`.
    #[default]
    Messages,
    /// Only the news that something happened: a `Notifier`.
    Notifications,
    /// Calls and their answers: a `Remote`.
    Calls,
}

impl Carries {
    /// All three.
    pub const ALL: [Carries; 3] = [Carries::Messages, Carries::Notifications, Carries::Calls];

    /// Returns `messages`, `notifications` or `calls`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Carries::Messages => "messages",
            Carries::Notifications => "notifications",
            Carries::Calls => "calls",
        }
    }
}

word!(Carries, "cargo");

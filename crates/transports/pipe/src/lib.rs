//! Anonymous pipes: two of them, one a direction.
//!
//! The mechanism's own rules, as [pipe(7)](https://man7.org/linux/man-pages/man7/pipe.7.html) has them:
//!
//! - A pipe carries bytes in one direction, in order, without boundaries; [`Framed`](ipcmark_core::Framed) adds them.
//!   In packet mode (`O_DIRECT`) each write up to `PIPE_BUF` is a separate message: [`PipePacket`].
//! - It holds 64 KiB unless told otherwise (`F_SETPIPE_SZ`), in pages: a message of one byte may take a page's slot. An
//!   ordinary user gets no pipe over `fs.pipe-max-size`, and small ones once all of that user's pass
//!   `fs.pipe-user-pages-soft`.
//! - A write to a full pipe sleeps, or says `EAGAIN` when the writer is non-blocking. Up to `PIPE_BUF` (4096) bytes
//!   go in whole, also where several processes write, and a reader that takes as many bytes as each writes takes them
//!   whole; a longer write may interleave with another's, a longer non-blocking one may go in by parts. So several
//!   senders or receivers share one pipe up to that size, and the fixture refuses more.
//! - When the last writer is gone the reader sees end of file; when the last reader is gone the writer gets `EPIPE`,
//!   and `SIGPIPE`, which Rust programs ignore. So each side must close the ends it does not use.
//! - A write copies. `vmsplice(2)` hands the pages over instead, and only the reader copies: [`PipeVmsplice`].
//!
//! As every user does, the loop makes one `write(2)` and one `read(2)` a message that fits.
#![forbid(unsafe_code)]

mod ends;
mod packet;
mod shared;
mod stream;
mod vmsplice;

pub use ends::PipeFixture;
pub use packet::{PacketFixture, PacketPort, PipePacket};
pub use stream::{Pipe, PipeStream};
pub use vmsplice::{PipeVmsplice, VmspliceFixture};

#[cfg(test)]
mod tests;

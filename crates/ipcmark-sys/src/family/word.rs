//! Messages of up to eight bytes, in the word of a queued signal or of a completion.

use ipcmark_core::{Error, Result};

/// Bytes of a word.
pub const WORD_BYTES: usize = 8;

/// A word and a small number, which the kernel passes on together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload {
    /// `si_value` of a signal, `user_data` of a completion.
    pub word: u64,
    /// `si_errno` of a signal, `res` of a completion, which must not be negative. Here the length of a message.
    pub tag: i32,
}

impl Payload {
    /// End of the stream.
    pub const END: Payload = Payload { word: 0, tag: 0 };
}

/// The buffer of a sender.
#[derive(Debug)]
pub struct WordOut {
    bytes: [u8; WORD_BYTES],
    /// Length of the claimed message; 0 before the first claim.
    len: usize,
    size: usize,
}

impl WordOut {
    /// Makes it for messages of at most `size` bytes.
    #[must_use]
    pub fn new(size: usize) -> WordOut {
        WordOut { bytes: [0; WORD_BYTES], len: 0, size }
    }

    /// Lends `len` bytes for a message.
    #[inline]
    pub fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        if len.wrapping_sub(1) >= self.size {
            return Err(Error::misfit(len, self.size));
        }
        self.len = len;
        Ok(&mut self.bytes[..len])
    }

    /// Returns the claimed message.
    #[inline]
    pub fn payload(&self) -> Result<Payload> {
        if self.len == 0 {
            return Err(Error::misfit(0, self.size));
        }
        Ok(Payload { word: u64::from_le_bytes(self.bytes), tag: self.len as i32 })
    }
}

/// The buffer of a receiver.
#[derive(Debug, Default)]
pub struct WordIn([u8; WORD_BYTES]);

impl WordIn {
    /// Returns the message in a payload.
    ///
    /// # Errors
    /// [`Error::Closed`] at the end of the stream; [`Error::Protocol`] if another program sent it.
    #[inline]
    pub fn message(&mut self, payload: Payload) -> Result<&[u8]> {
        if payload.tag == 0 {
            return Err(Error::Closed);
        }
        self.0 = payload.word.to_le_bytes();
        self.0.get(..payload.tag as usize).ok_or_else(|| {
            Error::Protocol(format!("another program's word came: its length is {}", payload.tag))
        })
    }
}

/// Refuses a plan whose messages do not fit in a word.
pub fn check_size(size: usize) -> Result<()> {
    if size > WORD_BYTES { Err(Error::misfit(size, WORD_BYTES)) } else { Ok(()) }
}

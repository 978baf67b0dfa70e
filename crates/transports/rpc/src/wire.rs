//! What travels: requests, replies and acknowledgements, marshalled with postcard.
//!
//! An argument or a result is the last field of its message, so that it stands at the end of the marshalled bytes: a
//! reader can lend it where it lies.

use ipcmark_core::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// The longest argument or result, in bytes: what a server may be made to hold by a length that it reads.
pub const ARGUMENT_MAX: usize = 64 << 20;

/// Operation that a client can request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// Nothing: the cost of a call alone.
    Null,
    /// The procedure that the server was given.
    Run,
    /// Tell how often `Run` was executed; the result is a `u64`.
    Executions,
}

/// One call, or another copy of it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request<'a> {
    /// Caller.
    pub client: u64,
    /// Number of the call; numbers ascend.
    pub call: u64,
    /// Time when the call was made, `CLOCK_MONOTONIC` in ns; each copy carries the same.
    pub sent_at_ns: u64,
    /// Operation.
    pub operation: Operation,
    /// Argument.
    #[serde(borrow)]
    pub argument: Bytes<'a>,
}

/// Result of a call.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome<'a> {
    /// It was executed; its result.
    Done(#[serde(borrow)] Bytes<'a>),
    /// The record of calls seen no longer reaches back to it: it may have been executed before, and was not now.
    TooOld,
}

/// Whatever travels.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message<'a> {
    /// Client to server.
    Request(#[serde(borrow)] Request<'a>),
    /// Server to client.
    Reply {
        /// The call's number.
        call: u64,
        /// Its result.
        #[serde(borrow)]
        outcome: Outcome<'a>,
    },
    /// Client to server: the reply to this call, and to all before it, has come.
    Acknowledgement {
        /// Caller.
        client: u64,
        /// The call's number.
        call: u64,
    },
}

/// Bytes that are marshalled as one run and lent when they are unmarshalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Borrowed;
        impl<'de> de::Visitor<'de> for Borrowed {
            type Value = &'de [u8];
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_borrowed_bytes<E>(
                self,
                bytes: &'de [u8],
            ) -> std::result::Result<&'de [u8], E> {
                Ok(bytes)
            }
        }
        deserializer.deserialize_bytes(Borrowed).map(Bytes)
    }
}

/// Appends `message`, marshalled, to `space`.
pub(crate) fn marshal(message: &impl Serialize, space: Vec<u8>) -> Result<Vec<u8>> {
    postcard::to_extend(message, space)
        .map_err(|e| Error::Protocol(format!("a message could not be marshalled: {e}")))
}

/// Reads the one message that `bytes` are.
pub(crate) fn unmarshal<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        Ok((_, rest)) => Err(Error::Protocol(format!(
            "a message of {} bytes has {} too many",
            bytes.len(),
            rest.len()
        ))),
        Err(e) => Err(Error::Protocol(format!(
            "a message of {} bytes could not be unmarshalled: {e}",
            bytes.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_request_comes_back_as_it_was(
            client: u64, call: u64, sent_at_ns: u64, argument in proptest::collection::vec(any::<u8>(), 0..500),
        ) {
            let argument = Bytes(&argument);
            let message = Message::Request(Request {
                client, call, sent_at_ns, operation: Operation::Run, argument,
            });
            let bytes = marshal(&message, Vec::new()).unwrap();
            prop_assert!(bytes.ends_with(argument.0), "the argument stands last");
            prop_assert_eq!(unmarshal::<Message<'_>>(&bytes).unwrap(), message);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = unmarshal::<Message<'_>>(&bytes);
        }

        #[test]
        fn what_is_cut_or_has_more_is_refused(call: u64, cut in 1usize..8) {
            let message = Message::Reply { call, outcome: Outcome::Done(Bytes(b"a result")) };
            let mut bytes = marshal(&message, Vec::new()).unwrap();
            prop_assert!(unmarshal::<Message<'_>>(&bytes[..bytes.len() - cut]).is_err());
            bytes.push(0);
            prop_assert!(unmarshal::<Message<'_>>(&bytes).is_err());
        }
    }
}

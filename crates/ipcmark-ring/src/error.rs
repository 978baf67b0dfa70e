//! What can go wrong with a ring.

/// Reason why a ring could not be made, attached to, or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// The peer closed its half: for a receiver after the last message, for a sender at once.
    #[error("the peer has closed the ring")]
    Closed,
    /// A message longer than always fits was refused.
    #[error("a message of {len} bytes is longer than the {max} bytes that always fit this ring")]
    TooLong {
        /// Length asked for, in bytes.
        len: usize,
        /// Largest length accepted, in bytes.
        max: usize,
    },
    /// The capacity is not a power of two between [`MIN_CAPACITY`](crate::MIN_CAPACITY) and
    /// [`MAX_CAPACITY`](crate::MAX_CAPACITY).
    #[error("a ring's capacity is a power of two from 64 bytes to 4 GiB, not {capacity} bytes")]
    Capacity {
        /// Capacity asked for or found, in bytes.
        capacity: u64,
    },
    /// The memory is shorter than the ring, or than the message that is to be copied there.
    #[error("{needed} bytes of memory are needed, and {len} were lent")]
    TooSmall {
        /// Bytes lent.
        len: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// The memory does not start on a multiple of [`ALIGNMENT`](crate::ALIGNMENT).
    #[error("a ring's memory must start on a multiple of 128 bytes")]
    Misaligned,
    /// The memory holds no ring of this kind and version.
    #[error("the memory holds no ring that this version understands ({field} is {found:#x})")]
    Foreign {
        /// Field of the header.
        field: &'static str,
        /// Value that was there.
        found: u64,
    },
    /// Another half is the one consumer of this ring.
    #[error("another receiver (tag {tag}) already reads this ring, which has one")]
    Occupied {
        /// Its tag.
        tag: u32,
    },
    /// The ring cannot have that many slots of such a length.
    #[error(
        "a ring has a power of two of slots of up to 4 GiB, at least two; not {count} for {largest} bytes"
    )]
    Slots {
        /// Slots asked for or found.
        count: u64,
        /// The largest message asked for or found, in bytes.
        largest: u64,
    },
    /// Breach of the ring's rules by the peer.
    #[error("the peer damaged the ring: {what} ({value:#x})")]
    Corrupt {
        /// Rule that was broken.
        what: &'static str,
        /// The value that breaks it.
        value: u64,
    },
}

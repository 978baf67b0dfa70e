//! The place between the two halves, which one buffer fills or leaves.

use ipcmark_core::Buffer;
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// One buffer, free or committed; boxed, so that a pointer and no more changes hands. A `Cell` and not a `RefCell`: the buffer moves out and in, nothing is borrowed.
pub(crate) struct Slot {
    pub(crate) free: Cell<Option<Box<Buffer>>>,
    pub(crate) committed: Cell<Option<Box<Buffer>>>,
    /// Length of the message claimed or committed last, in bytes.
    pub(crate) len: Cell<usize>,
}

impl Slot {
    /// Returns a slot whose buffer of `size` bytes is free.
    pub(crate) fn new(size: usize) -> Rc<Slot> {
        Rc::new(Slot {
            free: Cell::new(Some(Box::new(Buffer::new(size)))),
            committed: Cell::new(None),
            len: Cell::new(0),
        })
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("len", &self.len).finish_non_exhaustive()
    }
}

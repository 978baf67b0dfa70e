//! One link after another: what a client does that opens a new one for each request.

use crate::{
    ByteSink, ByteSource, Error, FramedReceiver, FramedSender, Link, Receiver, Result, Sender, Side,
};

/// A place at which the responder takes one connection after another. It is made before the fork and
/// called after it, once on each side: it keeps what that side needs and closes the rest.
pub type Listener = Box<dyn FnOnce(Side) -> Result<Box<dyn Connections>>>;

/// The links of one side, of which one at most is open.
pub trait Connections {
    /// Opens the next one: the initiator connects; the responder takes the next connection, waiting
    /// for it.
    fn open(&mut self) -> Result<()>;
    /// Closes the open one. Its buffers are kept for the next, as a program would.
    fn close(&mut self);
    /// Returns the sending half of the open one.
    fn tx(&mut self) -> &mut dyn Sender;
    /// Returns the receiving half of the open one.
    fn rx(&mut self) -> &mut dyn Receiver;
}

/// Makes the next connection of a byte stream.
pub type Connect<K, S> = Box<dyn FnMut() -> Result<Link<K, S>>>;

/// A [`Listener`] of a byte stream.
pub type Dial<K, S> = Box<dyn FnOnce(Side) -> Result<Connect<K, S>>>;

/// Connections of a byte stream, with frames that last longer than a connection.
pub(crate) struct Framings<K, S> {
    pub(crate) connect: Connect<K, S>,
    pub(crate) tx: FramedSender<Option<K>>,
    pub(crate) rx: FramedReceiver<Option<S>>,
}

impl<K: ByteSink, S: ByteSource> Connections for Framings<K, S> {
    fn open(&mut self) -> Result<()> {
        let Link { tx, rx } = (self.connect)()?;
        (self.tx.sink, self.rx.source) = (Some(tx), Some(rx));
        Ok(())
    }

    fn close(&mut self) {
        (self.tx.sink, self.rx.source) = (None, None);
    }

    fn tx(&mut self) -> &mut dyn Sender {
        &mut self.tx
    }

    fn rx(&mut self) -> &mut dyn Receiver {
        &mut self.rx
    }
}

/// A stream that is open at times.
impl<K: ByteSink> ByteSink for Option<K> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.as_mut().ok_or(Error::Closed)?.write(bytes)
    }
}

/// A stream that is open at times.
impl<S: ByteSource> ByteSource for Option<S> {
    fn read(&mut self, space: &mut [u8]) -> Result<usize> {
        self.as_mut().ok_or(Error::Closed)?.read(space)
    }

    fn ready(&mut self) -> Result<bool> {
        self.as_mut().ok_or(Error::Closed)?.ready()
    }
}

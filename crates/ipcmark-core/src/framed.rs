//! Byte streams, and the boundaries that [`Framed`] adds to them.
//!
//! With [`Plan::fixed`] the boundary is the count: both sides know that each message has
//! [`Plan::size`] bytes, and nothing but the message travels. Otherwise a length of four bytes,
//! little-endian, goes before each message, in the same write. Either way a message is read with no
//! read-ahead: one message, one `read` when the bytes are there (two with a prefix), so that a
//! stream and a message mechanism make the same number of calls.

use crate::connections::Framings;
use crate::{
    Address, Availability, Buffer, Capacity, Dial, Error, Info, Link, Listener, Plan, Receiver,
    Result, Sender, Side, Transport,
};
use std::marker::PhantomData;
use std::os::fd::BorrowedFd;

/// Bytes of the length prefix.
const PREFIX: usize = 4;

/// Takes bytes towards the peer.
pub trait ByteSink {
    /// Sends some of `bytes`, at least one, waiting for room; returns how many.
    fn write(&mut self, bytes: &[u8]) -> Result<usize>;
}

/// Brings bytes from the peer.
pub trait ByteSource {
    /// Fills some of `space`, at least one byte, waiting for them; returns how many. 0 is the end
    /// of the stream.
    fn read(&mut self, space: &mut [u8]) -> Result<usize>;

    /// Looks without waiting, as [`Receiver::ready`]: true when [`read`](ByteSource::read) would
    /// not wait.
    ///
    /// # Errors
    /// A stream whose `INFO.overlaps` is false cannot tell, and says so.
    fn ready(&mut self) -> Result<bool> {
        Err(Error::unavailable("this transport cannot look for bytes without waiting for them"))
    }

    /// Does the same as [`Receiver::descriptor`].
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// A mechanism that carries bytes without boundaries. [`Framed`] makes a [`Transport`] of it.
pub trait ByteStream: 'static {
    /// Its constant facts.
    const INFO: Info;
    /// Resources that both sides inherit through `fork(2)`.
    type Fixture;
    /// The sending half.
    type Sink: ByteSink;
    /// The receiving half.
    type Source: ByteSource;
    /// Does the same as [`Transport::available`].
    fn available() -> Availability;
    /// Does the same as [`Transport::fixture`].
    fn fixture(plan: &Plan) -> Result<Self::Fixture>;
    /// Does the same as [`Transport::capacity`].
    fn capacity(fixture: &Self::Fixture) -> Result<Capacity>;
    /// Returns how many messages one direction holds, if each takes `frame` bytes of the stream;
    /// `None` if it cannot tell.
    fn messages(_fixture: &Self::Fixture, _frame: usize) -> Result<Option<usize>> {
        Ok(None)
    }
    /// Does the same as [`Transport::split`].
    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Sink, Self::Source>>;
    /// Does the same as [`Transport::address`].
    fn address(_fixture: &Self::Fixture) -> Result<Address> {
        Err(Address::none())
    }
    /// Does the same as [`Transport::attach`].
    fn attach(_plan: &Plan, _address: Address) -> Result<Self::Fixture> {
        Err(Address::none())
    }
    /// Does the same as [`Transport::listen`].
    fn listen(_plan: &Plan) -> Result<Dial<Self::Sink, Self::Source>> {
        Err(Error::unavailable("this stream makes one link, and not one after another"))
    }
}

/// A byte stream with message boundaries.
#[derive(Debug)]
pub struct Framed<S>(PhantomData<S>);

/// The stream's fixture and the frame both sides agreed on.
#[derive(Debug)]
pub struct FramedFixture<F> {
    stream: F,
    size: usize,
    fixed: bool,
}

impl<F> FramedFixture<F> {
    fn of(stream: F, plan: &Plan) -> Self {
        // Of no bytes nothing would travel: only a prefix makes an empty message one.
        FramedFixture { stream, size: plan.size, fixed: plan.fixed && plan.size > 0 }
    }
}

impl<S: ByteStream> Transport for Framed<S> {
    const INFO: Info = Info { empty_messages: true, ..S::INFO };
    type Fixture = FramedFixture<S::Fixture>;
    type Tx = FramedSender<S::Sink>;
    type Rx = FramedReceiver<S::Source>;

    fn available() -> Availability {
        S::available()
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        Ok(FramedFixture::of(S::fixture(plan)?, plan))
    }

    fn capacity(fixture: &Self::Fixture) -> Result<Capacity> {
        let prefix = if fixture.fixed { 0 } else { PREFIX };
        let messages = S::messages(&fixture.stream, prefix + fixture.size)?;
        let capacity = S::capacity(&fixture.stream)?;
        Ok(Capacity { messages: messages.or(capacity.messages), ..capacity })
    }

    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let FramedFixture { stream, size, fixed } = fixture;
        let Link { tx, rx } = S::split(stream, side)?;
        Ok(Link {
            tx: FramedSender::new(tx, size, fixed),
            rx: FramedReceiver::new(rx, size, fixed),
        })
    }

    fn address(fixture: &Self::Fixture) -> Result<Address> {
        S::address(&fixture.stream)
    }

    fn attach(plan: &Plan, address: Address) -> Result<Self::Fixture> {
        Ok(FramedFixture::of(S::attach(plan, address)?, plan))
    }

    fn listen(plan: &Plan) -> Result<Listener> {
        let FramedFixture { stream: dial, size, fixed } = FramedFixture::of(S::listen(plan)?, plan);
        Ok(Box::new(move |side| {
            let connections: Framings<S::Sink, S::Source> = Framings {
                connect: dial(side)?,
                tx: FramedSender::new(None, size, fixed),
                rx: FramedReceiver::new(None, size, fixed),
            };
            Ok(Box::new(connections))
        }))
    }
}

/// The sending half of a [`Framed`] stream.
#[derive(Debug)]
pub struct FramedSender<K> {
    pub(crate) sink: K,
    buffer: Buffer,
    size: usize,
    prefix: usize,
    /// End of the claimed frame in `buffer`; all of it when every message has one size.
    end: usize,
}

impl<K: ByteSink> FramedSender<K> {
    /// Frames `sink` for messages of exactly (`fixed`) or at most `size` bytes.
    pub fn new(sink: K, size: usize, fixed: bool) -> Self {
        let prefix = if fixed { 0 } else { PREFIX };
        FramedSender { sink, buffer: Buffer::new(prefix + size), size, prefix, end: prefix + size }
    }
}

impl<K: ByteSink> Sender for FramedSender<K> {
    #[inline(always)]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        if self.prefix == 0 && len == self.buffer.len() {
            return Ok(&mut self.buffer);
        }
        self.claim_varied(len)
    }

    #[inline(always)]
    fn commit(&mut self) -> Result<()> {
        let frame = if self.prefix == 0 { &self.buffer } else { &self.buffer[..self.end] };
        let sent = self.sink.write(frame)?;
        if sent == frame.len() { Ok(()) } else { self.commit_rest(sent) }
    }
}

impl<K: ByteSink> FramedSender<K> {
    /// Makes a claim in a link whose messages are not all of one size, or refuses one.
    fn claim_varied(&mut self, len: usize) -> Result<&mut [u8]> {
        if len > self.size {
            return Err(Error::misfit(len, self.size));
        }
        if self.prefix == 0 {
            return Err(Error::Protocol(format!(
                "this link was made for messages of exactly {} bytes, not {len}",
                self.size
            )));
        }
        self.buffer[..PREFIX].copy_from_slice(&(len as u32).to_le_bytes());
        self.end = PREFIX + len;
        Ok(&mut self.buffer[PREFIX..self.end])
    }

    /// Writes what the first write left.
    #[cold]
    fn commit_rest(&mut self, mut sent: usize) -> Result<()> {
        while sent < self.end {
            sent += self.sink.write(&self.buffer[sent..self.end])?;
        }
        Ok(())
    }
}

/// The receiving half of a [`Framed`] stream.
#[derive(Debug)]
pub struct FramedReceiver<R> {
    pub(crate) source: R,
    buffer: Buffer,
    size: usize,
    fixed: bool,
}

impl<R: ByteSource> FramedReceiver<R> {
    /// Frames `source` for messages of exactly (`fixed`) or at most `size` bytes.
    pub fn new(source: R, size: usize, fixed: bool) -> Self {
        let space = if fixed { size } else { size.max(PREFIX) };
        FramedReceiver { source, buffer: Buffer::new(space), size, fixed }
    }

    /// Fills the first `len` bytes of the buffer. The stream may end before the first byte, not
    /// after it, and not at all when the frame has `begun`.
    #[inline]
    fn fill(&mut self, len: usize, begun: bool) -> Result<()> {
        let filled = self.source.read(&mut self.buffer[..len])?;
        if filled == len { Ok(()) } else { self.fill_rest(filled, len, begun) }
    }

    /// Reads what the first read left.
    #[cold]
    fn fill_rest(&mut self, mut filled: usize, len: usize, begun: bool) -> Result<()> {
        if filled == 0 {
            return Err(if begun { cut_off(0, len) } else { Error::Closed });
        }
        while filled < len {
            match self.source.read(&mut self.buffer[filled..len])? {
                0 => return Err(cut_off(filled, len)),
                n => filled += n,
            }
        }
        Ok(())
    }
}

impl<R: ByteSource> Receiver for FramedReceiver<R> {
    /// Asks the stream. Nothing is read ahead, so that the stream itself knows; a message that has
    /// begun to come may yet be waited for.
    #[inline]
    fn ready(&mut self) -> Result<bool> {
        self.source.ready()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.source.descriptor()
    }

    #[inline(always)]
    fn receive(&mut self) -> Result<&[u8]> {
        if self.fixed {
            let len = self.buffer.len();
            let filled = self.source.read(&mut self.buffer)?;
            if filled != len {
                self.fill_rest(filled, len, false)?;
            }
            return Ok(&self.buffer);
        }
        self.fill(PREFIX, false)?;
        let mut prefix = [0; PREFIX];
        prefix.copy_from_slice(&self.buffer[..PREFIX]);
        let len = u32::from_le_bytes(prefix) as usize;
        if len > self.size {
            return Err(Error::Protocol(format!(
                "a frame announces {len} bytes where at most {} were agreed",
                self.size
            )));
        }
        if len > 0 {
            self.fill(len, true)?;
        }
        Ok(&self.buffer[..len])
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cold]
fn cut_off(filled: usize, len: usize) -> Error {
    Error::Protocol(format!("the stream ended inside a message, {filled} of {len} bytes in"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::RefCell;
    use std::collections::VecDeque;
    use std::rc::Rc;

    /// A stream in memory that moves at most `step` bytes a call, as a kernel under pressure does.
    #[derive(Clone, Default)]
    struct Trickle {
        bytes: Rc<RefCell<VecDeque<u8>>>,
        step: usize,
    }

    impl ByteSink for Trickle {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            let n = bytes.len().min(self.step);
            self.bytes.borrow_mut().extend(&bytes[..n]);
            Ok(n)
        }
    }

    impl ByteSource for Trickle {
        fn read(&mut self, space: &mut [u8]) -> Result<usize> {
            let mut queue = self.bytes.borrow_mut();
            let n = space.len().min(self.step).min(queue.len());
            for (to, from) in space.iter_mut().zip(queue.drain(..n)) {
                *to = from;
            }
            Ok(n)
        }
    }

    proptest! {
        #[test]
        fn what_is_committed_is_received(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
            step in 1usize..50,
        ) {
            let stream = Trickle { step, ..Trickle::default() };
            let mut tx = FramedSender::new(stream.clone(), 200, false);
            let mut rx = FramedReceiver::new(stream, 200, false);
            for message in &messages {
                tx.claim(message.len()).unwrap().copy_from_slice(message);
                tx.commit().unwrap();
            }
            for message in &messages {
                prop_assert_eq!(rx.receive().unwrap(), &message[..]);
                rx.release().unwrap();
            }
            prop_assert!(matches!(rx.receive(), Err(Error::Closed)));
        }
    }

    #[test]
    fn a_fixed_frame_puts_nothing_but_the_message_on_the_stream() {
        let stream = Trickle { step: 7, ..Trickle::default() };
        let mut tx = FramedSender::new(stream.clone(), 64, true);
        tx.claim(64).unwrap().fill(5);
        tx.commit().unwrap();
        assert_eq!(stream.bytes.borrow().len(), 64);
        assert!(tx.claim(63).is_err());
        assert!(matches!(tx.claim(65), Err(Error::TooLong { len: 65, max: 64, .. })));
        let mut rx = FramedReceiver::new(stream, 64, true);
        assert_eq!(rx.receive().unwrap(), &[5; 64][..]);
    }

    #[test]
    fn a_stream_that_ends_inside_a_message_is_an_error_and_not_an_end() {
        let stream = Trickle { step: 9, ..Trickle::default() };
        stream.bytes.borrow_mut().extend([0; 10]);
        let mut rx = FramedReceiver::new(stream, 64, true);
        assert!(matches!(rx.receive(), Err(Error::Protocol(_))));
    }
}

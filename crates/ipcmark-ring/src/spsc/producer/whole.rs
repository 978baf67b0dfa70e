//! Sending whole messages in one call: many short ones with one publication, or a long one piece by piece.

use super::Producer;
use crate::RingError;
use crate::layout::{HEADER, Header, LONG, PART, record_bytes};

impl Producer<'_> {
    /// Sends up to `count` messages of `len` bytes with one publication: each one's number, from 0, and its space are given
    /// to `fill`. Says how many there was room for; they are published, and so is what was staged before.
    ///
    /// Fails as [`try_claim`](Producer::try_claim) does, and then nothing was sent.
    #[inline]
    pub fn send_many(
        &mut self,
        count: usize,
        len: usize,
        mut fill: impl FnMut(usize, &mut [u8]),
    ) -> Result<usize, RingError> {
        let mut sent = 0;
        while sent < count {
            match self.poll_claim(len) {
                Ok(true) => {}
                Err(e) if sent == 0 => return Err(e),
                // What fails fails again at the next call.
                Ok(false) | Err(_) => break,
            }
            fill(sent, self.claimed());
            self.stage();
            sent += 1;
            sent += self.stage_run(count - sent, len, |n, space| fill(sent + n, space));
        }
        self.publish();
        Ok(sent)
    }

    /// Stages up to `count` messages behind one that is staged, as far as that needs no look and no padding. All state is in
    /// registers here: that is what makes many short messages cheaper than as many single ones.
    #[inline]
    fn stage_run(
        &mut self,
        count: usize,
        len: usize,
        mut fill: impl FnMut(usize, &mut [u8]),
    ) -> usize {
        let memory = &self.memory;
        if len as u64 >= LONG {
            return 0;
        }
        let record = record_bytes(0, len as u64);
        let room = (memory.capacity() - HEADER).saturating_sub(self.next.wrapping_sub(self.head));
        let before_wrap = memory.capacity() - memory.offset(self.next);
        let count = count.min((room.min(before_wrap) / record) as usize);
        let mut next = self.next;
        for n in 0..count {
            let position = next.wrapping_add(HEADER);
            memory.track_write(position, len as u64);
            let bytes = memory.bytes(position);
            // SAFETY: these bytes are unpublished, in one piece, and within the room that the consumer gave back.
            fill(n, unsafe { core::slice::from_raw_parts_mut(bytes.as_ptr(), len) });
            memory.set_header(next, Header::message(len as u64));
            let end = next.wrapping_add(record);
            memory.prepare_to_write(next, end);
            next = end;
        }
        self.next = next;
        count
    }

    /// Copies a message in and publishes it; false when there is no room yet. Of a long one each 16 KiB are published as
    /// soon as they are there, so that a consumer that [copies](crate::spsc::Consumer::try_copy) reads along.
    ///
    /// Fails as [`try_claim`](Producer::try_claim) does.
    #[inline]
    pub fn try_send(&mut self, message: &[u8]) -> Result<bool, RingError> {
        if !self.poll_claim(message.len())? {
            return Ok(false);
        }
        if message.len() as u64 > PART {
            self.send_in_parts(message);
        } else {
            self.memory.copy_in(self.message(), message);
            self.commit();
        }
        Ok(true)
    }

    #[cold]
    fn send_in_parts(&mut self, message: &[u8]) {
        self.publish();
        self.memory.set_end(self.next);
        let (len, mut there) = (self.len, 0);
        for part in message.chunks(PART as usize) {
            let position = self.message().wrapping_add(there);
            self.memory.copy_in(position, part);
            there += part.len() as u64;
            let header = if there == len { Header::message(len) } else { Header::part(len, there) };
            if self.tail == self.start {
                self.memory.publish_header(self.start, header);
            } else {
                self.memory.set_header(self.start, header);
                let padding = Header::padding(self.start.wrapping_sub(self.tail) - HEADER);
                self.memory.publish_header(self.tail, padding);
                self.tail = self.start;
            }
        }
        (self.tail, self.len, self.claimed) = (self.next, 0, false);
    }
}

//! The ring of the crate shmem-ipc, made safe to use: it lends pointers, because it trusts neither side.

use shmem_ipc::sharedring;

/// The sending half, for messages of `W` words of 8 B.
pub struct Sender<const W: usize>(sharedring::Sender<[u64; W]>);
/// The receiving half.
pub struct Receiver<const W: usize>(sharedring::Receiver<[u64; W]>);

/// Makes a ring with room for `messages`.
///
/// # Errors
/// When the memory is not available.
pub fn pair<const W: usize>(messages: usize) -> Result<(Sender<W>, Receiver<W>), String> {
    let words = |e: &dyn std::fmt::Display| e.to_string();
    let tx = sharedring::Sender::new(messages).map_err(|e| words(&e))?;
    let copy = |file: &std::fs::File| file.try_clone().map_err(|e| words(&e));
    let rx = sharedring::Receiver::open(
        messages,
        copy(tx.memfd().as_file())?,
        copy(tx.empty_signal())?,
        copy(tx.full_signal())?,
    )
    .map_err(|e| words(&e))?;
    Ok((Sender(tx), Receiver(rx)))
}

impl<const W: usize> Sender<W> {
    /// Copies a message in; false while there is no room.
    ///
    /// # Panics
    /// When the other side has damaged the ring.
    #[inline(always)]
    pub fn try_send(&mut self, message: &[u64; W]) -> bool {
        let mut sent = false;
        let done = self.0.send_raw(|space, room| {
            if room > 0 {
                // SAFETY: the ring lends space for `room` messages, which no one reads before they are counted as sent.
                unsafe { space.copy_from_nonoverlapping(message, 1) };
                sent = true;
            }
            usize::from(room > 0)
        });
        done.expect("the ring is whole");
        sent
    }
}

impl<const W: usize> Receiver<W> {
    /// Copies the next message out; false while there is none.
    ///
    /// # Panics
    /// When the other side has damaged the ring.
    #[inline(always)]
    pub fn try_receive(&mut self, into: &mut [u64; W]) -> bool {
        let mut got = false;
        let done = self.0.receive_raw(|messages, count| {
            if count > 0 {
                // SAFETY: the ring lends `count` messages, which no one writes before they are counted as read.
                unsafe { messages.copy_to_nonoverlapping(into, 1) };
                got = true;
            }
            usize::from(count > 0)
        });
        done.expect("the ring is whole");
        got
    }
}

//! A System V message queue, and the envelopes its messages travel in.

use super::Kind;
use super::object::Object;
use crate::ground::{done, last_errno};
use ipcmark_core::{Buffer, Error, Refusal, Result};
use rustix::io::{self, Errno};

/// Messages begin at a page, as every buffer's do; the type that `struct msgbuf` puts before them ends the page before.
const PAGE: usize = 4096;
const TYPE_BYTES: usize = size_of::<libc::c_long>();

/// Room for one message and its type: the `struct msgbuf` of msgop(2).
#[derive(Debug)]
pub struct Envelope {
    buffer: Buffer,
}

impl Envelope {
    /// Makes room for messages of at most `room` bytes, of type `kind` (positive) if it is used to send.
    #[must_use]
    pub fn new(room: usize, kind: i64) -> Envelope {
        let mut buffer = Buffer::new(PAGE + room);
        buffer[PAGE - TYPE_BYTES..PAGE].copy_from_slice(&(kind as libc::c_long).to_ne_bytes());
        Envelope { buffer }
    }

    /// Returns the length of the longest message, bytes.
    #[inline]
    #[must_use]
    pub fn room(&self) -> usize {
        self.buffer.len() - PAGE
    }

    /// Returns the first `len` bytes of the message.
    #[inline]
    #[must_use]
    pub fn text(&self, len: usize) -> &[u8] {
        &self.buffer[PAGE..][..len]
    }

    /// Returns the first `len` bytes of the message, to be written.
    #[inline]
    pub fn text_mut(&mut self, len: usize) -> &mut [u8] {
        &mut self.buffer[PAGE..][..len]
    }
}

/// Behaviour of a call that cannot proceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// It sleeps. A signal whose handler runs ends it with `EINTR`; the kernel never starts it again.
    Sleep,
    /// It says `EAGAIN` (here also for the `ENOMSG` of msgrcv): `IPC_NOWAIT`.
    None,
}

impl Patience {
    #[inline]
    const fn flag(self) -> libc::c_int {
        match self {
            Patience::Sleep => 0,
            Patience::None => libc::IPC_NOWAIT,
        }
    }
}

/// State of a queue, from `msgctl(IPC_STAT)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueStatus {
    /// Bytes that the queue may hold (`msg_qbytes`); also bounds the number of messages.
    pub bytes_max: usize,
    /// Messages that it holds.
    pub messages: usize,
}

/// Limits of the whole system, from `msgctl(IPC_INFO)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemLimits {
    /// Bytes of the longest message: `kernel.msgmax`.
    pub msgmax: usize,
    /// Bytes a queue may hold unless a privileged user raises it: `kernel.msgmnb`.
    pub msgmnb: usize,
    /// Queues that there may be: `kernel.msgmni`.
    pub msgmni: usize,
}

/// `msgctl(IPC_INFO)` - what this system allows.
///
/// # References
/// [msgctl(2)](https://man7.org/linux/man-pages/man2/msgctl.2.html)
pub fn system_limits() -> io::Result<SystemLimits> {
    const IPC_INFO: libc::c_int = 3;
    // SAFETY: a `msginfo` is numbers only, for which zero is valid.
    let mut info: libc::msginfo = unsafe { std::mem::zeroed() };
    // SAFETY: the command writes one `msginfo`, which lies there.
    let rc = unsafe { libc::msgctl(0, IPC_INFO, (&raw mut info).cast()) };
    if rc < 0 {
        return Err(last_errno());
    }
    Ok(SystemLimits {
        msgmax: info.msgmax as usize,
        msgmnb: info.msgmnb as usize,
        msgmni: info.msgmni as usize,
    })
}

/// A message queue that forked processes share.
#[derive(Debug)]
pub struct MessageQueue {
    object: Object,
}

impl MessageQueue {
    /// `msgget()` - makes an empty queue for this user only. Before the fork.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the system holds as many queues as it may, or has none at all.
    ///
    /// # References
    /// [msgget(2)](https://man7.org/linux/man-pages/man2/msgget.2.html)
    pub fn create() -> Result<MessageQueue> {
        let get = |key| {
            // SAFETY: numbers in, a number out.
            let id = unsafe { libc::msgget(key, libc::IPC_CREAT | libc::IPC_EXCL | 0o600) };
            if id >= 0 { Ok(id) } else { Err(last_errno()) }
        };
        Ok(MessageQueue { object: Object::create(Kind::Queue, get, explain)? })
    }

    /// Returns its number, as `ipcs -q` lists it.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.object.id()
    }

    /// `msgctl(IPC_STAT)` - what the queue holds and may hold.
    ///
    /// # References
    /// [msgctl(2)](https://man7.org/linux/man-pages/man2/msgctl.2.html)
    pub fn status(&self) -> io::Result<QueueStatus> {
        let status = self.stat()?;
        Ok(QueueStatus {
            bytes_max: status.msg_qbytes as usize,
            messages: status.msg_qnum as usize,
        })
    }

    fn stat(&self) -> io::Result<libc::msqid_ds> {
        // SAFETY: a `msqid_ds` is numbers and an unused pointer, for which zero is valid.
        let mut status: libc::msqid_ds = unsafe { std::mem::zeroed() };
        // SAFETY: the command writes one `msqid_ds`, which lies there.
        let rc = unsafe { libc::msgctl(self.object.id(), libc::IPC_STAT, &raw mut status) };
        if rc == 0 { Ok(status) } else { Err(last_errno()) }
    }

    /// `msgctl(IPC_SET)` - sets how many bytes the queue may hold; `EPERM` above `kernel.msgmnb` without
    /// `CAP_SYS_RESOURCE`.
    ///
    /// # References
    /// [msgctl(2)](https://man7.org/linux/man-pages/man2/msgctl.2.html)
    pub fn set_bytes_max(&self, bytes: usize) -> io::Result<()> {
        let mut status = self.stat()?;
        status.msg_qbytes = bytes as libc::msglen_t;
        // SAFETY: the command reads one `msqid_ds`, which lies there.
        done(unsafe { libc::msgctl(self.object.id(), libc::IPC_SET, &raw mut status) })
    }

    /// `msgsnd()` - sends the first `len` bytes of the envelope's message, whole or not at all.
    ///
    /// # References
    /// [msgop(2)](https://man7.org/linux/man-pages/man2/msgop.2.html)
    #[inline]
    pub fn send(&self, envelope: &Envelope, len: usize, patience: Patience) -> io::Result<()> {
        let start = envelope.buffer[PAGE - TYPE_BYTES..][..TYPE_BYTES + len].as_ptr();
        // SAFETY: the type and `len` bytes of message are readable from `start`, which is aligned for the type.
        done(unsafe { libc::msgsnd(self.object.id(), start.cast(), len, patience.flag()) })
    }

    /// `msgrcv()` - takes the oldest message of type `kind` (of any type when 0, of the lowest type up to `-kind` when
    /// negative) into the envelope; returns its length in bytes. `E2BIG` when it does not fit, and then it stays.
    ///
    /// # References
    /// [msgop(2)](https://man7.org/linux/man-pages/man2/msgop.2.html)
    #[inline]
    pub fn receive(
        &self,
        envelope: &mut Envelope,
        kind: i64,
        patience: Patience,
    ) -> io::Result<usize> {
        let room = envelope.room();
        let start = envelope.buffer[PAGE - TYPE_BYTES..].as_mut_ptr();
        let (id, kind) = (self.object.id(), kind as libc::c_long);
        // SAFETY: the type and `room` bytes of message are writable from `start`, which is aligned for the type.
        let rc = unsafe { libc::msgrcv(id, start.cast(), room, kind, patience.flag()) };
        usize::try_from(rc).map_err(|_| match last_errno() {
            Errno::NOMSG => Errno::AGAIN,
            errno => errno,
        })
    }
}

/// Returns why no queue could be made, and what would change that.
#[cold]
fn explain(errno: Errno) -> Error {
    let unavailable = |reason: String, remedy: String| {
        Error::Unavailable(Refusal { reason, remedy: Some(remedy) })
    };
    match errno {
        Errno::NOSPC => {
            let max = system_limits().map_or(0, |limits| limits.msgmni);
            unavailable(
                format!("this system holds kernel.msgmni queues already, which is {max}"),
                format!("sysctl kernel.msgmni={}, or remove what ipcs -q lists", 2 * max.max(1)),
            )
        }
        Errno::NOSYS => unavailable(
            "this kernel has no System V message queues".into(),
            "take a kernel with CONFIG_SYSVIPC, or a sandbox that allows msgget(2)".into(),
        ),
        Errno::PERM | Errno::ACCESS => unavailable(
            "this user or container may not make System V message queues".into(),
            "allow msgget(2) in the container's seccomp profile".into(),
        ),
        _ => Error::os("msgget", errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(queue: &MessageQueue, kind: i64, text: &[u8]) {
        let mut envelope = Envelope::new(text.len(), kind);
        envelope.text_mut(text.len()).copy_from_slice(text);
        queue.send(&envelope, text.len(), Patience::None).unwrap();
    }

    fn take(queue: &MessageQueue, kind: i64) -> Option<Vec<u8>> {
        let mut envelope = Envelope::new(16, 1);
        match queue.receive(&mut envelope, kind, Patience::None) {
            Ok(len) => Some(envelope.text(len).to_vec()),
            Err(Errno::AGAIN) => None,
            Err(e) => panic!("msgrcv: {e}"),
        }
    }

    #[test]
    fn messages_keep_boundaries_and_are_chosen_by_type() {
        let queue = MessageQueue::create().unwrap();
        put(&queue, 2, b"two");
        put(&queue, 1, b"one");
        put(&queue, 1, b"");
        assert_eq!(take(&queue, 1).as_deref(), Some(&b"one"[..]));
        assert_eq!(take(&queue, 0).as_deref(), Some(&b"two"[..]));
        assert_eq!(take(&queue, 1).as_deref(), Some(&b""[..]));
        assert_eq!(take(&queue, 0), None);
    }

    #[test]
    fn a_queue_holds_as_many_bytes_as_it_was_told() {
        let queue = MessageQueue::create().unwrap();
        queue.set_bytes_max(64).unwrap();
        put(&queue, 1, &[0; 60]);
        assert_eq!(queue.status().unwrap(), QueueStatus { bytes_max: 64, messages: 1 });
        let envelope = Envelope::new(8, 1);
        assert_eq!(queue.send(&envelope, 5, Patience::None), Err(Errno::AGAIN));
    }
}

//! POSIX message queues: priorities and boundaries are kept, the depth is fixed, the name outlives its makers.

use crate::peers::{joined, peer};
use crate::trial::{Found, Seen, Trial, name_of};
use ipcmark_core::{Called, Error, Names, Refusal, Result};
use ipcmark_sys::fd::sysctl;
use ipcmark_sys::names::{random, under_new_name};
use ipcmark_sys::registry::Entry;
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_close, mq_open, mq_receive, mq_send, mq_unlink};
use nix::sys::stat::Mode;
use rustix::io::Errno;

const MQ: Trial = Trial::of("mq", "POSIX message queue", "mq_overview(7)");

pub(crate) const RULES: &[Trial] = &[
    Trial {
        name: "priority",
        rule: "The oldest message of the highest priority is received first, whatever was sent before it.",
        calls: &["mq_open(O_CREAT)", "mq_send at priorities 1, 5, 3, 5", "mq_receive"],
        reference: "mq_send(3)",
        run: priority,
        ..MQ
    },
    Trial {
        name: "boundaries",
        rule: "One message sent is one message received, also an empty one.",
        calls: &["mq_open(O_CREAT)", "mq_send of 1, 100 and 0 bytes", "mq_receive"],
        run: boundaries,
        ..MQ
    },
    Trial {
        name: "full",
        rule: "A queue holds as many messages as it was made for; the next one waits, or is refused with EAGAIN.",
        calls: &["mq_open(O_CREAT | O_NONBLOCK), mq_maxmsg 4", "mq_send until EAGAIN"],
        reference: "mq_send(3)",
        run: full,
        ..MQ
    },
    Trial {
        name: "depth-limit",
        rule: "A user without a right beyond it gets no queue deeper than fs.mqueue.msg_max.",
        calls: &["mq_open(O_CREAT), mq_maxmsg at fs.mqueue.msg_max", "mq_open, one more"],
        run: depth_limit,
        ..MQ
    },
    Trial {
        name: "outlives",
        rule: "A queue and its messages outlive the process that made them, until the name is removed.",
        calls: &[
            "mq_open(O_CREAT) and mq_send, in a process that ends",
            "mq_open",
            "mq_receive",
            "mq_unlink",
            "mq_open",
        ],
        run: outlives,
        ..MQ
    },
];

/// A queue that loses its name when it goes; each trial has one.
struct Named {
    name: String,
    queue: Option<MqdT>,
    entry: Entry,
}

impl Drop for Named {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            let _ = mq_close(queue);
        }
        let _ = mq_unlink(self.name.as_str());
        self.entry.clear();
    }
}

impl Named {
    /// Makes a queue under a new name, which is noted first: a killed experiment leaves no queue.
    fn create(names: &Names, depth: u64, flags: MQ_OFlag) -> rustix::io::Result<Named> {
        under_new_name(&names.token, |name| {
            let name = format!("/{name}");
            let entry = Entry::of_queue(&name)?;
            match create(&name, depth, flags) {
                Ok(queue) => Ok(Named { name, queue: Some(queue), entry }),
                Err(errno) => {
                    entry.clear();
                    Err(errno)
                }
            }
        })
    }

    fn queue(&self) -> Result<&MqdT> {
        self.queue.as_ref().ok_or_else(|| Error::Protocol("the queue is not open".into()))
    }

    fn take(&self) -> Result<(Vec<u8>, u32)> {
        let mut space = [0; 128];
        let mut priority = 0;
        let len = mq_receive(self.queue()?, &mut space, &mut priority).called("mq_receive")?;
        Ok((space[..len].to_vec(), priority))
    }
}

fn create(name: &str, depth: u64, flags: MQ_OFlag) -> rustix::io::Result<MqdT> {
    let attr = MqAttr::new(0, depth as i64, 128, 0);
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR | flags;
    mq_open(name, flags, Mode::S_IRUSR | Mode::S_IWUSR, Some(&attr))
        .map_err(|e| Errno::from_raw_os_error(e as i32))
}

/// Returns the error of a full limit, against which the other queues of this user count too.
fn no_room() -> Error {
    Error::Unavailable(
        Refusal::new("RLIMIT_MSGQUEUE leaves no room for a queue").with_remedy("ulimit -q 819200"),
    )
}

/// Returns a queue for four messages, or why there is none here.
fn four(names: &Names, flags: MQ_OFlag) -> Result<Named> {
    match Named::create(names, 4, flags) {
        Ok(named) => Ok(named),
        Err(Errno::MFILE) => Err(no_room()),
        Err(errno @ (Errno::NOSYS | Errno::PERM | Errno::ACCESS)) => Err(Error::Unavailable(
            Refusal::new(format!("mq_open(3) says {}", name_of(errno)))
                .with_remedy("allow mq_open(2) in the container's seccomp profile"),
        )),
        Err(errno) => Err(Error::os("mq_open", errno)),
    }
}

fn priority(names: &Names) -> Found {
    let named = four(names, MQ_OFlag::empty())?;
    for (text, priority) in [("a", 1), ("b", 5), ("c", 3), ("d", 5)] {
        mq_send(named.queue()?, text.as_bytes(), priority).called("mq_send")?;
    }
    let mut came = Vec::new();
    for _ in 0..4 {
        let (text, priority) = named.take()?;
        came.push(format!("{} ({priority})", String::from_utf8_lossy(&text)));
    }
    let order = came.join(", ");
    let kept = order == "b (5), d (5), c (3), a (1)";
    let words = format!("Sent a at priority 1, b at 5, c at 3, d at 5. Received: {order}.");
    Ok(Seen::new(kept, words).count("messages", came.len() as u64))
}

fn boundaries(names: &Names) -> Found {
    let named = four(names, MQ_OFlag::empty())?;
    let lengths = [1usize, 100, 0];
    for len in lengths {
        mq_send(named.queue()?, &vec![7; len], 0).called("mq_send")?;
    }
    let mut came = Vec::new();
    for _ in lengths {
        came.push(named.take()?.0.len());
    }
    let words =
        format!("Sent 1, 100 and 0 bytes; received {}, {} and {}.", came[0], came[1], came[2]);
    Ok(Seen::new(came == lengths, words).count("messages", came.len() as u64))
}

fn full(names: &Names) -> Found {
    let named = four(names, MQ_OFlag::O_NONBLOCK)?;
    let mut held = 0;
    let end = loop {
        match mq_send(named.queue()?, b"x", 0) {
            Ok(()) if held < 64 => held += 1,
            Ok(()) => {
                return Ok(
                    Seen::new(false, "A queue made for 4 messages took 65.").count("held", 65)
                );
            }
            Err(errno) => break Errno::from_raw_os_error(errno as i32),
        }
    };
    let words =
        format!("A queue made for 4 messages took {held}; the next mq_send said {}.", name_of(end));
    Ok(Seen::new(held == 4 && end == Errno::AGAIN, words).count("held", held))
}

fn depth_limit(names: &Names) -> Found {
    drop(four(names, MQ_OFlag::empty())?);
    let Some(max) = sysctl("fs.mqueue.msg_max") else {
        return Err(Error::Unavailable(
            Refusal::new("fs.mqueue.msg_max is not to be read here")
                .with_remedy("mount -t proc proc /proc"),
        ));
    };
    let try_depth = |depth: u64| Named::create(names, depth, MQ_OFlag::empty()).err();
    let (at, beyond) = (try_depth(max), try_depth(max + 1));
    if at == Some(Errno::MFILE) {
        return Err(no_room());
    }
    if beyond.is_none() {
        return Err(Error::Unavailable(
            Refusal::new("this process has CAP_SYS_RESOURCE, which passes the limit")
                .with_remedy("run it as an ordinary user"),
        ));
    }
    let said = |errno: Option<Errno>| errno.map_or("made".to_owned(), name_of);
    let words = format!(
        "fs.mqueue.msg_max is {max}. A queue for {max}: {}; for {}: {}. sysctl fs.mqueue.msg_max={} raises it.",
        said(at),
        max + 1,
        said(beyond),
        10 * max
    );
    Ok(Seen::new(at.is_none() && beyond == Some(Errno::INVAL), words).count("msg_max", max))
}

fn outlives(names: &Names) -> Found {
    drop(four(names, MQ_OFlag::empty())?);
    let name = format!("/{}-{}", names.token, random());
    let entry = Entry::of_queue(&name).called("write(the list of objects)")?;
    let maker = peer(|| {
        let queue = create(&name, 4, MQ_OFlag::empty()).called("mq_open")?;
        mq_send(&queue, b"still here", 0).called("mq_send")
    })?;
    joined([maker])?;
    let reopened =
        mq_open(name.as_str(), MQ_OFlag::O_RDONLY, Mode::empty(), None).called("mq_open")?;
    let named = Named { name: name.clone(), queue: Some(reopened), entry };
    let (text, _) = named.take()?;
    drop(named);
    let after = mq_open(name.as_str(), MQ_OFlag::O_RDONLY, Mode::empty(), None);
    let gone = after.is_err_and(|e| e == nix::errno::Errno::ENOENT);
    let words = format!(
        "The process that made the queue had ended; the message it left was received by name: {}. After mq_unlink, mq_open said {}.",
        String::from_utf8_lossy(&text),
        if gone { "ENOENT" } else { "something else" }
    );
    Ok(Seen::new(text == b"still here" && gone, words).count("messages", 1))
}

//! The limits of message queues, and the line that raises each.

use ipcmark_core::{Error, Limits, Plan, Refusal, Result, Shape, Workload};
use ipcmark_sys::fd::sysctl;
use ipcmark_sys::mqueue::Queue;
use ipcmark_sys::scratch::probe_names;
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

/// Largest `mq_msgsize` of all, for those who may pass `fs.mqueue.msgsize_max` (`HARD_MSGSIZEMAX`).
const HARD_MESSAGE_BYTES_MAX: usize = 16 << 20;

/// Most messages of all, for those who may pass `fs.mqueue.msg_max` (`HARD_MSGMAX`).
pub(crate) const HARD_DEPTH_MAX: usize = 65_536;

/// Bytes that the kernel charges a queue on top of its messages' bytes, for each message it may hold: a pointer or a header and
/// a tree node, below 128 bytes (`mqueue_get_inode` in `ipc/mqueue.c`).
const BOOKKEEPING_BYTES: usize = 128;

/// Returns messages an ordinary user's queue may hold.
pub(crate) fn msg_max() -> Option<usize> {
    sysctl("fs.mqueue.msg_max").map(|max| max as usize)
}

/// Returns bytes an ordinary user's message may have.
fn msgsize_max() -> Option<usize> {
    sysctl("fs.mqueue.msgsize_max").map(|max| max as usize)
}

/// `RLIMIT_MSGQUEUE`: bytes of all queues of this user together; `None` when there is no bound.
fn user_bytes_max() -> Option<usize> {
    getrlimit(Resource::Msgqueue).current.map(|max| max as usize)
}

/// Returns bytes that two queues of `depth` messages of `size` bytes are charged.
fn charged(depth: usize, size: usize) -> usize {
    2 * depth * (size + BOOKKEEPING_BYTES)
}

/// Returns the number of links that a plan's row makes: where each receiver gets each message, or each worker its part, one
/// for each.
pub(crate) fn links(plan: &Plan) -> usize {
    match (plan.workload, plan.workload.shape()) {
        (Workload::ScatterGather { .. }, _) | (_, Some(Shape::Broadcast | Shape::Pairs)) => {
            plan.workload.peers()
        }
        _ => 1,
    }
}

/// Returns the depth that `RLIMIT_MSGQUEUE` leaves each queue of `links` links, at least 1.
pub(crate) fn share(links: usize, size: usize) -> usize {
    user_bytes_max().map_or(usize::MAX, |max| (max / links / charged(1, size)).max(1))
}

/// Tells two meanings of `EMFILE` apart: true if this process can open nothing more, whatever bytes its queues take.
pub(crate) fn no_descriptor_is_left() -> bool {
    matches!(eventfd(0, EventfdFlags::CLOEXEC), Err(Errno::MFILE))
}

/// Says why two queues of `depth` messages of `size` bytes could not be made, and what would change that.
#[cold]
pub(crate) fn explain(errno: Errno, links: usize, depth: usize, size: usize) -> Error {
    let unavailable = |reason: String, remedy: String| {
        Error::Unavailable(Refusal { reason, remedy: Some(remedy) })
    };
    let messages = match depth {
        1 => format!("one message of {size} bytes"),
        _ => format!("{depth} messages of {size} bytes"),
    };
    let what = format!("a queue for {messages}");
    match errno {
        Errno::INVAL => match (msgsize_max(), msg_max()) {
            (Some(max), _) if max < size => unavailable(
                format!("{what} is over fs.mqueue.msgsize_max, which is {max} bytes"),
                format!("sysctl fs.mqueue.msgsize_max={size}"),
            ),
            (_, Some(max)) if max < depth => unavailable(
                format!("{what} is over fs.mqueue.msg_max, which is {max} messages"),
                format!("sysctl fs.mqueue.msg_max={depth}"),
            ),
            (None, _) | (_, None) => unavailable(
                format!("{what} is over a limit in fs.mqueue, which /proc does not show"),
                "mount -t proc proc /proc".into(),
            ),
            _ => Error::os(format!("mq_open ({what})"), errno),
        },
        Errno::MFILE if no_descriptor_is_left() => {
            let max = getrlimit(Resource::Nofile).current.unwrap_or(0);
            let needed = 4 * links;
            unavailable(
                format!(
                    "the {} queues of this row need {needed} descriptors besides those that are open, and RLIMIT_NOFILE \
                     is {max}",
                    2 * links
                ),
                format!("ulimit -n {}", (max + 4 * needed as u64).max(1024)),
            )
        }
        Errno::MFILE => {
            let needed = links * charged(depth, size);
            let max = user_bytes_max().unwrap_or(0);
            unavailable(
                format!(
                    "the {} queues of this row, each for {messages}, need {needed} bytes, and RLIMIT_MSGQUEUE leaves \
                     all queues of this user {max}, those of its other programs too",
                    2 * links
                ),
                format!("ulimit -q {}", needed.max(2 * max)),
            )
        }
        Errno::NOSPC => {
            let max = sysctl("fs.mqueue.queues_max").unwrap_or(0);
            unavailable(
                format!("this system holds fs.mqueue.queues_max queues already, which is {max}"),
                format!("sysctl fs.mqueue.queues_max={}", 2 * max.max(1)),
            )
        }
        Errno::ACCESS | Errno::PERM => unavailable(
            "this user or container may not make message queues".into(),
            "allow mq_open(2) in the container's seccomp profile, or run as another user".into(),
        ),
        Errno::NOSYS => unavailable(
            "this kernel has no POSIX message queues".into(),
            "take a kernel with CONFIG_POSIX_MQUEUE, or a sandbox that allows mq_open(2)".into(),
        ),
        _ => Error::os(format!("mq_open ({what})"), errno),
    }
}

/// Makes a queue of one message and lets it go.
fn try_size(size: usize) -> rustix::io::Result<()> {
    Queue::create(&probe_names().token, 1, size).map(drop)
}

/// Finds the longest message by making queues of one.
pub(crate) fn probe() -> Result<Limits> {
    try_size(1).map_err(|errno| explain(errno, 1, 1, 1))?;
    let ordinary = msgsize_max().unwrap_or(8_192);
    // An ordinary user is bounded by the setting; CAP_SYS_RESOURCE passes it. Either must pay for both directions.
    let passes = !matches!(try_size(ordinary + 1), Err(Errno::INVAL));
    let by_setting = if passes { HARD_MESSAGE_BYTES_MAX } else { ordinary };
    let by_user =
        user_bytes_max().map_or(usize::MAX, |max| max / 2 - BOOKKEEPING_BYTES.min(max / 2));
    Ok(if by_user < by_setting {
        Limits {
            max_message: Some(by_user),
            limited_by: "RLIMIT_MSGQUEUE",
            remedy: Some(format!("ulimit -q {}", charged(1, by_setting))),
        }
    } else if passes {
        Limits { max_message: Some(by_setting), limited_by: "HARD_MSGSIZEMAX", remedy: None }
    } else {
        Limits {
            max_message: Some(by_setting),
            limited_by: "fs.mqueue.msgsize_max",
            remedy: Some(format!("sysctl fs.mqueue.msgsize_max={}", 8 * ordinary)),
        }
    })
}

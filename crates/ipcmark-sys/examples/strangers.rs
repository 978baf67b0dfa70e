//! Makes and removes names and objects of every kind, as other programs on a machine do, while the tests run.
//!
//!     strangers [SECONDS]
//!
//! At most four of each kind exist at a time: POSIX queues, System V queues, semaphores and segments, files in `/dev/shm`, and
//! abstract sockets. It ends after that time, or when it is killed, and leaves nothing in either case.

use ipcmark_core::Result;
use ipcmark_sys::registry::Entry;
use ipcmark_sys::scratch::Folder;
use ipcmark_sys::segment::Segment;
use ipcmark_sys::sysv::{MessageQueue, Semaphore};
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_close, mq_open, mq_unlink};
use nix::sys::stat::Mode;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::time::{Duration, Instant};

const ALIVE: usize = 4;

/// One of each kind; `None` if a limit of this user is reached.
#[derive(Default)]
struct Stranger {
    name: String,
    queue: Option<MqdT>,
    _messages: Option<MessageQueue>,
    _semaphore: Option<Semaphore>,
    segment: Option<Segment>,
    _socket: Option<UnixListener>,
}

impl Stranger {
    fn new(name: String) -> Stranger {
        let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_RDWR;
        let attr = MqAttr::new(0, 1, 64, 0);
        let queue = mq_open(format!("/{name}").as_str(), flags, Mode::S_IRWXU, Some(&attr));
        let _ = std::fs::write(format!("/dev/shm/{name}"), [7; 4096]);
        let address = SocketAddr::from_abstract_name(&name);
        Stranger {
            name,
            queue: queue.ok(),
            _messages: MessageQueue::create().ok(),
            _semaphore: Semaphore::new().ok(),
            segment: Segment::attached(4096).ok(),
            _socket: address.and_then(|address| UnixListener::bind_addr(&address)).ok(),
        }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.queue.take().map(mq_close);
        let _ = self.segment.take().map(|segment| segment.remove());
        remove(&self.name);
    }
}

fn remove(name: &str) {
    let _ = mq_unlink(format!("/{name}").as_str());
    let _ = std::fs::remove_file(format!("/dev/shm/{name}"));
}

fn main() -> Result<()> {
    let seconds = std::env::args().nth(1).and_then(|arg| arg.parse().ok()).unwrap_or(3600);
    // The names of a run, with another process's number.
    let folder = Folder::new()?;
    let name = |n: usize| format!("{}-{}", folder.token(), n % ALIVE);
    let _entries: Vec<_> = (0..ALIVE).map(|n| Entry::of_queue(&format!("/{}", name(n)))).collect();
    let mut alive: Vec<_> = (0..ALIVE).map(|_| Stranger::default()).collect();
    let begun = Instant::now();
    for n in 0.. {
        if begun.elapsed() > Duration::from_secs(seconds) {
            break;
        }
        alive[n % ALIVE] = Stranger::default();
        alive[n % ALIVE] = Stranger::new(name(n));
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

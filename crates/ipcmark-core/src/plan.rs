//! The plan: what one invocation is asked to do.

use crate::{Sizes, Trace};
use ipcmark_words::{Placement, SpinBudget, WhenFull, Workload};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Length of the measured phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Until this much time has passed.
    Time(Duration),
    /// For this many messages (round trips in ping-pong).
    Messages(u64),
}

/// The place for names that the file system or the kernel must hold.
///
/// Anyone who makes the plan clears [`Names::dir`] after the invocation. Names outside it (message
/// queues, POSIX shared memory) start with [`Names::token`] and are unlinked by the fixture as soon
/// as both ends hold a descriptor, so that a killed process leaves nothing behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Unique to this invocation; letters, digits and `-` only.
    pub token: String,
    /// An existing private directory.
    pub dir: PathBuf,
}

/// The work of one invocation of one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The workload, with its parameters.
    pub workload: Workload,
    /// Message size in bytes; the largest one when `fixed` is false; 0 for notifications.
    pub size: usize,
    /// True if every message has exactly `size` bytes. Byte streams then need no length prefix,
    /// so that a cell of 64 KiB puts 64 KiB into the pipe and not four bytes more than it holds.
    pub fixed: bool,
    /// The sizes of messages that are not all of one size; `fixed` is false then.
    pub sizes: Option<Arc<Sizes>>,
    /// The times of messages, where the workload replays them.
    pub trace: Option<Arc<Trace>>,
    /// Capacity asked of each direction, in bytes; `None` keeps the mechanism's default.
    pub capacity: Option<usize>,
    /// Conduct of a sender when there is no room.
    pub when_full: WhenFull,
    /// Time for which a hybrid wait spins before it sleeps; `None` keeps the transport's own. Only
    /// transports with `INFO.spins_for_a_budget` get one.
    pub spin_budget: Option<SpinBudget>,
    /// CPUs.
    pub placement: Placement,
    /// Length of the measured phase.
    pub extent: Extent,
    /// Upper bound on the warm-up.
    pub warm_up: Duration,
    /// Bound on the whole invocation; a side that has not ended by then is killed and the
    /// invocation is an error.
    pub deadline: Duration,
    /// Bound that holds even if the sides wait for CPUs that others have. Without one, such waits move the deadline.
    pub latest: Option<Duration>,
    /// A known delay, thousandths of a round trip, that the responder adds to each: what a
    /// comparison must be able to find. 0 but where that is tried.
    pub slow_down_permille: u32,
    /// True to compare every byte of every message, and not of one message in
    /// [`DEEP_EVERY`](crate::DEEP_EVERY).
    pub check_all: bool,
    /// Messages whose times each side keeps one by one; `None` for none.
    pub raw: Option<usize>,
    /// Seeds message contents.
    pub seed: u64,
    /// The place for names.
    pub names: Names,
}

impl Plan {
    /// Plans one round trip of exactly `size` bytes: sides not pinned, the mechanism's own
    /// capacity, no warm-up, ten seconds to end. Change what matters: `Plan { fixed: false,
    /// ..Plan::new(64, names) }`.
    #[must_use]
    pub const fn new(size: usize, names: Names) -> Plan {
        Plan {
            workload: Workload::PingPong,
            size,
            fixed: true,
            sizes: None,
            trace: None,
            capacity: None,
            when_full: WhenFull::Wait,
            spin_budget: None,
            placement: Placement::Free,
            extent: Extent::Messages(1),
            warm_up: Duration::ZERO,
            deadline: Duration::from_secs(10),
            latest: None,
            slow_down_permille: 0,
            check_all: false,
            raw: None,
            seed: 0,
            names,
        }
    }

    /// Returns the plan with messages of several sizes.
    #[must_use]
    pub fn sized(self, sizes: Sizes) -> Plan {
        let size = sizes.longest();
        Plan { size, fixed: false, sizes: Some(Arc::new(sizes)), ..self }
    }

    /// Returns the plan with the times and sizes of a trace.
    #[must_use]
    pub fn replaying(self, trace: &Arc<Trace>) -> Plan {
        let sizes = Sizes::of_trace(Arc::clone(trace));
        Plan { trace: Some(Arc::clone(trace)), ..self.sized(sizes) }
    }
}

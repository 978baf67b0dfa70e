//! A plan with a private directory and its own token, both removed at the end.

use ipcmark_core::{Limits, Names, Plan, Workload};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Longest message of any law, bytes.
pub(crate) const SIZE_MAX: usize = 4 << 20;

/// Time for one pair of processes. A side that has not ended by then is killed, and the law is
/// broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Returns the longest message of a law over a transport of these limits, bytes.
pub(crate) fn largest(limits: &Limits) -> usize {
    limits.max_message.unwrap_or(usize::MAX).min(SIZE_MAX)
}

/// A plan, and the directory of the transport.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// The plan.
    pub(crate) plan: Plan,
    dir: PathBuf,
}

impl Scratch {
    /// Makes a scratch for messages of exactly (`fixed`) or at most `size` bytes.
    pub(crate) fn new(size: usize, fixed: bool) -> Result<Scratch, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let token = format!("ipcmark-law-{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(&token);
        fs::create_dir(&dir).map_err(|e| format!("mkdir {}: {e}", dir.display()))?;
        let plan = Plan {
            workload: Workload::Stream,
            fixed,
            deadline: DEADLINE,
            seed: 0x1a3c_57e9 ^ size as u64,
            ..Plan::new(size, Names { token, dir: dir.clone() })
        };
        Ok(Scratch { plan, dir })
    }

    /// Asks for this capacity in each direction, bytes.
    pub(crate) fn holding(mut self, capacity: Option<usize>) -> Scratch {
        self.plan.capacity = capacity;
        self
    }

    /// Ends the scratch: anything that the transport left in the directory is a fault.
    pub(crate) fn finish(self) -> Result<(), String> {
        let left: Vec<String> = fs::read_dir(&self.dir)
            .map_err(|e| format!("the directory of the plan is gone: {e}"))?
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("left behind in the directory of the plan: {}", left.join(", ")))
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is in the temporary directory and only ours.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

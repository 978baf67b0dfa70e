//! Memory that this process has in use, and memory of the machine.

use std::fs;

/// Memory of this process at one moment, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// Its share of what it maps with others: a page that three processes use counts a third.
    pub shared_bytes: u64,
    /// Pages that it alone has, and has written.
    pub private_bytes: u64,
    /// Pages that may not be swapped.
    pub locked_bytes: u64,
}

impl Memory {
    /// Looks at this process; `None` where `/proc` does not tell.
    ///
    /// # References
    /// - [proc_pid_smaps(5)](https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html), `Pss`, `Private_Dirty`
    /// - [proc_pid_status(5)](https://man7.org/linux/man-pages/man5/proc_pid_status.5.html), `VmLck`
    #[must_use]
    pub fn now() -> Option<Memory> {
        let maps = fs::read_to_string("/proc/self/smaps").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let locked_bytes = field(&status, "VmLck").unwrap_or(0);
        Some(Memory { locked_bytes, ..of_maps(&maps) })
    }

    /// Returns shared and private memory together.
    #[must_use]
    pub const fn resident_bytes(self) -> u64 {
        self.shared_bytes + self.private_bytes
    }
}

/// Adds up the mappings: a shared one counts with its share (Pss), a private one with what was written.
fn of_maps(maps: &str) -> Memory {
    let mut sum = Memory::default();
    let mut shared = false;
    for line in maps.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().take(2).collect();
        match words[..] {
            // `7f00-7f10 rw-s`; the other lines begin with a name and a colon.
            [range, access] if range.contains('-') && access.len() == 4 => {
                shared = access.ends_with('s');
            }
            ["Pss:", _] if shared => sum.shared_bytes += kib(&line[4..]).unwrap_or(0),
            ["Private_Dirty:", _] if !shared => sum.private_bytes += kib(&line[14..]).unwrap_or(0),
            _ => {}
        }
    }
    sum
}

/// Returns a size of this machine's memory by its name, bytes: `MemTotal`, `MemAvailable`.
///
/// # References
/// - [proc_meminfo(5)](https://man7.org/linux/man-pages/man5/proc_meminfo.5.html)
#[must_use]
pub fn of_machine(name: &str) -> Option<u64> {
    field(&fs::read_to_string("/proc/meminfo").ok()?, name)
}

/// Reads the line `name:  12 kB`.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).and_then(kib)
}

/// Reads `  12 kB`.
fn kib(text: &str) -> Option<u64> {
    text.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1 << 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Input;

    #[test]
    fn shared_pages_count_with_their_share_and_private_ones_if_written() {
        let maps = "7f00-7f10 rw-s 00000000 00:01 7 /memfd:ring (deleted)\nRss: 64 kB\nPss: 32 kB\nPrivate_Dirty: 8 kB\n\
                    7f20-7f30 rw-p 00000000 00:00 0 [heap]\nPss: 40 kB\nShared_Dirty: 4 kB\nPrivate_Dirty: 12 kB\n\
                    5500-5600 r-xp 00000000 08:01 9 /bin/x\nPss: 900 kB\nPrivate_Dirty: 0 kB\n";
        let sum = of_maps(maps);
        assert_eq!((sum.shared_bytes, sum.private_bytes), (32 << 10, 12 << 10));
    }

    #[test]
    fn a_size_of_the_machine_is_read_by_its_whole_name() {
        let meminfo = "MemTotal:  16316412 kB\nMemAvailable:    4194304 kB\nBuffers: 1 kB\n";
        assert_eq!(field(meminfo, "MemAvailable"), Some(4 << 30));
        assert!(field(meminfo, "Mem").is_none() && field("", "MemAvailable").is_none());
    }

    #[test]
    fn what_is_mapped_and_written_is_seen() {
        const BYTES: usize = 32 << 20;
        let before = Memory::now().unwrap();
        let shared = Input::filled(BYTES, |bytes| bytes.fill(7)).unwrap();
        let private = vec![1_u8; BYTES];
        let after = Memory::now().unwrap();
        assert_eq!(shared.bytes().len(), private.len());
        // Other tests of this process map and unmap at the same time.
        assert!(
            after.shared_bytes >= before.shared_bytes + (BYTES / 2) as u64,
            "{before:?} {after:?}"
        );
        assert!(after.private_bytes >= before.private_bytes + (BYTES / 2) as u64, "{after:?}");
    }
}

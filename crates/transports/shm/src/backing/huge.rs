//! Huge pages: `memfd_create(2)` with `MFD_HUGETLB`.

use super::Backing;
use crate::mapping::Mapping;
use crate::ring::largest_within;
use ipcmark_core::{Availability, Called, Error, Limits, MeetBy, Names, Refusal, Result};
use rustix::fs::{MemfdFlags, memfd_create};

/// Anonymous memory in huge pages of the machine's default size, which the administrator must have set aside.
#[derive(Debug)]
pub struct HugePages;

/// Setting that limits huge pages, and that raises the limit.
const SYSCTL: &str = "vm.nr_hugepages";

/// Bytes worth setting aside: rings for messages of 1 MiB.
const USUAL_BYTES: usize = 18 << 20;

/// `/proc/meminfo` of huge pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pool {
    /// Bytes of one page.
    page: usize,
    /// Pages set aside.
    total: usize,
    /// Pages that are neither used nor promised.
    free: usize,
}

impl Pool {
    fn now() -> Option<Pool> {
        Pool::parse(&std::fs::read_to_string("/proc/meminfo").ok()?)
    }

    /// Reads lines of the form `HugePages_Free:   3` and `Hugepagesize:   2048 kB`, see proc_meminfo(5).
    fn parse(meminfo: &str) -> Option<Pool> {
        let field = |name: &str| -> Option<usize> {
            let line = meminfo.lines().find_map(|l| l.strip_prefix(name))?;
            line.strip_prefix(':')?.split_ascii_whitespace().next()?.parse().ok()
        };
        Some(Pool {
            page: field("Hugepagesize")? << 10,
            total: field("HugePages_Total")?,
            free: field("HugePages_Free")?.saturating_sub(field("HugePages_Rsvd")?),
        })
    }

    /// Returns the line that sets enough pages aside for `len` bytes more.
    fn remedy(self, len: usize) -> String {
        let short = len.div_ceil(self.page).saturating_sub(self.free);
        format!("sysctl {SYSCTL}={}", self.total + short)
    }
}

/// Maps `len` bytes, rounded up to whole huge pages. They can be made without one being there: `fallocate(2)` in
/// [`Mapping::of_file`] takes them for certain.
fn map_huge(len: usize, pool: Pool) -> Result<Mapping> {
    let file = memfd_create("ipcmark-ring", MemfdFlags::CLOEXEC | MemfdFlags::HUGETLB)
        .called("memfd_create(MFD_HUGETLB)")?;
    Mapping::of_file(file, len.next_multiple_of(pool.page)).map_err(|e| {
        let needed = len.div_ceil(pool.page);
        let (kib, free) = (pool.page >> 10, pool.free);
        let pages =
            format!("{len} bytes need {needed} huge pages of {kib} KiB, and {free} are free");
        // What else an ordinary memory file may lack would mislead here.
        let reason = if needed > free { pages } else { format!("{pages}: {e}") };
        Error::Unavailable(Refusal::new(reason).with_remedy(pool.remedy(len.max(USUAL_BYTES))))
    })
}

impl Backing for HugePages {
    const MECHANISM: &'static str = "shm-ring-huge";
    const MEET_BY: MeetBy = MeetBy::Descriptor;
    const SUMMARY: &'static str = "lock-free ring in huge pages (memfd, MFD_HUGETLB)";
    const REFERENCE: &'static str = "memfd_create(2)";

    fn available() -> Availability {
        let Some(pool) = Pool::now() else {
            return Availability::Unavailable(
                Refusal::new("/proc/meminfo tells of no huge pages")
                    .with_remedy("use a kernel with CONFIG_HUGETLBFS, and mount /proc"),
            );
        };
        let probe = map_huge(pool.page, pool).and_then(|mapping| {
            mapping.populate();
            largest_within(pool.free * pool.page).ok_or_else(|| {
                Error::Unavailable(
                    Refusal::new(format!("{} free huge pages hold no ring", pool.free))
                        .with_remedy(pool.remedy(2 * pool.page)),
                )
            })
        });
        match probe {
            Ok(largest) => Availability::Available(Limits {
                max_message: Some(largest),
                limited_by: SYSCTL,
                remedy: Some(format!("sysctl {SYSCTL}={}", 2 * pool.total)),
            }),
            Err(Error::Unavailable(refusal)) => Availability::Unavailable(refusal),
            Err(e) => Availability::Unavailable(
                Refusal::new(e.to_string())
                    .with_remedy("use Linux 4.14 or later with CONFIG_HUGETLBFS"),
            ),
        }
    }

    #[expect(private_interfaces, reason = "made and used in this crate alone")]
    fn map(_: &Names, len: usize) -> Result<Mapping> {
        let pool = Pool::now().ok_or_else(|| {
            Error::Unavailable(Refusal::new("/proc/meminfo tells of no huge pages"))
        })?;
        map_huge(len, pool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMINFO: &str = "MemTotal: 16 kB\nHugePages_Total:      10\nHugePages_Free:        9\n\
                           HugePages_Rsvd:        2\nHugePages_Surp:        0\nHugepagesize:       2048 kB\n";

    #[test]
    fn the_pool_is_read_and_its_remedy_counts_what_is_missing() {
        let pool = Pool::parse(MEMINFO).unwrap();
        assert_eq!(pool, Pool { page: 2 << 20, total: 10, free: 7 });
        assert_eq!(pool.remedy(1), "sysctl vm.nr_hugepages=10");
        assert_eq!(pool.remedy(20 << 20), "sysctl vm.nr_hugepages=13");
        assert_eq!(Pool::parse("MemTotal: 16 kB"), None);
    }

    #[test]
    fn what_is_available_can_be_mapped_and_what_is_not_says_how_many_pages() {
        match HugePages::available() {
            Availability::Available(_) => {
                map_huge(1, Pool::now().unwrap()).unwrap();
            }
            Availability::Unavailable(Refusal { reason, remedy }) => {
                assert!(!reason.is_empty());
                assert!(remedy.unwrap().contains("sysctl vm.nr_hugepages="));
            }
        }
    }
}

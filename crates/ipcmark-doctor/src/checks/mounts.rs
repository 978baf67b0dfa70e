//! File systems that mechanisms have their names in.

use crate::finding::{Area, Finding};
use crate::machine::Machine;
use std::path::Path;

const AREA: Area = Area::Mounts;
/// Bytes that the two rings of a link take at the default capacity, in whole pages.
const RINGS_BYTES: u64 = 532_480;

/// Returns the bytes that are free in the file system of `path`.
fn free_bytes(path: &Path) -> Option<u64> {
    let fs = rustix::fs::statvfs(path).ok()?;
    Some(fs.f_bavail * fs.f_frsize)
}

pub(crate) fn all(machine: &Machine) -> Vec<Finding> {
    vec![shm(machine), mqueue(machine), temporary(machine), huge_pages(machine)]
}

fn shm(machine: &Machine) -> Finding {
    let mount = "mount -t tmpfs -o mode=1777 tmpfs /dev/shm";
    let costs = "no POSIX shared memory (shm_open)";
    match machine.mount("/dev/shm") {
        Some((kind, options)) if kind == "tmpfs" || kind == "ramfs" => {
            let finding = Finding::offered(AREA, "/dev/shm", format!("{kind} ({options})"));
            let free = free_bytes(&machine.path("/dev/shm"));
            if options.split(',').any(|word| word == "ro") {
                finding.denied(costs).remedy("mount -o remount,rw /dev/shm")
            } else if let Some(free) = free.filter(|free| *free < RINGS_BYTES) {
                finding
                    .limited(format!("{free} bytes are free: rings of the default capacity take {RINGS_BYTES}, and longer messages take more"))
                    .remedy("mount -o remount,size=1G /dev/shm (docker run --shm-size=1g)")
            } else {
                finding
            }
        }
        Some((kind, _)) => Finding::offered(AREA, "/dev/shm", format!("{kind}, not in memory"))
            .limited("POSIX shared memory is left out: a disk's pages are not memory")
            .remedy(mount),
        None => Finding::offered(AREA, "/dev/shm", "not mounted").denied(costs).remedy(mount),
    }
}

/// Queues need no mount; only those who look for them do.
fn mqueue(machine: &Machine) -> Finding {
    match machine.mount("/dev/mqueue") {
        Some((kind, _)) => Finding::offered(AREA, "/dev/mqueue", kind),
        None => Finding::offered(AREA, "/dev/mqueue", "not mounted")
            .limited(
                "nothing is lost but sight: queues of a killed program cannot be seen or removed",
            )
            .remedy("mkdir -p /dev/mqueue && mount -t mqueue none /dev/mqueue"),
    }
}

/// Sockets, FIFOs and shared files have their names in it.
fn temporary(machine: &Machine) -> Finding {
    let dir = std::env::temp_dir();
    let finding =
        |found: &str| Finding::offered(AREA, &format!("{} (TMPDIR)", dir.display()), found);
    let mounted = dir.ancestors().find_map(|dir| machine.mount(dir.to_str()?));
    let writable = rustix::fs::access(&dir, rustix::fs::Access::WRITE_OK).is_ok();
    match mounted {
        _ if !writable => finding("cannot be written to")
            .denied(
                "nothing can be measured: FIFOs, sockets and shared files have their names there",
            )
            .remedy("TMPDIR=/somewhere/writable ipcmark"),
        Some((kind, _)) if kind == "tmpfs" => finding("tmpfs"),
        Some((kind, _)) => {
            let finding = finding(&kind).limited("shared files may meet the disk's write-back");
            // Advice to fill what is too small would help no one.
            match free_bytes(&machine.path("/dev/shm")) {
                Some(free) if free >= RINGS_BYTES => finding.remedy("TMPDIR=/dev/shm ipcmark"),
                _ => finding,
            }
        }
        None => finding("on an unknown file system"),
    }
}

fn huge_pages(machine: &Machine) -> Finding {
    let free: u64 = machine
        .field("/proc/meminfo", "HugePages_Free")
        .and_then(|count| count.parse().ok())
        .unwrap_or(0);
    let size = machine.field("/proc/meminfo", "Hugepagesize").unwrap_or_else(|| "none".into());
    let finding = Finding::offered(AREA, "huge pages", format!("{free} free, of {size}"));
    if free == 0 {
        finding.denied("no rings in huge pages").remedy("sysctl vm.nr_hugepages=64")
    } else {
        finding
    }
}

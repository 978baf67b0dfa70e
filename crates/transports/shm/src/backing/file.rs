//! Mapped files: `mmap(2)` of a file in the plan's directory.

use super::Backing;
use crate::mapping::Mapping;
use ipcmark_core::{Availability, Error, Limits, MeetBy, Names, Refusal, Result};
use ipcmark_sys::scratch::probe_names;
use std::fs::{File, OpenOptions, remove_file};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bytes of the file that asks whether one can be mapped.
const PROBE_BYTES: usize = 4096;

/// A mapped file, unlinked as soon as it is open. Where it lies on a disk, the kernel writes its pages back from time to
/// time, and the next store into each is a fault: that is this mechanism's own cost.
#[derive(Debug)]
pub struct MappedFile;

/// Returns a file that no name leads to any more.
fn nameless(dir: &Path, token: &str) -> Result<File> {
    // Several fixtures may be made under one token.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let path = dir.join(format!("{token}-ring-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    let file =
        OpenOptions::new().read(true).write(true).create_new(true).open(&path).map_err(|e| {
            Error::os_hint(
                format!("open({})", path.display()),
                e,
                "set TMPDIR to a directory that can be written",
            )
        })?;
    remove_file(&path).map_err(|e| Error::os(format!("unlink({})", path.display()), e))?;
    Ok(file)
}

impl Backing for MappedFile {
    const MECHANISM: &'static str = "shm-ring-file";
    const MEET_BY: MeetBy = MeetBy::Path;
    const SUMMARY: &'static str = "lock-free ring in a mapped file";
    const REFERENCE: &'static str = "mmap(2)";

    fn available() -> Availability {
        let Names { token, dir } = probe_names();
        match nameless(&dir, &token).and_then(|file| Mapping::of_file(file, PROBE_BYTES)) {
            Ok(_) => Availability::Available(Limits::none()),
            Err(e) => Availability::Unavailable(
                Refusal::new(format!("no file can be mapped in {}: {e}", dir.display()))
                    .with_remedy("set TMPDIR to a directory that can be written"),
            ),
        }
    }

    #[expect(private_interfaces, reason = "made and used in this crate alone")]
    fn map(names: &Names, len: usize) -> Result<Mapping> {
        Mapping::of_file(nameless(&names.dir, &names.token)?, len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stays_in_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let names = Names { token: "ring".into(), dir: dir.path().into() };
        let mapping = MappedFile::map(&names, 10_000).unwrap();
        assert_eq!(mapping.len(), 10_000);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

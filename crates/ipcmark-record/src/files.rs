//! Files that appear whole or not at all, and files of others, read with a bound.

use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

/// Most bytes of a document: many times the largest record, and less than a machine's memory.
pub(crate) const MOST_BYTES: u64 = 1 << 29;

/// Reads a document that the user named, or that others wrote. `/dev/zero` has no end, and a FIFO may wait for its
/// writer for ever: both are refused. A pipe of the shell, `<(zcat old.gz)`, is read.
///
/// # Errors
/// The kernel's answer; a FIFO; more than 512 MiB.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_most(path, MOST_BYTES)
}

fn read_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let is_fifo = fs::metadata(path)?.file_type().is_fifo();
    if is_fifo && !path.starts_with("/dev") && !path.starts_with("/proc") {
        let what = "it is a FIFO, which may never end; name <(cat FIFO) to read it anyway";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let what = format!("it has more than {most} bytes, which no document has");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(bytes)
}

/// Writes a file whose name this program chose: readers see the old file or the new one, and a full disk leaves no half.
///
/// A link in its place is replaced and never followed: in a folder that others may write to, they may have put it there.
///
/// # Errors
/// The kernel's answer. Nothing is left of the new file then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    place(path, bytes, false)
}

/// Does what [`replace`] does, and waits until the disk has the file: what it replaces may then be removed elsewhere.
///
/// # Errors
/// As [`replace`].
pub fn replace_for_good(path: &Path, bytes: &[u8]) -> io::Result<()> {
    place(path, bytes, true)
}

/// Writes a file that the user named. A regular file is replaced whole; a link is followed to its target; a device, a FIFO
/// or a terminal stays what it is and gets the bytes.
///
/// # Errors
/// The kernel's answer.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => File::options().write(true).open(path)?.write_all(bytes),
        // `/dev/fd/3` is a link, too, and has a name only as long as it is open.
        Ok(_) if path.starts_with("/dev") || path.starts_with("/proc") => fs::write(path, bytes),
        Ok(_) => replace(&fs::canonicalize(path)?, bytes),
        // A link whose target does not exist yet.
        Err(_) if path.is_symlink() => fs::write(path, bytes),
        Err(_) => replace(path, bytes),
    }
}

/// Makes the folders of `below`, whose names this program chose, in the folder `at`.
///
/// # Errors
/// The kernel's answer, and a link in the place of such a folder: somebody else may have put it there.
pub fn make_folders(at: &Path, below: &Path) -> io::Result<PathBuf> {
    let mut folder = at.to_owned();
    for name in below {
        folder.push(name);
        match fs::create_dir(&folder) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ if folder.is_symlink() => {
                let link = "it is a link, and a link could lead to any folder: remove it";
                return Err(io::Error::other(link));
            }
            _ => {}
        }
    }
    Ok(folder)
}

fn place(path: &Path, bytes: &[u8], for_good: bool) -> io::Result<()> {
    let (mut file, temporary) = temporary(path)?;
    let written =
        file.write_all(bytes).and_then(|()| if for_good { file.sync_all() } else { Ok(()) });
    let placed = written.and_then(|()| fs::rename(&temporary, path));
    if placed.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    placed
}

/// Makes a new file next to `path`, with a name that cannot be guessed.
fn temporary(path: &Path) -> io::Result<(File, PathBuf)> {
    loop {
        let mut name = OsString::from(".");
        name.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
        name.push(format!(".{:016x}", RandomState::new().hash_one(std::process::id())));
        let temporary = path.with_file_name(name);
        match File::create_new(&temporary) {
            Ok(file) => return Ok((file, temporary)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page");
        for write in [replace, replace_for_good, write] {
            write(&path, b"old").unwrap();
            write(&path, b"new").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new");
            assert_eq!(names(dir.path()), 1);
            assert!(write(dir.path(), b"x").is_err(), "a folder is no file");
            assert_eq!(names(dir.path()), 1);
        }
    }

    /// reliability 9: `/dev/zero` was read until memory ended, and a FIFO waited without a word.
    #[test]
    fn what_has_no_end_is_refused() {
        let said = read_most(Path::new("/dev/zero"), 1 << 16).unwrap_err().to_string();
        assert!(said.contains("more than 65536 bytes"), "{said}");
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let said = read(&fifo).unwrap_err().to_string();
        assert!(said.contains("it is a FIFO"), "{said}");
        let file = dir.path().join("file");
        fs::write(&file, "text").unwrap();
        assert_eq!(read(&file).unwrap(), b"text");
        assert_eq!(read_most(&file, 4).unwrap(), b"text");
        assert!(read_most(&file, 3).is_err());
    }

    /// reliability 1: as root, `export -o /dev/null` replaced the device.
    #[test]
    fn what_is_no_regular_file_stays_what_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");

        let ahead = dir.path().join("ahead");
        symlink(dir.path().join("made"), &ahead).unwrap();
        write(&ahead, b"new").unwrap();
        assert!(ahead.is_symlink() && dir.path().join("made").is_file());

        let device = dir.path().join("device");
        symlink("/dev/null", &device).unwrap();
        write(&device, b"gone").unwrap();
        assert!(device.is_symlink());
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let full = write(Path::new("/dev/full"), b"x").unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());
    }

    /// reliability 6: links planted under the names of a report were followed.
    #[test]
    fn a_planted_link_is_replaced_and_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (secret, planted) = (dir.path().join("secret"), dir.path().join("index.html"));
        fs::write(&secret, "keep").unwrap();
        symlink(&secret, &planted).unwrap();
        replace(&planted, b"page").unwrap();
        assert_eq!(fs::read(&secret).unwrap(), b"keep");
        assert!(!planted.is_symlink());
        let (outside, at) = (tempfile::tempdir().unwrap(), dir.path());
        symlink(outside.path(), at.join("charts")).unwrap();
        assert!(make_folders(at, Path::new("charts")).is_err());
        assert!(make_folders(at, Path::new("charts/deep")).is_err());
        assert_eq!(names(outside.path()), 0);
        assert_eq!(make_folders(at, Path::new("a/b")).unwrap(), at.join("a/b"));
        assert!(make_folders(at, Path::new("a/b")).unwrap().is_dir());
    }
}

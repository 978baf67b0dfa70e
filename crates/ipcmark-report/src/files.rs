//! Files that appear whole or not at all.

use crate::{Error, Result};
use std::fs;
use std::io::Write;
use std::path::Path;

/// Makes a folder and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| Error::io("make the folder", path, e))
}

/// Writes through a temporary file in the same folder and a rename: readers see the old file or the new one, and a
/// full disk leaves no half page behind.
pub(crate) fn write(path: &Path, contents: &[u8]) -> Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = Path::new(&temporary);
    let written = fs::File::create(temporary).and_then(|mut file| file.write_all(contents));
    if let Err(e) = written {
        let _ = fs::remove_file(temporary);
        return Err(Error::io("write", path, e));
    }
    fs::rename(temporary, path).map_err(|e| {
        let _ = fs::remove_file(temporary);
        Error::io("rename to", path, e)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_full_disk_says_what_to_do() {
        // /dev/full answers every write with ENOSPC.
        let full =
            fs::File::options().write(true).open("/dev/full").unwrap().write_all(b"x").unwrap_err();
        let words = Error::io("write", Path::new("index.html"), full).to_string();
        assert!(words.starts_with("cannot write index.html: "), "{words}");
        assert!(words.contains("free some space") && words.contains("--out"), "{words}");
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_refused_with_advice() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("taken");
        fs::write(&file, "").unwrap();
        let words = make_folder(&file.join("charts")).unwrap_err().to_string();
        assert!(words.contains("taken") && words.contains("name another folder"), "{words}");
    }
}

//! Files that appear whole or not at all.

use crate::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Makes a folder and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| Error::io("make the folder", path, e))
}

/// Makes a folder of a report; a link in its place is not followed.
pub(crate) fn make_folder_in(out: &Path, name: &str) -> Result<PathBuf> {
    ipcmark_record::files::make_folders(out, Path::new(name))
        .map_err(|e| Error::io("make the folder", &out.join(name), e))
}

/// Writes a file whole or not at all.
pub(crate) fn write(path: &Path, contents: &[u8]) -> Result<()> {
    ipcmark_record::files::replace(path, contents).map_err(|e| Error::io("write", path, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

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

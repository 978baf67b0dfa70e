//! Files that are whole or not there: a collector may read at any moment.

use ipcmark_record::files;
use std::io;
use std::path::{Path, PathBuf};

/// Result of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exported {
    /// One file, which may go to standard output.
    One(Vec<u8>),
    /// Several, in a folder.
    Several(Vec<File>),
}

/// One of several files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the folder.
    pub name: PathBuf,
    /// Its contents.
    pub bytes: Vec<u8>,
}

impl Exported {
    /// Writes to `out`, a file or a folder, each file whole ([`files`]).
    /// Returns the number of files.
    ///
    /// # Errors
    /// The answer of the file system, and the path.
    pub fn write(&self, out: &Path) -> Result<usize, (PathBuf, io::Error)> {
        match self {
            Exported::One(bytes) => write(out, bytes).map(|()| 1),
            Exported::Several(several) => {
                std::fs::create_dir_all(out).map_err(|e| (out.into(), e))?;
                for file in several {
                    let path = out.join(&file.name);
                    let below = file.name.parent().unwrap_or(Path::new(""));
                    files::make_folders(out, below)
                        .and_then(|_| files::replace(&path, &file.bytes))
                        .map_err(|error| (path, error))?;
                }
                Ok(several.len())
            }
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), (PathBuf, io::Error)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| files::write(path, bytes))
        .map_err(|error| (path.into(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_whole_and_nothing_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/a.json");
        for text in ["first", "second"] {
            assert_eq!(Exported::One(text.into()).write(&path).unwrap(), 1);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        let file = |name: &str| File { name: name.into(), bytes: b"x".to_vec() };
        let several = Exported::Several(vec![file("b"), file("c/d")]);
        assert_eq!(several.write(dir.path()).unwrap(), 2);
        assert!(dir.path().join("c/d").is_file());
        let there = |at: &str| std::fs::read_dir(dir.path().join(at)).unwrap().count();
        assert_eq!((there(""), there("deep"), there("c")), (3, 1, 1));
    }

    /// reliability 6
    #[test]
    fn planted_links_are_not_followed() {
        use std::os::unix::fs::symlink;
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = outside.path().join("secret");
        std::fs::write(&secret, "keep").unwrap();
        symlink(&secret, dir.path().join("b")).unwrap();
        symlink(outside.path(), dir.path().join("c")).unwrap();
        let file = |name: &str| File { name: name.into(), bytes: b"x".to_vec() };
        Exported::Several(vec![file("b")]).write(dir.path()).unwrap();
        assert_eq!(std::fs::read_to_string(&secret).unwrap(), "keep");
        assert!(!dir.path().join("b").is_symlink());
        let (path, error) = Exported::Several(vec![file("c/d")]).write(dir.path()).unwrap_err();
        assert_eq!(path, dir.path().join("c/d"));
        assert!(error.to_string().contains("link"), "{error}");
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let taken = dir.path().join("folder");
        std::fs::create_dir(&taken).unwrap();
        let (path, _) = Exported::One(b"x".to_vec()).write(&taken).unwrap_err();
        assert_eq!(path, taken);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

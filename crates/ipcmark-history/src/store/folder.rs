//! A store in a folder of this machine, or of a network.
//!
//! A file is written under a temporary name, brought to the disk, and renamed: it appears whole or not at all. Appending to a
//! file of lines would be shorter, but `O_APPEND` is not atomic over NFS. The temporary file is locked (`flock(2)`) as long as its
//! writer lives; the next writer removes unlocked ones, so that a killed one leaves nothing for long.

use super::place::{Item, Place};
use crate::{Error, Result};
use ipcmark_record::files;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Folder of files that are being written.
const WRITING: &str = ".writing";

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn new(path: &Path) -> Folder {
        Folder { path: path.into() }
    }

    /// Writes one file; true when one of its name was there.
    fn put_one(&self, item: &Item<'_>) -> Result<bool> {
        let path = self.path.join(&item.name);
        let was_there = path.exists();
        if was_there && !item.replace {
            return Ok(true);
        }
        let folder = path.parent().unwrap_or(&self.path);
        let below = Path::new(&item.name).parent().unwrap_or(Path::new(""));
        make_folders(&self.path, below)?;
        loop {
            let temporary = Temporary::create(&self.path)?;
            temporary.fill(item.bytes)?;
            match fs::rename(&temporary.path, &path) {
                Ok(()) => break,
                // Another writer swept it before it was locked.
                Err(e) if e.kind() == io::ErrorKind::NotFound && folder.is_dir() => {}
                Err(e) => return Err(Error::io("rename a file to", &path, e)),
            }
        }
        // What a rename did is on the disk when its folder is.
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|e| Error::io("write", folder, e))?;
        Ok(was_there)
    }
}

impl Place for Folder {
    fn put(&self, files: &[Item<'_>]) -> Result<Vec<bool>> {
        let there = files.iter().map(|item| self.put_one(item)).collect();
        sweep(&self.path.join(WRITING));
        there
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        let mut names = Vec::new();
        walk(&self.path, folder.trim_end_matches('/'), &mut names)?;
        names.sort_unstable();
        Ok(names)
    }

    fn read(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let read = |name: &String| {
            let path = self.path.join(name);
            match files::read(&path) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(e) => Err(Error::io("read", &path, e)),
            }
        };
        names.iter().map(read).collect()
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// Adds the files below `folder`, which is relative to `root`. Names with a dot in front are left out.
fn walk(root: &Path, folder: &str, names: &mut Vec<String>) -> Result<()> {
    let path = root.join(folder);
    let entries = match fs::read_dir(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|e| Error::io("list", &path, e))?,
    };
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("list", &path, e))?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let below = format!("{folder}/{name}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(root, &below, names)?,
            // A device or a FIFO is no file of a history.
            Ok(_) if entry.path().is_file() => names.push(below),
            Ok(_) => {}
            Err(e) => return Err(Error::io("list", &entry.path(), e)),
        }
    }
    Ok(())
}

/// A file with an unguessable name; removed unless it is renamed.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn create(store: &Path) -> Result<Temporary> {
        loop {
            let folder = make_folders(store, Path::new(WRITING))?;
            let name = format!("{}-{:016x}", std::process::id(), fastrand::u64(..));
            let path = folder.join(name);
            match File::create_new(&path) {
                Ok(file) => {
                    // A file system without locks has no sweeping either.
                    let _ = file.try_lock();
                    return Ok(Temporary { path, file });
                }
                // Another writer's sweep may just have removed the folder.
                Err(e)
                    if [io::ErrorKind::AlreadyExists, io::ErrorKind::NotFound]
                        .contains(&e.kind()) => {}
                Err(e) => return Err(Error::io("write", &path, e)),
            }
        }
    }

    fn fill(&self, bytes: &[u8]) -> Result<()> {
        let written = (&self.file).write_all(bytes).and_then(|()| self.file.sync_all());
        written.map_err(|e| Error::io("write", &self.path, e))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename it is not there any more.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes the store, and folders in it; a link in the place of one of these is refused.
fn make_folders(store: &Path, below: &Path) -> Result<PathBuf> {
    let made = fs::create_dir_all(store).and_then(|()| files::make_folders(store, below));
    made.map_err(|e| Error::io("make", &store.join(below), e))
}

/// Removes what killed writers left, and the folder if it is empty. In a link's place it could be any folder.
fn sweep(folder: &Path) {
    if folder.is_symlink() {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_left = File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if is_left {
            let _ = fs::remove_file(&path);
        }
    }
    let _ = fs::remove_dir(folder);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// reliability 6: what lay behind a link in the place of temporary files was removed.
    #[test]
    fn a_planted_link_is_refused_and_what_is_behind_it_stays() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("keep"), "x").unwrap();
        for planted in [WRITING, "runs"] {
            let store = dir.path().join(planted.trim_start_matches('.'));
            fs::create_dir(&store).unwrap();
            symlink(outside.path(), store.join(planted)).unwrap();
            let item = Item { name: "runs/a".into(), bytes: b"x", replace: false };
            let said = Folder::new(&store).put(&[item]).unwrap_err().to_string();
            assert!(said.contains(planted) && said.contains("link"), "{said}");
            assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1, "{planted}");
        }
    }
}

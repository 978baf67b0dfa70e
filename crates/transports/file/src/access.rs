//! How a side reaches the bytes of the file.

use ipcmark_core::{Error, Result};
use ipcmark_sys::mapped::MappedFile;
use rustix::io::{Errno, pread, pwrite};
use std::fs::File;

/// A way to read and write the file, as a type.
pub trait Access: Sized + 'static {
    /// True when the file is mapped.
    const MAPPED: bool;
    /// Prepares to reach the first `len` bytes of the file.
    fn open(file: File, len: u64) -> Result<Self>;
    /// Returns the file itself, to lock.
    fn file(&self) -> &File;
    /// Copies bytes out, from offset `at`.
    fn read(&self, at: u64, space: &mut [u8]) -> Result<()>;
    /// Copies bytes in, to offset `at`.
    fn write(&self, at: u64, bytes: &[u8]) -> Result<()>;
}

/// Returns the one of two words that is for this access.
pub(crate) const fn name([plain, mapped]: [&'static str; 2], is_mapped: bool) -> &'static str {
    if is_mapped { mapped } else { plain }
}

/// `pread(2)` and `pwrite(2)`.
#[derive(Debug)]
pub struct Plain(File);

impl Access for Plain {
    const MAPPED: bool = false;

    fn open(file: File, _: u64) -> Result<Plain> {
        Ok(Plain(file))
    }

    #[inline]
    fn file(&self) -> &File {
        &self.0
    }

    /// `pread()` - reads at an offset.
    ///
    /// # References
    /// [pread(2)](https://man7.org/linux/man-pages/man2/pread.2.html)
    #[inline]
    fn read(&self, mut at: u64, mut space: &mut [u8]) -> Result<()> {
        while !space.is_empty() {
            match pread(&self.0, &mut *space, at) {
                Ok(0) => {
                    return Err(Error::Protocol("the shared file is shorter than agreed".into()));
                }
                Ok(n) => (at, space) = (at + n as u64, &mut space[n..]),
                Err(Errno::INTR) => {}
                Err(e) => return Err(Error::os("pread", e)),
            }
        }
        Ok(())
    }

    /// `pwrite()` - writes at an offset.
    ///
    /// # References
    /// [pwrite(2)](https://man7.org/linux/man-pages/man2/pwrite.2.html)
    #[inline]
    fn write(&self, mut at: u64, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            match pwrite(&self.0, bytes, at) {
                Ok(n) => (at, bytes) = (at + n as u64, &bytes[n..]),
                Err(Errno::INTR) => {}
                Err(e) => return Err(Error::os("pwrite", e)),
            }
        }
        Ok(())
    }
}

/// A shared mapping, `mmap(2)`.
#[derive(Debug)]
pub struct Mapped {
    file: File,
    pages: MappedFile,
}

impl Access for Mapped {
    const MAPPED: bool = true;

    fn open(file: File, len: u64) -> Result<Mapped> {
        let pages = MappedFile::new(&file, len as usize)?;
        Ok(Mapped { file, pages })
    }

    #[inline]
    fn file(&self) -> &File {
        &self.file
    }

    #[inline]
    fn read(&self, at: u64, space: &mut [u8]) -> Result<()> {
        self.pages.read(at as usize, space);
        Ok(())
    }

    #[inline]
    fn write(&self, at: u64, bytes: &[u8]) -> Result<()> {
        self.pages.write(at as usize, bytes);
        Ok(())
    }
}

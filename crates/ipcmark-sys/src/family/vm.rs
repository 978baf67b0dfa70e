//! Reaching into another process's memory: `process_vm_readv(2)` and `process_vm_writev(2)`, and pages that a peer may
//! reach into.

use ipcmark_core::{Error, Result};
use memmap2::{Advice, MmapOptions, MmapRaw};
use nix::sys::uio::{RemoteIoVec, process_vm_readv, process_vm_writev};
use nix::unistd::Pid;
use rustix::io::{self, Errno};
use std::io::{IoSlice, IoSliceMut};

/// Yama's option in `linux/prctl.h`.
const PR_SET_PTRACER: libc::c_int = 0x5961_6d61;

/// Zeroed pages of this process alone, that a peer may read or write by their address.
///
/// They are raw memory to the compiler, which takes nothing for granted about their contents. A slice of them is sound
/// as long as the peer keeps to what both sides agreed on: that it leaves those bytes alone meanwhile.
#[derive(Debug)]
pub struct Window {
    pages: MmapRaw,
}

impl Window {
    /// `mmap()` - maps at least `len` bytes, all of them there from the start.
    ///
    /// # References
    /// [mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html)
    pub fn new(len: usize) -> Result<Window> {
        let pages = MmapOptions::new()
            .len(len.max(1))
            .map_anon()
            .map(MmapRaw::from)
            .map_err(|e| Error::os(format!("mmap({len} bytes)"), e))?;
        // Linux 5.14 and later; before that the first messages fault them in.
        let _ = pages.advise(Advice::PopulateWrite);
        Ok(Window { pages })
    }

    /// Returns its address, as the peer must name it.
    #[must_use]
    pub fn address(&self) -> u64 {
        self.pages.as_ptr() as u64
    }

    /// Returns the `len` bytes at `at`, which the peer does not write to while they are lent.
    ///
    /// # Panics
    /// When they are not in the window.
    #[inline]
    #[must_use]
    pub fn bytes(&self, at: usize, len: usize) -> &[u8] {
        assert!(at <= self.pages.len() && len <= self.pages.len() - at);
        // SAFETY: the offset was checked.
        let first = unsafe { self.pages.as_ptr().add(at) };
        // SAFETY: `len` mapped bytes from there lie in the window, and no one writes them while they are lent.
        unsafe { std::slice::from_raw_parts(first, len) }
    }

    /// Returns the `len` bytes at `at` for writing. The peer may read them meanwhile: it gets old bytes or new ones.
    ///
    /// # Panics
    /// When they are not in the window.
    #[inline]
    pub fn bytes_mut(&mut self, at: usize, len: usize) -> &mut [u8] {
        assert!(at <= self.pages.len() && len <= self.pages.len() - at);
        // SAFETY: the offset was checked.
        let first = unsafe { self.pages.as_mut_ptr().add(at) };
        // SAFETY: `len` mapped bytes from there lie in the window, which is borrowed for as long as they are lent.
        unsafe { std::slice::from_raw_parts_mut(first, len) }
    }
}

/// `process_vm_readv()` - fills `space` with what lies at `address` in the process `pid`.
///
/// # Errors
/// `EPERM` without the permission to trace it, `ESRCH` when it is gone, `EFAULT` when nothing is mapped there.
///
/// # References
/// [process_vm_readv(2)](https://man7.org/linux/man-pages/man2/process_vm_readv.2.html)
#[inline]
pub fn pull(pid: i32, address: u64, space: &mut [u8]) -> io::Result<()> {
    let len = space.len();
    let mut done = 0;
    while done < len {
        let remote = [RemoteIoVec { base: address as usize + done, len: len - done }];
        let mut local = [IoSliceMut::new(&mut space[done..])];
        done += moved(process_vm_readv(Pid::from_raw(pid), &mut local, &remote))?;
    }
    Ok(())
}

/// `process_vm_writev()` - writes `bytes` to `address` in the process `pid`.
///
/// # Errors
/// As [`pull`].
///
/// # References
/// [process_vm_writev(2)](https://man7.org/linux/man-pages/man2/process_vm_writev.2.html)
#[inline]
pub fn push(pid: i32, address: u64, bytes: &[u8]) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let remote = [RemoteIoVec { base: address as usize + done, len: bytes.len() - done }];
        let local = [IoSlice::new(&bytes[done..])];
        done += moved(process_vm_writev(Pid::from_raw(pid), &local, &remote))?;
    }
    Ok(())
}

/// Returns the number of bytes that one call moved: at least one, since some were requested.
#[inline]
fn moved(result: nix::Result<usize>) -> io::Result<usize> {
    match result {
        Ok(0) => Err(Errno::FAULT),
        Ok(n) => Ok(n),
        Err(e) => Err(Errno::from_raw_os_error(e as i32)),
    }
}

/// `prctl(PR_SET_PTRACER)` - lets the process `pid` reach into this one's memory where Yama would refuse it
/// (`kernel.yama.ptrace_scope` = 1: only ancestors may). Where there is no Yama there is nothing to allow.
///
/// # References
/// [ptrace(2)](https://man7.org/linux/man-pages/man2/ptrace.2.html), "/proc/sys/kernel/yama/ptrace_scope"
pub fn admit(pid: i32) -> Result<()> {
    // SAFETY: the call takes a number and touches no memory.
    let rc = unsafe { libc::prctl(PR_SET_PTRACER, pid as libc::c_ulong, 0, 0, 0) };
    match std::io::Error::last_os_error() {
        _ if rc == 0 => Ok(()),
        // Yama is not built in.
        e if e.raw_os_error() == Some(libc::EINVAL) => Ok(()),
        e => Err(Error::os(format!("prctl(PR_SET_PTRACER, {pid})"), e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process may always reach into itself.
    #[test]
    fn bytes_go_both_ways_and_a_wrong_address_is_told() {
        let me = std::process::id() as i32;
        let mut window = Window::new(10_000).unwrap();
        window.bytes_mut(100, 5).copy_from_slice(b"hello");
        let mut space = [0; 5];
        pull(me, window.address() + 100, &mut space).unwrap();
        assert_eq!(&space, b"hello");
        push(me, window.address() + 9_995, b"there").unwrap();
        assert_eq!(window.bytes(9_995, 5), b"there");
        assert_eq!(pull(me, 16, &mut space), Err(Errno::FAULT));
        assert_eq!(push(i32::MAX, 16, &space), Err(Errno::SRCH));
    }
}

//! The capacity of pipes and FIFOs.

mod vmsplice;

pub use vmsplice::VmspliceSender;

use ipcmark_core::{Called, Error, Result};
use rustix::io::Errno;
use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
use std::cmp::Ordering;
use std::os::fd::AsFd;

/// `fcntl(fd, F_GETPIPE_SZ)` - bytes the pipe behind `fd` holds.
///
/// # References
/// [F_GETPIPE_SZ(2const)](https://man7.org/linux/man-pages/man2/F_GETPIPE_SZ.2const.html)
pub fn pipe_capacity(fd: impl AsFd) -> Result<usize> {
    fcntl_getpipe_size(fd).called("fcntl(F_GETPIPE_SZ)")
}

/// `fcntl(fd, F_SETPIPE_SZ)` - makes the pipe behind `fd` hold `bytes`, rounded up by the kernel to a power of two
/// pages; returns what it holds.
///
/// An ordinary user is refused what is over `fs.pipe-max-size`, and any growth by which the user's pipes together
/// would pass `fs.pipe-user-pages-soft`. Then the pipe gets the largest power of two below that is granted, and keeps
/// what it held before where none is.
///
/// # References
/// [F_SETPIPE_SZ(2const)](https://man7.org/linux/man-pages/man2/F_SETPIPE_SZ.2const.html),
/// [pipe(7)](https://man7.org/linux/man-pages/man7/pipe.7.html)
pub fn set_pipe_capacity(fd: impl AsFd, bytes: usize) -> Result<usize> {
    let held = pipe_capacity(&fd)?;
    let mut asked = bytes.min(MOST);
    loop {
        match fcntl_setpipe_size(&fd, asked) {
            Ok(_) => return pipe_capacity(fd),
            // ENOMEM: a privileged user passes both limits and comes to the end of memory in one run.
            Err(Errno::PERM | Errno::NOMEM) if asked > held => {
                asked = (asked.next_power_of_two() / 2).max(held);
            }
            Err(errno) => return Err(Error::os(format!("fcntl(F_SETPIPE_SZ, {asked})"), errno)),
        }
    }
}

/// Returns how many writes of `bytes` each a pipe of `capacity` bytes holds: a write goes into what is left of the last
/// page only if that has room for all of it, or for what it has beyond whole pages.
///
/// # References
/// `pipe_write` in `fs/pipe.c`
#[must_use]
pub fn pipe_room(capacity: usize, bytes: usize) -> usize {
    let page = rustix::param::page_size();
    match page.checked_div(bytes) {
        Some(0) => capacity / bytes.next_multiple_of(page),
        Some(a_page) => capacity / page * a_page,
        None => capacity,
    }
}

/// Makes both pipes hold `bytes` where that is asked, and then the same: what the smaller of them was granted, or what
/// the kernel gave it by itself. Returns what each holds.
///
/// # Errors
/// As [`set_pipe_capacity`].
pub fn match_pipe_capacities(pipes: [&impl AsFd; 2], bytes: Option<usize>) -> Result<usize> {
    let [a, b] = pipes.map(|pipe| match bytes {
        Some(bytes) => set_pipe_capacity(pipe, bytes),
        None => pipe_capacity(pipe),
    });
    let (a, b) = (a?, b?);
    match a.cmp(&b) {
        Ordering::Equal => Ok(a),
        Ordering::Greater => set_pipe_capacity(pipes[0], b),
        Ordering::Less => set_pipe_capacity(pipes[1], a),
    }
}

/// Bytes that can be asked for: the argument is an `int`.
const MOST: usize = i32::MAX as usize;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fd::sysctl;
    use rustix::pipe::pipe;

    #[test]
    fn a_capacity_is_rounded_up_and_read_back_from_either_end() {
        let (reader, writer) = pipe().unwrap();
        assert_eq!(set_pipe_capacity(&writer, 5_000).unwrap(), 8_192);
        assert_eq!(pipe_capacity(&reader).unwrap(), 8_192);
    }

    /// Where this user may pass the limit, the kernel grants more; it grants what was asked in no case.
    #[test]
    fn a_capacity_over_the_limit_is_granted_up_to_it() {
        let (reader, writer) = pipe().unwrap();
        let max = sysctl("fs.pipe-max-size").unwrap() as usize;
        let granted = set_pipe_capacity(&writer, usize::MAX).unwrap();
        assert!(granted >= max && granted.is_power_of_two(), "{granted} where {max} is the limit");
        assert_eq!(pipe_capacity(&reader).unwrap(), granted);
        if fcntl_setpipe_size(&writer, 2 * max) == Err(Errno::PERM) {
            assert_eq!(granted, max);
        }
    }

    #[test]
    fn two_pipes_get_what_both_can_have() {
        let ((_r, one), (_s, other)) = (pipe().unwrap(), pipe().unwrap());
        assert_eq!(match_pipe_capacities([&one, &other], Some(16_384)).unwrap(), 16_384);
        set_pipe_capacity(&other, 8_192).unwrap();
        assert_eq!(match_pipe_capacities([&one, &other], None).unwrap(), 8_192);
        assert_eq!(pipe_capacity(&one).unwrap(), 8_192);
    }
}

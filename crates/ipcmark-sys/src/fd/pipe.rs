//! The capacity of pipes and FIFOs.

use super::limit::sysctl;
use ipcmark_core::{Error, Result};
use rustix::io::Errno;
use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
use std::os::fd::AsFd;

/// `fcntl(fd, F_GETPIPE_SZ)` - bytes the pipe behind `fd` holds.
///
/// # References
/// [F_GETPIPE_SZ(2const)](https://man7.org/linux/man-pages/man2/F_GETPIPE_SZ.2const.html)
pub fn pipe_capacity(fd: impl AsFd) -> Result<usize> {
    fcntl_getpipe_size(fd).map_err(|e| Error::os("fcntl(F_GETPIPE_SZ)", e))
}

/// `fcntl(fd, F_SETPIPE_SZ)` - makes the pipe behind `fd` hold `bytes`, rounded up by the kernel to a power of two
/// pages; returns what it holds.
///
/// # Errors
/// [`Error::Unavailable`] with the limit and its present value when this user may not have so much.
pub fn set_pipe_capacity(fd: impl AsFd, bytes: usize) -> Result<usize> {
    match fcntl_setpipe_size(&fd, bytes) {
        Ok(_) => pipe_capacity(fd),
        Err(Errno::PERM) => Err(denied(bytes)),
        Err(errno) => Err(Error::os(format!("fcntl(F_SETPIPE_SZ, {bytes})"), errno)),
    }
}

/// EPERM has two reasons: one pipe over its limit, or all pipes of this user over theirs.
#[cold]
fn denied(bytes: usize) -> Error {
    let max = sysctl("fs.pipe-max-size");
    let (reason, remedy) = match max {
        Some(max) if bytes as u64 <= max => {
            let soft = sysctl("fs.pipe-user-pages-soft").unwrap_or(0);
            (
                format!(
                    "all pipes of this user together would pass fs.pipe-user-pages-soft, which is {soft} pages"
                ),
                format!("sysctl fs.pipe-user-pages-soft={}", soft.saturating_mul(4)),
            )
        }
        _ => {
            let max = max.map_or_else(|| "unknown".into(), |max| max.to_string());
            (
                format!("a pipe of {bytes} bytes is over fs.pipe-max-size, which is {max}"),
                format!("sysctl fs.pipe-max-size={}", bytes.next_power_of_two()),
            )
        }
    };
    Error::Unavailable { reason, remedy: Some(remedy) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::pipe;

    #[test]
    fn a_capacity_is_rounded_up_and_read_back_from_either_end() {
        let (reader, writer) = pipe().unwrap();
        assert_eq!(set_pipe_capacity(&writer, 5_000).unwrap(), 8_192);
        assert_eq!(pipe_capacity(&reader).unwrap(), 8_192);
    }

    #[test]
    fn a_refusal_names_the_limit_and_the_line_that_raises_it() {
        let error = denied(1 << 30);
        let Error::Unavailable { reason, remedy } = error else { panic!("{error}") };
        assert!(reason.contains("fs.pipe-max-size"), "{reason}");
        assert_eq!(remedy.as_deref(), Some("sysctl fs.pipe-max-size=1073741824"));
    }
}

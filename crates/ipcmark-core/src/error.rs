//! What can go wrong between two sides, in words a user can act on.

use ipcmark_words::Refusal;
use std::io;

/// A result with an ipcmark [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Errors of the kernel that say that something is used up or bounded, and what gives more of it.
/// The numbers are those of Linux on all common machines.
const SHORTAGES: [(i32, &str); 11] = [
    (11, "ulimit -i unlimited, ulimit -u unlimited: no signal, timer or process can be had now"),
    (12, "give this program more memory, or ask for smaller messages or less capacity"),
    (23, "sysctl fs.file-max=1000000"),
    (24, "ulimit -n 65536"),
    (27, "ulimit -f unlimited"),
    (28, "make room in the file system, or set TMPDIR to another one"),
    (30, "mount it read-write, or set TMPDIR to another folder"),
    (36, "set TMPDIR to a shorter folder"),
    (105, "give the kernel more memory for sockets, or ask for smaller messages"),
    (109, "ulimit -n 65536: descriptors that are passed count while they are under way"),
    (122, "raise the quota of this user's files, or set TMPDIR to another file system"),
];

/// The reason that a transport could not do its work.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// End of stream: the peer closed its sending half, and everything it sent was received; or the
    /// peer closed its receiving half, so that nothing can be sent any more.
    #[error("the peer has closed the link")]
    Closed,
    /// The peer's process ended without closing the link.
    #[error("the peer's process is gone")]
    PeerDied,
    /// A message longer than the link carries was refused before any of it was sent.
    #[error(
        "a message of {len} bytes is longer than the {max} bytes this link carries ({limited_by})"
    )]
    TooLong {
        /// Length asked for, in bytes.
        len: usize,
        /// Largest length accepted, in bytes.
        max: usize,
        /// Source of the limit: a field of the plan, a sysctl, a socket option.
        limited_by: &'static str,
    },
    /// The bytes that arrived break the transport's own rules.
    #[error("protocol error: {0}")]
    Protocol(String),
    /// The mechanism cannot be used here; the remedy says what would change that.
    #[error("{0}")]
    Unavailable(Refusal),
    /// A system call failed.
    #[error("{call}: {source}{}", advice(source, hint).map(|h| format!(" ({h})")).unwrap_or_default())]
    Os {
        /// The system call, with the argument that matters.
        call: String,
        /// The error of the kernel.
        source: io::Error,
        /// Advice, if there is any.
        hint: Option<String>,
    },
}

/// Returns what gives more of what is short, if an error of the kernel says that something is.
fn remedy(source: &io::Error) -> Option<&'static str> {
    let errno = source.raw_os_error()?;
    SHORTAGES.iter().find(|(short, _)| *short == errno).map(|(_, remedy)| *remedy)
}

/// Returns the hint of a call, or else the remedy of a shortage.
fn advice<'h>(source: &io::Error, hint: &'h Option<String>) -> Option<&'h str> {
    hint.as_deref().or_else(|| remedy(source))
}

impl Error {
    /// Makes an [`Error::Unavailable`] without a remedy.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Error::Unavailable(Refusal::new(reason))
    }

    /// Makes the error for a message of `len` bytes on a link that was made for 1 to `max`.
    #[cold]
    pub fn misfit(len: usize, max: usize) -> Self {
        Error::misfit_by(len, max, "the size this link was made for")
    }

    /// Makes the error for a message of `len` bytes on a link that carries 1 to `max`; `limited_by` is the source of
    /// the limit.
    #[cold]
    pub fn misfit_by(len: usize, max: usize, limited_by: &'static str) -> Self {
        match len {
            0 => Error::Protocol("a message has 1 byte or more; claim it first".into()),
            _ => Error::TooLong { len, max, limited_by },
        }
    }

    /// Makes an error of a failed system call, without a hint.
    pub fn os(call: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Error::Os { call: call.into(), source: source.into(), hint: None }
    }

    /// Makes an error of a failed system call, with a hint on what to do.
    pub fn os_hint(
        call: impl Into<String>,
        source: impl Into<io::Error>,
        hint: impl Into<String>,
    ) -> Self {
        Error::Os { call: call.into(), source: source.into(), hint: Some(hint.into()) }
    }

    /// Returns the `errno` behind this error, if a system call failed.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        match self {
            Error::Os { source, .. } => source.raw_os_error(),
            _ => None,
        }
    }

    /// Returns why the mechanism cannot be used here, and what would change that, if this machine or this
    /// user is short of something: a shortage is no fault of the mechanism, whatever call shows it.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Error::Unavailable(refusal) => Some(refusal.clone()),
            Error::TooLong { .. } => Some(Refusal::new(self.to_string())),
            Error::Os { call, source, hint } => {
                remedy(source)?;
                Some(Refusal::new(format!("{call}: {source}")).with_remedy(advice(source, hint)?))
            }
            _ => None,
        }
    }

    /// Returns true if the peer is known to be gone, in good order or not.
    #[must_use]
    pub fn is_end(&self) -> bool {
        matches!(self, Error::Closed | Error::PeerDied)
    }
}

/// Names the system call whose result this is.
pub trait Called<T> {
    /// Turns a failure into an [`Error::Os`] of this call.
    ///
    /// # Errors
    /// The call failed.
    fn called(self, call: &str) -> Result<T>;
}

impl<T, E: Into<io::Error>> Called<T> for std::result::Result<T, E> {
    #[inline]
    fn called(self, call: &str) -> Result<T> {
        self.map_err(|source| Error::os(call, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // F14
    #[test]
    fn a_shortage_is_no_fault_of_the_mechanism() {
        let of = |errno| Error::os("open(x)", io::Error::from_raw_os_error(errno));
        for (errno, remedy) in SHORTAGES {
            let refusal = of(errno).refusal().unwrap();
            assert!(refusal.reason.starts_with("open(x): "), "{refusal}");
            assert_eq!(refusal.remedy.as_deref(), Some(remedy));
        }
        // EIO, EPIPE, EINVAL
        assert!([5, 32, 22].into_iter().all(|errno| of(errno).refusal().is_none()));
        let hinted = Error::os_hint("mmap", io::Error::from_raw_os_error(12), "buy memory");
        assert_eq!(hinted.refusal().unwrap().remedy.as_deref(), Some("buy memory"));
        assert!(Error::PeerDied.refusal().is_none());
    }
}

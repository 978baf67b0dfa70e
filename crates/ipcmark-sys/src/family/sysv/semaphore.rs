//! A System V semaphore: a set of one.

use super::Kind;
use super::object::Object;
use crate::ground::{done, last_errno};
use ipcmark_core::{Error, Refusal, Result};
use rustix::io::{self, Errno};

/// A counter that forked processes share: one adds, another takes and sleeps while there is nothing to take.
#[derive(Debug)]
pub struct Semaphore {
    object: Object,
}

impl Semaphore {
    /// `semget()` - makes a set of one semaphore, which holds 0, for this user only. Before the fork.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the system holds as many sets as it may, or has none at all.
    ///
    /// # References
    /// [semget(2)](https://man7.org/linux/man-pages/man2/semget.2.html)
    pub fn new() -> Result<Semaphore> {
        let get = |key| {
            // SAFETY: numbers in, a number out.
            let id = unsafe { libc::semget(key, 1, libc::IPC_CREAT | libc::IPC_EXCL | 0o600) };
            if id >= 0 { Ok(id) } else { Err(last_errno()) }
        };
        Ok(Semaphore { object: Object::create(Kind::Semaphores, get, explain)? })
    }

    /// Returns its number, as `ipcs -s` lists it.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.object.id()
    }

    /// `semop()` - adds one; never sleeps. `ERANGE` when the semaphore holds as much as it can (32,767).
    ///
    /// # References
    /// [semop(2)](https://man7.org/linux/man-pages/man2/semop.2.html)
    #[inline]
    pub fn add(&self) -> io::Result<()> {
        self.operate(1, 0)
    }

    /// `semop()` - takes one, sleeping while there is none. `EINTR` when a signal's handler ran meanwhile: the kernel
    /// never starts this call again.
    ///
    /// # References
    /// [semop(2)](https://man7.org/linux/man-pages/man2/semop.2.html)
    #[inline]
    pub fn take(&self) -> io::Result<()> {
        self.operate(-1, 0)
    }

    /// `semop(IPC_NOWAIT)` - takes one, or says `EAGAIN`.
    ///
    /// # References
    /// [semop(2)](https://man7.org/linux/man-pages/man2/semop.2.html)
    pub fn try_take(&self) -> io::Result<()> {
        self.operate(-1, libc::IPC_NOWAIT as i16)
    }

    /// `semop(SEM_UNDO)` - takes one as [`take`](Semaphore::take), and has the kernel give it back when this process ends,
    /// however it ends.
    ///
    /// # References
    /// [semop(2)](https://man7.org/linux/man-pages/man2/semop.2.html)
    pub fn take_until_exit(&self) -> io::Result<()> {
        self.operate(-1, libc::SEM_UNDO as i16)
    }

    #[inline]
    fn operate(&self, sem_op: i16, sem_flg: i16) -> io::Result<()> {
        let mut operation = libc::sembuf { sem_num: 0, sem_op, sem_flg };
        // SAFETY: one operation is handed in, and one lies there.
        done(unsafe { libc::semop(self.object.id(), &raw mut operation, 1) })
    }
}

#[cold]
fn explain(errno: Errno) -> Error {
    let unavailable =
        |reason: &str, remedy: &str| Error::Unavailable(Refusal::new(reason).with_remedy(remedy));
    match errno {
        Errno::NOSPC => unavailable(
            "this system holds as many semaphores as kernel.sem allows",
            "raise the second and the fourth number of sysctl kernel.sem, or remove what ipcs -s lists",
        ),
        Errno::NOSYS => unavailable(
            "this kernel has no System V semaphores",
            "take a kernel with CONFIG_SYSVIPC, or a sandbox that allows semget(2)",
        ),
        Errno::PERM | Errno::ACCESS => unavailable(
            "this user or container may not make System V semaphores",
            "allow semget(2) in the container's seccomp profile",
        ),
        _ => Error::os("semget", errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sysv::listed;

    #[test]
    fn it_counts() {
        let semaphore = Semaphore::new().unwrap();
        assert_eq!(semaphore.try_take(), Err(Errno::AGAIN));
        semaphore.add().unwrap();
        semaphore.add().unwrap();
        semaphore.take().unwrap();
        semaphore.try_take().unwrap();
        assert_eq!(semaphore.try_take(), Err(Errno::AGAIN));
    }

    #[test]
    fn it_is_removed_when_nobody_holds_it() {
        let semaphore = Semaphore::new().unwrap();
        let name = format!("sem {}", semaphore.id());
        assert!(listed().contains(&name));
        drop(semaphore);
        assert!(!listed().contains(&name));
    }
}

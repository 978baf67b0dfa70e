//! Where a traced thread stopped, why, and how it goes on.

use crate::process::Exit;
use rustix::process::Pid;

/// `PTRACE_EVENT_STOP`, which libc lacks on some targets.
const EVENT_STOP: i32 = 128;
/// `PTRACE_GET_SYSCALL_INFO`, the same.
const GET_SYSCALL_INFO: libc::c_uint = 0x420e;
const ENTRY: u8 = 1;
const EXIT: u8 = 2;
/// Results inside the kernel of a call that a signal cut short, `ERESTARTSYS` to `ERESTART_RESTARTBLOCK`: no program sees
/// them.
const RESTARTS: std::ops::RangeInclusive<i64> = -516..=-512;

/// Reason why a thread stopped, or that it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// At a system call, on its way in or out.
    Call,
    /// Before a signal reaches it.
    Signal(i32),
    /// It has made a thread.
    Clone,
    /// A stopping signal (Ctrl-Z) holds its whole process.
    Held,
    /// A stop that was requested, or a new thread.
    Other,
    /// It has ended.
    Ended(Exit),
}

impl Stop {
    /// Decodes a status of `waitpid(2)`.
    pub(super) fn of(status: i32) -> Stop {
        if libc::WIFEXITED(status) {
            return Stop::Ended(Exit::Code(libc::WEXITSTATUS(status)));
        }
        if libc::WIFSIGNALED(status) {
            return Stop::Ended(Exit::Signal(libc::WTERMSIG(status)));
        }
        let signal = libc::WSTOPSIG(status);
        match status >> 16 {
            0 if signal == libc::SIGTRAP | 0x80 => Stop::Call,
            0 => Stop::Signal(signal),
            libc::PTRACE_EVENT_CLONE => Stop::Clone,
            EVENT_STOP if signal != libc::SIGTRAP => Stop::Held,
            _ => Stop::Other,
        }
    }
}

/// End of a call at which a thread stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// It is about to make the call of this number.
    Entry { number: u64 },
    /// It comes back with this.
    Exit { value: i64 },
}

/// `struct ptrace_syscall_info`, as far as it is read here: every field is an integer.
#[repr(C)]
#[derive(Default)]
struct Info {
    op: u8,
    _pad: [u8; 3],
    _arch: u32,
    _instruction: u64,
    _stack: u64,
    /// Number of the call at an entry, its result at an exit.
    first: u64,
    _rest: [u64; 7],
}

/// Returns the call at which a thread stopped.
pub(super) fn call(thread: Pid) -> Option<Call> {
    let mut info = Info::default();
    let pid = thread.as_raw_nonzero().get();
    // SAFETY: the kernel writes at most the size that it is given, into integers.
    let len = unsafe { libc::ptrace(GET_SYSCALL_INFO, pid, size_of::<Info>(), &raw mut info) };
    match info.op {
        _ if len < 0 => None,
        ENTRY => Some(Call::Entry { number: info.first }),
        EXIT => Some(Call::Exit { value: info.first.cast_signed() }),
        _ => None,
    }
}

/// Returns true if this is the result of a call that a signal cut short.
pub(super) fn is_cut_short(value: i64) -> bool {
    RESTARTS.contains(&value)
}

/// Returns true if no handler of the thread's process waits for the signal, so that it is ignored (or the process ends
/// by it).
pub(super) fn is_ignored(thread: Pid, signal: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", thread.as_raw_nonzero()));
    let status = status.unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask >> (signal - 1) & 1 == 0)
}

/// Resumes a thread as `request` says, with `signal` if that is not 0. A wait reports a thread that was killed meanwhile.
pub(super) fn resume(request: libc::c_uint, thread: Pid, signal: i32) {
    let pid = thread.as_raw_nonzero().get();
    // SAFETY: these requests take two numbers and touch no memory of this process.
    let _ = unsafe { libc::ptrace(request, pid, 0, signal) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_told_apart() {
        let stopped = |signal: i32, event: i32| Stop::of(event << 16 | signal << 8 | 0x7f);
        assert_eq!(stopped(libc::SIGTRAP | 0x80, 0), Stop::Call);
        assert_eq!(stopped(libc::SIGTRAP, 0), Stop::Signal(libc::SIGTRAP));
        assert_eq!(stopped(34, 0), Stop::Signal(34), "real-time signals, too");
        assert_eq!(stopped(libc::SIGTRAP, libc::PTRACE_EVENT_CLONE), Stop::Clone);
        assert_eq!(stopped(libc::SIGTRAP, EVENT_STOP), Stop::Other);
        assert_eq!(stopped(libc::SIGTSTP, EVENT_STOP), Stop::Held);
        assert_eq!(Stop::of(3 << 8), Stop::Ended(Exit::Code(3)));
        assert_eq!(Stop::of(9), Stop::Ended(Exit::Signal(9)));
    }

    #[test]
    fn what_the_kernel_makes_again_is_known_by_its_value() {
        assert!(is_cut_short(-512) && is_cut_short(-516));
        assert!(!is_cut_short(-i64::from(libc::EINTR)) && !is_cut_short(0));
    }
}

//! Single copy: one process reaches into another's memory, if it may trace it.

use crate::peers::{PATIENCE, be_ordinary, peer};
use crate::trial::{Found, Seen, Trial, figure, name_of};
use ipcmark_core::{Called, Error, Names, Refusal, Result};
use ipcmark_sys::process::{self, Child, Exit};
use ipcmark_sys::vm::{Window, admit, pull};
use rustix::io::Errno;
use rustix::pipe::pipe;
use rustix::process::{DumpableBehavior, getppid, getuid, set_dumpable_behavior};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;

const PROCESS_VM_READV: Trial = Trial::of("vm", "process_vm_readv", "process_vm_readv(2)");

pub(crate) const RULES: &[Trial] = &[
    Trial {
        name: "permission",
        rule: "It takes the permission to trace the other process: the same user in the same user namespace (or CAP_SYS_PTRACE in the \
               other's), and a process that may be dumped.",
        calls: &[
            "setresuid to an ordinary user, where this is root",
            "process_vm_readv from a process of the same user",
            "prctl(PR_SET_DUMPABLE, 0) by that process, and process_vm_readv again",
            "process_vm_readv from a process of another user",
            "unshare(CLONE_NEWUSER) in a process of the same user, and process_vm_readv from it",
        ],
        run: permission,
        ..PROCESS_VM_READV
    },
    Trial {
        name: "one-copy-saved",
        rule: "Bytes go from one process to the other in one copy and one call; a pipe copies them into the kernel and out again.",
        calls: &[
            "write of 1 MiB to a pipe by one process, 64 times",
            "read by the other",
            "process_vm_readv of 1 MiB, 64 times",
        ],
        run: one_copy_saved,
        ..PROCESS_VM_READV
    },
];

const ANYONE: i32 = -1;

/// Returns a process that holds `bytes` at the window's address in its copy of this one's memory, until it is
/// dropped.
fn holder(dumpable: DumpableBehavior) -> Result<Child> {
    let (ready, tell) = pipe().called("pipe")?;
    let child = peer(|| {
        set_dumpable_behavior(dumpable).called("prctl(PR_SET_DUMPABLE)")?;
        admit(ANYONE)?;
        File::from(tell.try_clone().called("dup")?).write_all(&[1]).called("write")?;
        loop {
            std::thread::park();
        }
    })?;
    drop(tell);
    File::from(ready).read_exact(&mut [0]).called("read")?;
    Ok(child)
}

/// Tells if a process of this user in a user namespace of its own is refused process `pid`'s memory; `None` if it cannot
/// have such a namespace.
fn from_another_namespace(window: &Window, pid: i32) -> Result<Option<bool>> {
    const REFUSED: i32 = 0;
    const READ: i32 = 2;
    let mut child = process::fork(|| match process::enter_user_namespace() {
        Err(_) => 3,
        Ok(()) => match pull(pid, window.address(), &mut [0; 64]) {
            Err(Errno::PERM) => REFUSED,
            _ => READ,
        },
    })?;
    Ok(match child.wait(PATIENCE)? {
        Some(Exit::Code(REFUSED)) => Some(true),
        Some(Exit::Code(READ)) => Some(false),
        _ => None,
    })
}

fn permission(_: &Names) -> Found {
    let was_root = getuid().is_root();
    let supervisor = getppid().map(|pid| pid.as_raw_nonzero().get());
    be_ordinary()?;
    let window = Window::new(64)?;
    let from = |pid: i32| pull(pid, window.address(), &mut [0; 64]);
    let open = holder(DumpableBehavior::Dumpable)?;
    let closed = holder(DumpableBehavior::NotDumpable)?;
    let (same, undumpable) = (from(open.pid()), from(closed.pid()));
    let other = supervisor.filter(|_| was_root).map(from);
    let said = |result: std::result::Result<(), Errno>| match result {
        Ok(()) => "64 bytes read".to_owned(),
        Err(e) => name_of(e),
    };
    let mut words = format!(
        "From a process of the same user: {}. From one that may not be dumped: {}.",
        said(same),
        said(undumpable)
    );
    let apart = from_another_namespace(&window, open.pid())?;
    words += match apart {
        Some(true) => " From a user namespace of its own, as the same user: EPERM.",
        Some(false) => " From a user namespace of its own, as the same user: 64 bytes read.",
        None => " A user namespace cannot be made here.",
    };
    if let Some(other) = other {
        words += &format!(" From root\'s, as an ordinary user: {}.", said(other));
    }
    let refused = |result: std::result::Result<(), Errno>| result == Err(Errno::PERM);
    let kept =
        same.is_ok() && refused(undumpable) && other.is_none_or(refused) && apart.unwrap_or(true);
    if same == Err(Errno::PERM) {
        return Err(Error::Unavailable(
            Refusal::new("process_vm_readv is refused even between two processes of one user")
                .with_remedy("sysctl kernel.yama.ptrace_scope=1, or a sandbox that permits it"),
        ));
    }
    let refusals = [refused(undumpable), other.is_some_and(refused), apart == Some(true)];
    let refusals = refusals.into_iter().map(u64::from).sum();
    Ok(Seen::new(kept, words).count("refusals", refusals))
}

fn one_copy_saved(_: &Names) -> Found {
    const BYTES: usize = 1 << 20;
    const TIMES: u64 = 64;
    let (read_end, write_end) = pipe().called("pipe")?;
    let inherited = read_end.as_fd().try_clone_to_owned().called("dup")?;
    let mut window = Window::new(BYTES)?;
    window.bytes_mut(0, BYTES).fill(7);
    // It has the window too, from the fork: the bytes that it writes to the pipe are those that are read from it.
    let writer = peer(|| {
        drop(inherited);
        admit(ANYONE)?;
        let mut write_end = File::from(write_end.as_fd().try_clone_to_owned().called("dup")?);
        for _ in 0..TIMES {
            write_end.write_all(window.bytes(0, BYTES)).called("write")?;
        }
        loop {
            std::thread::park();
        }
    })?;
    drop(write_end);
    let mut space = vec![0; BYTES];
    let mut read_end = File::from(read_end);
    let (mut calls, mut through_pipe) = (0u64, 0u64);
    while through_pipe < TIMES * BYTES as u64 {
        match read_end.read(&mut space).called("read")? {
            0 => break,
            n => (calls, through_pipe) = (calls + 1, through_pipe + n as u64),
        }
    }
    let mut pulled = 0;
    for _ in 0..TIMES {
        space.fill(0);
        match pull(writer.pid(), window.address(), &mut space) {
            Ok(()) => pulled += space.iter().filter(|&&byte| byte == 7).count() as u64,
            Err(Errno::PERM) => {
                return Err(Error::Unavailable(
                    Refusal::new("process_vm_readv is not permitted here")
                        .with_remedy("see ptrace(2) and kernel.yama.ptrace_scope"),
                ));
            }
            Err(e) => return Err(Error::os("process_vm_readv", e)),
        }
    }
    // In by write, out by read.
    let copied = 2 * through_pipe;
    let words = format!(
        "{TIMES} times 1 MiB through a pipe: {} bytes written and again read, {calls} reads; by process_vm_readv: {} bytes, {TIMES} calls, none by the other process.",
        figure(through_pipe),
        figure(pulled)
    );
    Ok(Seen::new(copied == 2 * pulled && pulled == TIMES * BYTES as u64, words)
        .count("pipe_copied_bytes", copied)
        .count("pipe_reads", calls)
        .count("vm_copied_bytes", pulled)
        .count("vm_calls", TIMES))
}

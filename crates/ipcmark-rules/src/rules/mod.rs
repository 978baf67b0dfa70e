//! The rules, one module a family.

mod aio;
mod barrier;
mod fifo;
mod file;
mod inet;
mod mq;
mod notify;
mod pipe;
mod pty;
mod rpc;
mod shm;
mod signal;
mod sysv;
mod unix;
mod vm;
mod vsock;

use crate::Trial;

/// Every family's rules, in the order of reports.
pub(crate) const FAMILIES: &[&[Trial]] = &[
    signal::RULES,
    pipe::RULES,
    fifo::RULES,
    unix::RULES,
    inet::RULES,
    shm::RULES,
    barrier::RULES,
    file::RULES,
    vm::RULES,
    vsock::RULES,
    pty::RULES,
    aio::RULES,
    mq::RULES,
    sysv::RULES,
    notify::RULES,
    rpc::RULES,
];

//! Sockets of virtual machines: boundaries, as elsewhere, and the loopback they need.

use crate::trial::{Found, Seen, Trial};
use ipcmark_core::{Called, Error, Names, Refusal, Result};
use nix::libc::{VMADDR_CID_LOCAL, VMADDR_PORT_ANY};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, VsockAddr, bind, connect, getsockname, listen,
    socket,
};
use rustix::io::{read, write};
use rustix::net::{Shutdown, SocketFlags, accept_with, shutdown};
use std::os::fd::{AsRawFd, OwnedFd};

pub(crate) const RULES: &[Trial] = &[Trial {
    family: "vsock",
    mechanism: "vsock",
    name: "boundaries",
    rule: "Sequenced packets keep their boundaries between machines too; a stream does not.",
    calls: &["write of 10 bytes, 3 times, over each", "read of up to 100 bytes, until the end"],
    reference: "vsock(7)",
    run: boundaries,
}];

/// Returns two ends of one connection over the loopback.
fn connected(kind: SockType) -> std::result::Result<[OwnedFd; 2], nix::errno::Errno> {
    let endpoint = || socket(AddressFamily::Vsock, kind, SockFlag::SOCK_CLOEXEC, None);
    let listener = endpoint()?;
    bind(listener.as_raw_fd(), &VsockAddr::new(VMADDR_CID_LOCAL, VMADDR_PORT_ANY))?;
    listen(&listener, Backlog::new(1)?)?;
    let client = endpoint()?;
    connect(client.as_raw_fd(), &getsockname::<VsockAddr>(listener.as_raw_fd())?)?;
    let server = accept_with(&listener, SocketFlags::CLOEXEC)
        .map_err(|e| nix::errno::Errno::from_raw(e.raw_os_error()))?;
    Ok([client, server])
}

/// Returns the number of reads that bring what three writes sent.
fn reads(kind: SockType) -> Result<u64> {
    let [from, to] = connected(kind).map_err(|e| {
        Error::Unavailable(
            Refusal::new(format!("no vsock connection over the loopback: {e}"))
                .with_remedy("modprobe vsock_loopback (CONFIG_VSOCKETS_LOOPBACK)"),
        )
    })?;
    for _ in 0..3 {
        write(&from, &[7; 10]).called("write")?;
    }
    shutdown(&from, Shutdown::Write).called("shutdown")?;
    // A packet passes a worker of the kernel: it may not be there when the call returns.
    std::thread::sleep(std::time::Duration::from_millis(200));
    let mut count = 0;
    while read(&to, &mut [0; 100]).called("read")? > 0 {
        count += 1;
    }
    Ok(count)
}

fn boundaries(_: &Names) -> Found {
    let stream = reads(SockType::Stream)?;
    let packets = reads(SockType::SeqPacket)?;
    let words = format!(
        "3 writes each: the stream was read in {stream}, the sequenced packets in {packets}."
    );
    Ok(Seen::new(packets == 3 && stream < 3, words)
        .count("stream_reads", stream)
        .count("packet_reads", packets))
}

//! Unix-domain sockets: boundaries, who is at the other end, descriptors passed.

use crate::peers::{joined, peer};
use crate::trial::{Found, Seen, Trial};
use ipcmark_core::{Called, Error, Names, Result};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::{IoSlice, IoSliceMut, pread, read, write};
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind,
    connect, listen, recv, recvmsg, send, sendmsg, socket_with, socketpair,
};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

const UNIX: Trial = Trial::of("unix", "Unix-domain sockets", "unix(7)");

pub(crate) const RULES: &[Trial] = &[
    Trial {
        name: "boundaries",
        rule: "Sequenced packets and datagrams keep the boundaries between messages; a stream does not.",
        calls: &["socketpair(AF_UNIX)", "send(10 bytes), three times", "recv(100 bytes)"],
        run: boundaries,
        ..UNIX
    },
    Trial {
        name: "credentials",
        rule: "The kernel tells who is at the other end of a connection: process, user and group, as they were when it connected.",
        calls: &["bind, listen, accept", "connect in another process", "getsockopt(SO_PEERCRED)"],
        run: credentials,
        ..UNIX
    },
    Trial {
        name: "descriptor",
        rule: "A descriptor passed with SCM_RIGHTS works in the process that receives it: the same open file, under a number of its own.",
        calls: &[
            "memfd_create, write in another process",
            "sendmsg(SCM_RIGHTS)",
            "recvmsg",
            "pread",
            "write",
            "pread in the sender",
        ],
        run: descriptor,
        ..UNIX
    },
];

fn pair(kind: SocketType) -> Result<(OwnedFd, OwnedFd)> {
    socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).called("socketpair")
}

fn boundaries(_: &Names) -> Found {
    let first = |kind| -> Result<usize> {
        let (from, to) = pair(kind)?;
        for _ in 0..3 {
            send(&from, &[7; 10], SendFlags::NOSIGNAL).called("send")?;
        }
        recv(&to, &mut [0; 100], RecvFlags::empty()).map(|(_, n)| n).called("recv")
    };
    let stream = first(SocketType::STREAM)?;
    let seqpacket = first(SocketType::SEQPACKET)?;
    let datagram = first(SocketType::DGRAM)?;
    let words = format!(
        "3 messages of 10 bytes sent, one recv of 100: {stream} bytes from a stream, {seqpacket} from a sequenced \
         packet socket, {datagram} from a datagram socket."
    );
    Ok(Seen::new((stream, seqpacket, datagram) == (30, 10, 10), words)
        .count("stream_bytes", stream as u64)
        .count("seqpacket_bytes", seqpacket as u64)
        .count("datagram_bytes", datagram as u64))
}

fn credentials(names: &Names) -> Found {
    let socket = || {
        socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
            .called("socket")
    };
    let address = SocketAddrUnix::new_abstract_name(names.token.as_bytes()).called("name")?;
    let listener = socket()?;
    bind(&listener, &address).called("bind")?;
    listen(&listener, 1).called("listen")?;
    let (held, end) = pair(SocketType::STREAM)?;
    let stranger = peer(|| {
        let mine = socket()?;
        connect(&mine, &address).called("connect")?;
        // It stays until it has been looked at.
        read(&held, &mut [0]).map(drop).called("read")
    })?;
    let connection = accept_with(&listener, SocketFlags::CLOEXEC).called("accept4")?;
    let told = socket_peercred(&connection).called("getsockopt(SO_PEERCRED)")?;
    let is = stranger.pid();
    write(&end, &[1]).called("write")?;
    joined([stranger])?;
    let (pid, uid) = (told.pid.as_raw_nonzero().get(), told.uid.as_raw());
    let mine = rustix::process::getuid().as_raw();
    let words = format!(
        "A process connected; SO_PEERCRED said it is {} of user {uid}, {} of this experiment.",
        if pid == is { "the one that was started" } else { "another process" },
        if uid == mine { "the user" } else { "not the user" }
    );
    Ok(Seen::new(pid == is && uid == mine, words)
        .with("uid", uid)
        .count("same_process", u64::from(pid == is)))
}

fn descriptor(_: &Names) -> Found {
    let (here, there) = pair(SocketType::SEQPACKET)?;
    let sender = peer(|| {
        let file = memfd_create("passed", MemfdFlags::CLOEXEC).called("memfd_create")?;
        write(&file, b"from the sender").called("write")?;
        let files = [file.as_fd()];
        let mut control = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut control);
        control.push(SendAncillaryMessage::ScmRights(&files));
        sendmsg(&there, &[IoSlice::new(&[1])], &mut control, SendFlags::NOSIGNAL)
            .called("sendmsg")?;
        // Told that the receiver has written, it finds that in its own file.
        recv(&there, &mut [0], RecvFlags::empty()).called("recv")?;
        let mut space = [0; 64];
        let n = pread(&file, &mut space, 0).called("pread")?;
        if &space[..n] == b"from the sender and back" {
            return Ok(());
        }
        Err(Error::Protocol("what the receiver wrote is not in the sender's file".into()))
    })?;
    let mut control = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut control);
    let flags = RecvFlags::CMSG_CLOEXEC;
    recvmsg(&here, &mut [IoSliceMut::new(&mut [0])], &mut control, flags).called("recvmsg")?;
    let files = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    let file = files.flatten().last();
    let file = file.ok_or_else(|| Error::Protocol("no descriptor came".into()))?;
    let mut space = [0; 64];
    let n = pread(&file, &mut space, 0).called("pread")?;
    let read_here = &space[..n] == b"from the sender";
    // The offset is the open file's, and so the sender's: this goes behind what it wrote.
    write(&file, b" and back").called("write")?;
    send(&here, &[1], SendFlags::NOSIGNAL).called("send")?;
    joined([sender])?;
    let words = format!(
        "A descriptor of a memory file came: {n} bytes were read through it, {}; what was written through it stood behind \
         them in the sender's file, since both share one offset.",
        if read_here { "those the sender wrote" } else { "not those the sender wrote" }
    );
    Ok(Seen::new(read_here, words).count("read_bytes", n as u64))
}

//! Unix-domain sockets: boundaries, who is at the other end, descriptors passed.

use crate::peers::{joined, peer};
use crate::trial::{Found, Seen, Trial, name_of};
use ipcmark_core::{Called, Error, Names, Result};
use ipcmark_sys::fd::{accept_own, stranger};
use ipcmark_sys::names::under_new_name;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::{Errno, IoSlice, IoSliceMut, pread, read, write};
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind,
    connect, listen, recv, recvmsg, send, sendmsg, sendto, socket_with, socketpair,
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
    Trial {
        name: "reset-before-data",
        rule: "When the peer closes its socket with something unread, a stream and a datagram socket first give what it sent; a sequenced packet socket first says ECONNRESET, and gives it then.",
        calls: &[
            "socketpair(AF_UNIX)",
            "send from both sides",
            "close of the one",
            "recv in the other, until the end",
        ],
        run: reset_before_data,
        ..UNIX
    },
    Trial {
        name: "two-marks",
        rule: "A full socket takes another message as soon as there is room for it, but poll calls it writable only when no more than about a quarter of its buffer is in use.",
        calls: &[
            "socketpair(AF_UNIX, SOCK_SEQPACKET)",
            "send(64 bytes) until EAGAIN",
            "recv, send",
            "recv until poll(POLLOUT)",
        ],
        run: two_marks,
        ..UNIX
    },
    Trial {
        name: "queue-of-strangers",
        rule: "A datagram socket with a name keeps net.unix.max_dgram_qlen and one more datagrams of senders that it is not connected to; of one that it is connected to it keeps what the sender's buffer holds.",
        calls: &[
            "socket(AF_UNIX, SOCK_DGRAM), bind",
            "sendto(1 byte) until EAGAIN",
            "socketpair(AF_UNIX, SOCK_DGRAM)",
            "send(1 byte) until EAGAIN",
        ],
        run: queue_of_strangers,
        ..UNIX
    },
];

/// Messages that no queue is large enough for.
const MANY: u64 = 1 << 16;

/// Sends until the socket is full; returns the number of messages that went in.
fn fill(mut send_one: impl FnMut() -> rustix::io::Result<usize>) -> Result<u64> {
    for n in 0..MANY {
        match send_one() {
            Ok(_) => {}
            Err(Errno::AGAIN) => return Ok(n),
            Err(e) => return Err(Error::os("send", e)),
        }
    }
    Err(Error::Protocol(format!("{MANY} messages did not fill the socket")))
}

fn reset_before_data(_: &Names) -> Found {
    let heard = |kind| -> Result<Vec<String>> {
        let (here, there) = pair(kind)?;
        send(&there, &[7; 10], SendFlags::NOSIGNAL).called("send")?;
        send(&here, &[7; 10], SendFlags::NOSIGNAL).called("send")?;
        drop(there);
        let heard = (0..3).map(|_| match recv(&here, &mut [0; 100], RecvFlags::DONTWAIT) {
            Ok((_, n)) => format!("{n} bytes"),
            Err(e) => name_of(e),
        });
        Ok(heard.collect())
    };
    let stream = heard(SocketType::STREAM)?;
    let seqpacket = heard(SocketType::SEQPACKET)?;
    let datagram = heard(SocketType::DGRAM)?;
    let place = |heard: &[String]| heard.iter().position(|one| one == "10 bytes");
    let kept = [&stream, &seqpacket, &datagram].map(|heard| place(heard));
    let words = format!(
        "A peer sent 10 bytes, left 10 unread and closed. Three calls of recv: {} on a stream, {} on a sequenced packet socket, {} on a datagram socket.",
        stream.join(", "),
        seqpacket.join(", "),
        datagram.join(", ")
    );
    // The number of calls that fail before the message comes; all three if it never does.
    let [of_stream, of_seqpacket, of_datagram] = kept.map(|place| place.unwrap_or(3) as u64);
    Ok(Seen::new(
        kept == [Some(0), Some(1), Some(0)] && seqpacket[0] == name_of(Errno::CONNRESET),
        words,
    )
    .count("failures_first_stream", of_stream)
    .count("failures_first_seqpacket", of_seqpacket)
    .count("failures_first_datagram", of_datagram))
}

fn two_marks(_: &Names) -> Found {
    let (from, to) = pair(SocketType::SEQPACKET)?;
    let send_one = || send(&from, &[7; 64], SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
    let take = || recv(&to, &mut [0; 64], RecvFlags::DONTWAIT).map(drop).called("recv");
    let held = fill(send_one)?;
    let mut taken_to_send = 0;
    while send_one().is_err() && taken_to_send < held {
        take()?;
        taken_to_send += 1;
    }
    fill(send_one)?;
    let writable = || -> Result<bool> {
        let mut ask = [PollFd::new(&from, PollFlags::OUT)];
        let ready = poll(&mut ask, Some(&Timespec::default())).called("poll")?;
        Ok(ready > 0 && ask[0].revents().contains(PollFlags::OUT))
    };
    let mut taken_to_poll = 0;
    while !writable()? && taken_to_poll < held {
        take()?;
        taken_to_poll += 1;
    }
    let words = format!(
        "A socket was full with {held} messages. With {taken_to_send} taken out it took another; poll called it writable when {taken_to_poll} were."
    );
    Ok(Seen::new(2 * taken_to_send < held && 2 * taken_to_poll > held, words)
        .count("held", held)
        .count("taken_to_send", taken_to_send)
        .count("taken_to_poll", taken_to_poll))
}

fn queue_of_strangers(names: &Names) -> Found {
    const QLEN: &str = "/proc/sys/net/unix/max_dgram_qlen";
    let read = std::fs::read_to_string(QLEN).map_err(|e| Error::os(QLEN, e))?;
    let allowed: u64 =
        read.trim().parse().map_err(|_| Error::Protocol(format!("{QLEN} is no number")))?;
    let socket = || {
        socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
            .called("socket")
    };
    let name = format!("{}-strangers", names.token);
    let address = SocketAddrUnix::new_abstract_name(name.as_bytes()).called("name")?;
    let (named, stranger) = (socket()?, socket()?);
    bind(&named, &address).called("bind")?;
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    let strange = fill(|| sendto(&stranger, &[7], flags, &address))?;
    let (from, _to) = pair(SocketType::DGRAM)?;
    let known = fill(|| send(&from, &[7], flags))?;
    let words = format!(
        "With net.unix.max_dgram_qlen at {allowed} a named socket took {strange} datagrams of a stranger; one that was connected took {known}."
    );
    // The sender's buffer may be what ends first, where the queue is long.
    let kept = strange == allowed + 1 || (strange == known && known <= allowed);
    Ok(Seen::new(kept, words)
        .count("max_dgram_qlen", allowed)
        .count("of_a_stranger", strange)
        .count("of_a_peer", known))
}

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
    let listener = socket()?;
    let address = under_new_name(&names.token, |name| {
        let address = SocketAddrUnix::new_abstract_name(name.as_bytes())?;
        bind(&listener, &address).map(|()| address)
    });
    let address = address.called("bind")?;
    listen(&listener, 1).called("listen")?;
    let (held, end) = pair(SocketType::STREAM)?;
    let other = peer(|| {
        let mine = socket()?;
        connect(&mine, &address).called("connect")?;
        // It stays until it has been looked at.
        read(&held, &mut [0]).map(drop).called("read")
    })?;
    // Anyone may connect to an abstract name.
    let connection = accept_own(|| accept_with(&listener, SocketFlags::CLOEXEC), stranger)?;
    let told = socket_peercred(&connection).called("getsockopt(SO_PEERCRED)")?;
    let is = other.pid();
    write(&end, &[1]).called("write")?;
    joined([other])?;
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

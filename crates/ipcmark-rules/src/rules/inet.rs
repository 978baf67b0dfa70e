//! Internet-domain sockets: TCP keeps order and loses nothing, UDP keeps boundaries and drops.

use crate::peers::{joined, peer};
use crate::trial::{Found, Seen, Trial, figure};
use ipcmark_core::{Called, Error, Names, Refusal, Result};
use ipcmark_sys::zerocopy;
use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use std::io::{self, ErrorKind, IoSliceMut, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::thread::sleep;
use std::time::Duration;

const TCP: Trial = Trial::of("tcp", "TCP", "tcp(7)");
const UDP: Trial = Trial::of("udp", "UDP", "socket(7)");

pub(crate) const RULES: &[Trial] = &[
    Trial {
        name: "nothing-lost",
        rule: "TCP delivers every byte once and in order; a reader that is slow makes the writer wait.",
        calls: &[
            "write of 100 MB in numbered blocks, by a process of its own",
            "read, with naps between",
        ],
        run: nothing_lost,
        ..TCP
    },
    Trial {
        name: "no-boundaries",
        rule: "TCP carries bytes, not messages: what was written in many pieces may be read in one.",
        calls: &["write of 10 bytes, 1,000 times", "read of up to 64 KiB, until the end"],
        run: no_boundaries,
        ..TCP
    },
    Trial {
        family: "tcp",
        mechanism: "TCP with MSG_ZEROCOPY",
        name: "zerocopy-copied",
        rule: "A zero-copy send tells later whether it was one; over loopback the kernel copies after all.",
        calls: &[
            "setsockopt(SO_ZEROCOPY)",
            "send(MSG_ZEROCOPY) of 16 KiB, 100 times",
            "read by the peer",
            "recvmsg(MSG_ERRQUEUE)",
        ],
        reference: "send(2)",
        run: zerocopy_copied,
    },
    Trial {
        name: "drops-counted",
        rule: "A datagram that finds its receiver's buffer full is dropped; the receiver's socket counts it, the sender learns nothing.",
        calls: &[
            "setsockopt(SO_RXQ_OVFL)",
            "send of 1,000 bytes, 10,000 times, to a socket without a reader",
            "recvmsg until EAGAIN",
            "send and recvmsg again, for the count",
        ],
        run: drops_counted,
        ..UDP
    },
    Trial {
        name: "boundaries",
        rule: "A datagram is received whole, alone, and cut to the space that is offered: the rest of it is gone.",
        calls: &["send of 10 bytes, 3 times", "recv with 100, with 4, and with 100 bytes of space"],
        reference: "udp(7)",
        run: boundaries,
        ..UDP
    },
    Trial {
        family: "udp",
        mechanism: "UDP with UDP_SEGMENT",
        name: "one-send-many-datagrams",
        rule: "With UDP_SEGMENT one call sends a row of datagrams of one size.",
        calls: &[
            "setsockopt(UDP_SEGMENT, 1,440)",
            "send of 14,000 bytes, once",
            "recv until EAGAIN",
        ],
        reference: "udp(7)",
        run: segments,
    },
];

/// Any free port of this machine.
const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Names a call that fails if loopback is down.
fn over_loopback(call: &'static str) -> impl Fn(io::Error) -> Error {
    move |e| match e.kind() {
        ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => Error::Unavailable(
            Refusal::new(format!("there is no loopback to connect over: {call}: {e}"))
                .with_remedy("ip link set lo up"),
        ),
        _ => Error::os(call, e),
    }
}

/// Returns two ends of one TCP connection.
fn tcp() -> Result<[TcpStream; 2]> {
    let listener = TcpListener::bind(LOOPBACK).map_err(over_loopback("bind"))?;
    let here = listener.local_addr().called("getsockname")?;
    let client = TcpStream::connect(here).map_err(over_loopback("connect"))?;
    let ours = client.local_addr().called("getsockname")?;
    // Anyone may connect to a port.
    loop {
        let (server, whose) = listener.accept().called("accept")?;
        if whose == ours {
            return Ok([client, server]);
        }
    }
}

/// Returns two UDP sockets that are connected to each other.
fn udp() -> Result<[UdpSocket; 2]> {
    let bind = || UdpSocket::bind(LOOPBACK).map_err(over_loopback("bind"));
    let (a, b) = (bind()?, bind()?);
    a.connect(b.local_addr().called("getsockname")?).map_err(over_loopback("connect"))?;
    b.connect(a.local_addr().called("getsockname")?).map_err(over_loopback("connect"))?;
    Ok([a, b])
}

fn nothing_lost(_: &Names) -> Found {
    const BLOCK: usize = 100_000;
    const BLOCKS: u64 = 1_000;
    const HEAD: usize = 8;
    let [mut writer, mut reader] = tcp()?;
    let inherited = reader.try_clone().called("dup")?;
    // Each block bears its number.
    let mut block: Vec<u8> = (0..BLOCK).map(|at| (at % 251) as u8).collect();
    let mut space = vec![0; BLOCK];
    let mut outgoing = block.clone();
    let sender = peer(|| {
        drop(inherited);
        for n in 0..BLOCKS {
            outgoing[..HEAD].copy_from_slice(&n.to_le_bytes());
            writer.write_all(&outgoing).called("write")?;
        }
        Ok(())
    })?;
    drop(writer);
    let (mut received, mut wrong) = (0, 0);
    for n in 0..BLOCKS {
        let mut filled = 0;
        while filled < BLOCK {
            match reader.read(&mut space[filled..]).called("read")? {
                0 => break,
                n => filled += n,
            }
        }
        received += filled as u64;
        block[..HEAD].copy_from_slice(&n.to_le_bytes());
        wrong += u64::from(space != block);
        if n.is_multiple_of(10) {
            sleep(Duration::from_millis(3));
        }
    }
    let more = reader.read(&mut space).called("read")?;
    joined([sender])?;
    let written = BLOCKS * BLOCK as u64;
    let words = format!(
        "{} bytes written, {} read by a slow reader; of {} numbered blocks {wrong} were not in their place.",
        figure(written),
        figure(received),
        figure(BLOCKS)
    );
    Ok(Seen::new(received == written && wrong == 0 && more == 0, words)
        .count("written_bytes", written)
        .count("read_bytes", received)
        .count("blocks_wrong", wrong))
}

fn no_boundaries(_: &Names) -> Found {
    const WRITES: u64 = 1_000;
    let [mut writer, mut reader] = tcp()?;
    for _ in 0..WRITES {
        writer.write_all(&[7; 10]).called("write")?;
    }
    drop(writer);
    let (mut reads, mut bytes) = (0u64, 0u64);
    let mut space = vec![0; 64 << 10];
    loop {
        match reader.read(&mut space).called("read")? {
            0 => break,
            n => (reads, bytes) = (reads + 1, bytes + n as u64),
        }
    }
    let words =
        format!("{} writes of 10 bytes, {} bytes read in {reads}.", figure(WRITES), figure(bytes));
    Ok(Seen::new(bytes == 10 * WRITES && reads < WRITES, words)
        .count("writes", WRITES)
        .count("reads", reads))
}

fn zerocopy_copied(_: &Names) -> Found {
    const SENDS: u64 = 100;
    const BYTES: usize = 16 << 10;
    let [writer, mut reader] = tcp()?;
    zerocopy::enable(&writer)?;
    let message = vec![7; BYTES];
    let mut space = vec![0; BYTES];
    let (mut completed, mut copied) = (0, 0);
    let mut collect = || -> Result<u64> {
        while let Some(done) = zerocopy::take_completion(&writer)? {
            let sends = u64::from(done.last.wrapping_sub(done.first)) + 1;
            completed += sends;
            copied += if done.copied { sends } else { 0 };
        }
        Ok(completed)
    };
    for _ in 0..SENDS {
        let mut sent = 0;
        while sent < BYTES {
            sent += zerocopy::send(&writer, &message[sent..]).called("send(MSG_ZEROCOPY)")?;
        }
        reader.read_exact(&mut space).called("read")?;
        collect()?;
    }
    // The last acknowledgement may be held back for some 40 ms.
    for _ in 0..1_000 {
        if collect()? >= SENDS {
            break;
        }
        sleep(Duration::from_millis(5));
    }
    let words = format!(
        "{SENDS} sends of 16 KiB with MSG_ZEROCOPY: {completed} completed, {copied} of them as copied."
    );
    Ok(Seen::new(completed >= SENDS && copied == completed, words)
        .count("sends", SENDS)
        .count("completed", completed)
        .count("copied", copied))
}

fn drops_counted(_: &Names) -> Found {
    const SENT: u64 = 10_000;
    let [sender, receiver] = udp()?;
    receiver.set_nonblocking(true).called("fcntl")?;
    setsockopt(&receiver, sockopt::RxqOvfl, &1)
        .map_err(|e| Error::os("setsockopt(SO_RXQ_OVFL)", io::Error::from(e)))?;
    for _ in 0..SENT {
        sender.send(&[7; 1_000]).called("send")?;
    }
    let mut space = [0; 1_000];
    let mut received = 0;
    while receiver.recv(&mut space).is_ok() {
        received += 1;
    }
    // Each datagram brings the count as it was when that one came.
    sender.send(&[7]).called("send")?;
    let counted = drops_told(&receiver)?;
    let words = format!(
        "{} datagrams sent to a socket without a reader, {} received; the socket counted {} dropped.",
        figure(SENT),
        figure(received),
        figure(counted)
    );
    Ok(Seen::new(received < SENT && counted == SENT - received, words)
        .count("sent", SENT)
        .count("received", received)
        .count("dropped", counted))
}

/// Takes one datagram and the count of drops that comes with it. Without any, there is no count.
fn drops_told(socket: &UdpSocket) -> Result<u64> {
    let mut byte = [0];
    let mut space = cmsg_space!(u32);
    let mut into = [IoSliceMut::new(&mut byte)];
    let failed = |e: nix::errno::Errno| Error::os("recvmsg", io::Error::from(e));
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut into, Some(&mut space), MsgFlags::empty())
        .map_err(failed)?;
    let mut told = message.cmsgs().map_err(failed)?.filter_map(|control| match control {
        ControlMessageOwned::RxqOvfl(drops) => Some(u64::from(drops)),
        _ => None,
    });
    Ok(told.next().unwrap_or(0))
}

fn boundaries(_: &Names) -> Found {
    let [sender, receiver] = udp()?;
    receiver.set_nonblocking(true).called("fcntl")?;
    for n in 0..3 {
        sender.send(&[n; 10]).called("send")?;
    }
    let mut lengths = [0; 3];
    let mut firsts = [9; 3];
    for (n, space) in [100, 4, 100].into_iter().enumerate() {
        let mut bytes = vec![9; space];
        lengths[n] = receiver.recv(&mut bytes).called("recv")?;
        firsts[n] = bytes[0];
    }
    let left = receiver.recv(&mut [0; 100]).is_ok();
    let [first, second, third] = lengths;
    let words = format!(
        "3 datagrams of 10 bytes, space for 100, 4 and 100: {first}, {second} and {third} bytes came, the third from the third datagram."
    );
    Ok(Seen::new(lengths == [10, 4, 10] && firsts == [0, 1, 2] && !left, words)
        .count("second_bytes", second as u64))
}

fn segments(_: &Names) -> Found {
    let [sender, receiver] = udp()?;
    receiver.set_nonblocking(true).called("fcntl")?;
    setsockopt(&sender, sockopt::UdpGsoSegment, &1_440).map_err(|e| {
        Error::Unavailable(
            Refusal::new(format!("setsockopt(UDP_SEGMENT) fails here: {e}"))
                .with_remedy("Linux 4.18 or newer is needed"),
        )
    })?;
    sender.send(&[7; 14_000]).called("send")?;
    let (mut datagrams, mut bytes) = (0, 0);
    let mut space = [0; 2_000];
    while let Ok(len) = receiver.recv(&mut space) {
        datagrams += 1;
        bytes += len as u64;
    }
    let words =
        format!("1 send of 14,000 bytes: {datagrams} datagrams came, {} bytes.", figure(bytes));
    Ok(Seen::new(datagrams == 10 && bytes == 14_000, words)
        .count("datagrams", datagrams)
        .count("received_bytes", bytes))
}

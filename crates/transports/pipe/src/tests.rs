//! What pipes promise of capacities, packets and sharing. Two processes are the conformance laws' business.

use crate::ends::Ends;
use crate::{Pipe, PipePacket, PipeStream, PipeVmsplice};
use ipcmark_core::{
    Availability, ByteSink, ByteSource, ByteStream, Error, Link, Names, Plan, Side, Transport,
    Workload,
};
use ipcmark_sys::fd::{Block, Epoll, FdSink, FdSource, Poll, Sigio, Spin, Uring, Yield, sysctl};

fn plan(capacity: Option<usize>) -> Plan {
    Plan { capacity, ..Plan::new(64, Names { token: "test".into(), dir: "/nonexistent".into() }) }
}

#[test]
fn the_capacity_is_the_kernels() {
    let of = |asked| {
        let fixture = Pipe::<Block>::fixture(&plan(asked)).unwrap();
        Pipe::<Block>::capacity(&fixture).unwrap().bytes.unwrap()
    };
    assert_eq!(of(Some(5_000)), 8_192);
    assert_eq!(of(Some(65_536)), 65_536);
    assert!(of(None) >= 4_096);
}

/// An ordinary user comes to the limit, a privileged one passes it; neither is refused.
#[test]
fn a_capacity_over_the_limit_is_granted_up_to_it_and_told() {
    let max = sysctl("fs.pipe-max-size").unwrap() as usize;
    let fixture = PipeStream::<Block>::fixture(&plan(Some(4 * max))).unwrap();
    let told = PipeStream::<Block>::capacity(&fixture).unwrap().bytes.unwrap();
    assert!(told == max || told == 4 * max, "{told} where fs.pipe-max-size is {max}");
    for Ends { reader, writer } in [fixture.forth, fixture.back] {
        let mut tx = FdSink::<Block>::new(writer).unwrap();
        let mut rx = FdSource::<Block>::new(reader).unwrap();
        // A full page a slot fills the pipe; one thread could not send more.
        let mut left = told;
        while left > 0 {
            left -= tx.write(&vec![7; left]).unwrap();
        }
        let mut space = vec![0; told];
        while left < told {
            left += rx.read(&mut space[left..]).unwrap();
        }
        assert!(space.iter().all(|&byte| byte == 7));
    }
}

/// Splitting in one process keeps one side only: its peer's ends are closed, which is what the peer's death does.
#[test]
fn split_leaves_one_side_with_its_own_ends() {
    let fixture = PipeStream::<Poll>::fixture(&plan(None)).unwrap();
    let Link { mut tx, mut rx } = PipeStream::<Poll>::split(fixture, Side::Responder).unwrap();
    assert!(matches!(tx.write(&[1]), Err(Error::Closed)));
    assert_eq!(rx.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn every_wait_is_a_transport() {
    let names = [
        Pipe::<Block>::INFO.name(),
        Pipe::<Spin>::INFO.name(),
        Pipe::<Yield>::INFO.name(),
        Pipe::<Poll>::INFO.name(),
        Pipe::<Epoll>::INFO.name(),
        Pipe::<Sigio>::INFO.name(),
        Pipe::<Uring>::INFO.name(),
        PipePacket::<Poll>::INFO.name(),
        PipeVmsplice::<Block>::INFO.name(),
    ];
    assert_eq!(
        names,
        [
            "pipe/block",
            "pipe/spin",
            "pipe/yield",
            "pipe/poll",
            "pipe/epoll",
            "pipe/sigio",
            "pipe/uring",
            "pipe-packet/poll",
            "pipe-vmsplice/block",
        ]
    );
    assert!(matches!(Pipe::<Block>::available(), Availability::Available(_)));
}

#[test]
fn several_share_a_pipe_up_to_what_is_atomic() {
    let refusal = |workload, size, fixed| {
        let plan = Plan { workload, size, fixed, ..plan(None) };
        Pipe::<Block>::fixture(&plan).err().map(|e| e.to_string())
    };
    for workload in [Workload::FanIn { peers: 3 }, Workload::FanOut { peers: 3 }] {
        assert_eq!(refusal(workload, 4_096, true), None);
        assert!(refusal(workload, 4_097, true).unwrap().contains("PIPE_BUF"));
    }
    assert!(refusal(Workload::FanOut { peers: 3 }, 64, false).unwrap().contains("pipe-packet"));
    assert_eq!(refusal(Workload::Stream, 1 << 20, true), None);
}

#[test]
fn a_packet_over_the_page_is_refused() {
    let plan = Plan { size: 4_097, ..plan(None) };
    let error = PipePacket::<Block>::fixture(&plan).unwrap_err();
    assert!(matches!(error, Error::TooLong { len: 4_097, max: 4_096, .. }), "{error}");
}

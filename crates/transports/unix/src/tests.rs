//! What the three types promise of sizes and capacities. Two processes are the conformance laws' business.

use crate::{UnixDatagram, UnixPath, UnixSeqpacket, UnixStream};
use ipcmark_core::{Availability, Error, Names, Plan, Sender, Side, Transport};
use ipcmark_sys::fd::{Block, Epoll, Poll, Spin, Yield, sysctl};

fn plan(size: usize, capacity: Option<usize>) -> Plan {
    Plan { capacity, ..Plan::new(size, Names { token: "test".into(), dir: "/nonexistent".into() }) }
}

fn buffer_bytes<T: Transport>(size: usize, capacity: Option<usize>) -> usize {
    T::capacity(&T::fixture(&plan(size, capacity)).unwrap()).unwrap().bytes.unwrap()
}

#[test]
fn an_asked_capacity_is_granted_and_read_back_as_the_kernel_counts() {
    assert_eq!(buffer_bytes::<UnixStream<Block>>(64, Some(40_000)), 80_000);
    assert_eq!(buffer_bytes::<UnixSeqpacket<Block>>(64, Some(40_000)), 80_000);
    assert_eq!(buffer_bytes::<UnixDatagram<Block>>(64, Some(40_000)), 80_000);
}

/// As on a stock kernel, where 256 KiB are over `net.core.wmem_max`.
#[test]
fn a_capacity_over_the_limit_is_granted_up_to_it_and_told() {
    let max = sysctl("net.core.wmem_max").unwrap() as usize;
    let over = Some(max + 1_000_000);
    assert_eq!(buffer_bytes::<UnixStream<Block>>(64, over), 2 * max);
    assert_eq!(buffer_bytes::<UnixSeqpacket<Block>>(64, over), 2 * max);
    assert_eq!(buffer_bytes::<UnixDatagram<Block>>(64, over), 2 * max);
    assert_eq!(buffer_bytes::<UnixSeqpacket<Block>>(65_536, over), 2 * max);
}

#[test]
fn a_message_over_the_default_buffer_raises_it() {
    let default = buffer_bytes::<UnixSeqpacket<Block>>(1, None);
    let raised = buffer_bytes::<UnixSeqpacket<Block>>(default, None);
    assert!(raised >= default + 32, "{raised} from {default}");
    let small = buffer_bytes::<UnixDatagram<Block>>(20_000, Some(8_000));
    assert!(small >= 20_032, "a capacity below the message still holds one message: {small}");
}

#[test]
fn a_message_over_the_largest_buffer_is_refused_with_the_setting() {
    let over = 2 * sysctl("net.core.wmem_max").unwrap() as usize + 4_096;
    for error in [
        UnixSeqpacket::<Poll>::fixture(&plan(over, None)).unwrap_err(),
        UnixDatagram::<Poll>::fixture(&plan(over, None)).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
        assert!(error.to_string().contains("sysctl net.core.wmem_max="), "{error}");
    }
}

#[test]
fn the_longest_message_that_is_told_can_be_had() {
    fn told<T: Transport>() {
        let Availability::Available(limits) = T::available() else { panic!("{}", T::INFO) };
        let longest = limits.max_message.unwrap();
        assert!(longest >= 65_536, "{longest}");
        T::fixture(&plan(longest, None)).unwrap();
        if limits.limited_by == "net.core.wmem_max" {
            assert!(T::fixture(&plan(longest + 1, None)).is_err());
        }
    }
    told::<UnixSeqpacket<Block>>();
    told::<UnixDatagram<Block>>();
}

#[test]
fn a_claim_over_the_plans_size_names_what_limits_it() {
    let fixture = UnixSeqpacket::<Spin>::fixture(&plan(100, None)).unwrap();
    let mut link = UnixSeqpacket::<Spin>::split(fixture, Side::Initiator).unwrap();
    let error = link.tx.claim(101).unwrap_err();
    assert!(matches!(error, Error::TooLong { len: 101, max: 100, .. }));
    assert!(error.to_string().contains("SO_SNDBUF"), "{error}");
}

#[test]
fn every_wait_is_a_transport_of_its_own_name() {
    let names = [
        UnixStream::<Epoll>::INFO.name(),
        UnixSeqpacket::<Yield>::INFO.name(),
        UnixDatagram::<Spin>::INFO.name(),
    ];
    assert_eq!(names, ["unix-stream/epoll", "unix-seqpacket/yield", "unix-dgram/spin"]);
}

// F15
#[test]
fn a_folder_as_long_as_a_socket_allows_still_holds_one() {
    let token = "ipcmark-31880-08e683-2";
    let folder = |len: usize| {
        let parent = std::env::temp_dir().join(format!("u{}", std::process::id()));
        let pad = len.saturating_sub(parent.as_os_str().len() + 2 + token.len() - 2);
        let dir = parent.join("x".repeat(pad)).join(&token[..token.len() - 2]);
        std::fs::create_dir_all(&dir).unwrap();
        (parent, dir)
    };
    for (len, fits) in [(105, true), (108, false)] {
        let (parent, dir) = folder(len);
        let names = Names { token: token.into(), dir };
        let made = UnixPath::<Block>::fixture(&Plan::new(64, names)).map(drop);
        std::fs::remove_dir_all(parent).unwrap();
        match made {
            Ok(()) => assert!(fits),
            Err(e) => assert!(!fits && matches!(e, Error::Unavailable(_)), "{len}: {e}"),
        }
    }
}

//! Crates for two processes: iceoryx2, ipc-channel, ipmpsc and shmem-ipc.
//!
//! Each is polled without sleeping if it can be. Names in the file system begin with a prefix of
//! this process, and are removed as soon as both sides hold the object.

use crate::duel::candidate::{Candidate, Role};
use crate::duel::link::{Link, Rx, Tx, spin};
use crate::duel::message::Sink;
use iceoryx2::port::publisher::Publisher;
use iceoryx2::port::subscriber::Subscriber;
use iceoryx2::prelude::*;
use ipc_channel::ipc::{IpcBytesReceiver, IpcBytesSender, bytes_channel};
use ipcmark_shm::bare::shmem_ipc;
use serde_bytes::Bytes;
use std::process::id;
use std::sync::atomic::{AtomicU32, Ordering};
use zerocopy::IntoBytes;

pub(super) fn candidates() -> Vec<Candidate> {
    vec![
        Candidate::between_processes::<Iceoryx2>("iceoryx2", Role::Peer),
        Candidate::between_processes::<ShmemIpc>("shmem-ipc", Role::Peer),
        Candidate::between_processes::<Ipmpsc>("ipmpsc", Role::Peer),
        Candidate::between_processes::<IpcChannel>("ipc-channel", Role::Peer),
    ]
}

/// Returns the prefix of all names. Call it before the fork: afterwards each process has another
/// number.
pub(super) fn prefix() -> String {
    format!("ipcmark-peers-{}", id())
}

/// Numbers names.
static NEXT: AtomicU32 = AtomicU32::new(0);

struct Iceoryx2;
/// A side that is opened after the fork, because its node belongs to the process that makes it.
struct Iceoryx2End<P> {
    prefix: String,
    service: String,
    messages: usize,
    port: Option<(Node<ipc::Service>, P)>,
}
type Iceoryx2Tx = Iceoryx2End<Publisher<ipc::Service, [u64], ()>>;
type Iceoryx2Rx = Iceoryx2End<Subscriber<ipc::Service, [u64], ()>>;

impl Link for Iceoryx2 {
    type Tx<const W: usize> = Iceoryx2Tx;
    type Rx<const W: usize> = Iceoryx2Rx;

    fn link<const W: usize>(bytes: usize) -> Result<(Iceoryx2Tx, Iceoryx2Rx), String> {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let (prefix, service) = (prefix(), next.to_string());
        let messages = bytes / (8 * W);
        Ok((
            Iceoryx2End { prefix: prefix.clone(), service: service.clone(), messages, port: None },
            Iceoryx2End { prefix, service, messages, port: None },
        ))
    }
}

/// Opens the service of an end: one publisher, one subscriber, no message dropped.
macro_rules! service {
    ($end:expr, $node:expr) => {
        $node
            .service_builder(&$end.service.as_str().try_into().map_err(|e| format!("{e:?}"))?)
            .publish_subscribe::<[u64]>()
            .max_publishers(1)
            .max_subscribers(1)
            .enable_safe_overflow(false)
            .history_size(0)
            .subscriber_max_buffer_size($end.messages)
            .open_or_create()
            .map_err(|e| format!("{e:?}"))?
    };
}

/// Makes a node whose files all have our prefix, so that they can be found and removed.
fn node(prefix: &str) -> Result<Node<ipc::Service>, String> {
    set_log_level(LogLevel::Error);
    let root = std::env::temp_dir().join(prefix);
    let mut config = Config::default();
    config.global.prefix = FileName::new(prefix.as_bytes()).map_err(|e| format!("{e:?}"))?;
    let root = Path::new(root.as_os_str().as_encoded_bytes()).map_err(|e| format!("{e:?}"))?;
    config.global.set_root_path(&root);
    NodeBuilder::new().config(&config).create::<ipc::Service>().map_err(|e| format!("{e:?}"))
}

impl<const W: usize> Tx<W> for Iceoryx2Tx {
    fn ready(&mut self) -> Result<(), String> {
        let node = node(&self.prefix)?;
        let port = service!(self, node)
            .publisher_builder()
            .initial_max_slice_len(W)
            .backpressure_strategy(BackpressureStrategy::RetryUntilDelivered)
            .create()
            .map_err(|e| format!("{e:?}"))?;
        self.port = Some((node, port));
        Ok(())
    }

    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        let (_, port) = self.port.as_ref().expect("it was made ready");
        let space = port.loan_slice_uninit(W).expect("there is room for a message");
        space.write_from_slice(message).send().expect("the subscriber is there");
    }
}

impl<const W: usize> Rx<W> for Iceoryx2Rx {
    fn ready(&mut self) -> Result<(), String> {
        let node = node(&self.prefix)?;
        let port = service!(self, node)
            .subscriber_builder()
            .buffer_size(self.messages)
            .create()
            .map_err(|e| format!("{e:?}"))?;
        self.port = Some((node, port));
        Ok(())
    }

    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        let (_, port) = self.port.as_ref().expect("it was made ready");
        let sample = spin(|| port.receive().expect("the publisher is there"));
        sink.take_bytes(sample.payload().as_bytes());
    }
}

struct IpcChannel;
struct IpcChannelTx(IpcBytesSender);
struct IpcChannelRx(IpcBytesReceiver);

impl Link for IpcChannel {
    type Tx<const W: usize> = IpcChannelTx;
    type Rx<const W: usize> = IpcChannelRx;

    fn link<const W: usize>(_: usize) -> Result<(IpcChannelTx, IpcChannelRx), String> {
        let (tx, rx) = bytes_channel().map_err(|e| e.to_string())?;
        Ok((IpcChannelTx(tx), IpcChannelRx(rx)))
    }
}

impl<const W: usize> Tx<W> for IpcChannelTx {
    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        self.0.send(message.as_bytes()).expect("the receiver is there");
    }
}

impl<const W: usize> Rx<W> for IpcChannelRx {
    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        let message = spin(|| self.0.try_recv().ok());
        sink.take_bytes(&message);
    }
}

struct Ipmpsc;
struct IpmpscTx(ipmpsc::Sender);
struct IpmpscRx(ipmpsc::Receiver);

impl Link for Ipmpsc {
    type Tx<const W: usize> = IpmpscTx;
    type Rx<const W: usize> = IpmpscRx;

    fn link<const W: usize>(bytes: usize) -> Result<(IpmpscTx, IpmpscRx), String> {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = format!("/dev/shm/{}-{next}", prefix());
        let bytes = u32::try_from(bytes).map_err(|e| e.to_string())?;
        let made = ipmpsc::SharedRingBuffer::create(&path, bytes).map_err(|e| e.to_string());
        // Both sides inherit the mapping.
        std::fs::remove_file(&path).map_err(|e| format!("{path}: {e}"))?;
        let ring = made?;
        Ok((IpmpscTx(ipmpsc::Sender::new(ring.clone())), IpmpscRx(ipmpsc::Receiver::new(ring))))
    }
}

impl<const W: usize> Tx<W> for IpmpscTx {
    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        self.0.send(&Bytes::new(message.as_bytes())).expect("the receiver is there");
    }
}

impl<const W: usize> Rx<W> for IpmpscRx {
    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        let mut context = self.0.zero_copy_context();
        loop {
            if let Some(message) = context.try_recv::<&Bytes>().expect("the sender is there") {
                sink.take_bytes(message);
                break;
            }
            std::hint::spin_loop();
        }
    }
}

struct ShmemIpc;
struct ShmemIpcTx<const W: usize>(shmem_ipc::Sender<W>);
struct ShmemIpcRx<const W: usize>(shmem_ipc::Receiver<W>);

impl Link for ShmemIpc {
    type Tx<const W: usize> = ShmemIpcTx<W>;
    type Rx<const W: usize> = ShmemIpcRx<W>;

    fn link<const W: usize>(bytes: usize) -> Result<(ShmemIpcTx<W>, ShmemIpcRx<W>), String> {
        let (tx, rx) = shmem_ipc::pair(bytes / (8 * W))?;
        Ok((ShmemIpcTx(tx), ShmemIpcRx(rx)))
    }
}

impl<const W: usize> Tx<W> for ShmemIpcTx<W> {
    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        spin(|| self.0.try_send(message).then_some(()));
    }
}

impl<const W: usize> Rx<W> for ShmemIpcRx<W> {
    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        spin(|| self.0.try_receive(sink.space()).then_some(()));
        sink.check();
    }
}

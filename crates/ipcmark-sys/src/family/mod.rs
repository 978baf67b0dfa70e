//! System calls that one family of mechanisms needs, or two that wait in the same way.

pub mod bell;
pub mod mqueue;
pub mod msg_ring;
pub mod pipe;
pub mod registry;
pub mod robust;
pub mod segment;
pub mod signal;
pub mod sysv;
pub mod vm;
pub mod vsock;
pub mod word;
pub mod zerocopy;

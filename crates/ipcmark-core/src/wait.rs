//! A wait strategy as a type.

use ipcmark_words::WaitKind;

/// A wait strategy as a type. Layers that know a mechanism refine it: file descriptors in
/// `ipcmark-sys`, rings in the shared-memory transport.
pub trait Wait: 'static {
    /// Its word.
    const KIND: WaitKind;
}

//! ipcmark.
fn main() {}

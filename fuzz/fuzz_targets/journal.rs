//! Any bytes as a document of this kind: taken or refused, never a crash.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(ipcmark::readers::journal(bytes)));

//! The own rules of each mechanism, shown as facts measured on this machine.
#![forbid(unsafe_code)]

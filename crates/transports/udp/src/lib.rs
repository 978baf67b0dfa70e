//! UDP over loopback.
#![forbid(unsafe_code)]

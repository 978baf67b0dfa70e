//! Calls through a D-Bus daemon.
#![forbid(unsafe_code)]

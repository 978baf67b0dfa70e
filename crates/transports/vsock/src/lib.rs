//! Sockets of virtual machines over their loopback.
#![forbid(unsafe_code)]

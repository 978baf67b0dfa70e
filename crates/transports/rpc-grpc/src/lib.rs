//! Calls through gRPC.
#![forbid(unsafe_code)]

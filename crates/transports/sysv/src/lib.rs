//! System V message queues.
#![forbid(unsafe_code)]

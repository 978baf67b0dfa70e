//! A file that two processes share under a lock.
#![forbid(unsafe_code)]

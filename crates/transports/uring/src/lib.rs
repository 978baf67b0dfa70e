//! io_uring between processes: a ring that completes in another's queue.
#![forbid(unsafe_code)]

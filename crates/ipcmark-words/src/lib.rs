//! The vocabulary: workloads, cells, waits, distances; no system calls.
#![forbid(unsafe_code)]

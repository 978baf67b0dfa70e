//! Calls through Cap'n Proto.
#![forbid(unsafe_code)]

//! A record in the formats that other tools read.
#![forbid(unsafe_code)]

//! Rows, columns, remarks and gaps of a record in words, for every medium.
#![forbid(unsafe_code)]

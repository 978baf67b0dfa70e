//! One formatter for each quantity, one escaper for each medium, one table for all.
#![forbid(unsafe_code)]

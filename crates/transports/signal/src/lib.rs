//! Signals: standard ones that merge, real-time ones that queue and carry a word.
#![forbid(unsafe_code)]

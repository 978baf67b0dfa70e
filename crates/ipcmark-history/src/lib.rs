//! A project's runs over time: an append-only store, series of figures, change points.
//!
//! History locates, the paired comparison blocks: what is found here is where to look, not a reason to refuse a change.
#![forbid(unsafe_code)]

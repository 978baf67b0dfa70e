//! Two builds or settings, alive at once, slice by slice in turn.
#![forbid(unsafe_code)]

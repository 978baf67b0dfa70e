//! Remote procedure calls: stub, marshalled arguments, dispatch.
#![forbid(unsafe_code)]

//! Floors: the harness loop with no transport, and a bare memory copy

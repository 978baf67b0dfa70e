//! Rings over borrowed shared memory; no system calls

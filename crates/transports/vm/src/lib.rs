//! One copy: process_vm_readv and process_vm_writev.
#![forbid(unsafe_code)]

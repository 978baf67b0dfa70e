//! Mechanisms that tell and carry nothing: eventfd, futex, semaphores, the exit of a process.
#![forbid(unsafe_code)]

//! Shared-memory rings: memfd_create(2), shm_open(3), futex(2)

//! TCP over loopback: tcp(7)

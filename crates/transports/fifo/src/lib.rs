//! Named pipes: mkfifo(3)

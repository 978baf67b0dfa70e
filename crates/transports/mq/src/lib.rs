//! POSIX message queues: mq_overview(7)

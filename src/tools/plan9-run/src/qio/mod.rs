//! The kernel's byte queues (`port/qio.c`).

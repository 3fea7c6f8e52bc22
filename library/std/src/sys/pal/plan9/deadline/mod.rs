//! Deadlines of blocking calls.
//!
//! A timed call arms its thread's [`slot`] and enters the kernel through the assembly
//! [`timed_call`](super::arch::timed_call). The deadline [`thread`] posts a note to a proc whose
//! deadline has passed. The note handler counts it, and sends a proc that had not entered the
//! kernel yet out of that code. The [`syscall`] takes the slot back, waits until every note that
//! was posted has been handled, and says what the kernel did. What bounds a call is a [`bound`].
//!
//! The same thread ends [timed waits](timed_wait) of futexes. [`schedule`] says when it is to look,
//! and [`pause`] how it waits until then.

pub mod bound;
pub mod pause;
pub mod schedule;
pub mod slot;
pub mod syscall;
pub mod text;
pub mod thread;
pub mod timed_wait;

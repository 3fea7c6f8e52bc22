//! Deadlines of blocking calls.
//!
//! A timed operation arms its thread's [`slot`] and enters the kernel through the [`stub`]. The
//! deadline [`thread`] posts a note to a proc whose deadline has passed; the note handler counts
//! it, and sends a proc that had not entered the kernel yet out of the stub. An [`attempt`] takes
//! the slot back, waits until every note that was posted has been handled, and says what the kernel
//! did; an [`operation`] is made of as many attempts as its bound allows. [`write_rule`] says when
//! a stream may be written to, [`settings`] hold what bounds its calls. The same thread ends [timed waits](timed_wait) of futexes; [`wake`]
//! says when it is to look, and [`pause`] how it waits until then.

pub mod attempt;
pub mod operation;
pub mod pause;
pub mod settings;
pub mod slot;
pub mod stub;
pub mod text;
pub mod thread;
pub mod timed_wait;
pub mod wake;
pub mod write_rule;

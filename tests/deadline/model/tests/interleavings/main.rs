//! Every interleaving of timed operations with the deadline thread and the note handler.
//!
//! No note outlives its operation, none is lost, none comes before its time, and a clean disarm means that none was
//! posted. Each transition is broken once (`mutation`), and the checker must see it: else it is looking elsewhere.

mod atomic;
mod broken;
mod explore;
mod mutation;
mod proc;
mod ring;
mod scenarios;
mod settings;
mod sound;
mod timed_wait;
mod wake;

//! `pgtls scan`: eight sample repositories, each with the list of what must be found. Everything else must not be.

mod beside;
mod doubtful;
mod inputs;
mod pasted;
mod real;
mod repositories;
mod scripts;
#[cfg(unix)]
mod shells;

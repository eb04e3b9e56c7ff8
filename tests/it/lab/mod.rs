//! Are the endpoints of `pgtls lab` what its catalogue says, and does it see what clients do?

mod endpoints;
mod programs;
mod running;
mod trials;

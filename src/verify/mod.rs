//! Chain, trust, host and moment in; a judgement out. Pure.

pub mod name;

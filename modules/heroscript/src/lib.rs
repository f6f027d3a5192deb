//! The HeroScript engine as a henge module: the payload of a job is a list of actions, its result
//! the answer of the last one.

pub mod script;

mod actors;
mod call;
mod module;

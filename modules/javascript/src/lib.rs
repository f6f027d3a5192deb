//! The JavaScript engine as a henge module: the payload of a job is a script, its result what the
//! script ends with. The language is QuickJS-NG's.

mod end;
mod engine;
mod host;
mod module;
mod text;

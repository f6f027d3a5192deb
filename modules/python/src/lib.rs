//! The Python engine as a henge module: the payload of a job is a script, its result the value that
//! the script ends with.

mod end;
mod engine;
mod host;
mod library;
mod module;
mod text;
mod value;

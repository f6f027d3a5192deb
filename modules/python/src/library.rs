//! The standard library: what is in Rust, and what is compiled into the module from Python.

use rustpython_vm::frozen::FrozenModule;
use rustpython_vm::py_compile;

/// What is imported before the snapshot, so that jobs find it ready. `random` is not: its generator
/// is seeded when it is imported, and would give every job the same numbers. What imports it is not,
/// either.
pub const IMPORTED: &[&str] = &[
    "abc",
    "base64",
    "bisect",
    "collections.abc",
    "contextlib",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "inspect",
    "io",
    "itertools",
    "json",
    "math",
    "operator",
    "os",
    "pprint",
    "re",
    "string",
    "struct",
    "textwrap",
    "time",
    "traceback",
    "types",
    "typing",
    "unicodedata",
    "urllib.parse",
    "warnings",
    "weakref",
    "zlib",
];

/// The modules in Python, by name.
pub fn frozen() -> Vec<(&'static str, FrozenModule)> {
    include!(concat!(env!("OUT_DIR"), "/library.rs"))
}

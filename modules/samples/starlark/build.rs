//! Sets the stack of the WebAssembly module.

/// Bytes of stack in linear memory: enough for the deepest calls and the deepest values that Starlark
/// allows. What a job does not use costs nothing.
const STACK: u32 = 16 * 1024 * 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK}");
}

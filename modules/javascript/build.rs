//! Sets the stack of the WebAssembly module.

/// Bytes of stack in linear memory: more than `engine::STACK`, which scripts may use, so that there
/// is room for what the host's functions need. What a job does not use costs nothing.
const STACK: u32 = 3 * 1024 * 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK}");
}

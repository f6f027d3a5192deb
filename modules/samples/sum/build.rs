//! Sets the stack of the WebAssembly module.

/// Bytes of stack in linear memory: the room for the payload, and twice what the rest takes.
const STACK: u32 = 96 * 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK}");
}

//! Sets the stack of the WebAssembly module; natively it does nothing.

/// Bytes of stack in linear memory. Nothing here calls itself but for values of the host, which
/// have 64 levels at most.
const STACK: u32 = 128 * 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK}");
    }
}

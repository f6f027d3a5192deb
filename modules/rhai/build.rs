//! Sets the stack of the WebAssembly module; natively it does nothing.

/// Bytes of stack in linear memory: enough for 64 calls that are nested in expressions as deep as the
/// limits allow, so that Rhai's own error ends a recursion. What a job does not use costs nothing.
const STACK: u32 = 16 * 1024 * 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK}");
    }
}

//! Sets the stack of the WebAssembly module, and names the modules of the standard library that are
//! compiled into it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Bytes of stack in linear memory. The interpreter takes it that it has 8 MiB, and raises
/// RecursionError when they are used up; beyond is room for what runs when that happens. What a job
/// does not use costs nothing.
const STACK: u32 = 9 * 1024 * 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/library.txt");
    println!("cargo::rerun-if-changed=src/python");
    println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK}");
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    let names = fs::read_to_string(here.join("src/library.txt")).expect("src/library.txt is there");
    let mut code = String::from("vec![\n");
    for name in names
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
    {
        add(&mut code, name, Path::new(rustpython_pylib::LIB_PATH));
    }
    for name in ["os", "posix", "_prelude"] {
        add(&mut code, name, &here.join("src/python"));
    }
    code.push(']');
    fs::write(out.join("library.rs"), code).expect("OUT_DIR can be written to");
}

/// Adds a line of Rust that has the module compiled. It knows itself by its name, so that no path of
/// the building machine is in it.
fn add(code: &mut String, name: &str, folder: &Path) {
    let plain = folder.join(name.replace('.', "/"));
    let package = plain.join("__init__.py");
    let (file, is_package) = match package.is_file() {
        true => (package, true),
        false => (plain.with_extension("py"), false),
    };
    assert!(file.is_file(), "the standard library has no module {name}");
    writeln!(
        code,
        "({name:?}, FrozenModule {{ code: py_compile!(file = {file:?}, module_name = {name:?}), package: {is_package} }}),"
    )
    .expect("a String takes everything");
}

//! RustPython as henge runs it: one script from its first line to its last value.

use rustpython_vm::builtins::{PyBaseExceptionRef, PyCode};
use rustpython_vm::compiler::{self, CompileError, Mode};
use rustpython_vm::scope::Scope;
use rustpython_vm::{Interpreter, PyObjectRef, Settings, VirtualMachine};

use crate::library;

/// What tracebacks call the script.
pub const SCRIPT: &str = "script";

/// Any number will do: with a fixed one the same script takes the same path, and so the same fuel,
/// in every run.
const HASH_SEED: u32 = 1;

/// Why there is no value.
pub enum Broken {
    /// It is not Python.
    Syntax(CompileError),
    /// An exception that nobody caught.
    Raised(PyBaseExceptionRef),
}

/// An interpreter with its standard library, and no way out of it.
pub fn new() -> Interpreter {
    let mut settings = Settings::default();
    settings.hash_seed = Some(HASH_SEED);
    settings.isolated = true;
    settings.import_site = false;
    settings.install_signal_handlers = false;
    settings.write_bytecode = false;
    let builder = Interpreter::builder(settings);
    let native = rustpython_stdlib::stdlib_module_defs(&builder.ctx);
    builder
        .add_native_modules(&native)
        .add_frozen_modules(library::frozen())
        .build()
}

/// Imports what jobs are to find ready.
///
/// # Errors
///
/// That of the first module that cannot be imported, after its name.
pub fn import_library(vm: &VirtualMachine) -> Result<(), (&'static str, PyBaseExceptionRef)> {
    for name in library::IMPORTED {
        vm.import(*name, 0).map_err(|e| (*name, e))?;
    }
    Ok(())
}

/// Runs a script. What it gives is the value of the expression that it ends with, and None where it
/// ends with something else; of a function or a class that it ends with, that.
pub fn eval(vm: &VirtualMachine, script: &str, scope: Scope) -> Result<PyObjectRef, Broken> {
    let code = compiler::compile(script, Mode::BlockExpr, SCRIPT, vm.compile_opts());
    let code = PyCode::new_ref_from_bytecode(vm, code.map_err(Broken::Syntax)?);
    vm.run_code_obj(code, scope).map_err(Broken::Raised)
}

//! How a job ends whose script did not.

use henge_guest::{Error, Failure};
use henge_rustengine::{uncaught, unparsed, Place};
use rustpython_vm::builtins::{PyBaseExceptionRef, PyStr};
use rustpython_vm::compiler::CompileError;
use rustpython_vm::{AsObject, VirtualMachine};

use crate::engine::{Broken, SCRIPT};
use crate::text;

/// How a job ends for what its script did; nothing where the script ended itself, and all is well.
pub fn ended(vm: &VirtualMachine, broken: Broken) -> Option<Failure> {
    match broken {
        Broken::Syntax(error) => Some(syntax(&error)),
        Broken::Raised(error) if left_well(vm, &error) => None,
        Broken::Raised(error) => Some(raised(vm, &error)),
    }
}

fn syntax(error: &CompileError) -> Failure {
    let place = Some(error.python_location()).filter(|(line, _)| *line > 0);
    unparsed(format!("SyntaxError: {error}"), place)
}

/// Whether it is what `sys.exit()` raises, with nothing to complain about.
fn left_well(vm: &VirtualMachine, error: &PyBaseExceptionRef) -> bool {
    if !error.fast_isinstance(vm.ctx.exceptions.system_exit) {
        return false;
    }
    match error.args().first() {
        None => true,
        Some(status) => {
            vm.is_none(status)
                || vm
                    .bool_eq(status, vm.ctx.new_int(0).as_object())
                    .unwrap_or(false)
        }
    }
}

fn raised(vm: &VirtualMachine, error: &PyBaseExceptionRef) -> Failure {
    let field = |name: &'static str| {
        let value = error.as_object().get_attr(name, vm).ok()?;
        Some(
            value
                .downcast_ref::<PyStr>()?
                .to_string_lossy()
                .into_owned(),
        )
    };
    uncaught(field, place(error), || text::exception(vm, error))
}

/// The innermost place in the script itself that a traceback goes through: what it called of the
/// library is not of its own making.
fn place(error: &PyBaseExceptionRef) -> Option<Place> {
    let mut found = None;
    let mut next = error.__traceback__();
    while let Some(entry) = next {
        let code = entry.frame.iframe().code();
        if code.source_path().as_str() == SCRIPT {
            // Two bytes for each instruction.
            let start = code.locations.get(entry.lasti.max(0) as usize / 2);
            let column = start.map_or(1, |(start, _)| start.character_offset.get());
            found = Some((entry.lineno.get(), column));
        }
        next = entry.next.lock().clone();
    }
    found
}

/// What the engine itself could not do with a script's values.
pub fn inside(error: Error) -> Failure {
    Failure::new(error.to_string()).with_code(error.code.name())
}

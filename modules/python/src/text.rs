//! Values as text: the result of a job, and what is written to its log.

use henge_guest::{Error, Value};
use henge_rustengine::refused;
use rustpython_vm::builtins::{PyBaseExceptionRef, PyFunction, PyType};
use rustpython_vm::{AsObject, PyObject, VirtualMachine};

use crate::value::{shape, Shape};

/// A value as a job's result: text and bytes as they are, nothing for None and for a function or a
/// class, whose definition a script may end with, and anything else as JSON.
///
/// # Errors
///
/// `invalid_argument` for what JSON has nothing for, such as a module.
pub fn result(vm: &VirtualMachine, value: &PyObject) -> Result<Vec<u8>, Error> {
    if value.downcastable::<PyFunction>() || value.downcastable::<PyType>() {
        return Ok(Vec::new());
    }
    match shape(vm, value)? {
        Shape::Nothing => Ok(Vec::new()),
        Shape::Text(text) => Ok(text.into_bytes()),
        Shape::Bytes(bytes) => Ok(bytes),
        other => {
            let mut json = String::new();
            write(vm, other, 0, &mut json)?;
            Ok(json.into_bytes())
        }
    }
}

/// Appends JSON. What is the same for all languages is written by the kit; integers of any size are
/// Python's own.
fn write(vm: &VirtualMachine, value: Shape, depth: usize, to: &mut String) -> Result<(), Error> {
    if depth > refused::MAX_DEPTH {
        return Err(refused::too_deep());
    }
    match value {
        Shape::Nothing => to.push_str("null"),
        Shape::Bool(b) => plain(b.into(), to),
        Shape::Int(digits) => to.push_str(&digits),
        Shape::Float(n) => plain(n.into(), to),
        Shape::Text(text) => plain(text.into(), to),
        Shape::Bytes(bytes) => plain(bytes.into(), to),
        Shape::List(list) => {
            to.push('[');
            for (at, value) in list.iter().enumerate() {
                separate(at, to);
                write(vm, shape(vm, value)?, depth + 1, to)?;
            }
            to.push(']');
        }
        Shape::Map(map) => {
            to.push('{');
            for (at, (name, value)) in map.into_iter().enumerate() {
                separate(at, to);
                plain(name.into(), to);
                to.push(':');
                write(vm, shape(vm, &value)?, depth + 1, to)?;
            }
            to.push('}');
        }
    }
    Ok(())
}

fn separate(at: usize, to: &mut String) {
    if at > 0 {
        to.push(',');
    }
}

fn plain(value: Value, to: &mut String) {
    to.push_str(&value.to_json());
}

/// A value for people to read. It never fails: what cannot be shown says so.
pub fn shown(vm: &VirtualMachine, value: &PyObject) -> String {
    match value.str(vm) {
        Ok(text) => text.to_string_lossy().into_owned(),
        Err(_) => format!("<{} that cannot be shown>", value.class().name()),
    }
}

/// An exception in a line, as at the end of a traceback: its class and what it says.
pub fn exception(vm: &VirtualMachine, error: &PyBaseExceptionRef) -> String {
    let class = error.class().name().to_string();
    match shown(vm, error.as_object()) {
        says if says.is_empty() => class,
        says => format!("{class}: {says}"),
    }
}

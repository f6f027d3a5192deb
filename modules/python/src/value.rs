//! Values of scripts as values of the contract, and back.

use henge_guest::{Error, Value};
use henge_rustengine::refused;
use henge_rustengine::wrong;
use rustpython_vm::builtins::{
    PyByteArray, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyStr, PyTuple,
};
use rustpython_vm::convert::ToPyObject;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};

/// What a value is to anybody who does not know Python. Objects of subclasses are what their class
/// is derived from, as a Counter is a map.
pub enum Shape {
    Nothing,
    Bool(bool),
    /// Decimal digits: an integer of any size.
    Int(String),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<PyObjectRef>),
    Map(Vec<(String, PyObjectRef)>),
}

/// What a value is.
///
/// # Errors
///
/// `invalid_argument` for a value that only Python has, such as a function.
pub fn shape(vm: &VirtualMachine, value: &PyObject) -> Result<Shape, Error> {
    if vm.is_none(value) {
        return Ok(Shape::Nothing);
    }
    if let Some(n) = value.downcast_ref::<PyInt>() {
        return Ok(match value.class().is(vm.ctx.types.bool_type) {
            true => Shape::Bool(n.as_bigint() != &0.into()),
            false => Shape::Int(n.to_str_radix_10()),
        });
    }
    if let Some(n) = value.downcast_ref::<PyFloat>() {
        return Ok(Shape::Float(n.to_f64()));
    }
    if let Some(text) = value.downcast_ref::<PyStr>() {
        return Ok(Shape::Text(text.to_string_lossy().into_owned()));
    }
    if let Some(bytes) = value.downcast_ref::<PyBytes>() {
        return Ok(Shape::Bytes(bytes.as_bytes().to_vec()));
    }
    if let Some(bytes) = value.downcast_ref::<PyByteArray>() {
        return Ok(Shape::Bytes(bytes.borrow_buf().to_vec()));
    }
    if let Some(list) = value.downcast_ref::<PyList>() {
        return Ok(Shape::List(list.borrow_vec().to_vec()));
    }
    if let Some(tuple) = value.downcast_ref::<PyTuple>() {
        return Ok(Shape::List(tuple.as_slice().to_vec()));
    }
    if let Some(set) = value.downcast_ref::<PySet>() {
        return Ok(Shape::List(set.elements()));
    }
    if let Some(set) = value.downcast_ref::<PyFrozenSet>() {
        return Ok(Shape::List(set.elements()));
    }
    if let Some(map) = value.downcast_ref::<PyDict>() {
        let pairs = map.items_vec().into_iter();
        let pairs = pairs.map(|(k, v)| Ok((key(vm, &k)?, v)));
        return Ok(Shape::Map(pairs.collect::<Result<_, Error>>()?));
    }
    Err(refused::of_type(&value.class().name()))
}

/// The keys of maps are texts; a number is one, too, as in JSON.
fn key(vm: &VirtualMachine, key: &PyObject) -> Result<String, Error> {
    match shape(vm, key)? {
        Shape::Text(text) | Shape::Int(text) => Ok(text),
        _ => Err(wrong(format!(
            "the keys of a map that leaves the script are texts or whole numbers, and not of type {}",
            key.class().name()
        ))),
    }
}

/// What a script passed, for the host.
pub fn to_host(vm: &VirtualMachine, value: &PyObject) -> Result<Value, Error> {
    at_depth(vm, value, 0)
}

fn at_depth(vm: &VirtualMachine, value: &PyObject, depth: usize) -> Result<Value, Error> {
    if depth > refused::MAX_DEPTH {
        return Err(refused::too_deep());
    }
    Ok(match shape(vm, value)? {
        Shape::Nothing => Value::Null,
        Shape::Bool(b) => b.into(),
        Shape::Int(digits) => digits
            .parse::<i64>()
            .map_err(|_| refused::too_large())?
            .into(),
        Shape::Float(n) => n.into(),
        Shape::Text(text) => text.into(),
        Shape::Bytes(bytes) => bytes.into(),
        Shape::List(list) => {
            let list = list.iter().map(|v| at_depth(vm, v, depth + 1));
            Value::List(list.collect::<Result<_, _>>()?)
        }
        Shape::Map(map) => {
            let map = map.into_iter();
            let map = map.map(|(k, v)| Ok((k, at_depth(vm, &v, depth + 1)?)));
            Value::Map(map.collect::<Result<_, Error>>()?)
        }
    })
}

/// What the host answered, for a script.
pub fn to_script(vm: &VirtualMachine, value: Value) -> PyResult {
    Ok(match value {
        Value::Null => vm.ctx.none(),
        Value::Bool(b) => b.to_pyobject(vm),
        Value::Int(n) => vm.ctx.new_int(n).into(),
        Value::Float(n) => vm.ctx.new_float(n).into(),
        Value::Text(text) => vm.ctx.new_str(text).into(),
        Value::Bytes(bytes) => vm.ctx.new_bytes(bytes).into(),
        Value::List(list) => {
            let list = list.into_iter().map(|v| to_script(vm, v));
            vm.ctx.new_list(list.collect::<PyResult<_>>()?).into()
        }
        Value::Map(map) => {
            let dict = vm.ctx.new_dict();
            for (name, value) in map {
                dict.set_item(&*name, to_script(vm, value)?, vm)?;
            }
            dict.into()
        }
    })
}

//! The host's functions as a script calls them: those of all engines, and what shows values, which
//! is each language's own.
//!
//! They are builtins, so a script can have others of their names. An error of the host is a
//! `HostError`.

use std::cell::RefCell;

use henge_guest::log::Level;
use henge_guest::{job, Error, Value};
use henge_rustengine::{functions, set_written, wrong, LINES};
use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{PyObjectRef, PyResult, TryFromObject, VirtualMachine};

use crate::text;
use crate::value::{to_host, to_script};

thread_local! {
    /// The class of what is raised for a refusal. Scripts may hide its name.
    static HOST_ERROR: RefCell<Option<PyObjectRef>> = const { RefCell::new(None) };
    /// The streams behind `print`, each with a line that may be unfinished.
    static STREAMS: RefCell<Vec<PyObjectRef>> = const { RefCell::new(Vec::new()) };
}

/// Gives scripts all functions.
pub fn define(vm: &VirtualMachine) -> PyResult<()> {
    for function in functions(i64::BITS) {
        // Once for the module, which never ends.
        let name: &'static str = function.name.clone().leak();
        builtin(vm, name, move |args: FuncArgs, vm: &VirtualMachine| {
            let args = by_place(vm, name, args)?;
            let args = args.iter().map(|arg| to_host(vm, arg));
            let answer = args
                .collect::<Result<_, _>>()
                .and_then(|args| function.call(args));
            to_script(vm, answer.map_err(|e| raised(vm, e))?)
        })?;
    }
    builtin(vm, "output", |args: FuncArgs, vm: &VirtualMachine| {
        let args = by_place(vm, "output", args)?;
        set_written();
        let none = vm.ctx.none();
        let bytes = text::result(vm, args.first().unwrap_or(&none));
        bytes
            .and_then(|b| job::output(&b))
            .map_err(|e| raised(vm, e))?;
        Ok(none)
    })?;
    for (name, level) in LINES {
        builtin(vm, name, move |args: FuncArgs, vm: &VirtualMachine| {
            let args = by_place(vm, name, args)?;
            line(vm, level, &args).map_err(|e| raised(vm, e))?;
            Ok(vm.ctx.none())
        })?;
    }
    prelude(vm)
}

/// Defines a builtin.
fn builtin(
    vm: &VirtualMachine,
    name: &'static str,
    body: impl Fn(FuncArgs, &VirtualMachine) -> PyResult + 'static,
) -> PyResult<()> {
    let function = vm.new_function(name, body);
    vm.builtins.set_attr(name, function, vm)
}

fn by_place(vm: &VirtualMachine, name: &str, args: FuncArgs) -> PyResult<Vec<PyObjectRef>> {
    match args.kwargs.is_empty() {
        true => Ok(args.args),
        false => Err(raised(
            vm,
            wrong(format!("{name} takes no named arguments")),
        )),
    }
}

/// Writes a line.
fn line(vm: &VirtualMachine, level: Level, args: &[PyObjectRef]) -> Result<(), Error> {
    let (words, fields) = match args {
        [text] => (text, Value::Null),
        [text, fields] => (text, to_host(vm, fields)?),
        _ => {
            return Err(wrong(
                "a line of the log is a text, and a map if there are fields",
            ))
        }
    };
    henge_rustengine::line(level, &text::shown(vm, words), fields)
}

/// Adds what is written in Python: the class of refusals, and the streams.
fn prelude(vm: &VirtualMachine) -> PyResult<()> {
    let prelude = vm.import("_prelude", 0)?;
    let class = prelude.get_attr("HostError", vm)?;
    vm.builtins.set_attr("HostError", class.clone(), vm)?;
    HOST_ERROR.set(Some(class));
    let log = prelude.get_attr("Log", vm)?;
    for (name, line) in [("stdout", "log_info"), ("stderr", "log_warn")] {
        let line = vm.builtins.get_attr(line, vm)?;
        let stream = log.call((vm.ctx.new_str(format!("<{name}>")), line), vm)?;
        let original = vm.ctx.intern_str(format!("__{name}__"));
        vm.sys_module.set_attr(original, stream.clone(), vm)?;
        vm.sys_module.set_attr(name, stream.clone(), vm)?;
        STREAMS.with_borrow_mut(|all| all.push(stream));
    }
    Ok(())
}

/// Writes the lines that were begun and have no end.
pub fn end_lines(vm: &VirtualMachine) {
    for stream in STREAMS.with_borrow(Clone::clone) {
        drop(vm.call_method(&stream, "end", ()));
    }
}

/// A refusal of the host as an exception.
fn raised(vm: &VirtualMachine, error: Error) -> PyBaseExceptionRef {
    let class = HOST_ERROR.with_borrow(Clone::clone);
    let Some(class) = class else {
        return vm.new_runtime_error(error.to_string());
    };
    let made = class.call((error.code.name().to_owned(), error.message), vm);
    match made.and_then(|made| PyBaseExceptionRef::try_from_object(vm, made)) {
        Ok(error) | Err(error) => error,
    }
}

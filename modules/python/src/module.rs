//! What makes the engine a module: its exports.

use henge_guest::job::{self, Identity};
use henge_guest::Failure;
use henge_rustengine::{has_written, names, ready};
use rustpython_vm::scope::Scope;
use rustpython_vm::{PyResult, VirtualMachine};

use crate::{end, engine, host, text};

henge_guest::export!(init: init, run: henge_rustengine::run);

/// Free memory left for the job, in bytes.
const FREE_HEAP: usize = 8 * 1024 * 1024;

/// Exercises what nearly every script uses, so that tables and caches exist before the snapshot.
const WARM_UP: &str = include_str!("python/warm_up.py");

fn init() {
    let interpreter = engine::new();
    let scope = interpreter.enter(|vm| match prepared(vm) {
        Ok(scope) => scope,
        Err(why) => panic!("the interpreter cannot be prepared: {why}"),
    });
    ready(FREE_HEAP, move |script, id| {
        interpreter.enter(|vm| run(vm, script, scope.clone(), id))
    });
}

/// Has everything there but a job, and gives the scope of its script.
fn prepared(vm: &VirtualMachine) -> Result<Scope, String> {
    let why = |what: &'static str| move |e| format!("{what}: {}", text::exception(vm, &e));
    host::define(vm).map_err(why("the host's functions"))?;
    engine::import_library(vm)
        .map_err(|(name, e)| format!("import {name}: {}", text::exception(vm, &e)))?;
    let warm = vm.new_scope_with_builtins();
    if let Err(engine::Broken::Raised(e)) = engine::eval(vm, WARM_UP, warm) {
        return Err(why("the warm-up")(e));
    }
    // The places are there before the job, which only fills them.
    identify(vm, Identity::default()).map_err(why("the identity"))?;
    vm.new_scope_with_main().map_err(why("the scope"))
}

fn run(vm: &VirtualMachine, script: &str, scope: Scope, id: Identity) -> Result<(), Failure> {
    identify(vm, id).map_err(|e| Failure::new(text::exception(vm, &e)))?;
    let value = engine::eval(vm, script, scope);
    host::end_lines(vm);
    let value = match value {
        Ok(value) => value,
        Err(broken) => return end::ended(vm, broken).map_or(Ok(()), Err),
    };
    if has_written() {
        return Ok(());
    }
    let result = text::result(vm, &value).map_err(end::inside)?;
    Ok(job::output(&result)?)
}

/// Tells the script whose job it is. A script may have variables of these names.
fn identify(vm: &VirtualMachine, id: Identity) -> PyResult<()> {
    for (name, value) in names(id) {
        vm.builtins.set_attr(name, vm.ctx.new_str(value), vm)?;
    }
    Ok(())
}

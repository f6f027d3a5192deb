//! What makes the engine a module: its exports.

use std::cell::RefCell;

use henge_guest::{job, Failure};
use rustpython_vm::scope::Scope;
use rustpython_vm::{Interpreter, PyResult, VirtualMachine};

use crate::{end, engine, host, text};

henge_guest::export!(init: init, run: run);

/// Room for a script that is fetched in one crossing, in bytes. Only what a script fills is
/// written, and so has to be reset after the job.
const SCRIPT_ROOM: usize = 64 * 1024;

/// Room for what the host says of the job, in bytes; a job with a large environment needs more.
const META_ROOM: usize = 1024;

/// Free memory left for the job, in bytes. An instance that had to grow cannot be used again.
const FREE_HEAP: usize = 8 * 1024 * 1024;

/// Exercises what nearly every script uses, so that tables and caches exist before the snapshot.
const WARM_UP: &str = include_str!("python/warm_up.py");

/// What a job starts with.
struct Ready {
    interpreter: Interpreter,
    scope: Scope,
    script: Vec<u8>,
    meta: Vec<u8>,
}

thread_local! {
    static READY: RefCell<Option<Ready>> = const { RefCell::new(None) };
}

fn init() {
    let interpreter = engine::new();
    let scope = interpreter.enter(|vm| match prepared(vm) {
        Ok(scope) => scope,
        Err(why) => panic!("the interpreter cannot be prepared: {why}"),
    });
    // Side by side, so that short ones share a page.
    let meta = Vec::with_capacity(META_ROOM);
    let script = Vec::with_capacity(SCRIPT_ROOM);
    // The optimiser must not see that this is never used.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(FREE_HEAP)));
    READY.set(Some(Ready {
        interpreter,
        scope,
        script,
        meta,
    }));
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
    identify(vm, job::Identity::default()).map_err(why("the identity"))?;
    vm.new_scope_with_main().map_err(why("the scope"))
}

fn run() -> Result<(), Failure> {
    READY.with_borrow_mut(|ready| match ready {
        Some(ready) => ready.run(),
        None => Err(Failure::new("henge_run was called before henge_init")),
    })
}

impl Ready {
    fn run(&mut self) -> Result<(), Failure> {
        job::input_into(&mut self.script)?;
        let script =
            std::str::from_utf8(&self.script).map_err(|e| end::not_utf8(e.valid_up_to()))?;
        let id = job::identity(&mut self.meta)?;
        let scope = self.scope.clone();
        self.interpreter.enter(|vm| {
            identify(vm, id).map_err(|e| Failure::new(text::exception(vm, &e)))?;
            let value = engine::eval(vm, script, scope);
            host::end_lines(vm);
            let value = match value {
                Ok(value) => value,
                Err(broken) => return end::ended(vm, broken).map_or(Ok(()), Err),
            };
            if host::has_written() {
                return Ok(());
            }
            let result = text::result(vm, &value).map_err(end::inside)?;
            Ok(job::output(&result)?)
        })
    }
}

/// Tells the script whose job it is. A script may have variables of these names.
fn identify(vm: &VirtualMachine, id: job::Identity) -> PyResult<()> {
    for (name, value) in [("CONTEXT_ID", id.circle), ("CALLER_ID", id.caller)] {
        vm.builtins.set_attr(name, vm.ctx.new_str(value), vm)?;
    }
    Ok(())
}

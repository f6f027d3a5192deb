//! What makes the engine a module: its exports, and the host's functions behind Rhai's.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use henge_guest::{job, log, Failure};
use rhai::{Engine, EvalAltResult};

use crate::{engine, host};

henge_guest::export!(init: init, run: run);

/// Room for a script that is fetched in one crossing, in bytes. Only what a script fills is
/// written, and so has to be reset after the job.
const SCRIPT_ROOM: usize = 64 * 1024;

/// Room for what the host says of the job, in bytes; a job with a large environment needs more.
const META_ROOM: usize = 1024;

/// Free memory left for the job, in bytes. An instance that had to grow cannot be used again.
const FREE_HEAP: usize = 4 * 1024 * 1024;

/// Exercises what nearly every script uses, so that tables and caches exist before the snapshot.
const WARM_UP: &str = r#"
    fn f(x) { x + 1 }
    let list = [1, 2.5, "three", 'c', true];
    let map = #{ a: 1, b: [2] };
    let text = `${list} ${map} ${f(40)}`;
    for item in list { if item == 1 { map.a += 1; } }
    let add = |a, b| a + b + map.a;
    try { throw text } catch (e) { e.len() + add.call(1, 2) }
"#;

/// What a job starts with.
struct Ready {
    engine: Engine,
    script: Vec<u8>,
    meta: Vec<u8>,
    /// Whether the script has written its result itself.
    written: Rc<Cell<bool>>,
}

thread_local! {
    static READY: RefCell<Option<Ready>> = const { RefCell::new(None) };
}

fn init() {
    let mut engine = engine::new();
    let _ = engine::eval(&engine, WARM_UP, "", "");
    // A line that cannot be written is no reason for a script to fail.
    engine.on_print(|text| drop(log::info(text)));
    engine.on_debug(|text, source, position| {
        drop(log::debug(&engine::debug_line(text, source, position)));
    });
    let written = Rc::new(Cell::new(false));
    host::register(&mut engine, written.clone());
    // Side by side, so that short ones share a page.
    let meta = Vec::with_capacity(META_ROOM);
    let script = Vec::with_capacity(SCRIPT_ROOM);
    // The optimiser must not see that this is never used.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(FREE_HEAP)));
    READY.set(Some(Ready {
        engine,
        script,
        meta,
        written,
    }));
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
        let script = std::str::from_utf8(&self.script).map_err(|e| not_utf8(e.valid_up_to()))?;
        let id = job::identity(&mut self.meta)?;
        let value = engine::eval(&self.engine, script, id.circle, id.caller)
            .map_err(|e| script_failure(&e))?;
        if !self.written.get() {
            job::output(engine::text(&value).as_bytes())?;
        }
        Ok(())
    }
}

fn not_utf8(at: usize) -> Failure {
    let message = format!("the script is not valid UTF-8 at byte {at}");
    Failure::new(message)
        .with_code("invalid_argument")
        .with_retry(false)
}

/// The host's words where it refused something; otherwise Rhai's, with its line and position. A script that cannot be parsed never will be, so it
/// is not worth another attempt; about any other error the job's own policy decides.
fn script_failure(error: &EvalAltResult) -> Failure {
    if let Some(failure) = host::failure(error) {
        return failure;
    }
    let failure = Failure::new(error.to_string());
    match error {
        EvalAltResult::ErrorParsing(..) => failure.with_code("parse_error").with_retry(false),
        _ => failure.with_code("script_error"),
    }
}

//! The Starlark language as a henge module: the payload of a job is a script, its result is what
//! the script leaves in the global `result`.

mod engine;

use std::cell::RefCell;

use henge_guest::{job, log, Failure};
use starlark::environment::Globals;
use starlark::PrintHandler;

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
def f(x, y = 1):
    return x + y

numbers = [f(i) for i in range(10) if i % 2]
names = {"a": 1, "b": numbers, "c": (1.5, None, True)}
for name, value in names.items():
    names[name] = "{}: {} %s".format(name, value) % len(name)
print(sorted(names.values(), key = lambda v: -len(v)))
result = json.encode(names).upper().split(",")
"#;

/// What a job starts with.
struct Ready {
    globals: Globals,
    script: Vec<u8>,
    meta: Vec<u8>,
}

thread_local! {
    static READY: RefCell<Option<Ready>> = const { RefCell::new(None) };
}

fn init() {
    let globals = engine::globals();
    let _ = engine::eval(
        &globals,
        WARM_UP.to_owned(),
        job::Identity::default(),
        &Mute,
    );
    // Side by side, so that short ones share a page.
    let meta = Vec::with_capacity(META_ROOM);
    let script = Vec::with_capacity(SCRIPT_ROOM);
    // The optimiser must not see that this is never used.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(FREE_HEAP)));
    READY.set(Some(Ready {
        globals,
        script,
        meta,
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
        // Starlark wants a text of its own, and this one is not needed again.
        let script = String::from_utf8(std::mem::take(&mut self.script))
            .map_err(|e| not_utf8(e.utf8_error().valid_up_to()))?;
        let id = job::identity(&mut self.meta)?;
        let text = engine::eval(&self.globals, script, id, &Log)?;
        job::output(text.as_bytes())?;
        Ok(())
    }
}

fn not_utf8(at: usize) -> Failure {
    let message = format!("the script is not valid UTF-8 at byte {at}");
    Failure::new(message)
        .with_code("invalid_argument")
        .with_retry(false)
}

/// Where `print` goes.
struct Log;

impl PrintHandler for Log {
    fn println(&self, text: &str) -> starlark::Result<()> {
        // A line that cannot be written is no reason for a script to fail.
        let _ = log::info(text);
        Ok(())
    }
}

/// Before the first job nothing is worth a line.
struct Mute;

impl PrintHandler for Mute {
    fn println(&self, _: &str) -> starlark::Result<()> {
        Ok(())
    }
}

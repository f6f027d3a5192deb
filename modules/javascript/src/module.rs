//! What makes the engine a module: its exports.

use std::cell::RefCell;

use henge_guest::{job, Failure};
use rquickjs::object::Property;
use rquickjs::{Context, Ctx};

use crate::{end, engine, host, text};

henge_guest::export!(init: init, run: run);

/// Room for a script that is fetched in one crossing, in bytes. Only what a script fills is
/// written, and so has to be reset after the job.
const SCRIPT_ROOM: usize = 64 * 1024;

/// Room for what the host says of the job, in bytes; a job with a large environment needs more.
const META_ROOM: usize = 1024;

/// Free memory left for the job, in bytes. An instance that had to grow cannot be used again.
const FREE_HEAP: usize = 4 * 1024 * 1024;

/// How much memory may be in use before cycles are looked for, in bytes. Most jobs end before that.
const GC_THRESHOLD: usize = 2 * 1024 * 1024;

/// Exercises what nearly every script uses, so that tables and caches exist before the snapshot.
/// It leaves no global variable.
const WARM_UP: &[u8] = b"{
    class Point { #x = 1; get x() { return this.#x; } }
    const { a, ...rest } = { a: [3, 1, 2].sort((p, q) => p - q), b: new Point().x };
    let text = `${a.map(String).join()} ${JSON.stringify(rest)}`.replace(/\\d/g, d => +d + 1);
    for (const [key, value] of new Map([[1, text]])) text += key + value.length;
    try { null.x } catch (e) { text += e.message }
    (async () => { await 1; text += JSON.parse('[1]').length })();
}\0";

/// What a job starts with.
struct Ready {
    context: Context,
    script: Vec<u8>,
    meta: Vec<u8>,
}

thread_local! {
    static READY: RefCell<Option<Ready>> = const { RefCell::new(None) };
}

fn init() {
    let context = prepared().expect("there is memory for the interpreter");
    // Side by side, so that short ones share a page.
    let meta = Vec::with_capacity(META_ROOM);
    let script = Vec::with_capacity(SCRIPT_ROOM);
    // The optimiser must not see that this is never used.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(FREE_HEAP)));
    READY.set(Some(Ready {
        context,
        script,
        meta,
    }));
}

/// A context that has everything but a job.
fn prepared() -> rquickjs::Result<Context> {
    let context = engine::new()?;
    context.with(|ctx| {
        // An error would be one of the engine, and the tests would see it.
        drop(engine::eval(&ctx, WARM_UP));
        text::prepare(&ctx)?;
        // The places are there before the job, which only fills them.
        identify(&ctx, job::Identity::default())?;
        host::define(&ctx)
    })?;
    context.runtime().run_gc();
    context.runtime().set_gc_threshold(GC_THRESHOLD);
    Ok(context)
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
        std::str::from_utf8(&self.script).map_err(|e| end::not_utf8(e.valid_up_to()))?;
        self.script.push(0);
        let id = job::identity(&mut self.meta)?;
        let script = &self.script;
        self.context.with(|ctx| {
            identify(&ctx, id).map_err(|e| end::inside(&ctx, e))?;
            let value = engine::eval(&ctx, script).map_err(|e| end::failure(&ctx, e))?;
            if host::has_written() {
                return Ok(());
            }
            let result = text::result(&ctx, &value).map_err(|e| end::inside(&ctx, e))?;
            Ok(job::output(&result)?)
        })
    }
}

/// Tells the script whose job it is. A script may have variables of these names.
fn identify(ctx: &Ctx, id: job::Identity) -> rquickjs::Result<()> {
    for (name, value) in [("CONTEXT_ID", id.circle), ("CALLER_ID", id.caller)] {
        ctx.globals()
            .prop(name, Property::from(value).configurable())?;
    }
    Ok(())
}

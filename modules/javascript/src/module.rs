//! What makes the engine a module: its exports.

use henge_guest::job::{self, Identity};
use henge_guest::Failure;
use henge_rustengine::{has_written, names, ready};
use rquickjs::object::Property;
use rquickjs::{Context, Ctx};

use crate::{end, engine, host, text};

henge_guest::export!(init: init, run: henge_rustengine::run);

/// Free memory left for the job, in bytes.
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

fn init() {
    let context = prepared().expect("there is memory for the interpreter");
    ready(FREE_HEAP, move |script, id| run(&context, script, id));
}

/// A context that has everything but a job.
fn prepared() -> rquickjs::Result<Context> {
    let context = engine::new()?;
    context.with(|ctx| {
        // An error would be one of the engine, and the tests would see it.
        drop(engine::eval(&ctx, WARM_UP));
        text::prepare(&ctx)?;
        // The places are there before the job, which only fills them.
        identify(&ctx, Identity::default())?;
        host::define(&ctx)
    })?;
    context.runtime().run_gc();
    context.runtime().set_gc_threshold(GC_THRESHOLD);
    Ok(context)
}

fn run(context: &Context, script: &mut String, id: Identity) -> Result<(), Failure> {
    script.push('\0');
    context.with(|ctx| {
        identify(&ctx, id).map_err(|e| end::inside(&ctx, e))?;
        let value = engine::eval(&ctx, script.as_bytes()).map_err(|e| end::failure(&ctx, e))?;
        if has_written() {
            return Ok(());
        }
        let result = text::result(&ctx, &value).map_err(|e| end::inside(&ctx, e))?;
        Ok(job::output(&result)?)
    })
}

/// Tells the script whose job it is. A script may have variables of these names.
fn identify(ctx: &Ctx, id: Identity) -> rquickjs::Result<()> {
    for (name, value) in names(id) {
        ctx.globals()
            .prop(name, Property::from(value).configurable())?;
    }
    Ok(())
}

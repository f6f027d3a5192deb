//! QuickJS as henge runs it: one script from its first line to the end of its last promise.

use std::cell::RefCell;
use std::ffi::{c_char, c_int, CStr};

use rquickjs::promise::PromiseState;
use rquickjs::{qjs, Context, Ctx, Persistent, Promise, Runtime, Value};

/// What stack traces call the script.
pub const SCRIPT: &CStr = c"script";

/// How much of the stack scripts may use, in bytes; beyond it is a RangeError that can be caught.
/// It has to run out before the depth of calls that the host allows, which ends a job.
const STACK: usize = 2 * 1024 * 1024;

/// Why there is no value.
pub enum Broken<'js> {
    /// It is not JavaScript.
    Syntax(Value<'js>),
    /// An exception that nobody caught, or a rejected promise.
    Thrown(Value<'js>),
    /// It waits for something that never comes.
    Pending,
}

type Promised = (Persistent<Value<'static>>, Persistent<Value<'static>>);

thread_local! {
    /// Promises that were rejected while nobody listened, with what they were rejected with.
    static REJECTED: RefCell<Vec<Promised>> = const { RefCell::new(Vec::new()) };
}

/// A context with the whole language, and no way out of it.
pub fn new() -> rquickjs::Result<Context> {
    let runtime = Runtime::new()?;
    runtime.set_max_stack_size(STACK);
    runtime.set_host_promise_rejection_tracker(Some(Box::new(track)));
    let context = Context::full(&runtime)?;
    // It measures from when the context was made, which is long before the job.
    context.with(|ctx| ctx.globals().remove("performance"))?;
    Ok(context)
}

/// Keeps the list of rejected promises: `handled` says that somebody listens after all.
fn track<'js>(ctx: Ctx<'js>, promise: Value<'js>, reason: Value<'js>, handled: bool) {
    REJECTED.with_borrow_mut(|all| {
        if !handled {
            let reason = Persistent::save(&ctx, reason);
            all.push((Persistent::save(&ctx, promise), reason));
            return;
        }
        all.retain(|(p, _)| p.clone().restore(&ctx).is_ok_and(|p| p != promise));
    });
}

/// Evaluates a script and runs all that it began to its end. A promise is what it ends with.
///
/// The script must end in a NUL, which is not part of it.
pub fn eval<'js>(ctx: &Ctx<'js>, script: &[u8]) -> Result<Value<'js>, Broken<'js>> {
    let (code, wrapped) = compile(ctx, script).map_err(Broken::Syntax)?;
    // SAFETY: `code` is what the compiler returned, and is given away.
    let value = unsafe { qjs::JS_EvalFunction(ctx.as_raw().as_ptr(), code) };
    let value = taken(ctx, value).map_err(Broken::Thrown)?;
    run_jobs(ctx).map_err(Broken::Thrown)?;
    match (ended(ctx, value, wrapped), rejected(ctx)) {
        // What waits for ever may do so because of it.
        (Ok(_) | Err(Broken::Pending), Some(reason)) => Err(Broken::Thrown(reason)),
        (ended, _) => ended,
    }
}

/// The value that a script ended with.
fn ended<'js>(ctx: &Ctx<'js>, value: Value<'js>, wrapped: bool) -> Result<Value<'js>, Broken<'js>> {
    let value = settled(ctx, value)?;
    if !wrapped {
        return Ok(value);
    }
    let inner = value.as_object().and_then(|o| o.get("value").ok());
    settled(
        ctx,
        inner.unwrap_or_else(|| Value::new_undefined(ctx.clone())),
    )
}

/// What the first promise was rejected with to which nobody listens.
fn rejected<'js>(ctx: &Ctx<'js>) -> Option<Value<'js>> {
    let (_, reason) = REJECTED.take().into_iter().next()?;
    reason.restore(ctx).ok()
}

/// The code of a script, and whether it gives a promise of an object with the script's `value`.
///
/// To the standard `await` outside of a function is a name, and `await (f())` a call. So a script
/// that has the word is read as the body of an async function, if it can be one.
fn compile<'js>(ctx: &Ctx<'js>, script: &[u8]) -> Result<(qjs::JSValue, bool), Value<'js>> {
    let text = &script[..script.len() - 1];
    if !text.windows(5).any(|word| word == b"await") {
        return Ok((compile_as(ctx, script, 0)?, false));
    }
    compile_as(ctx, script, qjs::JS_EVAL_FLAG_ASYNC)
        .map(|code| (code, true))
        .or_else(|error| match compile_as(ctx, script, 0) {
            Ok(code) => Ok((code, false)),
            Err(_) => Err(error),
        })
}

fn compile_as<'js>(ctx: &Ctx<'js>, script: &[u8], flag: u32) -> Result<qjs::JSValue, Value<'js>> {
    debug_assert_eq!(script.last(), Some(&0));
    let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY | flag;
    // SAFETY: the NUL that QuickJS wants is there, and what it returns is ours.
    unsafe {
        let code = qjs::JS_Eval(
            ctx.as_raw().as_ptr(),
            script.as_ptr().cast::<c_char>(),
            (script.len() - 1) as _,
            SCRIPT.as_ptr(),
            flags as c_int,
        );
        match qjs::JS_IsException(code) {
            true => Err(ctx.catch()),
            false => Ok(code),
        }
    }
}

/// A value that QuickJS returned, or what was thrown in its place.
fn taken<'js>(ctx: &Ctx<'js>, value: qjs::JSValue) -> Result<Value<'js>, Value<'js>> {
    // SAFETY: the value is ours and of this context.
    unsafe {
        match qjs::JS_IsException(value) {
            true => Err(ctx.catch()),
            false => Ok(Value::from_raw(ctx.clone(), value)),
        }
    }
}

/// Does what promises and `queueMicrotask` have put off, until nothing is left.
fn run_jobs<'js>(ctx: &Ctx<'js>) -> Result<(), Value<'js>> {
    let mut of = ctx.as_raw().as_ptr();
    // SAFETY: the runtime is the context's own.
    unsafe {
        let runtime = qjs::JS_GetRuntime(of);
        loop {
            match qjs::JS_ExecutePendingJob(runtime, &mut of) {
                0 => return Ok(()),
                n if n < 0 => return Err(ctx.catch()),
                _ => {}
            }
        }
    }
}

/// What a promise ended with; anything else is itself.
fn settled<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Value<'js>, Broken<'js>> {
    let Some(promise) = value.as_promise() else {
        return Ok(value);
    };
    match promise.state() {
        PromiseState::Pending => Err(Broken::Pending),
        PromiseState::Resolved => Ok(result(ctx, promise)),
        PromiseState::Rejected => Err(Broken::Thrown(result(ctx, promise))),
    }
}

fn result<'js>(ctx: &Ctx<'js>, promise: &Promise<'js>) -> Value<'js> {
    // SAFETY: the promise is of this context, and the result is ours.
    unsafe {
        let value = qjs::JS_PromiseResult(ctx.as_raw().as_ptr(), promise.as_value().as_raw());
        Value::from_raw(ctx.clone(), value)
    }
}

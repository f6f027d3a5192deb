//! Rhai as henge runs it: limits, scope and wording. Nothing here knows the host, so that the
//! native comparison program evaluates scripts in exactly the same way.

use rhai::packages::{Package, StandardPackage};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, OptimizationLevel, Position, Scope};

/// The longest string, in bytes.
const MAX_STRING: usize = 10 * 1024 * 1024;
/// The most entries of an array or bytes of a blob.
pub(crate) const MAX_ARRAY: usize = 10_000;
/// The most properties of an object map.
const MAX_MAP: usize = 10_000;
/// How deep expressions and statements may nest, in a function and outside.
const MAX_EXPR_DEPTH: usize = 128;
/// How deep calls may nest.
const MAX_CALL_LEVELS: usize = 64;

/// How many different short strings share their storage, as in Rhai's own `Engine::new`.
const MAX_STRINGS_INTERNED: usize = 256;

/// The seed of Rhai's hashes. Any fixed numbers will do: with them the same script takes the same
/// path, and so the same fuel, in every run.
const HASHING_SEED: [u64; 4] = [0x68, 0x65, 0x6e, 0x67];

/// An engine with the whole standard library and every limit in place, whose `print` and `debug`
/// do nothing yet.
///
/// It is built from the raw engine because `Engine::new` brings a resolver that reads modules from
/// files. Without one `import` answers that the module is not found, and no file function is even
/// linked into the module.
pub fn new() -> Engine {
    // An error only says that there is a seed, which is this one unless someone else uses Rhai in
    // the same program.
    let _ = rhai::config::hashing::set_hashing_seed(Some(HASHING_SEED));
    let mut engine = Engine::new_raw();
    engine
        .register_global_module(StandardPackage::new().as_shared_module())
        .set_optimization_level(OptimizationLevel::None)
        .set_max_strings_interned(MAX_STRINGS_INTERNED)
        .set_max_string_size(MAX_STRING)
        .set_max_array_size(MAX_ARRAY)
        .set_max_map_size(MAX_MAP)
        .set_max_expr_depths(MAX_EXPR_DEPTH, MAX_EXPR_DEPTH)
        .set_max_call_levels(MAX_CALL_LEVELS);
    end_endless_eval(&mut engine);
    engine
}

/// Makes the limit of call levels hold for `eval` too.
///
/// Rhai counts an `eval` as a level, but compares the count with the limit only when a script's
/// function is called, so `let s = "eval(s)"; eval(s)` would use up the stack. A text that
/// evaluates itself must read a variable each time, and that is where we look.
fn end_endless_eval(engine: &mut Engine) {
    // Deprecated stands for "may change in a later version" here; ours is fixed.
    #[allow(deprecated)]
    engine.on_var(|_, _, context| {
        if context.call_level() > MAX_CALL_LEVELS {
            return Err(EvalAltResult::ErrorStackOverflow(Position::NONE).into());
        }
        Ok(None)
    });
}

/// Evaluates a script whose circle and caller are known to it as constants.
///
/// A script without a block has neither loops nor functions, so each part of it is evaluated once
/// at most, and to optimise it, as Rhai does by default, would take longer than it saves: a sixth
/// of the time of `40 + 2`. The exception is `eval`, which could put a variable in front of a
/// constant that the optimiser would have resolved.
pub fn eval(
    engine: &Engine,
    script: &str,
    circle: &str,
    caller: &str,
) -> Result<Dynamic, Box<EvalAltResult>> {
    let mut scope = Scope::new();
    scope.push_constant("CONTEXT_ID", ImmutableString::from(circle));
    scope.push_constant("CALLER_ID", ImmutableString::from(caller));
    let mut ast = engine.compile_with_scope(&scope, script)?;
    if script.contains('{') || script.contains("eval") {
        ast = engine.optimize_ast(&scope, ast, OptimizationLevel::Simple);
    }
    engine.eval_ast_with_scope(&mut scope, &ast)
}

/// The text of a result: what Rhai displays, and nothing for `()`.
pub fn text(value: &Dynamic) -> String {
    if value.is_unit() {
        return String::new();
    }
    value.to_string()
}

/// The line that `debug` writes, as Rhai's own default does.
pub fn debug_line(text: &str, source: Option<&str>, position: Position) -> String {
    match (source, position.is_none()) {
        (Some(source), true) => format!("{source} | {text}"),
        (Some(source), false) => format!("{source} @ {position:?} | {text}"),
        (None, true) => text.to_owned(),
        (None, false) => format!("{position:?} | {text}"),
    }
}

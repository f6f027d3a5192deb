//! Starlark as henge runs it: dialect, library, limit of calls and wording.

use henge_guest::job::Identity;
use henge_guest::Failure;
use starlark::environment::{Globals, LibraryExtension, Module};
use starlark::eval::Evaluator;
use starlark::syntax::{AstModule, Dialect, DialectTypes};
use starlark::values::Value;
use starlark::{Error, ErrorKind, PrintHandler};

/// How deep calls may nest, recursion among them.
const MAX_CALLS: usize = 128;

/// The name of the script in errors.
const NAME: &str = "script";

/// The global that a script leaves its result in.
const RESULT: &str = "result";

/// The standard with what scripts of a few lines want: loops and conditions outside functions,
/// f-strings, and types, which are checked where they are written. Nothing can be loaded, because
/// there is nowhere to load it from.
const DIALECT: Dialect = Dialect {
    enable_load: false,
    enable_keyword_only_arguments: true,
    enable_types: DialectTypes::Enable,
    enable_top_level_stmt: true,
    enable_f_strings: true,
    ..Dialect::Standard
};

/// What the language gives besides the standard. What reads a console or writes to the standard
/// streams is left out.
const EXTENSIONS: &[LibraryExtension] = &[
    LibraryExtension::StructType,
    LibraryExtension::RecordType,
    LibraryExtension::EnumType,
    LibraryExtension::SetType,
    LibraryExtension::Map,
    LibraryExtension::Filter,
    LibraryExtension::Partial,
    LibraryExtension::Print,
    LibraryExtension::Json,
    LibraryExtension::Typing,
];

/// The names that every script sees.
pub fn globals() -> Globals {
    Globals::extended_by(EXTENSIONS)
}

/// Evaluates a script that finds its circle and caller in CONTEXT_ID and CALLER_ID, and returns the
/// text of its result.
pub fn eval(
    globals: &Globals,
    script: String,
    id: Identity,
    print: &dyn PrintHandler,
) -> Result<String, Failure> {
    let ast = AstModule::parse(NAME, script, &DIALECT).map_err(|e| failure(&e))?;
    let module = Module::new();
    module.set("CONTEXT_ID", module.heap().alloc(id.circle));
    module.set("CALLER_ID", module.heap().alloc(id.caller));
    let mut evaluator = Evaluator::new(&module);
    evaluator.set_print_handler(print);
    evaluator
        .set_max_callstack_size(MAX_CALLS)
        .map_err(|e| Failure::new(e.to_string()))?;
    evaluator
        .eval_module(ast, globals)
        .map_err(|e| failure(&e))?;
    Ok(module.get(RESULT).map(text).unwrap_or_default())
}

/// The text of a result: a string as it is, nothing for `None`, JSON for other data, and what
/// `repr` gives for the values that JSON does not have, such as functions. A whole number is not
/// left to JSON, where Starlark puts large ones in quotes.
fn text(value: Value) -> String {
    if value.is_none() {
        return String::new();
    }
    if let Some(text) = value.unpack_str() {
        return text.to_owned();
    }
    if value.get_type() == "int" {
        return value.to_repr();
    }
    value.to_json().unwrap_or_else(|_| value.to_repr())
}

/// Starlark's words in one line, after the line and column where the error is, both counted from
/// one. A script that cannot be parsed, or names what nobody has defined, never will run, so it is
/// not worth another attempt; about any other error the job's own policy decides.
fn failure(error: &Error) -> Failure {
    let words = error.without_diagnostic().to_string();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let failure = Failure::new(match error.span() {
        Some(span) => format!("{NAME}:{}: {words}", span.resolve_span().begin),
        None => words,
    });
    match error.kind() {
        ErrorKind::Parser(_) | ErrorKind::Scope(_) => {
            failure.with_code("parse_error").with_retry(false)
        }
        _ => failure.with_code("script_error"),
    }
}

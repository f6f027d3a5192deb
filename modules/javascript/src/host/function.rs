//! Functions of all engines as functions of JavaScript.

use henge_guest::{Error, Value};
use henge_rustengine::Function as Shared;
use rquickjs::function::Rest;
use rquickjs::object::Property;
use rquickjs::{Ctx, Exception, Function, Object};

use super::value::{to_host, to_script};

/// Defines a function.
pub fn define<'js>(of: &Object<'js>, shared: Shared) -> rquickjs::Result<()> {
    let (name, length) = (shared.name.clone(), shared.least());
    let function = move |ctx: Ctx<'js>, args: Rest<rquickjs::Value<'js>>| {
        let args = passed(&args.0).map_err(|e| e.thrown(&ctx))?;
        let value = shared.call(args).map_err(|e| thrown(&ctx, e))?;
        to_script(&ctx, value)
    };
    let function = Function::new(of.ctx().clone(), function)?;
    put(of, &name, function.with_length(length)?)
}

/// Puts a function into a place where a script can have another of its name.
pub fn put<'js>(of: &Object<'js>, name: &str, function: Function<'js>) -> rquickjs::Result<()> {
    let function = function.with_name(name)?;
    of.prop(name, Property::from(function).configurable().writable())
}

/// Why arguments cannot be passed on.
pub enum Refused {
    /// They are not what the function takes.
    Wrong(Error),
    /// A getter of the script threw an exception, which is still there.
    Script(rquickjs::Error),
}

impl Refused {
    pub fn thrown(self, ctx: &Ctx) -> rquickjs::Error {
        match self {
            Refused::Wrong(error) => thrown(ctx, error),
            Refused::Script(error) => error,
        }
    }
}

/// What a script passed, without the `undefined` at the end of it.
fn passed(args: &[rquickjs::Value]) -> Result<Vec<Value>, Refused> {
    let given = args.iter().rposition(|arg| !arg.is_undefined());
    let args = &args[..given.map_or(0, |last| last + 1)];
    args.iter().map(to_host).collect()
}

/// A refusal of the host as an exception.
pub fn thrown(ctx: &Ctx, error: Error) -> rquickjs::Error {
    match exception(ctx, error) {
        Ok(exception) => exception.throw(),
        Err(failed) => failed,
    }
}

fn exception<'js>(ctx: &Ctx<'js>, error: Error) -> rquickjs::Result<Exception<'js>> {
    let exception = Exception::from_message(ctx.clone(), &error.message)?;
    let name = Property::from("HostError").configurable().writable();
    exception.prop("name", name)?;
    let code = Property::from(error.code.name()).configurable().writable();
    exception.prop("code", code.enumerable())?;
    Ok(exception)
}

//! Values of scripts as values of the contract, and back.

use henge_guest::Value;
use henge_rustengine::{refused, wrong};
use rquickjs::object::Property;
use rquickjs::{Array, BigInt, Ctx, Function, IntoJs, Object, TypedArray};

use super::function::Refused;
use super::INTEGER_BITS;
use crate::text;

/// The largest integer that JavaScript's numbers tell apart from its neighbours.
const MAX_SAFE: i64 = (1 << INTEGER_BITS) - 1;

/// What a script passed, for the host: `undefined` is null, and an object with a `toJSON`, such as
/// a date, is what that gives.
pub fn to_host(value: &rquickjs::Value) -> Result<Value, Refused> {
    at_depth(value, 0)
}

fn at_depth(value: &rquickjs::Value, depth: usize) -> Result<Value, Refused> {
    if depth > refused::MAX_DEPTH {
        return Err(Refused::Wrong(refused::too_deep()));
    }
    if value.is_null() || value.is_undefined() {
        return Ok(Value::Null);
    }
    if let Some(b) = value.as_bool() {
        return Ok(b.into());
    }
    if let Some(n) = value.as_number() {
        return Ok(number(n));
    }
    if let Some(text) = value.as_string() {
        return Ok(text::utf8(text).into());
    }
    if let Some(n) = value.as_big_int() {
        return whole(value, n.clone());
    }
    match value.as_object() {
        Some(object) if !value.is_function() && !value.is_promise() => within(object, depth),
        _ => Err(Refused::Wrong(match value.is_promise() {
            true => wrong("a promise cannot leave the script: await it"),
            false => refused::of_type(value.type_name()),
        })),
    }
}

/// A number is an integer wherever it can be: JavaScript does not tell `3.0` from `3`.
fn number(n: f64) -> Value {
    match n.fract() == 0.0 && n.abs() <= MAX_SAFE as f64 {
        true => Value::Int(n as i64),
        false => Value::Float(n),
    }
}

fn whole(value: &rquickjs::Value, n: BigInt) -> Result<Value, Refused> {
    let low = n.to_i64().map_err(Refused::Script)?;
    // to_i64 takes the lowest 64 bits of a larger one.
    let back = BigInt::from_i64(value.ctx().clone(), low).map_err(Refused::Script)?;
    match text::shown(value.ctx(), &back.into_value()) == text::shown(value.ctx(), value) {
        true => Ok(low.into()),
        false => Err(Refused::Wrong(refused::too_large())),
    }
}

fn within(object: &Object, depth: usize) -> Result<Value, Refused> {
    if let Some(bytes) = text::bytes(object) {
        return Ok(bytes.into());
    }
    if let Some(list) = object.as_array() {
        let list = list.iter::<rquickjs::Value>();
        let list = list.map(|v| at_depth(&v.map_err(Refused::Script)?, depth + 1));
        return Ok(Value::List(list.collect::<Result<_, _>>()?));
    }
    let json: rquickjs::Value = object.get("toJSON").map_err(Refused::Script)?;
    if let Some(json) = json.as_function() {
        return at_depth(&call(json, object).map_err(Refused::Script)?, depth + 1);
    }
    let mut map = Vec::new();
    for pair in object.props::<rquickjs::String, rquickjs::Value>() {
        let (name, value) = pair.map_err(Refused::Script)?;
        // JSON leaves these out, too.
        if !value.is_undefined() {
            map.push((text::utf8(&name), at_depth(&value, depth + 1)?));
        }
    }
    Ok(Value::Map(map))
}

fn call<'js>(f: &Function<'js>, this: &Object<'js>) -> rquickjs::Result<rquickjs::Value<'js>> {
    f.call((rquickjs::prelude::This(this.clone()),))
}

/// What the host answered, for a script. An integer that a number cannot hold is a BigInt.
pub fn to_script<'js>(ctx: &Ctx<'js>, value: Value) -> rquickjs::Result<rquickjs::Value<'js>> {
    match value {
        Value::Null => Ok(rquickjs::Value::new_null(ctx.clone())),
        Value::Bool(b) => b.into_js(ctx),
        Value::Int(n) if n.unsigned_abs() > MAX_SAFE as u64 => {
            Ok(BigInt::from_i64(ctx.clone(), n)?.into_value())
        }
        Value::Int(n) => Ok(rquickjs::Value::new_number(ctx.clone(), n as f64)),
        Value::Float(n) => n.into_js(ctx),
        Value::Text(text) => text.into_js(ctx),
        Value::Bytes(bytes) => TypedArray::<u8>::new_copy(ctx.clone(), bytes)?.into_js(ctx),
        Value::List(list) => {
            let array = Array::new(ctx.clone())?;
            for (at, value) in list.into_iter().enumerate() {
                array.set(at, to_script(ctx, value)?)?;
            }
            Ok(array.into_value())
        }
        Value::Map(map) => {
            let object = Object::new(ctx.clone())?;
            for (name, value) in map {
                // Setting `__proto__` would do something else.
                let value = Property::from(to_script(ctx, value)?);
                object.prop(name, value.configurable().enumerable().writable())?;
            }
            Ok(object.into_value())
        }
    }
}

//! Values as text: the result of a job, and what is written to its log.

use std::cell::RefCell;

use rquickjs::{qjs, Ctx, Exception, Function, Object, Persistent, String as Text, Value};

thread_local! {
    /// What JSON.stringify replaces values by, so that BigInts keep all of their digits.
    static EXACT: RefCell<Option<Persistent<Function<'static>>>> = const { RefCell::new(None) };
}

/// A text as UTF-8. Halves of surrogate pairs, which JavaScript allows, are replaced.
pub fn utf8(text: &Text) -> String {
    let ctx = text.ctx().as_raw().as_ptr();
    let mut len = 0;
    // SAFETY: the bytes are QuickJS's until they are freed, and are copied before that.
    unsafe {
        let bytes = qjs::JS_ToCStringLen(ctx, &mut len, text.as_raw());
        if bytes.is_null() {
            drop(text.ctx().catch());
            return String::new();
        }
        let owned = lossy(std::slice::from_raw_parts(bytes.cast::<u8>(), len));
        qjs::JS_FreeCString(ctx, bytes);
        owned
    }
}

/// UTF-8 in which half a surrogate pair, three bytes, is one replacement character.
fn lossy(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        // The two bytes that follow are chunks of their own.
        if chunk.invalid().first().is_some_and(|b| *b >= 0xc0) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

/// The bytes of an ArrayBuffer or of a view of one.
pub fn bytes(object: &Object) -> Option<Vec<u8>> {
    // SAFETY: nothing of the script runs until the bytes are copied.
    unsafe {
        if let Some(buffer) = object.as_array_buffer() {
            return buffer.as_bytes().map(<[u8]>::to_vec);
        }
        object
            .as_typed_array::<u8>()?
            .as_bytes()
            .map(<[u8]>::to_vec)
    }
}

/// A value as a job's result: bytes and text as they are, nothing for what JSON has no word for,
/// and anything else as JSON.
///
/// # Errors
///
/// The exception of what cannot be JSON, such as an object that contains itself.
pub fn result<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> rquickjs::Result<Vec<u8>> {
    if let Some(text) = value.as_string() {
        return Ok(utf8(text).into_bytes());
    }
    if let Some(bytes) = value.as_object().and_then(bytes) {
        return Ok(bytes);
    }
    if value.is_null() {
        return Ok(Vec::new());
    }
    if value.as_big_int().is_some() {
        return Ok(plain(ctx, value).into_bytes());
    }
    let json = json(ctx, value)?;
    Ok(json.map_or_else(Vec::new, |text| utf8(&text).into_bytes()))
}

/// A value as JSON, where a BigInt is a number like any other.
fn json<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> rquickjs::Result<Option<Text<'js>>> {
    let json = ctx.json_stringify(value.clone());
    let Err(rquickjs::Error::Exception) = json else {
        return json;
    };
    let thrown = ctx.catch();
    let has_big = shown(ctx, &thrown).contains("BigInt");
    match EXACT.with_borrow(|exact| exact.clone()) {
        Some(exact) if has_big => ctx.json_stringify_replacer(value.clone(), exact.restore(ctx)?),
        _ => Err(ctx.throw(thrown)),
    }
}

/// Makes what `json` needs, while scripts cannot have changed it.
pub fn prepare(ctx: &Ctx) -> rquickjs::Result<()> {
    let exact: Function = ctx.eval(
        "((raw) => (name, value) => typeof value === 'bigint' ? raw(`${value}`) : value)(JSON.rawJSON)",
    )?;
    EXACT.set(Some(Persistent::save(ctx, exact)));
    Ok(())
}

/// A value for people to read. It never fails: what cannot be shown says so.
pub fn shown<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> String {
    let Some(object) = value.as_object() else {
        return plain(ctx, value);
    };
    if let Some(error) = Exception::from_object(object.clone()) {
        return error_line(&error);
    }
    if value.is_function() {
        let name = property(object, "name").unwrap_or_default();
        return format!("[{}]", format!("function {name}").trim_end());
    }
    match json(ctx, value) {
        Ok(Some(json)) => utf8(&json),
        Ok(None) => plain(ctx, value),
        Err(_) => {
            drop(ctx.catch());
            plain(ctx, value)
        }
    }
}

/// An error's name and message, as JavaScript puts them together.
pub fn error_line(error: &Exception) -> String {
    let name = property(error, "name").unwrap_or_else(|| "Error".to_owned());
    match property(error, "message") {
        Some(message) if !message.is_empty() => format!("{name}: {message}"),
        _ => name,
    }
}

/// A property that is a text. What a getter throws is not.
pub fn property(of: &Object, name: &str) -> Option<String> {
    match of.get::<_, Value>(name) {
        Ok(value) => value.as_string().map(utf8),
        Err(_) => {
            drop(of.ctx().catch());
            None
        }
    }
}

/// What `String(value)` gives.
fn plain<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> String {
    // String itself can show symbols, which QuickJS's function cannot.
    if let Some(symbol) = value.as_symbol() {
        let name = symbol.description().ok().and_then(|d| d.into_string());
        return format!("Symbol({})", name.as_ref().map_or_else(String::new, utf8));
    }
    // SAFETY: what is returned is ours, and of this context.
    let text = unsafe {
        let text = qjs::JS_ToString(ctx.as_raw().as_ptr(), value.as_raw());
        match qjs::JS_IsException(text) {
            true => {
                drop(ctx.catch());
                return format!("[{}]", value.type_name());
            }
            false => Value::from_raw(ctx.clone(), text),
        }
    };
    text.as_string().map_or_else(String::new, utf8)
}

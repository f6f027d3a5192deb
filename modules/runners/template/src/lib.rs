//! Makes text of a template and data. What a payload may be says the schema in the manifest.

use std::fmt::Write;

use henge_guest::{export, job, Failure};
use serde_json::Value as Json;
use upon::{fmt, Engine, Value};

export!(run: run);

fn run() -> Result<(), Failure> {
    let arguments: Json = serde_json::from_slice(&job::input()?)?;
    let mut engine = Engine::new();
    engine.add_formatter("html", html);
    engine.add_formatter("json", json);
    engine.add_formatter("text", fmt::default);
    match arguments["escape"].as_str() {
        Some("html") => engine.set_default_formatter(&html),
        Some("json") => engine.set_default_formatter(&json),
        _ => {}
    }
    for (name, text) in arguments["parts"].as_object().into_iter().flatten() {
        let text = text.as_str().unwrap_or_default().to_owned();
        engine
            .add_template(name.clone(), text)
            .map_err(|e| wrong(&format!("the part {name}"), &e))?;
    }
    let template = engine
        .compile(arguments["template"].as_str().unwrap_or_default())
        .map_err(|e| wrong("the template", &e))?;
    let empty = serde_json::Map::new();
    let data = arguments["data"].as_object().unwrap_or(&empty);
    let text = template
        .render(&engine, data)
        .to_string()
        .map_err(|e| wrong("the template", &e))?;
    job::output(text.as_bytes())?;
    Ok(())
}

/// The same template and data are as wrong the next time. The error shows the line.
fn wrong(what: &str, error: &upon::Error) -> Failure {
    Failure::new(format!("{what}: {error:#}"))
        .with_code("template_error")
        .with_retry(false)
}

/// A value as text in HTML, in an element or an attribute.
fn html(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    let Value::String(text) = value else {
        return fmt::default(f, value);
    };
    for c in text.chars() {
        match c {
            '&' => f.write_str("&amp;")?,
            '<' => f.write_str("&lt;")?,
            '>' => f.write_str("&gt;")?,
            '"' => f.write_str("&quot;")?,
            '\'' => f.write_str("&#39;")?,
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

/// A value as JSON.
fn json(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    let text = serde_json::to_string(value).map_err(|e| fmt::Error::from(e.to_string()))?;
    Ok(f.write_str(&text)?)
}

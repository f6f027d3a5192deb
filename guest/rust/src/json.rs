//! Values as JSON, for results that people and other programs read.

use std::fmt::Write;

use crate::value::Value;

impl Value {
    /// The value as JSON in the contract's form: bytes are `{"$bytes": "<base64>"}`, a float that is
    /// no number is null. Whole numbers are written as they are, whatever their size.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Value::Int(n) => drop(write!(out, "{n}")),
            // With a point or an exponent, so that it stays a float.
            Value::Float(n) if n.is_finite() => drop(write!(out, "{n:?}")),
            Value::Float(_) => out.push_str("null"),
            Value::Text(text) => quote(text, out),
            Value::Bytes(bytes) => {
                out.push_str("{\"$bytes\":\"");
                base64(bytes, out);
                out.push_str("\"}");
            }
            Value::List(list) => {
                out.push('[');
                for (i, value) in list.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    value.write_json(out);
                }
                out.push(']');
            }
            Value::Map(map) => {
                out.push('{');
                for (i, (key, value)) in map.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    quote(key, out);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => drop(write!(out, "\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding, of RFC 4648.
fn base64(bytes: &[u8], out: &mut String) {
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0, |g, b| g << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            match i <= chunk.len() {
                true => out.push(ALPHABET[(group >> (18 - 6 * i)) as usize & 63].into()),
                false => out.push('='),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind() {
        let value = Value::Map(vec![
            (
                "a\"\\\n\u{1}é".into(),
                Value::List(vec![Value::Null, true.into()]),
            ),
            ("n".into(), i64::MIN.into()),
            (
                "f".into(),
                Value::List(vec![3.0.into(), 0.1.into(), 1e21.into(), f64::NAN.into()]),
            ),
            ("m".into(), Value::Map(vec![])),
        ]);
        let want = r#"{"a\"\\\n\u0001é":[null,true],"n":-9223372036854775808,"f":[3.0,0.1,1e21,null],"m":{}}"#;
        assert_eq!(value.to_json(), want);
    }

    /// The examples of RFC 4648, section 10.
    #[test]
    fn bytes_are_base64() {
        for (bytes, want) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let json = Value::from(bytes.as_bytes()).to_json();
            assert_eq!(json, format!("{{\"$bytes\":\"{want}\"}}"));
        }
    }
}

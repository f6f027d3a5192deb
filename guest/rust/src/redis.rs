//! `henge_redis_v1`: the circle's keys in Redis. The host puts the circle's name before each key,
//! so keys are plain here.

use crate::call::{imports, list, reply};
use crate::cbor::{Reader, Writer};
use crate::error::{Code, Error, Result};
use crate::value::Value;

pub mod functions;

mod host {
    super::imports!("henge_redis_v1": r#do, pipeline);
}

/// Carries out a command: its name, then its arguments, each a text, bytes or a number.
///
/// ```no_run
/// # use henge_guest::{redis, Error};
/// # fn example() -> Result<(), Error> {
/// redis::command(&["SET".into(), "visits".into(), 1.into()])?;
/// let visits = redis::command(&["INCR".into(), "visits".into()])?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// `access_denied` for a command that scripts may not use and for a caller who may not do it,
/// `type_error` if a key holds another kind of value, `unavailable` if Redis does not answer.
pub fn command(words: &[Value]) -> Result<Value> {
    let mut request = Writer::new();
    write_command(&mut request, words);
    Value::read(&mut Reader::new(&reply(host::r#do, request.as_bytes())?))
}

/// Carries out commands one after another in one crossing. Each has a result of its own; they are
/// no transaction.
///
/// # Errors
///
/// As [`command`], for all of them together.
pub fn pipeline(commands: &[Vec<Value>]) -> Result<Vec<Result<Value>>> {
    let mut request = Writer::new();
    request.array(commands.len());
    for words in commands {
        write_command(&mut request, words);
    }
    parse_results(&reply(host::pipeline, request.as_bytes())?)
}

/// The same for a list of lists that is JSON or CBOR already, as a runner's payload may be. The reply
/// comes in the same: a list of `[true, value]` and `[false, code, message]`.
///
/// # Errors
///
/// As [`pipeline`].
pub fn pipeline_encoded(commands: &[u8]) -> Result<Vec<u8>> {
    reply(host::pipeline, commands)
}

fn write_command(to: &mut Writer, words: &[Value]) {
    to.array(words.len());
    words.iter().for_each(|word| word.write(to));
}

fn parse_results(cbor: &[u8]) -> Result<Vec<Result<Value>>> {
    list(&mut Reader::new(cbor), |r| {
        r.array()?;
        if r.bool()? {
            return Ok(Ok(Value::read(r)?));
        }
        let code = Code::from_raw(r.int()?);
        Ok(Err(Error::new(code, r.text()?)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_list() {
        let mut w = Writer::new();
        write_command(&mut w, &["SET".into(), "k".into(), 7.into()]);
        assert_eq!(w.as_bytes(), b"\x83\x63SET\x61k\x07");
    }

    #[test]
    fn each_result_of_a_pipeline_is_its_own() {
        let mut w = Writer::new();
        w.array(2).array(2).bool(true).int(3);
        w.array(3)
            .bool(false)
            .int(Code::TypeError as i64)
            .text("a list");
        let want = vec![
            Ok(Value::Int(3)),
            Err(Error::new(Code::TypeError, "a list")),
        ];
        assert_eq!(parse_results(w.as_bytes()).unwrap(), want);
    }

    #[test]
    fn without_a_host_it_is_unsupported() {
        assert_eq!(command(&[]).unwrap_err().code, Code::Unsupported);
        assert_eq!(pipeline(&[]).unwrap_err().code, Code::Unsupported);
    }
}

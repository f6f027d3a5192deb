//! A runner in Rust: it greets whoever its payload names, with a number and a token that nobody
//! had before.

use henge_guest::log::{self, Level};
use henge_guest::{clock, export, job, redis, Code, Error, Failure, Value};

export!(run: greet);

fn greet() -> Result<(), Failure> {
    let name = String::from_utf8(job::input()?)?;
    if name.is_empty() {
        return Err(Failure::new("the payload is empty: it should be a name")
            .with_code("no_name")
            .with_retry(false));
    }
    let Value::Int(number) = redis::command(&["INCR".into(), "greeted".into()])? else {
        return Err(Error::new(Code::TypeError, "Redis answered with no number").into());
    };
    let mut token = [0; 8];
    clock::random(&mut token)?;
    let token = u64::from_be_bytes(token);
    log::write_with(Level::Info, "greeting", &[("number", number.into())])?;
    let text = format!("Hello, {name}! You are number {number}, your token is {token:016x}.");
    job::output(text.as_bytes())?;
    Ok(())
}

//! Carries out SQL in the circle's database. The payload is one statement, whose rows are the result,
//! or a list of them, of which the result says what each has changed; all in JSON. What a payload
//! may be says the schema in the manifest.

use henge_guest::{export, job, sql, Failure};

export!(run: run);

fn run() -> Result<(), Failure> {
    let payload = job::input()?;
    let request = payload.trim_ascii();
    let answer = match request.first() {
        Some(b'[') => sql::exec_encoded(request)?,
        _ => sql::query_encoded(request)?,
    };
    job::output(&answer)?;
    Ok(())
}

//! Makes one HTTP request. The payload is the request as the host takes it, and the result what it
//! answers, both in JSON; what a payload may be says the schema in the manifest.

use henge_guest::{export, http, job, Failure};

export!(run: run);

fn run() -> Result<(), Failure> {
    let request = job::input()?;
    job::output(&http::fetch_encoded(request.trim_ascii())?)?;
    Ok(())
}

//! Carries out Redis commands in one crossing. The payload is a list of lists, and the result what
//! became of each, both in JSON; what a payload may be says the schema in the manifest.

use henge_guest::{export, job, redis, Failure};

export!(run: run);

fn run() -> Result<(), Failure> {
    let commands = job::input()?;
    job::output(&redis::pipeline_encoded(commands.trim_ascii())?)?;
    Ok(())
}

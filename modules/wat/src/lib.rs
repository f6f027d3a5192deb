//! An assembler of WebAssembly text as a henge module: the payload of a job is a module's text,
//! its result is the binary. henge's own tests write their guests with it; the product does not
//! carry it.

use henge_guest::{job, Failure};

henge_guest::export!(run: run);

fn run() -> Result<(), Failure> {
    let binary = wat::parse_bytes(&job::input()?)?.into_owned();
    job::output(&binary)?;
    Ok(())
}

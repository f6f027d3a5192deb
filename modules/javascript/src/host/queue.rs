//! Further jobs.

use henge_guest::queue::{self, Ended};
use henge_guest::{Error, Value};
use rquickjs::Ctx;

use super::function::{define as function, kind, wrong, Args, Returned};

pub fn define(ctx: &Ctx) -> rquickjs::Result<()> {
    let globals = ctx.globals();
    function(&globals, "job_submit", 1..=3, submit)?;
    function(&globals, "job_wait", 1..=2, wait)
}

/// A job is a type, a payload and options, or all of them in one object.
fn submit(mut args: Args) -> Returned {
    if args.len() == 1 {
        return Ok(queue::submit_value(&Value::Map(args.map(0, "jobs")?))?.into());
    }
    let mut job = args.map(2, "options")?;
    job.retain(|(name, _)| name != "type" && name != "payload");
    job.push(("type".into(), args.text(0, "the type")?.into()));
    job.push(("payload".into(), args.value(1)));
    Ok(queue::submit_value(&Value::Map(job))?.into())
}

/// How one job ended, null if it has not, or those of a list that have, by id.
fn wait(mut args: Args) -> Returned {
    let timeout = args.count(1, "the time to wait")?;
    let id = |value| match value {
        Value::Text(id) => Ok(id),
        other => Err(wrong(format!(
            "a job's id is a text, and not {}",
            kind(&other)
        ))),
    };
    match args.value(0) {
        Value::List(ids) => {
            let ids: Vec<_> = ids.into_iter().map(id).collect::<Result<_, Error>>()?;
            let ids: Vec<_> = ids.iter().map(String::as_str).collect();
            let ended = queue::wait(&ids, timeout)?.into_iter();
            Ok(Value::Map(
                ended.map(|(id, e)| (id, described(e))).collect(),
            ))
        }
        one => {
            let ended = queue::wait(&[&id(one)?], timeout)?.into_iter().next();
            Ok(ended.map_or(Value::Null, |(_, e)| described(e)))
        }
    }
}

fn described(ended: Ended) -> Value {
    Value::Map(vec![
        ("status".into(), ended.status.into()),
        ("output".into(), ended.output),
        ("error".into(), ended.error.into()),
    ])
}

//! Further jobs.

use henge_guest::queue::{self, Ended};
use henge_guest::{Error, Value};

use crate::args::{kind, wrong, Args};
use crate::function::{Function, Returned};

pub(crate) fn add(all: &mut Vec<Function>) {
    all.push(Function::new("job_submit", 1..=3, submit));
    all.push(Function::new("job_wait", 1..=2, wait));
}

/// A job is a type, a payload and options, or all of them in one map.
fn submit(mut args: Args) -> Returned {
    let job = match args.count() {
        1 => args.map(0, "jobs")?,
        _ => {
            let mut job = args.map(2, "options")?;
            job.retain(|(name, _)| name != "type" && name != "payload");
            job.push(("type".into(), args.text(0, "the type")?.into()));
            job.push(("payload".into(), args.value(1)));
            job
        }
    };
    Ok(queue::submit_value(&Value::Map(job))?.into())
}

/// How one job ended, null if it has not, or those of a list that have, by id.
fn wait(mut args: Args) -> Returned {
    let timeout = args.amount(1, "the time to wait")?;
    match args.value(0) {
        Value::List(ids) => {
            let ids: Vec<_> = ids.into_iter().map(id).collect::<Result<_, _>>()?;
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

fn id(value: Value) -> Result<String, Error> {
    match value {
        Value::Text(id) => Ok(id),
        other => Err(wrong(format!(
            "a job's id is a text, and not {}",
            kind(&other)
        ))),
    }
}

fn described(ended: Ended) -> Value {
    Value::Map(vec![
        ("status".into(), ended.status.into()),
        ("output".into(), ended.output),
        ("error".into(), ended.error.into()),
    ])
}

//! Further jobs.

use henge_guest::queue::{self, Ended};
use rhai::{Array, Dynamic, Engine, Map, INT};

use super::value::{to_count, to_host, to_script};
use super::{thrown, wrong, Returned};

pub fn register(engine: &mut Engine) {
    engine.register_fn("job_submit", submit);
    engine.register_fn("job_submit", |kind: &str, payload: Dynamic| {
        submit_with(kind, payload, Map::new())
    });
    engine.register_fn("job_submit", submit_with);
    engine.register_fn("job_wait", |id: &str| wait_one(id, None));
    engine.register_fn("job_wait", |id: &str, ms: INT| wait_one(id, Some(ms)));
    engine.register_fn("job_wait", |ids: Array| wait_all(ids, None));
    engine.register_fn("job_wait", |ids: Array, ms: INT| wait_all(ids, Some(ms)));
}

fn submit(job: Map) -> Returned {
    let id = queue::submit_value(&to_host(&job.into())?).map_err(thrown)?;
    Ok(id.into())
}

fn submit_with(kind: &str, payload: Dynamic, options: Map) -> Returned {
    let mut job = options;
    job.insert("type".into(), kind.into());
    job.insert("payload".into(), payload);
    submit(job)
}

/// How a job ended; `()` if it has not.
fn wait_one(id: &str, timeout_ms: Option<INT>) -> Returned {
    let mut ended = wait(&[id], timeout_ms)?;
    Ok(ended.remove(id).unwrap_or(Dynamic::UNIT))
}

/// How those that have ended did, by id.
fn wait_all(ids: Array, timeout_ms: Option<INT>) -> Returned {
    let texts: Result<Vec<_>, _> = ids.into_iter().map(Dynamic::into_string).collect();
    let texts =
        texts.map_err(|kind| wrong(format!("a job's id is a text, and not of type {kind}")))?;
    let ids: Vec<_> = texts.iter().map(String::as_str).collect();
    Ok(wait(&ids, timeout_ms)?.into())
}

fn wait(ids: &[&str], timeout_ms: Option<INT>) -> Result<Map, Box<rhai::EvalAltResult>> {
    let timeout = timeout_ms
        .map(|n| to_count("the time to wait", n))
        .transpose()?;
    let ended = queue::wait(ids, timeout).map_err(thrown)?;
    Ok(ended
        .into_iter()
        .map(|(id, e)| (id.into(), described(e)))
        .collect())
}

fn described(ended: Ended) -> Dynamic {
    Map::from([
        ("status".into(), ended.status.into()),
        ("output".into(), to_script(ended.output)),
        ("error".into(), ended.error.into()),
    ])
    .into()
}

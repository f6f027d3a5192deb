//! `henge_queue_v1`: further jobs of the same circle and caller.

use crate::call::{fields, imports, reply, texts};
use crate::cbor::{Reader, Writer};
use crate::error::Result;
use crate::value::Value;

mod host {
    super::imports!("henge_queue_v1": submit, wait);
}

/// A job to be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Job {
    /// Its type, such as `rhai`; `type` in the contract.
    pub kind: String,
    /// A script or arguments, as text or bytes.
    pub payload: Value,
    /// How long an attempt may take, in milliseconds.
    pub timeout_ms: Option<u32>,
    /// How many further attempts there may be.
    pub retries: Option<u32>,
    /// How long it waits before it may begin, in milliseconds.
    pub delay_ms: Option<u32>,
    /// Its environment.
    pub env: Vec<(String, String)>,
}

/// How a job ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ended {
    /// `succeeded`, `failed`, `cancelled` or `dead`.
    pub status: String,
    /// Its result: a text, or bytes that are none.
    pub output: Value,
    /// Why it failed; empty if it did not.
    pub error: String,
}

/// Hands in a job and returns its id. It stays although this one may fail.
///
/// # Errors
///
/// `access_denied` for a stranger, `limit` for one job too many.
pub fn submit(job: &Job) -> Result<String> {
    parse_id(&reply(host::submit, encode(job).as_bytes())?)
}

/// The same with the request as a map, for an engine whose scripts have it as such: the host says
/// what is wrong with it.
///
/// # Errors
///
/// As [`submit`], and `invalid_argument`.
pub fn submit_value(job: &Value) -> Result<String> {
    let mut request = Writer::new();
    job.write(&mut request);
    parse_id(&reply(host::submit, request.as_bytes())?)
}

/// Waits until all these jobs have ended, which this job has submitted, for `timeout_ms`
/// milliseconds or until this job's deadline. Returns those that have ended, by id.
///
/// # Errors
///
/// `not_found` for a job that this one did not submit.
pub fn wait(ids: &[&str], timeout_ms: Option<u32>) -> Result<Vec<(String, Ended)>> {
    let mut request = Writer::new();
    request.map(1 + usize::from(timeout_ms.is_some()));
    request.text("ids").array(ids.len());
    for id in ids {
        request.text(id);
    }
    if let Some(timeout) = timeout_ms {
        request.text("timeout_ms").uint(timeout.into());
    }
    parse_ended(&reply(host::wait, request.as_bytes())?)
}

fn encode(job: &Job) -> Writer {
    let Job {
        kind,
        payload,
        timeout_ms,
        retries,
        delay_ms,
        env,
    } = job;
    let numbers = [
        ("timeout_ms", timeout_ms),
        ("retries", retries),
        ("delay_ms", delay_ms),
    ];
    let given = numbers.iter().filter(|(_, n)| n.is_some()).count();
    let mut w = Writer::with_capacity(256);
    w.map(2 + given + usize::from(!env.is_empty()));
    w.text("type").text(kind).text("payload");
    payload.write(&mut w);
    for (name, number) in numbers {
        if let Some(number) = number {
            w.text(name).uint((*number).into());
        }
    }
    texts(&mut w, "env", env);
    w
}

fn parse_id(cbor: &[u8]) -> Result<String> {
    let mut id = String::new();
    fields(&mut Reader::new(cbor), |name, r| {
        if name == "id" {
            id = r.text()?.to_owned();
        }
        Ok(())
    })?;
    Ok(id)
}

fn parse_ended(cbor: &[u8]) -> Result<Vec<(String, Ended)>> {
    let mut all = Vec::new();
    fields(&mut Reader::new(cbor), |id, r| {
        let mut ended = Ended::default();
        fields(r, |name, r| {
            match name {
                "status" => ended.status = r.text()?.to_owned(),
                "output" => ended.output = Value::read(r)?,
                "error" => ended.error = r.text()?.to_owned(),
                _ => {}
            }
            Ok(())
        })?;
        all.push((id.to_owned(), ended));
        Ok(())
    })?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_carries_only_what_it_has() {
        let mut job = Job {
            kind: "t".into(),
            payload: "p".into(),
            ..Job::default()
        };
        let want = b"\xa2\x64type\x61t\x67payload\x61p";
        assert_eq!(encode(&job).as_bytes(), want);
        job.retries = Some(0);
        job.env.push(("a".into(), "b".into()));
        let want = b"\xa4\x64type\x61t\x67payload\x61p\x67retries\x00\x63env\xa1\x61a\x61b";
        assert_eq!(encode(&job).as_bytes(), want);
    }

    #[test]
    fn reads_how_jobs_ended() {
        let mut w = Writer::new();
        w.map(1).text("j").map(3).text("status").text("failed");
        w.text("output").bytes(&[1]).text("error").text("why");
        let ended = Ended {
            status: "failed".into(),
            output: vec![1u8].into(),
            error: "why".into(),
        };
        assert_eq!(
            parse_ended(w.as_bytes()).unwrap(),
            vec![("j".to_owned(), ended)]
        );
    }

    #[test]
    fn reads_an_id() {
        assert_eq!(parse_id(b"\xa1\x62id\x61j").unwrap(), "j");
        assert!(parse_id(&[0x80]).is_err());
    }
}

//! `henge_sql_v1`: the circle's database. All that a job does there is one transaction, which is
//! committed when the job succeeds.

use crate::call::{fields, imports, list, reply};
use crate::cbor::{Reader, Writer};
use crate::error::Result;
use crate::value::Value;

mod host {
    super::imports!("henge_sql_v1": query, exec);
}

/// What a query found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The columns' names.
    pub columns: Vec<String>,
    /// A value for each column, in each row.
    pub rows: Vec<Vec<Value>>,
    /// Whether there were more rows than are here.
    pub more: bool,
}

/// What a statement did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// How many rows it changed.
    pub changes: i64,
    /// The id of the row that was inserted last; 0 for none.
    pub last_id: i64,
}

/// Runs a query. `args` are the values for its parameters: a [`Value::List`] for `?`, a
/// [`Value::Map`] for named ones, [`Value::Null`] for none. At most `max_rows` rows are returned,
/// and without it as many as the host allows.
///
/// # Errors
///
/// `invalid_argument` for SQL that is wrong, `access_denied` for what the caller may not read,
/// `timeout`, `too_large`.
pub fn query(sql: &str, args: &Value, max_rows: Option<u32>) -> Result<Rows> {
    let mut request = Writer::with_capacity(sql.len() + 64);
    statement(&mut request, sql, args, usize::from(max_rows.is_some()));
    if let Some(max) = max_rows {
        request.text("max_rows").uint(max.into());
    }
    parse_rows(&reply(host::query, request.as_bytes())?)
}

/// Runs a statement that changes something. Arguments as for [`query`].
///
/// # Errors
///
/// As [`query`], and `conflict` when somebody else wrote since this job's first read.
pub fn exec(sql: &str, args: &Value) -> Result<Changes> {
    let mut request = Writer::with_capacity(sql.len() + 64);
    statement(&mut request, sql, args, 0);
    parse_changes(&mut Reader::new(&reply(host::exec, request.as_bytes())?))
}

/// Runs statements one after another in one crossing.
///
/// # Errors
///
/// As [`exec`]: that of the first one that fails.
pub fn exec_all(statements: &[(&str, Value)]) -> Result<Vec<Changes>> {
    let mut request = Writer::new();
    request.array(statements.len());
    for (sql, args) in statements {
        statement(&mut request, sql, args, 0);
    }
    let reply = reply(host::exec, request.as_bytes())?;
    list(&mut Reader::new(&reply), parse_changes)
}

/// [`query`] for a request that is a map in JSON or CBOR already, as a runner's payload may be. The
/// reply comes in the same.
///
/// # Errors
///
/// As [`query`], and `invalid_argument`.
pub fn query_encoded(request: &[u8]) -> Result<Vec<u8>> {
    reply(host::query, request)
}

/// [`exec_all`] for a list that is JSON or CBOR already. The reply comes in the same.
///
/// # Errors
///
/// As [`exec_all`], and `invalid_argument`.
pub fn exec_encoded(statements: &[u8]) -> Result<Vec<u8>> {
    reply(host::exec, statements)
}

fn statement(to: &mut Writer, sql: &str, args: &Value, more: usize) {
    let has_args = *args != Value::Null;
    to.map(1 + usize::from(has_args) + more);
    to.text("sql").text(sql);
    if has_args {
        to.text("args");
        args.write(to);
    }
}

fn parse_rows(cbor: &[u8]) -> Result<Rows> {
    let mut rows = Rows::default();
    fields(&mut Reader::new(cbor), |name, r| {
        match name {
            "columns" => rows.columns = list(r, |r| Ok(r.text()?.to_owned()))?,
            "rows" => rows.rows = list(r, |r| list(r, Value::read))?,
            "more" => rows.more = r.bool()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(rows)
}

fn parse_changes(from: &mut Reader) -> Result<Changes> {
    let mut changes = Changes::default();
    fields(from, |name, r| {
        match name {
            "changes" => changes.changes = r.int()?,
            "last_id" => changes.last_id = r.int()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_left_out_where_there_are_none() {
        let mut w = Writer::new();
        statement(&mut w, "a", &Value::Null, 0);
        statement(&mut w, "b", &Value::List(vec![1.into()]), 0);
        assert_eq!(
            w.as_bytes(),
            b"\xa1\x63sql\x61a\xa2\x63sql\x61b\x64args\x81\x01"
        );
    }

    #[test]
    fn reads_rows_and_skips_what_a_newer_host_adds() {
        let mut w = Writer::new();
        w.map(4).text("more").bool(true).text("new").array(1).int(1);
        w.text("columns").array(2).text("a").text("b");
        w.text("rows").array(1).array(2).null().float(0.5);
        let want = Rows {
            columns: vec!["a".into(), "b".into()],
            rows: vec![vec![Value::Null, 0.5.into()]],
            more: true,
        };
        assert_eq!(parse_rows(w.as_bytes()).unwrap(), want);
        assert_eq!(parse_rows(b"\xa1\x64rows\xf6").unwrap(), Rows::default());
        assert!(parse_rows(&[0xa1, 0x64, b'r', b'o', b'w', b's', 0x01]).is_err());
    }

    #[test]
    fn reads_changes() {
        let mut w = Writer::new();
        w.map(2).text("changes").int(2).text("last_id").int(9);
        let want = Changes {
            changes: 2,
            last_id: 9,
        };
        assert_eq!(parse_changes(&mut Reader::new(w.as_bytes())).unwrap(), want);
    }
}

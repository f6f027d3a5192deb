//! Evaluates Rhai scripts outside WebAssembly, in the engine that the module has, so that the two
//! can be compared.
//!
//! ```text
//! rhai-native [--circle ID] [--caller ID] [FILE...]
//! ```
//!
//! Without files their names are read from standard input, one on each line. A file holds cases,
//! each after a line `-- name --`; a file without such a line is one case without a name. For each
//! case a line of JSON is printed: `file`, `name`, `script`, `ok`, `text` (the result, or the
//! error) and `log` (what `print` and `debug` wrote, each as `[level, line]`).

use std::cell::RefCell;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::rc::Rc;

use henge_rhai::engine;

/// Stack for the scripts, in bytes: limits, not the machine's default, must end a recursion.
const STACK: usize = 1 << 30;

fn main() -> ExitCode {
    let work = || match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("rhai-native: {message}");
            ExitCode::FAILURE
        }
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    match thread.map(|t| t.join()) {
        Ok(Ok(code)) => code,
        _ => ExitCode::FAILURE,
    }
}

fn run() -> Result<(), String> {
    let mut circle = "02abc".to_owned();
    let mut caller = "03def".to_owned();
    let mut files = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--circle" => circle = value()?,
            "--caller" => caller = value()?,
            _ if arg.starts_with("--") => return Err(format!("unknown flag {arg}")),
            _ => files.push(arg),
        }
    }
    if files.is_empty() {
        let lines: io::Result<_> = io::stdin().lock().lines().collect();
        files = lines.map_err(|e| format!("read standard input: {e}"))?;
    }
    let mut native = Native::new(circle, caller);
    let mut out = io::BufWriter::new(io::stdout().lock());
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(|e| format!("read {file}: {e}"))?;
        for (name, script) in cases(&text) {
            let line = native.evaluate(file, name, script);
            writeln!(out, "{line}").map_err(|e| format!("write: {e}"))?;
        }
    }
    out.flush().map_err(|e| format!("write: {e}"))
}

/// The lines written by one script, each with its level.
type Log = Rc<RefCell<Vec<(&'static str, String)>>>;

struct Native {
    engine: rhai::Engine,
    log: Log,
    circle: String,
    caller: String,
}

impl Native {
    fn new(circle: String, caller: String) -> Native {
        let mut engine = engine::new();
        let log = Log::default();
        let info = log.clone();
        engine.on_print(move |text| info.borrow_mut().push(("info", text.to_owned())));
        let debug = log.clone();
        engine.on_debug(move |text, source, position| {
            let line = engine::debug_line(text, source, position);
            debug.borrow_mut().push(("debug", line));
        });
        Native {
            engine,
            log,
            circle,
            caller,
        }
    }

    /// Runs one case and gives its line of JSON.
    fn evaluate(&mut self, file: &str, name: &str, script: &str) -> String {
        let result = engine::eval(&self.engine, script, &self.circle, &self.caller);
        let (ok, text) = match result {
            Ok(value) => (true, engine::text(&value)),
            Err(error) => (false, error.to_string()),
        };
        let log: Vec<String> = self
            .log
            .take()
            .iter()
            .map(|(level, line)| format!("[{},{}]", json(level), json(line)))
            .collect();
        format!(
            r#"{{"file":{},"name":{},"script":{},"ok":{ok},"text":{},"log":[{}]}}"#,
            json(file),
            json(name),
            json(script),
            json(&text),
            log.join(",")
        )
    }
}

/// The cases of a file, each with its name. What stands before the first separator is a comment.
fn cases(text: &str) -> Vec<(&str, &str)> {
    let mut found: Vec<(&str, usize, usize)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let next = at + line.len();
        let name = line.trim_end().strip_prefix("-- ");
        if let Some(name) = name.and_then(|n| n.strip_suffix(" --")) {
            if let Some(last) = found.last_mut() {
                last.2 = at;
            }
            found.push((name, next, text.len()));
        }
        at = next;
    }
    if found.is_empty() {
        return vec![("", text)];
    }
    let script = |(name, from, to)| (name, &text[from..to]);
    found.into_iter().map(script).collect()
}

/// A text as JSON.
fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

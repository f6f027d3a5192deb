//! Evaluates Rhai scripts outside WebAssembly, in the engine that the module has, so that the two
//! can be compared.
//!
//! ```text
//! rhai-native [--circle ID] [--caller ID] [FILE...]
//! rhai-native [--circle ID] [--caller ID] --bench NANOSECONDS [--threads N] FILE
//! ```
//!
//! Without files their names are read from standard input, one on each line. A file holds cases,
//! each after a line `-- name --`; a file without such a line is one case without a name. For each
//! case a line of JSON is printed: `file`, `name`, `script`, `ok`, `text` (the result, or the
//! error) and `log` (what `print` and `debug` wrote, each as `[level, line]`).
//!
//! With `--bench` the whole file is one script, which is evaluated again and again for that time, on
//! one thread or on N at once, each with an engine of its own. A line of JSON is printed: `jobs`,
//! `elapsed_ns`, and the percentiles `p10_ns`, `p50_ns` and `p99_ns` of how long one evaluation took,
//! from source to text.

use std::cell::RefCell;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Barrier;
use std::time::{Duration, Instant};

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
    let mut bench = None;
    let mut threads = 1;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--circle" => circle = value()?,
            "--caller" => caller = value()?,
            "--bench" => bench = Some(Duration::from_nanos(number(&arg, &value()?)?)),
            "--threads" => threads = number(&arg, &value()?)?.max(1) as usize,
            _ if arg.starts_with("--") => return Err(format!("unknown flag {arg}")),
            _ => files.push(arg),
        }
    }
    if let Some(time) = bench {
        let [file] = &files[..] else {
            return Err("--bench takes one file".to_owned());
        };
        println!(
            "{}",
            measure(&read(file)?, &circle, &caller, time, threads)?
        );
        return Ok(());
    }
    if files.is_empty() {
        let lines: io::Result<_> = io::stdin().lock().lines().collect();
        files = lines.map_err(|e| format!("read standard input: {e}"))?;
    }
    let mut native = Native::new(circle, caller);
    let mut out = io::BufWriter::new(io::stdout().lock());
    for file in &files {
        let text = read(file)?;
        for (name, script) in cases(&text) {
            let line = native.evaluate(file, name, script);
            writeln!(out, "{line}").map_err(|e| format!("write: {e}"))?;
        }
    }
    out.flush().map_err(|e| format!("write: {e}"))
}

fn read(file: &str) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|e| format!("read {file}: {e}"))
}

fn number(flag: &str, text: &str) -> Result<u64, String> {
    let wrong = |e| format!("{flag} takes a number, and got {text}: {e}");
    text.parse().map_err(wrong)
}

/// Evaluates a script for a time and gives the line of JSON.
fn measure(
    script: &str,
    circle: &str,
    caller: &str,
    time: Duration,
    threads: usize,
) -> Result<String, String> {
    let begin = Barrier::new(threads);
    let measured: Vec<_> = std::thread::scope(|scope| {
        let work = || repeat(script, circle, caller, time, &begin);
        let spawn = |_| {
            let thread = std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, work);
            thread.unwrap_or_else(|e| {
                // Those that have started wait for this one.
                eprintln!("rhai-native: start a thread: {e}");
                std::process::exit(1)
            })
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        running.into_iter().map(|t| t.join()).collect()
    });
    let mut samples = Vec::new();
    let mut spans = Vec::new();
    for thread in measured {
        let (span, times) = thread.map_err(|_| "a thread ended early")??;
        spans.push(span);
        samples.extend(times);
    }
    // From the first start to the last end, as the threads themselves saw them: this one may get
    // its turn late.
    let start = spans.iter().map(|(start, _)| *start).min();
    let end = spans.iter().map(|(_, end)| *end).max();
    let elapsed = end
        .zip(start)
        .map_or(Duration::ZERO, |(end, start)| end - start);
    samples.sort_unstable();
    let percentile =
        |percent: usize| samples[(samples.len() * percent).div_ceil(100) - 1].as_nanos();
    Ok(format!(
        r#"{{"jobs":{},"elapsed_ns":{},"p10_ns":{},"p50_ns":{},"p99_ns":{}}}"#,
        samples.len(),
        elapsed.as_nanos(),
        percentile(10),
        percentile(50),
        percentile(99)
    ))
}

/// Evaluates a script again and again, at least once, and gives when that began and ended and
/// how long each time took.
fn repeat(
    script: &str,
    circle: &str,
    caller: &str,
    time: Duration,
    begin: &Barrier,
) -> Result<((Instant, Instant), Vec<Duration>), String> {
    let engine = engine::new();
    let evaluate = || {
        let value = engine::eval(&engine, script, circle, caller).map_err(|e| e.to_string())?;
        Ok::<_, String>(engine::text(&value))
    };
    // The first evaluation fills caches, and is not counted. An error must not keep the others
    // waiting.
    let first = evaluate();
    begin.wait();
    first?;
    let mut samples = Vec::new();
    let start = Instant::now();
    let mut last = start;
    loop {
        std::hint::black_box(evaluate()?);
        let now = Instant::now();
        samples.push(now - last);
        if now - start >= time {
            return Ok(((start, now), samples));
        }
        last = now;
    }
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

//! A module's exports.

use crate::error::Code;
use crate::failure::Failure;
use crate::job;

/// How much of a message is kept when the host finds the whole of it too large, in bytes.
const SHORT_MESSAGE: usize = 1024;

/// Exports the functions that a module must have. Use it once, in the crate's root.
///
/// - `run`: a function without arguments that does one job and returns `Result<(), E>`, where `E`
///   turns into a [`Failure`]. `Err` becomes the job's failure.
/// - `init`, optional: a function without arguments or result that runs once, before the snapshot
///   from which every job starts: build tables, fill caches, leave memory free. It may use the log
///   and the clock but not the job, which does not exist yet.
///
/// The crate must be a `cdylib` built for `wasm32-wasip1` or `wasm32-unknown-unknown`.
///
/// ```
/// fn prepare() {}
/// fn work() -> Result<(), henge_guest::Failure> {
///     Ok(())
/// }
/// henge_guest::export!(init: prepare, run: work);
/// ```
#[macro_export]
macro_rules! export {
    (run: $run:path $(,)?) => {
        $crate::export!(@start);
        $crate::export!(@run $run);
    };
    (init: $init:path, run: $run:path $(,)?) => {
        $crate::export!(@start);
        $crate::export!(@run $run);

        #[unsafe(no_mangle)]
        extern "C" fn henge_init() {
            $init()
        }
    };
    (@run $run:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn henge_run() -> i32 {
            $crate::finish($run())
        }
    };
    // Runs the constructors of linked C code. Because it is called here, the linker does not wrap
    // every export in a call of its own, which would run them anew for each job.
    (@start) => {
        #[cfg(target_arch = "wasm32")]
        #[unsafe(no_mangle)]
        extern "C" fn _initialize() {
            extern "C" {
                fn __wasm_call_ctors();
            }
            // SAFETY: the linker makes this function, and the host calls _initialize once.
            unsafe { __wasm_call_ctors() }
        }
    };
}

/// Reports how a job ended and gives the number for `henge_run` to return: 0 for success, 1 for a
/// failure. [`export!`] calls it.
///
/// A message that the host finds too large is cut to its first 1,024 bytes, and data dropped, so
/// that the job does not fail without a reason.
pub fn finish<E: Into<Failure>>(result: Result<(), E>) -> i32 {
    let Err(failure) = result.map_err(Into::into) else {
        return 0;
    };
    if job::fail(&failure).is_err_and(|e| e.code == Code::TooLarge) {
        let short = Failure {
            message: shorten(&failure.message).to_owned(),
            data: None,
            ..failure
        };
        // Nothing is left to try: the job ends with the number alone.
        let _ = job::fail(&short);
    }
    1
}

/// The beginning of `text`, ending between two characters.
fn shorten(text: &str) -> &str {
    let mut end = text.len().min(SHORT_MESSAGE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_says_whether_it_went_well() {
        assert_eq!(finish(Ok::<(), Failure>(())), 0);
        assert_eq!(finish(Err(Failure::new("no"))), 1);
    }

    #[test]
    fn a_message_is_cut_between_characters() {
        assert_eq!(shorten("abc"), "abc");
        let text = "x".to_owned() + &"é".repeat(600);
        assert_eq!(shorten(&text).len(), 1023);
    }
}

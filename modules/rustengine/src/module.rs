//! What makes an engine a module: an interpreter that is ready before the snapshot, and room for
//! what a job brings.

use std::cell::RefCell;
use std::mem::take;

use henge_guest::job::{self, Identity};
use henge_guest::{Code, Failure};

/// Room for a script that is fetched in one crossing, in bytes. Only what a script fills is
/// written, and so has to be reset after the job.
const SCRIPT_ROOM: usize = 64 * 1024;

/// Room for what the host says of the job, in bytes; a job with a large environment needs more.
const META_ROOM: usize = 1024;

/// What runs a script, which it may add to, for the job's identity.
type Engine = dyn FnMut(&mut String, Identity<'_>) -> Result<(), Failure>;

/// What a job starts with.
struct Ready {
    engine: Box<Engine>,
    script: Vec<u8>,
    meta: Vec<u8>,
}

thread_local! {
    static READY: RefCell<Option<Ready>> = const { RefCell::new(None) };
}

/// Ends `henge_init`, once everything is there but the job: `engine` runs its script, and
/// `free_heap` bytes of memory are left for that. An instance that had to grow cannot be used again.
pub fn ready(
    free_heap: usize,
    engine: impl FnMut(&mut String, Identity<'_>) -> Result<(), Failure> + 'static,
) {
    let engine = Box::new(engine);
    // Side by side, so that short ones share a page.
    let meta = Vec::with_capacity(META_ROOM);
    let script = Vec::with_capacity(SCRIPT_ROOM);
    // The optimiser must not see that this is never used.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(free_heap)));
    READY.set(Some(Ready {
        engine,
        script,
        meta,
    }));
}

/// `henge_run` of an engine.
///
/// # Errors
///
/// What the engine says, `invalid_argument` for a script that is no text, and what the host answers.
pub fn run() -> Result<(), Failure> {
    READY.with_borrow_mut(|ready| match ready {
        Some(ready) => ready.run(),
        None => Err(Failure::new("henge_run was called before henge_init")),
    })
}

impl Ready {
    fn run(&mut self) -> Result<(), Failure> {
        job::input_into(&mut self.script)?;
        let mut script = String::from_utf8(take(&mut self.script))
            .map_err(|e| not_utf8(e.utf8_error().valid_up_to()))?;
        let id = job::identity(&mut self.meta)?;
        let ended = (self.engine)(&mut script, id);
        // To free it would write to memory that has to be reset.
        self.script = script.into_bytes();
        ended
    }
}

fn not_utf8(at: usize) -> Failure {
    Failure::new(format!("the script is not valid UTF-8 at byte {at}"))
        .with_code(Code::InvalidArgument.name())
        .with_retry(false)
}

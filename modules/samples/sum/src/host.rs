//! The three functions of `henge_job_v1` that a runner cannot do without.

use core::mem::MaybeUninit;
use core::ptr::{null, null_mut};

mod import {
    #[link(wasm_import_module = "henge_job_v1")]
    extern "C" {
        pub fn input(req: *const u8, req_len: usize, out: *mut u8, out_cap: usize) -> i64;
        pub fn output(req: *const u8, req_len: usize, out: *mut u8, out_cap: usize) -> i64;
        pub fn fail(req: *const u8, req_len: usize, out: *mut u8, out_cap: usize) -> i64;
    }
}

/// What became of asking for the payload.
pub enum Input<'a> {
    Payload(&'a [u8]),
    /// The payload has this many bytes, more than there is room for.
    TooLong(i64),
    Refused,
}

/// Fetches the payload into `room`.
pub fn input(room: &mut [MaybeUninit<u8>]) -> Input<'_> {
    // SAFETY: the host writes inside the range that it is given.
    let len = unsafe { import::input(null(), 0, room.as_mut_ptr().cast(), room.len()) };
    let Ok(bytes) = usize::try_from(len) else {
        return Input::Refused;
    };
    match room.get(..bytes) {
        // SAFETY: a result within the room says that so many bytes of it were written.
        Some(written) => Input::Payload(unsafe { &*(written as *const [_] as *const [u8]) }),
        None => Input::TooLong(len),
    }
}

/// Adds to the result and says whether there was room for it.
pub fn output(bytes: &[u8]) -> bool {
    // SAFETY: the host reads inside the range that it is given, and has nothing to write.
    unsafe { import::output(bytes.as_ptr(), bytes.len(), null_mut(), 0) >= 0 }
}

/// `{"retry": false, "message": …}` in CBOR up to the length of the message, which is one byte: what
/// is wrong with a payload is wrong with it in the next attempt too.
const FAILURE: &[u8] = b"\xa2\x65retry\xf4\x67message\x78";

/// Says why the job fails, in at most 255 bytes.
pub fn fail(message: &[u8]) {
    let mut request = [0; FAILURE.len() + 1 + u8::MAX as usize];
    let parts = FAILURE
        .iter()
        .copied()
        .chain([message.len() as u8])
        .chain(message.iter().copied());
    let mut len = 0;
    for (place, byte) in request.iter_mut().zip(parts) {
        *place = byte;
        len += 1;
    }
    // SAFETY: as in output(). If the host refuses, the job ends with the number alone.
    unsafe { import::fail(request.as_ptr(), len, null_mut(), 0) };
}

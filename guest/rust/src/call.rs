//! The calling convention of every capability, and the imports of this crate.
//!
//! Each host function has the same shape, `(req_ptr, req_len, out_ptr, out_cap) -> i64`. A result
//! of zero or more is the length of the reply. A reply that does not fit in `out_cap` is kept by
//! the host, together with nothing written, and `henge_job_v1.take` fetches it without running the
//! call again. A negative result is a [`Code`](crate::Code), whose message is kept the same way.

use crate::cbor::{Reader, Writer};
use crate::error::{Code, Error, Result};

/// A host function. Addresses and lengths are 32 bits wide in a module.
pub type Import = unsafe extern "C" fn(*const u8, usize, *mut u8, usize) -> i64;

/// Declares the functions of one import module. Elsewhere than in WebAssembly there is no host:
/// the same names are functions that answer `unsupported`.
macro_rules! imports {
    ($module:literal: $($name:ident),+) => {
        #[cfg(target_arch = "wasm32")]
        #[link(wasm_import_module = $module)]
        extern "C" {
            $(pub fn $name(req: *const u8, req_len: usize, out: *mut u8, out_cap: usize) -> i64;)+
        }
        $(
            #[cfg(not(target_arch = "wasm32"))]
            pub unsafe extern "C" fn $name(_: *const u8, _: usize, _: *mut u8, _: usize) -> i64 {
                crate::Code::Unsupported as i64
            }
        )+
    };
}
pub(crate) use imports;

mod host {
    super::imports!("henge_job_v1": take);
}

/// Calls `import` with `request` and puts the whole reply into `reply`, whose old contents are
/// lost and whose capacity is used: with enough of it the call crosses into the host once, and
/// nothing is allocated.
///
/// # Errors
///
/// What the host answers. `reply` is empty then.
///
/// # Safety
///
/// `import` must keep the calling convention: write at most `out_cap` bytes at `out_ptr`, and
/// return at most `out_cap` only if it wrote that many.
pub unsafe fn call_into(import: Import, request: &[u8], reply: &mut Vec<u8>) -> Result<()> {
    reply.clear();
    let len = once(import, request, reply.as_mut_ptr(), reply.capacity())?;
    fill(reply, len)
}

/// Calls `import` for a reply of at most `out.len()` bytes and returns how many there are.
///
/// # Errors
///
/// What the host answers, and [`Code::Internal`] if the reply is longer than `out`.
///
/// # Safety
///
/// As for [`call_into`].
pub unsafe fn call_fixed(import: Import, request: &[u8], out: &mut [u8]) -> Result<usize> {
    let len = once(import, request, out.as_mut_ptr(), out.len())?;
    if len > out.len() {
        let message = format!("a reply of {len} bytes where {} are expected", out.len());
        return Err(Error::new(Code::Internal, message));
    }
    Ok(len)
}

/// Room for an ordinary reply, in bytes.
const REPLY_ROOM: usize = 1024;

/// Calls one of this crate's imports for a reply that nobody knows the length of.
pub(crate) fn reply(import: Import, request: &[u8]) -> Result<Vec<u8>> {
    let mut reply = Vec::with_capacity(REPLY_ROOM);
    // SAFETY: the imports keep the calling convention, as the contract promises.
    unsafe { call_into(import, request, &mut reply) }?;
    Ok(reply)
}

/// Calls one of this crate's imports that answers nothing.
pub(crate) fn no_reply(import: Import, request: &[u8]) -> Result<()> {
    // SAFETY: as in reply().
    unsafe { call_fixed(import, request, &mut []) }.map(drop)
}

/// Hands each pair of a map to `field`, which reads the value. Fields that it leaves alone, as it
/// should those that it does not know, are stepped over.
pub(crate) fn fields<'a>(
    from: &mut Reader<'a>,
    mut field: impl FnMut(&'a str, &mut Reader<'a>) -> Result<()>,
) -> Result<()> {
    for _ in 0..from.map()? {
        let name = from.text()?;
        let mut after = from.clone();
        after.skip()?;
        field(name, from)?;
        *from = after;
    }
    Ok(())
}

/// A list, of which `item` reads each element. A null is an empty one.
pub(crate) fn list<'a, T>(
    from: &mut Reader<'a>,
    mut item: impl FnMut(&mut Reader<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = if from.null() { 0 } else { from.array()? };
    // The count is what the reply claims, so nothing is allocated by it.
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(item(from)?);
    }
    Ok(all)
}

/// A map of texts, if there are any, as a field of a request.
pub(crate) fn texts(to: &mut Writer, name: &str, pairs: &[(String, String)]) {
    if !pairs.is_empty() {
        to.text(name).map(pairs.len());
        for (key, value) in pairs {
            to.text(key).text(value);
        }
    }
}

/// One crossing. The length returned may be more than `cap`: the reply is with the host then.
unsafe fn once(import: Import, request: &[u8], out: *mut u8, cap: usize) -> Result<usize> {
    let result = import(request.as_ptr(), request.len(), out, cap);
    if result < 0 {
        return Err(Error::new(Code::from_raw(result), kept_message()));
    }
    usize::try_from(result).map_err(|_| Error::new(Code::Internal, "a reply beyond memory"))
}

/// Makes `reply` hold the `len` bytes that the host answered with, fetching them if they did not
/// fit. The loop ends after one turn unless the host changes its mind about the length.
unsafe fn fill(reply: &mut Vec<u8>, mut len: usize) -> Result<()> {
    for _ in 0..4 {
        if len <= reply.capacity() {
            reply.set_len(len);
            return Ok(());
        }
        reply.reserve_exact(len);
        let taken = host::take(std::ptr::null(), 0, reply.as_mut_ptr(), reply.capacity());
        if taken < 0 {
            break;
        }
        len = taken as usize;
    }
    Err(Error::new(Code::Internal, "the host lost a reply"))
}

/// The message of the error that the last call answered; empty if there is none.
fn kept_message() -> String {
    let mut message = Vec::with_capacity(256);
    // SAFETY: `take` keeps the convention, and fill() looks at the length before it believes it.
    unsafe {
        let len = host::take(
            std::ptr::null(),
            0,
            message.as_mut_ptr(),
            message.capacity(),
        );
        if len < 0 || fill(&mut message, len as usize).is_err() {
            return String::new();
        }
    }
    String::from_utf8_lossy(&message).into_owned()
}

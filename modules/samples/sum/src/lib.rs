//! A runner of a few kilobytes: its payload is whole numbers in decimal with white space between
//! them, its result is their sum. It has neither an allocator nor the standard library, and so shows
//! what the contract asks of a module written by hand, and what a job costs that does next to
//! nothing.

#![no_std]

mod host;
mod text;

use core::mem::MaybeUninit;

use text::Text;

/// The longest payload, in bytes.
const PAYLOAD_MAX: usize = 64 * 1024;

#[no_mangle]
extern "C" fn henge_run() -> i32 {
    let mut text = Text::new();
    match run(&mut text) {
        Ok(()) => 0,
        Err(()) => {
            host::fail(text.as_bytes());
            1
        }
    }
}

/// Does one job. After an error `text` says what is wrong.
fn run(text: &mut Text) -> Result<(), ()> {
    let mut room = [MaybeUninit::uninit(); PAYLOAD_MAX];
    let payload = match host::input(&mut room) {
        host::Input::Payload(bytes) => bytes,
        host::Input::TooLong(len) => {
            text.push("the payload has ").push_number(len);
            text.push(" bytes, and this runner takes at most ");
            text.push_number(PAYLOAD_MAX as i64);
            return Err(());
        }
        host::Input::Refused => {
            text.push("the host did not give the payload");
            return Err(());
        }
    };
    let sum = sum(payload, text)?;
    text.push_number(sum);
    if !host::output(text.as_bytes()) {
        text.clear();
        text.push("the sum does not fit into the job's output limit");
        return Err(());
    }
    Ok(())
}

/// Adds the numbers up. After an error `text` says which of them is wrong, counted from 1.
fn sum(payload: &[u8], text: &mut Text) -> Result<i64, ()> {
    let words = payload
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let mut sum = 0i64;
    for (i, word) in words.enumerate() {
        let Some(number) = number(word) else {
            text.push("number ").push_number(i as i64 + 1);
            text.push(" is not a whole number of 64 bits in decimal");
            return Err(());
        };
        let Some(more) = sum.checked_add(number) else {
            text.push("the sum is beyond 64 bits at number ");
            text.push_number(i as i64 + 1);
            return Err(());
        };
        sum = more;
    }
    Ok(sum)
}

fn number(word: &[u8]) -> Option<i64> {
    core::str::from_utf8(word).ok()?.parse().ok()
}

/// A panic has nobody to tell: the trap ends the job.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

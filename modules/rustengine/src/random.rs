//! Random values, drawn from the host while the job runs, so that they are new in each.

use henge_guest::{clock, Value};

use crate::function::Function;
use crate::wrong;

/// The most bytes that one call gives.
const MAX_BYTES: i64 = 65_536;

pub(crate) fn add(all: &mut Vec<Function>, integer_bits: u32) {
    let spare = i64::BITS - integer_bits;
    all.push(Function::new("rand", 0..=2, move |mut args| {
        match args.count() {
            0 => Ok(Value::Int(clock::random_u64()? as i64 >> spare)),
            1 => Err(wrong("rand takes no arguments, or the two ends of a range")),
            _ => clock::random_between(args.int(0, "an end")?, args.int(1, "an end")?)
                .map(Value::Int),
        }
    }));
    all.push(Function::new("rand_bool", 0..=0, |_| {
        Ok((clock::random_u64()? & 1 == 1).into())
    }));
    for name in ["random", "rand_float"] {
        all.push(Function::new(name, 0..=0, |_| {
            Ok(clock::random_fraction()?.into())
        }));
    }
    all.push(Function::new("random_bytes", 1..=1, |mut args| {
        let count = args.int(0, "the number of bytes")?;
        if !(0..=MAX_BYTES).contains(&count) {
            return Err(wrong(format!("random_bytes gives 0 to {MAX_BYTES}")));
        }
        let mut bytes = vec![0; count as usize];
        clock::random(&mut bytes)?;
        Ok(bytes.into())
    }));
}

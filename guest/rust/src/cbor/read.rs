use super::{ARRAY, BYTES, FALSE, FLOAT, MAP, NEGATIVE, NULL, SIMPLE, TAG, TEXT, TRUE, UINT};
use crate::error::{Code, Error, Result};

/// Reads items from a buffer, one after the other, without copying.
///
/// A method that finds another type than it is asked for answers [`Code::TypeError`] and stays
/// where it was, so that the caller can try another one. Malformed input answers
/// [`Code::InvalidArgument`]. No input makes it panic, recurse or allocate.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

/// A kind of item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Text,
    Bytes,
    Array,
    Map,
}

impl<'a> Reader<'a> {
    /// A reader of all of `cbor`.
    pub fn new(cbor: &'a [u8]) -> Reader<'a> {
        Reader { rest: cbor }
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The number of pairs of a map, whose keys and values follow as items of their own.
    ///
    /// The number is what the input claims: do not allocate by it.
    pub fn map(&mut self) -> Result<u64> {
        self.expect(MAP, "a map")
    }

    /// The number of items of an array, which follow. See [`Reader::map`] about the number.
    pub fn array(&mut self) -> Result<u64> {
        self.expect(ARRAY, "an array")
    }

    /// A text.
    pub fn text(&mut self) -> Result<&'a str> {
        let mut at = self.clone();
        let len = at.expect(TEXT, "a text")?;
        let text =
            std::str::from_utf8(at.take(len)?).map_err(|_| malformed("text is not UTF-8"))?;
        *self = at;
        Ok(text)
    }

    /// Bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let mut at = self.clone();
        let len = at.expect(BYTES, "bytes")?;
        let bytes = at.take(len)?;
        *self = at;
        Ok(bytes)
    }

    /// A whole number that is not negative.
    pub fn uint(&mut self) -> Result<u64> {
        self.expect(UINT, "a number that is not negative")
    }

    /// A whole number that fits 64 bits with sign; a larger one is a [`Code::TypeError`].
    pub fn int(&mut self) -> Result<i64> {
        let mut at = self.clone();
        let (major, value) = at.head()?;
        let wrong = || wrong_type("a 64-bit number");
        let magnitude = i64::try_from(value).map_err(|_| wrong())?;
        let number = match major {
            UINT => magnitude,
            NEGATIVE => !magnitude,
            _ => return Err(wrong()),
        };
        *self = at;
        Ok(number)
    }

    /// A float of 64 bits, the one width that the host writes.
    pub fn float(&mut self) -> Result<f64> {
        let mut at = self.clone();
        if at.take(1)?[0] != FLOAT {
            return Err(wrong_type("a float"));
        }
        let bits = at.take(8)?.iter().fold(0, |v, b| v << 8 | u64::from(*b));
        *self = at;
        Ok(f64::from_bits(bits))
    }

    /// What kind of item comes next; `None` at the end, and for one that no method reads.
    pub(crate) fn peek(&self) -> Option<Kind> {
        let first = *self.rest.first()?;
        Some(match (first >> 5, first) {
            (UINT | NEGATIVE, _) => Kind::Int,
            (BYTES, _) => Kind::Bytes,
            (TEXT, _) => Kind::Text,
            (ARRAY, _) => Kind::Array,
            (MAP, _) => Kind::Map,
            (_, TRUE | FALSE) => Kind::Bool,
            (_, NULL) => Kind::Null,
            (_, FLOAT) => Kind::Float,
            _ => return None,
        })
    }

    /// True or false.
    pub fn bool(&mut self) -> Result<bool> {
        match self.rest.first() {
            Some(&TRUE) => self.take(1).map(|_| true),
            Some(&FALSE) => self.take(1).map(|_| false),
            Some(_) => Err(wrong_type("a boolean")),
            None => Err(malformed("input ends early")),
        }
    }

    /// Steps over a null and says whether there was one.
    pub fn null(&mut self) -> bool {
        let found = self.rest.first() == Some(&NULL);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    /// Steps over one item with all that it contains.
    pub fn skip(&mut self) -> Result<()> {
        let mut at = self.clone();
        // How many items are still to be read. Nesting needs no stack: the items of an inner
        // array are simply more items before the end.
        let mut left: u64 = 1;
        while left > 0 {
            left -= 1;
            let (major, value) = at.head()?;
            let more = match major {
                BYTES | TEXT => {
                    at.take(value)?;
                    0
                }
                ARRAY => value,
                MAP => value.checked_mul(2).ok_or_else(too_long)?,
                TAG => 1,
                _ => 0,
            };
            left = left.checked_add(more).ok_or_else(too_long)?;
            // Each item is a byte at least: a length beyond that is a lie, found at once.
            if left > at.rest.len() as u64 {
                return Err(malformed("input ends early"));
            }
        }
        *self = at;
        Ok(())
    }

    /// The next head if it has this major type; otherwise nothing is read.
    fn expect(&mut self, want: u8, what: &str) -> Result<u64> {
        let mut at = self.clone();
        let (major, value) = at.head()?;
        if major != want {
            return Err(wrong_type(what));
        }
        *self = at;
        Ok(value)
    }

    /// Major type and argument of the next item. For a float the argument is its bits.
    fn head(&mut self) -> Result<(u8, u64)> {
        let first = self.take(1)?[0];
        let major = first >> 5;
        let value = match first & 0x1f {
            short @ 0..=23 => u64::from(short),
            size @ 24..=27 => {
                let bytes = self.take(1 << (size - 24))?;
                bytes.iter().fold(0, |v, b| v << 8 | u64::from(*b))
            }
            31 if major != UINT && major != NEGATIVE && major != TAG => {
                return Err(malformed("items of indefinite length are not read"));
            }
            _ => return Err(malformed("reserved length")),
        };
        if major == SIMPLE && first == 0xf8 && value < 32 {
            return Err(malformed("simple value in two bytes"));
        }
        Ok((major, value))
    }

    fn take(&mut self, len: u64) -> Result<&'a [u8]> {
        let len = usize::try_from(len).map_err(|_| too_long())?;
        if len > self.rest.len() {
            return Err(malformed("input ends early"));
        }
        let (head, rest) = self.rest.split_at(len);
        self.rest = rest;
        Ok(head)
    }
}

fn malformed(why: &str) -> Error {
    Error::new(Code::InvalidArgument, format!("malformed CBOR: {why}"))
}

fn too_long() -> Error {
    malformed("length beyond memory")
}

fn wrong_type(want: &str) -> Error {
    Error::new(Code::TypeError, format!("CBOR: {want} is expected"))
}

#[cfg(test)]
mod tests {
    use super::Reader;
    use crate::cbor::Writer;
    use crate::Code;

    #[test]
    fn reads_back_what_is_written() {
        let mut w = Writer::new();
        w.map(5).text("id").text("j-1").text("n").int(-7);
        w.text("f")
            .float(-0.5)
            .text("ok")
            .bool(true)
            .text("none")
            .null();
        let mut r = Reader::new(w.as_bytes());
        assert_eq!(r.map(), Ok(5));
        assert_eq!((r.text(), r.text()), (Ok("id"), Ok("j-1")));
        assert_eq!((r.text(), r.int()), (Ok("n"), Ok(-7)));
        assert_eq!((r.text(), r.float()), (Ok("f"), Ok(-0.5)));
        assert_eq!((r.text(), r.bool()), (Ok("ok"), Ok(true)));
        assert_eq!(r.text(), Ok("none"));
        assert!(r.null() && r.is_empty());
    }

    #[test]
    fn integers_of_every_length() {
        let edges = [0, 23, 24, 255, 256, 65_535, 65_536, 1 << 32, i64::MAX];
        for edge in edges.iter().flat_map(|&n| [n, -n, !n]) {
            let mut w = Writer::new();
            w.int(edge);
            let mut r = Reader::new(w.as_bytes());
            assert_eq!(r.int(), Ok(edge));
            assert!(r.is_empty());
        }
    }

    #[test]
    fn a_wrong_type_leaves_the_reader_in_place() {
        let mut r = Reader::new(&[0x61, b'a']);
        assert_eq!(r.int().unwrap_err().code, Code::TypeError);
        assert_eq!(r.bytes().unwrap_err().code, Code::TypeError);
        assert_eq!(r.bool().unwrap_err().code, Code::TypeError);
        assert!(!r.null());
        assert_eq!(r.text(), Ok("a"));
    }

    #[test]
    fn numbers_beyond_64_bits_with_sign_are_refused() {
        let max = [0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Reader::new(&max).uint(), Ok(u64::MAX));
        assert_eq!(Reader::new(&max).int().unwrap_err().code, Code::TypeError);
        let min = [0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Reader::new(&min).int().unwrap_err().code, Code::TypeError);
    }

    #[test]
    fn skips_one_item_of_any_kind() {
        let items: [&[u8]; 9] = [
            &[0x18, 0xff],
            &[0x39, 0x01, 0x00],
            &[0x42, 1, 2],
            &[0x62, b'a', b'b'],
            &[0x82, 0x01, 0x81, 0x02],
            &[0xa1, 0x61, b'k', 0xa0],
            &[0xc1, 0x1a, 0, 0, 0, 1],
            &[0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a],
            &[0xf8, 0x20],
        ];
        for item in items {
            let mut input = item.to_vec();
            input.push(0x05);
            let mut r = Reader::new(&input);
            r.skip().unwrap();
            assert_eq!(r.uint(), Ok(5), "after {item:02x?}");
        }
    }

    #[test]
    fn nesting_costs_no_stack() {
        let mut deep = vec![0x81; 1_000_000];
        deep.push(0x00);
        let mut r = Reader::new(&deep);
        r.skip().unwrap();
        assert!(r.is_empty());
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let inputs: [&[u8]; 6] = [
            &[],
            &[0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00],
            &[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00],
            &[0x82, 0x01],
            &[0x19, 0x01],
        ];
        for input in inputs {
            let err = Reader::new(input).skip().unwrap_err();
            assert_eq!(err.code, Code::InvalidArgument, "{input:02x?}");
        }
    }

    #[test]
    fn indefinite_lengths_and_reserved_heads_are_refused() {
        for first in [0x1c, 0x1f, 0x5f, 0x7f, 0x9f, 0xbf, 0xdf, 0xfe, 0xff] {
            let err = Reader::new(&[first, 0, 0]).skip().unwrap_err();
            assert_eq!(err.code, Code::InvalidArgument, "{first:#x}");
        }
        assert!(Reader::new(&[0xf8, 0x14]).skip().is_err());
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        let err = Reader::new(&[0x62, 0xc3, 0x28]).text().unwrap_err();
        assert_eq!(err.code, Code::InvalidArgument);
    }

    /// Every input of two bytes, and many longer ones made by a small generator.
    #[test]
    fn no_input_panics() {
        let try_all = |input: &[u8]| {
            let mut r = Reader::new(input);
            let _ = r.clone().map();
            let _ = r.clone().array();
            let _ = r.clone().text();
            let _ = r.clone().bytes();
            let _ = r.clone().int();
            let _ = r.clone().uint();
            let _ = r.clone().bool();
            let _ = r.clone().float();
            while r.skip().is_ok() {}
        };
        for n in 0..=u16::MAX {
            try_all(&n.to_be_bytes());
        }
        let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
        for _ in 0..100_000 {
            let input: [u8; 24] = std::array::from_fn(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 56) as u8
            });
            try_all(&input);
        }
    }
}

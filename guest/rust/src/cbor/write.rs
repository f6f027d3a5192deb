use super::{ARRAY, BYTES, FALSE, FLOAT, MAP, NEGATIVE, NULL, TEXT, TRUE, UINT};

/// Appends items to a buffer, each in its shortest form.
///
/// An array or a map begins with its length, and the caller then writes that many items, or keys
/// and values. Nothing checks that they are as many.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    buf: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// An empty writer with room for `bytes` bytes.
    pub fn with_capacity(bytes: usize) -> Writer {
        Writer {
            buf: Vec::with_capacity(bytes),
        }
    }

    /// Begins a map of `len` pairs.
    pub fn map(&mut self, len: usize) -> &mut Writer {
        self.head(MAP, len as u64)
    }

    /// Begins an array of `len` items.
    pub fn array(&mut self, len: usize) -> &mut Writer {
        self.head(ARRAY, len as u64)
    }

    /// A text.
    pub fn text(&mut self, text: &str) -> &mut Writer {
        self.head(TEXT, text.len() as u64).encoded(text.as_bytes())
    }

    /// Bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Writer {
        self.head(BYTES, bytes.len() as u64).encoded(bytes)
    }

    /// A whole number that is not negative.
    pub fn uint(&mut self, number: u64) -> &mut Writer {
        self.head(UINT, number)
    }

    /// A whole number.
    pub fn int(&mut self, number: i64) -> &mut Writer {
        match u64::try_from(number) {
            Ok(positive) => self.head(UINT, positive),
            // A negative number n is stored as -1 - n, which is !n in two's complement.
            Err(_) => self.head(NEGATIVE, !number as u64),
        }
    }

    /// A float of 64 bits.
    pub fn float(&mut self, number: f64) -> &mut Writer {
        self.encoded(&[FLOAT]).encoded(&number.to_be_bytes())
    }

    /// True or false.
    pub fn bool(&mut self, value: bool) -> &mut Writer {
        self.encoded(&[if value { TRUE } else { FALSE }])
    }

    /// The null value.
    pub fn null(&mut self) -> &mut Writer {
        self.encoded(&[NULL])
    }

    /// Appends bytes that are CBOR already.
    pub fn encoded(&mut self, cbor: &[u8]) -> &mut Writer {
        self.buf.extend_from_slice(cbor);
        self
    }

    /// What was written so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.buf
    }

    /// What was written, and the end of the writer.
    pub fn into_bytes(self) -> Vec<u8> {
        self.buf
    }

    fn head(&mut self, major: u8, value: u64) -> &mut Writer {
        let major = major << 5;
        let be = value.to_be_bytes();
        match value {
            0..=23 => self.encoded(&[major | value as u8]),
            24..=0xff => self.encoded(&[major | 24, be[7]]),
            0x100..=0xffff => self.encoded(&[major | 25]).encoded(&be[6..]),
            0x1_0000..=0xffff_ffff => self.encoded(&[major | 26]).encoded(&be[4..]),
            _ => self.encoded(&[major | 27]).encoded(&be),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Writer;

    fn hex(write: impl FnOnce(&mut Writer) -> &mut Writer) -> String {
        let mut w = Writer::new();
        write(&mut w);
        w.as_bytes().iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The examples of RFC 8949, appendix A.
    #[test]
    fn examples_of_the_standard() {
        let ints: [(i64, &str); 16] = [
            (0, "00"),
            (1, "01"),
            (10, "0a"),
            (23, "17"),
            (24, "1818"),
            (25, "1819"),
            (100, "1864"),
            (1000, "1903e8"),
            (1_000_000, "1a000f4240"),
            (1_000_000_000_000, "1b000000e8d4a51000"),
            (-1, "20"),
            (-10, "29"),
            (-100, "3863"),
            (-1000, "3903e7"),
            (i64::MAX, "1b7fffffffffffffff"),
            (i64::MIN, "3b7fffffffffffffff"),
        ];
        for (number, want) in ints {
            assert_eq!(hex(|w| w.int(number)), want, "{number}");
        }
        assert_eq!(hex(|w| w.uint(u64::MAX)), "1bffffffffffffffff");
        assert_eq!(hex(|w| w.float(1.1)), "fb3ff199999999999a");
        assert_eq!(hex(|w| w.bool(false).bool(true).null()), "f4f5f6");
        assert_eq!(hex(|w| w.bytes(&[1, 2, 3, 4])), "4401020304");
        assert_eq!(hex(|w| w.text("IETF")), "6449455446");
        assert_eq!(hex(|w| w.text("\u{6c34}")), "63e6b0b4");
        assert_eq!(hex(|w| w.array(3).int(1).int(2).int(3)), "83010203");
        let map = hex(|w| w.map(2).text("a").int(1).text("b").array(2).int(2).int(3));
        assert_eq!(map, "a26161016162820203");
    }

    #[test]
    fn long_text_has_a_long_head() {
        let mut w = Writer::with_capacity(70_000);
        w.text(&"x".repeat(65_536));
        assert_eq!(w.as_bytes()[..5], [0x7a, 0, 1, 0, 0]);
        assert_eq!(w.into_bytes().len(), 5 + 65_536);
    }
}

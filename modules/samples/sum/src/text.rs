//! Text without an allocator.

/// Room for the longest sentence, in bytes; a failure's message has at most 255.
const ROOM: usize = 128;

/// A short text. What does not fit is left out.
pub struct Text {
    bytes: [u8; ROOM],
    len: usize,
}

impl Text {
    pub fn new() -> Text {
        Text {
            bytes: [0; ROOM],
            len: 0,
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    pub fn clear(&mut self) {
        self.len = 0;
    }

    pub fn push(&mut self, text: &str) -> &mut Text {
        for byte in text.bytes() {
            self.push_byte(byte);
        }
        self
    }

    /// Appends `number` in decimal.
    pub fn push_number(&mut self, number: i64) -> &mut Text {
        if number < 0 {
            self.push_byte(b'-');
        }
        let magnitude = number.unsigned_abs();
        let mut unit = 1;
        while magnitude / unit >= 10 {
            unit *= 10;
        }
        while unit > 0 {
            self.push_byte(b'0' + (magnitude / unit % 10) as u8);
            unit /= 10;
        }
        self
    }

    fn push_byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }
}

//! Fuzz bytes read as numbers.

/// Reads from the front; past the end everything is zero.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    bytes: &'a [u8],
}

impl<'a> Program<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether bytes are left.
    #[must_use]
    pub const fn goes_on(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// All bytes that are left.
    #[must_use]
    pub const fn rest(self) -> &'a [u8] {
        self.bytes
    }

    /// Up to `count` bytes.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (front, back) = self.bytes.split_at(count.min(self.bytes.len()));
        self.bytes = back;
        front
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        let front = self.take(N);
        out[..front.len()].copy_from_slice(front);
        out
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        u8::from_be_bytes(self.array())
    }

    /// Two bytes as an index below `len`; 0 for an empty range.
    pub fn index(&mut self, len: usize) -> usize {
        usize::from(u16::from_be_bytes(self.array())) % len.max(1)
    }

    /// Eight bytes.
    pub fn integer(&mut self) -> i64 {
        i64::from_be_bytes(self.array())
    }

    /// 32 bytes.
    pub fn word(&mut self) -> [u8; 32] {
        self.array()
    }
}

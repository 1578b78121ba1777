//! Bytes of a report, read in order, bounds checked.

use crate::error::AttestError;

/// What has not been read yet.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// A reader of `bytes`, which errors call `what`.
    pub fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    /// True when everything was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// `Format` when there are fewer.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], AttestError> {
        let (head, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| AttestError::format(self.what, "it ends too early"))?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// `Format` when there are fewer.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], AttestError> {
        let (head, rest) =
            self.rest.split_first_chunk::<N>().ok_or_else(|| AttestError::format(self.what, "it ends too early"))?;
        self.rest = rest;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// `Format` when there is none.
    pub fn u8(&mut self) -> Result<u8, AttestError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    /// Two bytes, little-endian.
    ///
    /// # Errors
    /// `Format` when there are fewer.
    pub fn u16_le(&mut self) -> Result<u16, AttestError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// Four bytes, little-endian.
    ///
    /// # Errors
    /// `Format` when there are fewer.
    pub fn u32_le(&mut self) -> Result<u32, AttestError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes, little-endian.
    ///
    /// # Errors
    /// `Format` when there are fewer.
    pub fn u64_le(&mut self) -> Result<u64, AttestError> {
        Ok(u64::from_le_bytes(self.array()?))
    }
}

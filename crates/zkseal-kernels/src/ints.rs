//! Signed small integers as they lie in memory.

use std::ops::Range;

/// A borrowed vector of signed integers; every value of the type is allowed.
#[derive(Debug, Clone, Copy)]
pub enum Ints<'a> {
    /// 8-bit values.
    I8(&'a [i8]),
    /// 16-bit values.
    I16(&'a [i16]),
    /// 32-bit values.
    I32(&'a [i32]),
    /// 64-bit values.
    I64(&'a [i64]),
}

/// Runs an expression with the slice of whatever width an [`Ints`] holds.
macro_rules! with_slice {
    ($ints:expr, $slice:ident => $body:expr) => {
        match $ints {
            $crate::Ints::I8($slice) => $body,
            $crate::Ints::I16($slice) => $body,
            $crate::Ints::I32($slice) => $body,
            $crate::Ints::I64($slice) => $body,
        }
    };
}
pub(crate) use with_slice;

impl<'a> Ints<'a> {
    /// Number of values.
    #[must_use]
    pub const fn len(&self) -> usize {
        with_slice!(self, slice => slice.len())
    }

    /// Whether there is no value.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at `index`.
    ///
    /// # Panics
    /// If `index` is out of range.
    #[must_use]
    pub fn value(&self, index: usize) -> i64 {
        with_slice!(self, slice => i64::from(slice[index]))
    }

    /// The values of a range of indices.
    ///
    /// # Panics
    /// If the range is out of range.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Ints<'a> {
        match self {
            Ints::I8(slice) => Ints::I8(&slice[range]),
            Ints::I16(slice) => Ints::I16(&slice[range]),
            Ints::I32(slice) => Ints::I32(&slice[range]),
            Ints::I64(slice) => Ints::I64(&slice[range]),
        }
    }

    /// The largest absolute value (0 for an empty vector).
    #[must_use]
    pub fn largest_magnitude(&self) -> u64 {
        with_slice!(self, slice => slice.iter().map(|value| i64::from(*value).unsigned_abs()).max().unwrap_or(0))
    }
}

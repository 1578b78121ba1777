//! Tensor values as small integers, in the narrowest storage that the declared bounds allow.

use crate::error::ProveError;
use std::ops::Deref;
use std::sync::Arc;
use zeroize::Zeroize;
use zkseal_kernels::Ints;
use zkseal_relation::Tensor;

/// Integers that lie somewhere else, in a file that is mapped for example, and do not change.
pub trait Source<T>: Send + Sync {
    /// All of them.
    fn values(&self) -> &[T];
}

/// Integers, owned or somewhere else. What is owned is wiped on drop: it may be a witness.
#[derive(Clone)]
pub enum Buffer<T: Zeroize> {
    /// Our own.
    Owned(Vec<T>),
    /// Of somebody who keeps them.
    Shared(Arc<dyn Source<T>>),
}

impl<T: Zeroize> Drop for Buffer<T> {
    fn drop(&mut self) {
        if let Self::Owned(values) = self {
            values.zeroize();
        }
    }
}

impl<T: Zeroize> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Owned(values) => values,
            Self::Shared(source) => source.values(),
        }
    }
}

impl<T: Zeroize + Clone> Buffer<T> {
    /// The integers, to be changed; shared ones are copied first.
    fn to_mut(&mut self) -> &mut [T] {
        if let Self::Shared(source) = self {
            *self = Self::Owned(source.values().to_vec());
        }
        match self {
            Self::Owned(values) => values,
            Self::Shared(_) => &mut [],
        }
    }
}

impl<T: Zeroize> From<Vec<T>> for Buffer<T> {
    fn from(values: Vec<T>) -> Self {
        Self::Owned(values)
    }
}

/// Integers of one tensor.
#[derive(Clone)]
pub enum Data {
    /// Bounds within i8.
    I8(Buffer<i8>),
    /// Bounds within i16.
    I16(Buffer<i16>),
    /// Bounds within i32.
    I32(Buffer<i32>),
    /// Everything else.
    I64(Buffer<i64>),
}

/// Runs `$body` with `$values` bound to the vector of whatever width.
#[macro_export]
macro_rules! each_width {
    ($data:expr, $values:ident => $body:expr) => {
        match $data {
            $crate::data::Data::I8($values) => $body,
            $crate::data::Data::I16($values) => $body,
            $crate::data::Data::I32($values) => $body,
            $crate::data::Data::I64($values) => $body,
        }
    };
}

impl Data {
    /// Stores values between `lo` and `hi`.
    #[must_use]
    pub fn narrow(values: &[i64], lo: i64, hi: i64) -> Self {
        let fits = |least: i64, most: i64| least <= lo && hi <= most;
        if fits(i8::MIN.into(), i8::MAX.into()) {
            Self::I8(values.iter().map(|v| *v as i8).collect::<Vec<_>>().into())
        } else if fits(i16::MIN.into(), i16::MAX.into()) {
            Self::I16(values.iter().map(|v| *v as i16).collect::<Vec<_>>().into())
        } else if fits(i32::MIN.into(), i32::MAX.into()) {
            Self::I32(values.iter().map(|v| *v as i32).collect::<Vec<_>>().into())
        } else {
            Self::I64(values.to_vec().into())
        }
    }

    /// Values of a tensor, checked against its shape and bounds.
    ///
    /// # Errors
    /// [`ProveError::WrongSize`], [`ProveError::OutOfBounds`].
    pub fn checked(tensor: &Tensor, index: usize, values: &[i64]) -> Result<Self, ProveError> {
        if values.len() as u64 != tensor.len() {
            return Err(ProveError::WrongSize { tensor: index, expected: tensor.len(), got: values.len() as u64 });
        }
        if let Some(position) = values.iter().position(|v| !(tensor.lo..=tensor.hi).contains(v)) {
            return Err(ProveError::OutOfBounds { tensor: index, position });
        }
        Ok(Self::narrow(values, tensor.lo, tensor.hi))
    }

    /// Borrowed view for kernels.
    #[must_use]
    pub fn ints(&self) -> Ints<'_> {
        match self {
            Self::I8(values) => Ints::I8(values),
            Self::I16(values) => Ints::I16(values),
            Self::I32(values) => Ints::I32(values),
            Self::I64(values) => Ints::I64(values),
        }
    }

    /// Largest value that the storage holds.
    #[must_use]
    pub const fn largest(&self) -> i64 {
        match self {
            Self::I8(_) => i8::MAX as i64,
            Self::I16(_) => i16::MAX as i64,
            Self::I32(_) => i32::MAX as i64,
            Self::I64(_) => i64::MAX,
        }
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        each_width!(self, values => values.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One value.
    #[must_use]
    pub fn get(&self, index: usize) -> i64 {
        each_width!(self, values => i64::from(values[index]))
    }

    /// All values, widened.
    #[must_use]
    pub fn to_i64(&self) -> Vec<i64> {
        each_width!(self, values => values.iter().map(|v| i64::from(*v)).collect())
    }

    /// All zeros, in the same width.
    #[must_use]
    pub fn zeros_like(&self, len: usize) -> Self {
        match self {
            Self::I8(_) => Self::I8(vec![0; len].into()),
            Self::I16(_) => Self::I16(vec![0; len].into()),
            Self::I32(_) => Self::I32(vec![0; len].into()),
            Self::I64(_) => Self::I64(vec![0; len].into()),
        }
    }

    /// Copies `source[from..from + len]` to `self[to..]`; both must have the same width.
    pub fn copy_from(&mut self, to: usize, source: &Self, from: usize, len: usize) {
        match (self, source) {
            (Self::I8(a), Self::I8(b)) => a.to_mut()[to..to + len].copy_from_slice(&b[from..from + len]),
            (Self::I16(a), Self::I16(b)) => a.to_mut()[to..to + len].copy_from_slice(&b[from..from + len]),
            (Self::I32(a), Self::I32(b)) => a.to_mut()[to..to + len].copy_from_slice(&b[from..from + len]),
            (Self::I64(a), Self::I64(b)) => a.to_mut()[to..to + len].copy_from_slice(&b[from..from + len]),
            (target, source) => {
                for k in 0..len {
                    target.set(to + k, source.get(from + k));
                }
            }
        }
    }

    /// Sets one value; it must fit the width.
    pub fn set(&mut self, index: usize, value: i64) {
        match self {
            Self::I8(values) => values.to_mut()[index] = value as i8,
            Self::I16(values) => values.to_mut()[index] = value as i16,
            Self::I32(values) => values.to_mut()[index] = value as i32,
            Self::I64(values) => values.to_mut()[index] = value,
        }
    }

    /// Little-endian bytes of all values, for hashing into the randomness.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        each_width!(self, values => values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }
}

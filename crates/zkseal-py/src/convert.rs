//! Arrays and commitments between Python and the core.

use crate::errors::{raise, verify_error};
use numpy::{Element, PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroize;
use zkseal_field::{G1Affine, compress, decompress};
use zkseal_prover::data::{Buffer, Source};
use zkseal_prover::{Data, TensorMap};
use zkseal_verifier::VerifyError;

/// Tensors by index, from a mapping of integer arrays (int64, int32, int16 or int8).
pub fn tensors_from(mapping: &Bound<'_, PyAny>) -> PyResult<TensorMap> {
    tensors(mapping, false)
}

/// [`tensors_from`], without a copy of arrays that cannot be written to: those of a mapped file.
pub fn tensors_shared_with(mapping: &Bound<'_, PyAny>) -> PyResult<TensorMap> {
    tensors(mapping, true)
}

fn tensors(mapping: &Bound<'_, PyAny>, shared: bool) -> PyResult<TensorMap> {
    let arrays: BTreeMap<usize, Bound<'_, PyAny>> =
        mapping.call_method0("items")?.try_iter()?.map(|item| item?.extract()).collect::<PyResult<_>>()?;
    arrays.into_iter().map(|(index, array)| Ok((index, data_from(index, &array, shared)?))).collect()
}

fn data_from(index: usize, array: &Bound<'_, PyAny>, shared: bool) -> PyResult<Data> {
    macro_rules! try_width {
        ($kind:ty, $variant:ident) => {
            if let Ok(typed) = array.cast::<PyArrayDyn<$kind>>() {
                if typed.is_c_contiguous() {
                    return Ok(Data::$variant(buffer(typed, shared)?));
                }
            }
        };
    }
    try_width!(i8, I8);
    try_width!(i16, I16);
    try_width!(i32, I32);
    try_width!(i64, I64);
    let message = format!("Tensor {index} has to be a C-contiguous array of int64, int32, int16 or int8.");
    Err(raise(array.py(), "WrongInput", &message, &[("name", index.to_string())]))
}

fn buffer<T: Element + Copy + Zeroize + 'static>(
    array: &Bound<'_, PyArrayDyn<T>>,
    shared: bool,
) -> PyResult<Buffer<T>> {
    let values = array.readonly();
    let values = values.as_slice()?;
    let writeable: bool = array.getattr("flags")?.getattr("writeable")?.extract()?;
    if !shared || writeable {
        return Ok(values.to_vec().into());
    }
    Ok(Buffer::Shared(Arc::new(Kept { start: values.as_ptr(), length: values.len(), _array: array.clone().unbind() })))
}

/// The entries of an array that cannot be written to, which lives as long as this does.
struct Kept<T> {
    start: *const T,
    length: usize,
    _array: Py<PyArrayDyn<T>>,
}

// SAFETY: numpy lets nobody write to the array, so that any thread may read its integers.
unsafe impl<T: Sync> Send for Kept<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Kept<T> {}

impl<T: Send + Sync> Source<T> for Kept<T> {
    fn values(&self) -> &[T] {
        // SAFETY: start and length are those of the array's own slice, and the array is kept.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }
}

/// Compressed points, 32 bytes each.
pub fn commitments_from(py: Python<'_>, commitments: &[Vec<u8>]) -> PyResult<Vec<G1Affine>> {
    let decode = |(index, bytes): (usize, &Vec<u8>)| {
        let word: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| {
            let what = "commitment";
            verify_error(py, &VerifyError::WrongLength { what, expected: 32, got: bytes.len() })
        })?;
        decompress(word)
            .map_err(|cause| verify_error(py, &VerifyError::Encoding { what: "commitment", at: index * 32, cause }))
    };
    commitments.iter().enumerate().map(decode).collect()
}

/// Inverse of [`commitments_from`].
pub fn commitments_to<'py>(py: Python<'py>, points: &[G1Affine]) -> Vec<Bound<'py, PyBytes>> {
    points.iter().map(|point| PyBytes::new(py, &compress(point))).collect()
}

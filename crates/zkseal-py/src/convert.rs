//! Arrays and commitments between Python and the core.

use crate::errors::{raise, verify_error};
use numpy::{PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::BTreeMap;
use zkseal_field::{G1Affine, compress, decompress};
use zkseal_prover::{Data, TensorMap};
use zkseal_verifier::VerifyError;

/// Tensors by index, from a mapping of integer arrays (int64, int32, int16 or int8).
pub fn tensors_from(mapping: &Bound<'_, PyAny>) -> PyResult<TensorMap> {
    let arrays: BTreeMap<usize, Bound<'_, PyAny>> =
        mapping.call_method0("items")?.try_iter()?.map(|item| item?.extract()).collect::<PyResult<_>>()?;
    arrays.into_iter().map(|(index, array)| Ok((index, data_from(index, &array)?))).collect()
}

fn data_from(index: usize, array: &Bound<'_, PyAny>) -> PyResult<Data> {
    macro_rules! try_width {
        ($kind:ty, $variant:ident) => {
            if let Ok(typed) = array.cast::<PyArrayDyn<$kind>>() {
                if typed.is_c_contiguous() {
                    return Ok(Data::$variant(typed.readonly().as_slice()?.to_vec()));
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

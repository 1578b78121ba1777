//! Lists of integers and 32-byte scalars between Python and the core.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::collections::BTreeMap;
use zkseal_field::{Fr, decode_scalar, encode_scalar};
use zkseal_prover::{Data, TensorMap};

/// Flat row-major values by tensor index.
pub type Lists = BTreeMap<usize, Vec<i64>>;

/// Values in the narrowest width that holds them; declared bounds play no part.
pub fn tensors_from(lists: &Lists) -> TensorMap {
    let narrow = |values: &Vec<i64>| {
        let (lo, hi) = (values.iter().min().copied().unwrap_or(0), values.iter().max().copied().unwrap_or(0));
        Data::narrow(values, lo, hi)
    };
    lists.iter().map(|(index, values)| (*index, narrow(values))).collect()
}

/// Scalars of 32 bytes each.
pub fn scalars_from(words: &[Vec<u8>]) -> PyResult<Vec<Fr>> {
    words
        .iter()
        .map(|word| word.as_slice().try_into().ok().and_then(|word| decode_scalar(word).ok()))
        .collect::<Option<_>>()
        .ok_or_else(|| PyValueError::new_err("not a list of canonical scalars"))
}

/// Inverse of [`scalars_from`].
pub fn scalars_to(scalars: &[Fr]) -> Vec<Vec<u8>> {
    scalars.iter().map(|scalar| encode_scalar(scalar).to_vec()).collect()
}

/// Anything that the core refuses, by its text.
pub fn failed(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

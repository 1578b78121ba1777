//! Hash, encodings, generators and transcript by themselves, for shared vectors. Refusals are `ValueError(code)`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use zkseal_commit::Generators;
use zkseal_field::{EncodingError, decode_scalar, decode_uncompressed, decompress, encode_scalar, encode_uncompressed};
use zkseal_transcript::{Transcript, keccak256};

fn refused(cause: EncodingError) -> PyErr {
    PyValueError::new_err(match cause {
        EncodingError::NonCanonicalScalar => "NonCanonicalScalar",
        EncodingError::NonCanonicalPoint => "NonCanonicalPoint",
        EncodingError::NotOnCurve => "NotOnCurve",
    })
}

fn sized<const N: usize>(data: &[u8]) -> PyResult<&[u8; N]> {
    data.try_into().map_err(|_| PyValueError::new_err("WrongLength"))
}

/// Keccak-256.
#[pyfunction]
pub fn keccak(data: &[u8]) -> Vec<u8> {
    keccak256(&[data]).to_vec()
}

/// The scalar of 32 bytes, encoded again.
#[pyfunction]
pub fn scalar(data: &[u8]) -> PyResult<Vec<u8>> {
    decode_scalar(sized(data)?).map(|value| encode_scalar(&value).to_vec()).map_err(refused)
}

/// The point of at most 32 bytes (compressed) or more (uncompressed), uncompressed.
#[pyfunction]
pub fn point(data: &[u8]) -> PyResult<Vec<u8>> {
    let decoded = if data.len() <= 32 { decompress(sized(data)?) } else { decode_uncompressed(sized(data)?) };
    decoded.map(|point| encode_uncompressed(&point).to_vec()).map_err(refused)
}

/// A generator of rows of 2^10 entries, uncompressed.
#[pyfunction]
pub fn generator(label: &str, index: usize) -> PyResult<Vec<u8>> {
    let generators = Generators::for_rows(10).map_err(crate::convert::failed)?;
    let point = match (label, index) {
        ("G", index) => generators.g.get(index).copied(),
        ("H", 0) => Some(generators.h),
        ("U", 0) => Some(generators.u),
        _ => None,
    };
    point.map(|point| encode_uncompressed(&point).to_vec()).ok_or_else(|| PyValueError::new_err("no such generator"))
}

/// The challenges of a transcript; a step is (operation, label, data).
#[pyfunction]
pub fn transcript(steps: Vec<(String, String, Vec<u8>)>) -> PyResult<Vec<Vec<u8>>> {
    let mut transcript = Transcript::new();
    let mut drawn = Vec::new();
    for (operation, label, data) in steps {
        // Labels are constants of the book; the few of the vectors may stay until the process ends.
        let label: &'static str = Box::leak(label.into_boxed_str());
        match operation.as_str() {
            "absorb" => transcript.absorb(label, &data),
            "challenge" => drawn.push(encode_scalar(&transcript.challenge(label)).to_vec()),
            _ => {
                let drawn_now = transcript.challenge128(label).map(|challenge| challenge.value);
                drawn.push(encode_scalar(&drawn_now.unwrap_or_default()).to_vec());
            }
        }
    }
    Ok(drawn)
}

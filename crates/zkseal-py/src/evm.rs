//! Programs, proofs and gas for the EVM.

use crate::VerifyingKey;
use crate::convert::commitments_from;
use crate::errors::{raise, verify_error};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use zkseal_evm::{EvmError, Fork, Program, encode_commitments, encode_proof, gas};
use zkseal_verifier::key::ModelPart;

fn evm_error(py: Python<'_>, error: &EvmError) -> PyErr {
    match error {
        EvmError::Proof(cause) => verify_error(py, cause),
        EvmError::Relation(cause) => verify_error(py, &cause.clone().into()),
        EvmError::Scheme | EvmError::TooLarge { .. } => raise(py, "NotForChain", &format!("{error}."), &[]),
    }
}

/// The model relation of a key; an error for a key without hidden weights.
fn model_part(py: Python<'_>, key: &VerifyingKey) -> PyResult<ModelPart> {
    let part = key.key.model_part().map_err(|e| verify_error(py, &e))?;
    part.ok_or_else(|| raise(py, "NotForChain", "The model has no hidden weights, and so no model proof.", &[]))
}

/// Calls `work` with the instance of inference proofs or of the model proof.
fn with_instance<T>(
    py: Python<'_>,
    key: &VerifyingKey,
    model: bool,
    work: impl FnOnce(&zkseal_verifier::Instance<'_>) -> Result<T, EvmError>,
) -> PyResult<T> {
    let made = if model {
        let part = model_part(py, key)?;
        work(&key.key.model_instance(&part))
    } else {
        work(&key.key.instance())
    };
    made.map_err(|e| evm_error(py, &e))
}

/// The verifying program of a key's inference proofs, or of its model proof.
#[pyfunction]
pub fn chain_program<'py>(
    py: Python<'py>,
    verifying_key: PyRef<'_, VerifyingKey>,
    model: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let program = with_instance(py, &verifying_key, model, Program::new)?;
    Ok(PyBytes::new(py, &program.bytes))
}

/// A proof in the encoding of the chain.
#[pyfunction]
pub fn chain_proof<'py>(
    py: Python<'py>,
    verifying_key: PyRef<'_, VerifyingKey>,
    model: bool,
    proof: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let encoded = with_instance(py, &verifying_key, model, |instance| encode_proof(instance.layout, proof))?;
    Ok(PyBytes::new(py, &encoded))
}

/// The key's model proof in the encoding of the chain.
#[pyfunction]
pub fn chain_model_proof<'py>(
    py: Python<'py>,
    verifying_key: PyRef<'_, VerifyingKey>,
) -> PyResult<Bound<'py, PyBytes>> {
    let proof = verifying_key.key.model_proof();
    let encoded = with_instance(py, &verifying_key, true, |instance| encode_proof(instance.layout, proof))?;
    Ok(PyBytes::new(py, &encoded))
}

/// Commitments in the encoding of the chain.
#[pyfunction]
pub fn chain_commitments<'py>(py: Python<'py>, commitments: Vec<Vec<u8>>) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &encode_commitments(&commitments_from(py, &commitments)?)))
}

/// Predicted gas of one verification, item by item.
#[pyfunction]
pub fn chain_gas<'py>(
    py: Python<'py>,
    verifying_key: PyRef<'_, VerifyingKey>,
    model: bool,
    fork: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let Some(fork) = Fork::named(fork) else {
        return Err(raise(
            py,
            "WrongInput",
            &format!("There is no hard fork {fork}; there are cancun, prague, osaka."),
            &[],
        ));
    };
    let predicted = with_instance(py, &verifying_key, model, |instance| gas::predict(instance, fork))?;
    let out = PyDict::new(py);
    for (item, gas) in predicted.items() {
        out.set_item(item, gas)?;
    }
    out.set_item("total", predicted.total())?;
    Ok(out)
}

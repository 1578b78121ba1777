//! Programs, proofs and gas for the EVM.

use crate::VerifyingKey;
use crate::convert::commitments_from;
use crate::errors::{raise, verify_error};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use zkseal_evm::{EvmError, Fork, Gas, Program, encode_commitments, encode_proof, gas};
use zkseal_relation::{Layout, LookupArgument, Opening, Params};
use zkseal_verifier::Instance;
use zkseal_verifier::key::ModelPart;

/// Keccak-256, as the EVM computes it.
#[pyfunction]
pub fn keccak256<'py>(py: Python<'py>, data: &[u8]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &zkseal_transcript::keccak256(&[data]))
}

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
    work: impl FnOnce(&Instance<'_>) -> Result<T, EvmError>,
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
    let fork = fork_named(py, fork)?;
    let predict = |instance: &Instance<'_>| gas::predict(instance.relation, instance.layout, fork);
    items(py, &with_instance(py, &verifying_key, model, predict)?)
}

/// The same for inference proofs of a relation under rows of 2^c entries and the helper argument, before there is a key.
#[pyfunction]
pub fn chain_gas_of<'py>(
    py: Python<'py>,
    relation: &[u8],
    c: u8,
    lanes: u8,
    fork: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let fork = fork_named(py, fork)?;
    let relation = crate::parse(py, relation)?;
    // Nothing costs more or less under another setup.
    let params = Params::new(c, LookupArgument::Helper { lanes }, Opening::Kzg, [0; 32]);
    let layout = params.and_then(|params| Layout::new(&relation, params));
    let layout = layout.map_err(|e| verify_error(py, &e.into()))?;
    items(py, &gas::predict(&relation, &layout, fork).map_err(|e| evm_error(py, &e))?)
}

fn fork_named(py: Python<'_>, name: &str) -> PyResult<Fork> {
    let message = || format!("There is no hard fork {name}; there are cancun, prague, osaka.");
    Fork::named(name).ok_or_else(|| raise(py, "WrongInput", &message(), &[]))
}

fn items<'py>(py: Python<'py>, gas: &Gas) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    for (item, amount) in gas.items() {
        out.set_item(item, amount)?;
    }
    out.set_item("total", gas.total())?;
    Ok(out)
}

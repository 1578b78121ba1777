//! Module `zkseal._native`: conversions and error mapping, no logic.
//!
//! The interpreter lock is released while the core works; progress callbacks take it again. No panic crosses: it becomes
//! `zkseal.errors.InternalError`.
//!
//! Dependency position: `py -> prover -> verifier`.

mod attest;
mod convert;
mod errors;
mod evm;
mod fork;
mod seal;
mod sealed_model;
mod srs;

use convert::{commitments_from, commitments_to, tensors_from, tensors_shared_with};
use errors::{internal, prove_error, raise, verify_error};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use srs::{Srs, argument_from, argument_name, opening_from, opening_name, srs_origin};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use zkseal_commit::kzg::encode_g2;
use zkseal_prover::columns::encode_blindings;
use zkseal_prover::{Powers, Scheme};
use zkseal_relation::{
    BlockKind, Column, Layout, Params, Relation, RelationError, codec, decode, model_relation, validate::validate,
};
use zkseal_srs::Origin;
use zkseal_verifier::Statement;

/// Runs `work` without the interpreter lock; a panic becomes `InternalError`.
fn detached<T: Send>(py: Python<'_>, what: &'static str, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    py.detach(|| catch_unwind(AssertUnwindSafe(|| fork::run(work)))).map_err(|_| internal(py, what))
}

/// `InvalidParameters`.
fn parameters_error(py: Python<'_>, rule: &'static str) -> PyErr {
    verify_error(py, &RelationError::Parameters { rule }.into())
}

/// A progress callback that remembers the exception it raised, which stops the work.
struct Reporter {
    callback: Option<Py<PyAny>>,
    raised: Option<PyErr>,
}

impl Reporter {
    fn new(callback: Option<Py<PyAny>>) -> Self {
        Self { callback, raised: None }
    }

    fn report(&mut self, stage: &'static str, done: f64) -> bool {
        let outcome = Python::attach(|py| {
            py.check_signals()?;
            match &self.callback {
                Some(callback) => callback.call1(py, (stage, done)).map(|_| ()),
                None => Ok(()),
            }
        });
        match outcome {
            Ok(()) => true,
            Err(error) => {
                self.raised = Some(error);
                false
            }
        }
    }
}

fn parse(py: Python<'_>, bytes: &[u8]) -> PyResult<Relation> {
    let relation = decode(bytes).map_err(|e| verify_error(py, &e.into()))?;
    validate(&relation).map_err(|e| verify_error(py, &e.into()))?;
    Ok(relation)
}

/// Validates a relation and returns its digest.
#[pyfunction]
fn relation_digest<'py>(py: Python<'py>, relation: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &codec::digest(&parse(py, relation)?)))
}

fn layout_dict<'py>(py: Python<'py>, relation: &Relation, layout: &Layout) -> PyResult<Bound<'py, PyDict>> {
    let (mut lookups, mut table_rows) = (0u64, 0u64);
    for block in &layout.blocks {
        match block.kind {
            BlockKind::Lookup(index) => {
                let loops = relation.lookups.get(index).map(|lookup| lookup.loops.as_slice()).unwrap_or_default();
                let sizes = loops.iter().map(|l| relation.loop_size(*l).unwrap_or(1));
                lookups += sizes.map(u64::from).product::<u64>();
            }
            BlockKind::Table(index) => {
                let table = relation.tables.get(index);
                table_rows += u64::from(table.map_or(0, |table| relation.table_len(table).unwrap_or(0)));
            }
        }
    }
    let rows = PyDict::new(py);
    let shown = |column: &Column| *column != Column::Helper || layout.helper_tensor().is_some();
    for column in Column::COMMITTED.into_iter().filter(shown) {
        rows.set_item(zkseal_prover::columns::column_name(column), layout.num_rows(column))?;
    }
    let out = PyDict::new(py);
    out.set_item("n", layout.lookup_vars)?;
    out.set_item("n2", layout.product_vars)?;
    out.set_item("row_vars", layout.row_vars)?;
    out.set_item("mask_length", layout.mask.len())?;
    out.set_item("rows", rows)?;
    out.set_item("lookups", lookups)?;
    out.set_item("table_rows", table_rows)?;
    out.set_item("proof_bytes", layout.proof_bytes())?;
    Ok(out)
}

/// Figures of a relation under rows of 2^c entries, and of its model relation.
#[pyfunction]
#[pyo3(signature = (relation, c, argument="tree", lanes=1, opening="ipa"))]
fn layout<'py>(
    py: Python<'py>,
    relation: &[u8],
    c: u8,
    argument: &str,
    lanes: u8,
    opening: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let relation = parse(py, relation)?;
    let fail = |e: RelationError| verify_error(py, &e.into());
    // Nothing lies elsewhere for another setup.
    let (argument, opening) = (argument_from(py, argument, lanes)?, opening_from(py, opening)?);
    let params = Params::new(c, argument, opening, [0; 32]).map_err(fail)?;
    let out = layout_dict(py, &relation, &Layout::new(&relation, params).map_err(fail)?)?;
    match model_relation(&relation).map_err(fail)? {
        Some(model) => {
            let layout = Layout::new(&model, params).map_err(fail)?;
            out.set_item("model", layout_dict(py, &model, &layout)?)?;
        }
        None => out.set_item("model", py.None())?,
    }
    Ok(out)
}

/// Commits to model and tables; returns the verifying key and the secret blindings of the model commitments. With
/// powers of tau the opening is kzg, without it is ipa.
#[pyfunction]
#[pyo3(signature = (relation, c, tensors, progress=None, *, argument="tree", lanes=1, srs=None))]
#[allow(clippy::too_many_arguments)]
fn setup<'py>(
    py: Python<'py>,
    relation: &[u8],
    c: u8,
    tensors: &Bound<'py, PyAny>,
    progress: Option<Py<PyAny>>,
    argument: &str,
    lanes: u8,
    srs: Option<PyRef<'py, Srs>>,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let relation = parse(py, relation)?;
    let tensors = tensors_from(tensors)?;
    let powers = srs.map(|srs| (srs.powers.clone(), srs.tau_g2));
    let scheme = Scheme { log_row: c, argument: argument_from(py, argument, lanes)?, powers };
    let mut reporter = Reporter::new(progress);
    let made = detached(py, "making keys", || {
        zkseal_prover::setup(relation, &scheme, &tensors, &mut |stage, done| reporter.report(stage, done))
    })?;
    match made {
        Ok(made) => {
            let key = made.verifying_key.encode();
            Ok((PyBytes::new(py, &key), PyBytes::new(py, &encode_blindings(&made.model_blindings))))
        }
        Err(error) => Err(reporter.raised.take().unwrap_or_else(|| prove_error(py, &error))),
    }
}

/// A verifying key whose model proof has been checked.
#[pyclass(frozen, module = "zkseal._native")]
struct VerifyingKey {
    key: Arc<zkseal_verifier::VerifyingKey>,
}

#[pymethods]
impl VerifyingKey {
    #[new]
    fn new(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let decoded = detached(py, "reading a verifying key", || zkseal_verifier::VerifyingKey::decode(data))?;
        Ok(Self { key: Arc::new(decoded.map_err(|e| verify_error(py, &e))?) })
    }

    #[getter]
    fn model_id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.key.model_id())
    }

    #[getter]
    fn relation<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &codec::encode(self.key.relation()))
    }

    #[getter]
    fn relation_digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.key.relation_digest())
    }

    #[getter]
    fn c(&self) -> u8 {
        self.key.layout().params.log_row
    }

    #[getter]
    fn argument(&self) -> &'static str {
        argument_name(self.key.layout().params.argument)
    }

    #[getter]
    fn lanes(&self) -> u8 {
        self.key.layout().params.argument.lanes()
    }

    #[getter]
    fn opening(&self) -> &'static str {
        opening_name(self.key.layout().params.opening)
    }

    /// tau*G2, 128 bytes, of a kzg key.
    #[getter]
    fn tau_g2<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.key.setup().map(|setup| PyBytes::new(py, &encode_g2(&setup.tau_g2)))
    }

    /// Name of the ceremony that tau*G2 comes from.
    #[getter]
    fn origin(&self) -> Option<&'static str> {
        self.key.setup().map(|setup| Origin::of(&setup.tau_g2).name())
    }

    /// What the parameters say of the setup.
    #[getter]
    fn setup_digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.key.layout().params.setup_digest)
    }

    /// Powers of tau that `check_opening` needs.
    #[getter]
    fn opening_powers(&self) -> usize {
        zkseal_prover::opening_powers(self.key.layout())
    }

    /// Raises unless the proof shows the statement.
    fn verify(
        &self,
        py: Python<'_>,
        context: &[u8],
        public: &Bound<'_, PyAny>,
        input_commitments: Vec<Vec<u8>>,
        output_commitments: Vec<Vec<u8>>,
        proof: &[u8],
    ) -> PyResult<()> {
        let public = tensors_from(public)?.into_iter().map(|(index, data)| (index, data.to_i64())).collect();
        let statement = Statement {
            context: context.to_vec(),
            public,
            input: commitments_from(py, &input_commitments)?,
            output: commitments_from(py, &output_commitments)?,
        };
        let verdict = detached(py, "verifying", || zkseal_verifier::verify(&self.key, &statement, proof))?;
        verdict.map_err(|e| verify_error(py, &e))
    }

    /// Raises unless values and blindings are those of the commitments. A kzg key needs the first `opening_powers`.
    #[pyo3(signature = (column, tensors, blindings, commitments, srs=None))]
    fn check_opening(
        &self,
        py: Python<'_>,
        column: &str,
        tensors: &Bound<'_, PyAny>,
        blindings: &[u8],
        commitments: Vec<Vec<u8>>,
        srs: Option<PyRef<'_, Srs>>,
    ) -> PyResult<()> {
        let column = match column {
            "input" => Column::Input,
            "output" => Column::Output,
            _ => return Err(raise(py, "WrongInput", "Only the columns input and output can be opened.", &[])),
        };
        let tensors = tensors_from(tensors)?;
        let points = commitments_from(py, &commitments)?;
        let powers = self.powers_of(py, srs.as_deref())?;
        let same = detached(py, "opening commitments", || {
            zkseal_prover::check_opening(&self.key, powers.as_ref(), column, &tensors, blindings, &points)
        })?
        .map_err(|e| prove_error(py, &e))?;
        if same {
            return Ok(());
        }
        Err(raise(py, "OpeningRejected", "Values and blindings are not those of the commitments.", &[]))
    }
}

impl VerifyingKey {
    /// The powers, if they are those of this key's tau.
    fn powers_of(&self, py: Python<'_>, srs: Option<&Srs>) -> PyResult<Option<Powers>> {
        match (srs, self.key.setup()) {
            (Some(srs), Some(setup)) if srs.tau_g2 != setup.tau_g2 => {
                Err(parameters_error(py, "the powers of tau are those of another setup than the key's"))
            }
            _ => Ok(srs.map(|srs| srs.powers.clone())),
        }
    }
}

/// Everything that proves under one model.
#[pyclass(frozen, module = "zkseal._native")]
struct ProvingKey {
    key: zkseal_prover::ProvingKey,
}

#[pymethods]
impl ProvingKey {
    /// Arrays that cannot be written to are used in place, and kept. A kzg key proves with its powers of tau.
    #[new]
    #[pyo3(signature = (verifying_key, blindings, tensors, srs=None))]
    fn new(
        py: Python<'_>,
        verifying_key: PyRef<'_, VerifyingKey>,
        blindings: &[u8],
        tensors: &Bound<'_, PyAny>,
        srs: Option<PyRef<'_, Srs>>,
    ) -> PyResult<Self> {
        let (tensors, key) = (tensors_shared_with(tensors)?, verifying_key.key.clone());
        let powers = verifying_key.powers_of(py, srs.as_deref())?;
        let made =
            detached(py, "reading a proving key", || zkseal_prover::ProvingKey::new(key, blindings, tensors, powers))?;
        Ok(Self { key: made.map_err(|e| prove_error(py, &e))? })
    }

    /// Whether weights and blindings are those of the verifying key's commitments.
    fn opens_commitments(&self, py: Python<'_>) -> PyResult<bool> {
        detached(py, "committing", || self.key.opens_commitments())?.map_err(|e| prove_error(py, &e))
    }

    /// Commits to the input and output of one run, with the blindings of an earlier one where they are given, and proves
    /// nothing.
    #[pyo3(signature = (tensors, input_blindings=None, output_blindings=None))]
    fn commit<'py>(
        &self,
        py: Python<'py>,
        tensors: &Bound<'py, PyAny>,
        input_blindings: Option<&[u8]>,
        output_blindings: Option<&[u8]>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let tensors = tensors_from(tensors)?;
        let work = || self.key.commit_again(&tensors, input_blindings, output_blindings);
        let made = detached(py, "committing", work)?.map_err(|e| prove_error(py, &e))?;
        let out = PyDict::new(py);
        out.set_item("input_commitments", commitments_to(py, &made.input))?;
        out.set_item("output_commitments", commitments_to(py, &made.output))?;
        out.set_item("input_blindings", PyBytes::new(py, &made.input_blindings))?;
        out.set_item("output_blindings", PyBytes::new(py, &made.output_blindings))?;
        Ok(out)
    }

    /// Proves one run.
    #[pyo3(signature = (context, tensors, progress=None, input_blindings=None, output_blindings=None))]
    fn prove<'py>(
        &self,
        py: Python<'py>,
        context: &[u8],
        tensors: &Bound<'py, PyAny>,
        progress: Option<Py<PyAny>>,
        input_blindings: Option<Vec<u8>>,
        output_blindings: Option<Vec<u8>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let tensors = tensors_from(tensors)?;
        let input = zkseal_prover::ProveInput { context: context.to_vec(), tensors, input_blindings, output_blindings };
        let mut reporter = Reporter::new(progress);
        let made = detached(py, "proving", || self.key.prove(&input, &mut |stage, done| reporter.report(stage, done)))?;
        let made = match made {
            Ok(made) => made,
            Err(error) => return Err(reporter.raised.take().unwrap_or_else(|| prove_error(py, &error))),
        };
        let out = PyDict::new(py);
        out.set_item("proof", PyBytes::new(py, &made.proof))?;
        out.set_item("input_commitments", commitments_to(py, &made.statement.input))?;
        out.set_item("output_commitments", commitments_to(py, &made.statement.output))?;
        out.set_item("input_blindings", PyBytes::new(py, &made.input_blindings))?;
        out.set_item("output_blindings", PyBytes::new(py, &made.output_blindings))?;
        Ok(out)
    }
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    fork::remember();
    module.add_function(wrap_pyfunction!(relation_digest, module)?)?;
    module.add_function(wrap_pyfunction!(layout, module)?)?;
    module.add_function(wrap_pyfunction!(setup, module)?)?;
    module.add_function(wrap_pyfunction!(evm::keccak256, module)?)?;
    module.add_function(wrap_pyfunction!(evm::chain_program, module)?)?;
    module.add_function(wrap_pyfunction!(evm::chain_proof, module)?)?;
    module.add_function(wrap_pyfunction!(evm::chain_model_proof, module)?)?;
    module.add_function(wrap_pyfunction!(evm::chain_commitments, module)?)?;
    module.add_function(wrap_pyfunction!(evm::chain_gas, module)?)?;
    module.add_function(wrap_pyfunction!(evm::chain_gas_of, module)?)?;
    module.add_function(wrap_pyfunction!(srs_origin, module)?)?;
    module.add_function(wrap_pyfunction!(attest::attest_chain, module)?)?;
    module.add_function(wrap_pyfunction!(attest::attest_signature, module)?)?;
    module.add_function(wrap_pyfunction!(attest::attest_snp, module)?)?;
    module.add_function(wrap_pyfunction!(attest::attest_nitro, module)?)?;
    module.add_function(wrap_pyfunction!(attest::attest_spdm, module)?)?;
    module.add_function(wrap_pyfunction!(attest::attest_intel, module)?)?;
    seal::add_to(module)?;
    sealed_model::add_to(module)?;
    module.add_class::<Srs>()?;
    module.add_class::<VerifyingKey>()?;
    module.add_class::<ProvingKey>()
}

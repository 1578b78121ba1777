//! Module `zkseal_testkit`: the prover of the core with its test hooks, for `tests/soundness` and `tests/conformance`.
//!
//! | module | content |
//! | --- | --- |
//! | [`lies`] | where the prover lies; everything behind the lie stays honest |
//! | [`prover`] | `setup`, `Prover`: proofs with lies, revealed messages under fixed challenges, transcript logs |
//! | [`primitives`] | hash, encodings, generators and transcript, for shared vectors |
//!
//! Without the feature `python` this crate is empty, so that no build of the workspace gives test hooks to a release.
//!
//! Dependency position: beside `zkseal-py`.

#![cfg(feature = "python")]

mod convert;
mod lies;
mod primitives;
mod prover;

use pyo3::prelude::*;

#[pymodule]
fn zkseal_testkit(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("MARKER", zkseal_transcript::test_hooks::MARKER)?;
    module.add_function(wrap_pyfunction!(prover::setup, module)?)?;
    module.add_function(wrap_pyfunction!(prover::verify_log, module)?)?;
    module.add_class::<prover::Prover>()?;
    module.add_function(wrap_pyfunction!(primitives::keccak, module)?)?;
    module.add_function(wrap_pyfunction!(primitives::scalar, module)?)?;
    module.add_function(wrap_pyfunction!(primitives::point, module)?)?;
    module.add_function(wrap_pyfunction!(primitives::generator, module)?)?;
    module.add_function(wrap_pyfunction!(primitives::transcript, module)?)
}

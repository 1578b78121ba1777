//! Errors of the core as classes of `zkseal.errors`, variant by variant.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use zkseal_prover::ProveError;
use zkseal_relation::RelationError;
use zkseal_srs::{Place, SrsError};
use zkseal_verifier::VerifyError;

/// An instance of the named class with a message and text fields.
pub fn raise(py: Python<'_>, class: &str, message: &str, fields: &[(&str, String)]) -> PyErr {
    let build = || -> PyResult<Bound<'_, PyAny>> {
        let kwargs = PyDict::new(py);
        for (name, value) in fields {
            match value.parse::<i64>() {
                Ok(number) => kwargs.set_item(name, number)?,
                Err(_) => kwargs.set_item(name, value)?,
            }
        }
        py.import("zkseal.errors")?.getattr(class)?.call((message,), Some(&kwargs))
    };
    match build() {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

/// A panic of the core.
pub fn internal(py: Python<'_>, what: &str) -> PyErr {
    let message = format!("The core failed while {what}. Please report this.");
    raise(py, "InternalError", &message, &[("what", what.to_string())])
}

/// Maps what a verifier refuses.
pub fn verify_error(py: Python<'_>, error: &VerifyError) -> PyErr {
    raise(py, error.code(), &format!("{error}."), &error.fields())
}

/// Maps what a prover refuses.
pub fn prove_error(py: Python<'_>, error: &ProveError) -> PyErr {
    let message = format!("{error}.");
    match error {
        ProveError::Relation(cause) => verify_error(py, &cause.clone().into()),
        ProveError::Verify(cause) => verify_error(py, cause),
        ProveError::MissingTensor { tensor } | ProveError::WrongSize { tensor, .. } => {
            raise(py, "WrongInput", &message, &[("name", tensor.to_string())])
        }
        ProveError::OutOfBounds { tensor, position } => {
            raise(py, "ValueOutOfBounds", &message, &[("tensor", tensor.to_string()), ("index", position.to_string())])
        }
        ProveError::Unsatisfied { lookup, index } => {
            let fields = [("constraint", format!("lookup {lookup}")), ("index", format!("{index:?}"))];
            raise(py, "UnsatisfiedConstraint", &message, &fields)
        }
        ProveError::WrongBlindings { expected, got, .. } => {
            raise(py, "WrongLength", &message, &[("expected", expected.to_string()), ("got", got.to_string())])
        }
        ProveError::Powers { rule } => verify_error(py, &RelationError::Parameters { rule }.into()),
        ProveError::Stopped => raise(py, "Interrupted", &message, &[]),
        _ => raise(py, "InternalError", &message, &[]),
    }
}

/// Maps what makes a file no usable setup.
pub fn srs_error(py: Python<'_>, error: &SrsError) -> PyErr {
    let message = format!("{error}.");
    let sized = |class, expected: &dyn ToString, got: &dyn ToString| {
        raise(py, class, &message, &[("expected", expected.to_string()), ("got", got.to_string())])
    };
    let changed = |place: &dyn ToString| raise(py, "InvalidPower", &message, &[("place", place.to_string())]);
    match error {
        SrsError::Empty => sized("WrongFileKind", &"powers of tau", &"nothing"),
        SrsError::NotSetupData { kind } => sized("WrongFileKind", &"powers of tau", kind),
        SrsError::UnknownFormat { start } => sized("WrongFileKind", &"powers of tau", &format!("0x{start}")),
        SrsError::Unsupported { what, .. } => sized("WrongFileKind", &"powers of tau", what),
        SrsError::Truncated { expected, found, .. }
        | SrsError::TrailingBytes { expected, found }
        | SrsError::WrongSectionSize { expected, found, .. } => sized("WrongLength", expected, found),
        SrsError::TooFewPowers { found } => sized("TooFewPowers", &2, found),
        SrsError::WrongChecksum => raise(py, "DigestMismatch", &message, &[]),
        SrsError::CoordinateTooLarge { place }
        | SrsError::WrongFlags { place }
        | SrsError::Identity { place }
        | SrsError::NotOnCurve { place }
        | SrsError::NotInSubgroup { place } => changed(place),
        SrsError::WrongG1Generator => changed(&Place::Power(0)),
        SrsError::WrongG2Generator => changed(&Place::G2Power(0)),
        SrsError::TauIsOne => changed(&Place::Power(1)),
        SrsError::InconsistentPower { index } => changed(&Place::Power(*index)),
        SrsError::InconsistentG2Power { index } => changed(&Place::G2Power(*index)),
        SrsError::WrongLagrangeSum => changed(&"the Lagrange points"),
        SrsError::UnknownOrigin { setup_digest } => {
            raise(py, "UnknownOrigin", &message, &[("setup_digest", setup_digest.clone())])
        }
        _ => raise(py, "InvalidEncoding", &message, &[("reason", error.to_string())]),
    }
}

//! Errors of the core as classes of `zkseal.errors`, variant by variant.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use zkseal_field::EncodingError;
use zkseal_prover::ProveError;
use zkseal_relation::RelationError;
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

fn relation_error(py: Python<'_>, error: &RelationError) -> PyErr {
    let message = format!("{error}.");
    let reason = [("reason", error.to_string())];
    match error {
        RelationError::UnknownVersion { version } => {
            raise(py, "UnknownVersion", &message, &[("got", version.to_string()), ("expected", "1".to_string())])
        }
        RelationError::Parameters { .. } => raise(py, "InvalidParameters", &message, &reason),
        _ => raise(py, "InvalidRelation", &message, &reason),
    }
}

/// Maps what a verifier refuses.
pub fn verify_error(py: Python<'_>, error: &VerifyError) -> PyErr {
    let message = format!("{error}.");
    match error {
        VerifyError::Relation(cause) => relation_error(py, cause),
        VerifyError::WrongLength { expected, got, .. } => {
            raise(py, "WrongLength", &message, &[("expected", expected.to_string()), ("got", got.to_string())])
        }
        VerifyError::UnknownVersion { version, .. } => {
            raise(py, "UnknownVersion", &message, &[("got", version.to_string()), ("expected", "1".to_string())])
        }
        VerifyError::InvalidEncoding { rule, .. } => {
            raise(py, "InvalidEncoding", &message, &[("reason", (*rule).to_string())])
        }
        VerifyError::Encoding { at, cause, .. } => {
            let class = match cause {
                EncodingError::NonCanonicalScalar => "NonCanonicalScalar",
                EncodingError::NonCanonicalPoint => "NonCanonicalPoint",
                EncodingError::NotOnCurve => "NotOnCurve",
            };
            raise(py, class, &message, &[("offset", at.to_string())])
        }
        VerifyError::IdentityPoint { index, .. } => {
            raise(py, "IdentityPoint", &message, &[("offset", index.to_string())])
        }
        VerifyError::StatementMismatch { what, index, .. } => {
            raise(py, "StatementMismatch", &message, &[("part", (*what).to_string()), ("index", index.to_string())])
        }
        VerifyError::LinearClaimRejected => raise(py, "LinearClaimRejected", &message, &[]),
        VerifyError::OpeningRejected => raise(py, "OpeningRejected", &message, &[]),
        VerifyError::ModelProofRejected { cause } => {
            raise(py, "ModelProofRejected", &message, &[("cause", cause.to_string())])
        }
        _ => raise(py, "ProofRejected", &message, &[]),
    }
}

/// Maps what a prover refuses.
pub fn prove_error(py: Python<'_>, error: &ProveError) -> PyErr {
    let message = format!("{error}.");
    match error {
        ProveError::Relation(cause) => relation_error(py, cause),
        ProveError::Verify(cause) => verify_error(py, cause),
        ProveError::MissingTensor { tensor } | ProveError::WrongSize { tensor, .. } => {
            raise(py, "WrongInput", &message, &[("name", tensor.to_string())])
        }
        ProveError::OutOfBounds { tensor, position } => {
            raise(py, "ValueOutOfBounds", &message, &[("tensor", tensor.to_string()), ("index", position.to_string())])
        }
        ProveError::Unsatisfied { constraint, index } => {
            let fields = [("constraint", constraint.to_string()), ("index", format!("{index:?}"))];
            raise(py, "UnsatisfiedConstraint", &message, &fields)
        }
        ProveError::WrongBlindings { expected, got, .. } => {
            raise(py, "WrongLength", &message, &[("expected", expected.to_string()), ("got", got.to_string())])
        }
        ProveError::Stopped => raise(py, "Interrupted", &message, &[]),
        _ => raise(py, "InternalError", &message, &[]),
    }
}

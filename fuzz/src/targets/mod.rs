//! The targets by name. A target returns for every input, quickly and with little memory, or there is a bug.

pub mod blindings;
pub mod encodings;
pub mod foreign_key;
pub mod params;
pub mod proof;
pub mod relation;
pub mod statement;
pub mod verifying_key;

use zkseal_verifier::VerifyError;

/// One fuzz target.
pub type Target = fn(&[u8]);

/// Name, body and the bytes that an input may have.
pub const TARGETS: [(&str, Target); 8] = [
    ("relation", relation::run),
    ("params", params::run),
    ("encodings", encodings::run),
    ("blindings", blindings::run),
    ("proof", proof::run),
    ("verifying_key", verifying_key::run),
    ("foreign_key", foreign_key::run),
    ("statement", statement::run),
];

/// Holds a refusal to what every face of the verifier tells of it: a class by name, and why.
fn refused(error: &VerifyError) {
    assert!(error.code().starts_with(|first: char| first.is_ascii_uppercase()), "{error:?} names its class");
    assert!(!error.to_string().is_empty(), "{error:?} says why");
    assert!(
        error.fields().iter().all(|(name, value)| !name.is_empty() && !value.is_empty()),
        "{error:?} has its fields"
    );
}

/// The target of this name, planted ones included.
#[must_use]
pub fn find(name: &str) -> Option<Target> {
    TARGETS.iter().chain(&crate::planted::TARGETS).find(|(known, _)| *known == name).map(|(_, target)| *target)
}

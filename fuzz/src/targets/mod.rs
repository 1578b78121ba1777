//! The targets by name. A target returns for every input, quickly and with little memory, or there is a bug.

pub mod blindings;
pub mod encodings;
pub mod foreign_key;
pub mod params;
pub mod proof;
pub mod relation;
pub mod statement;
pub mod verifying_key;

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

/// The target of this name, planted ones included.
#[must_use]
pub fn find(name: &str) -> Option<Target> {
    TARGETS.iter().chain(&crate::planted::TARGETS).find(|(known, _)| *known == name).map(|(_, target)| *target)
}

//! Why a model has no verifying program.

use zkseal_relation::RelationError;
use zkseal_verifier::VerifyError;

/// Why a key or a proof cannot be taken to a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvmError {
    /// The key has another lookup argument or another opening.
    #[error("the chain takes the helper argument with the kzg opening: make the keys with `--opening kzg`")]
    Scheme,
    /// Something exceeds what a program can say.
    #[error("{what} is {got}, more than the {most} that a verifying program holds")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        got: u64,
        /// The most there may be.
        most: u64,
    },
    /// The relation is not that of the layout.
    #[error(transparent)]
    Relation(#[from] RelationError),
    /// The proof does not decode under the key.
    #[error(transparent)]
    Proof(#[from] VerifyError),
}

/// A number as the type of its field.
pub(crate) fn fit<T: TryFrom<u64>>(what: &'static str, got: u64, most: u64) -> Result<T, EvmError> {
    let too_large = EvmError::TooLarge { what, got, most };
    if got > most { Err(too_large) } else { T::try_from(got).map_err(|_| too_large) }
}

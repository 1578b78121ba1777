//! Why a proof can't be made.

use zkseal_commit::OpeningError;
use zkseal_relation::RelationError;
use zkseal_verifier::VerifyError;

/// Why a proof can't be made. Never holds a witness value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The relation or the parameters are not valid.
    #[error(transparent)]
    Relation(#[from] RelationError),
    /// The key is not valid, or a proof did not pass its own check.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The opening can't be made.
    #[error(transparent)]
    Opening(#[from] OpeningError),
    /// A tensor has no values.
    #[error("tensor {tensor} has no values")]
    MissingTensor {
        /// Tensor index.
        tensor: usize,
    },
    /// A tensor has a wrong number of values.
    #[error("tensor {tensor} has {got} values, expected {expected}")]
    WrongSize {
        /// Tensor index.
        tensor: usize,
        /// By its shape.
        expected: u64,
        /// Given.
        got: u64,
    },
    /// A value is outside the bounds that the relation declares.
    #[error("tensor {tensor} has a value outside its bounds at position {position}")]
    OutOfBounds {
        /// Tensor index.
        tensor: usize,
        /// Row-major position.
        position: usize,
    },
    /// The witness does not satisfy the relation: a tuple is no row of its table.
    #[error("lookup {lookup} is not satisfied at index {index:?}")]
    Unsatisfied {
        /// Index in [`zkseal_relation::Relation::lookups`].
        lookup: usize,
        /// Values of its outer loops.
        index: Vec<u32>,
    },
    /// Blindings of a wrong number.
    #[error("{got} blindings for {expected} rows of column {column}")]
    WrongBlindings {
        /// Column.
        column: &'static str,
        /// Rows.
        expected: usize,
        /// Given.
        got: usize,
    },
    /// Powers of tau are missing, too few, or given to a key that has none.
    #[error("{rule}")]
    Powers {
        /// What is wrong.
        rule: &'static str,
    },
    /// A challenge met a value that it must not meet, which does not happen by chance.
    #[error("a challenge equals a lookup key; prove again")]
    DegenerateChallenge,
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness")]
    NoEntropy,
    /// The caller asked to stop.
    #[error("stopped by the caller")]
    Stopped,
}

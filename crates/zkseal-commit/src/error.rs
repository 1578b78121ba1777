//! Why an opening fails.

/// The verifier returns `Rejected`, `ZeroChallenge`, `DegenerateChallenge`, `WrongSize` and, of a point that is too
/// long, `UnsupportedSize`; the others concern a caller's own arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpeningError {
    /// No generators exist for rows of this length.
    #[error("rows of 2^{column_vars} entries are beyond the largest of 2^{largest}; use fewer column variables")]
    UnsupportedSize {
        /// Requested log2 of the row length.
        column_vars: usize,
        /// Largest log2 of a row length.
        largest: usize,
    },
    /// A vector, point or list of rounds has not the length that the generators dictate.
    #[error("{what} has length {got}, the generators dictate {expected}")]
    WrongSize {
        /// What has the wrong length.
        what: &'static str,
        /// Length that the generators dictate.
        expected: usize,
        /// Length found.
        got: usize,
    },
    /// A challenge was zero, which an honest transcript never meets.
    #[error("challenge of opening round {round} is zero; prove again with fresh blinding")]
    ZeroChallenge {
        /// Round, from 0.
        round: usize,
    },
    /// Two nodes of a KZG opening coincide or have no inverse, which an honest transcript never meets.
    #[error("a challenge of the opening is zero or equals another; prove again with fresh blinding")]
    DegenerateChallenge,
    /// The setup is too small for the vector.
    #[error(
        "the setup has {got} powers of tau, the vector needs {needed}; take a larger setup or fewer column variables"
    )]
    TooFewPowers {
        /// Powers that the vector needs: its length.
        needed: usize,
        /// Powers at hand.
        got: usize,
    },
    /// The prover was asked to open to a value that the vector does not have.
    #[error("the vector does not evaluate to the claimed value at this point")]
    FalseClaim,
    /// The opening does not prove the claimed value.
    #[error("the opening does not prove the claimed value of this commitment")]
    Rejected,
}

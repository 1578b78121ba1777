//! Why a key, a statement or a proof is refused. Every variant has one cause.

use zkseal_commit::OpeningError;
use zkseal_field::EncodingError;
use zkseal_relation::RelationError;

/// Result of a verification step.
pub type Verified<T> = Result<T, VerifyError>;

/// Why something is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The relation or the parameters of a key are not valid.
    #[error(transparent)]
    Relation(#[from] RelationError),
    /// Bytes of a wrong length.
    #[error("{what} has {got} bytes, expected {expected}")]
    WrongLength {
        /// Of what.
        what: &'static str,
        /// Dictated by the key.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// A version or kind of file that this build does not know.
    #[error("{what} version {version} is unknown")]
    UnknownVersion {
        /// Of what.
        what: &'static str,
        /// Found.
        version: u16,
    },
    /// Bytes that are not the canonical form of anything.
    #[error("{what}: {rule}")]
    InvalidEncoding {
        /// Of what.
        what: &'static str,
        /// Broken rule.
        rule: &'static str,
    },
    /// Bytes that are no canonical scalar or point.
    #[error("{what} at byte {at}: {cause}")]
    Encoding {
        /// Of what.
        what: &'static str,
        /// Offset.
        at: usize,
        /// Why.
        cause: EncodingError,
    },
    /// The identity where a commitment is needed.
    #[error("{what} {index} is the identity")]
    IdentityPoint {
        /// Of what.
        what: &'static str,
        /// Position.
        index: usize,
    },
    /// Public values or commitments that do not fit the relation.
    #[error("statement does not fit the key: {what} {index}: {rule}")]
    StatementMismatch {
        /// Part.
        what: &'static str,
        /// Position.
        index: usize,
        /// Broken rule.
        rule: &'static str,
    },
    /// The last equation before the opening fails: the proof proves something else.
    #[error("the linear claim does not hold: proof and statement do not belong together")]
    LinearClaimRejected,
    /// The opening of the combined commitment fails.
    #[error("the opening does not hold: commitments and proof do not belong together")]
    OpeningRejected,
    /// The key's model proof fails: private weights are not known to be inside their bounds.
    #[error("model proof rejected: {cause}")]
    ModelProofRejected {
        /// Why.
        cause: Box<VerifyError>,
    },
}

impl VerifyError {
    /// The name of the error in every language of the project: a class of `zkseal.errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Relation(cause) => cause.code(),
            Self::WrongLength { .. } => "WrongLength",
            Self::UnknownVersion { .. } => "UnknownVersion",
            Self::InvalidEncoding { .. } => "InvalidEncoding",
            Self::Encoding { cause, .. } => match cause {
                EncodingError::NonCanonicalScalar => "NonCanonicalScalar",
                EncodingError::NonCanonicalPoint => "NonCanonicalPoint",
                EncodingError::NotOnCurve => "NotOnCurve",
            },
            Self::IdentityPoint { .. } => "IdentityPoint",
            Self::StatementMismatch { .. } => "StatementMismatch",
            Self::LinearClaimRejected => "LinearClaimRejected",
            Self::OpeningRejected => "OpeningRejected",
            Self::ModelProofRejected { .. } => "ModelProofRejected",
        }
    }

    /// Facts for programs, as text: the fields of that class.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let versions = |version: &u16| vec![("got", version.to_string()), ("expected", "1".to_string())];
        match self {
            Self::Relation(RelationError::UnknownVersion { version }) | Self::UnknownVersion { version, .. } => {
                versions(version)
            }
            Self::Relation(cause) => vec![("reason", cause.to_string())],
            Self::WrongLength { expected, got, .. } => {
                vec![("expected", expected.to_string()), ("got", got.to_string())]
            }
            Self::InvalidEncoding { rule, .. } => vec![("reason", (*rule).to_string())],
            Self::Encoding { at, .. } => vec![("offset", at.to_string())],
            Self::IdentityPoint { index, .. } => vec![("offset", index.to_string())],
            Self::StatementMismatch { what, index, .. } => {
                vec![("part", (*what).to_string()), ("index", index.to_string())]
            }
            Self::LinearClaimRejected | Self::OpeningRejected => Vec::new(),
            Self::ModelProofRejected { cause } => vec![("cause", cause.to_string())],
        }
    }
}

impl From<OpeningError> for VerifyError {
    fn from(_: OpeningError) -> Self {
        Self::OpeningRejected
    }
}

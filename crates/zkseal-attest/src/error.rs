//! What a verifier refuses. A variant is a check; checks run in the order of the variants.

/// The check that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttestError {
    /// Bytes that are not what they should be.
    #[error("the {what} is malformed: {rule}")]
    Format {
        /// The structure.
        what: &'static str,
        /// The rule that it breaks.
        rule: String,
    },
    /// Certificates that do not lead to a root.
    #[error("no certificate chain to a pinned root: {rule}")]
    Chain {
        /// What is missing.
        rule: String,
    },
    /// The certificate of an issuer is not at hand: nothing can be said of the chain.
    #[error("no certificate chain to a pinned root: there is no certificate of {issuer}, who issued that of {subject}")]
    MissingIssuer {
        /// Whose certificate it is.
        subject: String,
        /// Who issued it.
        issuer: String,
    },
    /// Collateral of another time.
    #[error("the collateral is not valid at this time: {rule}")]
    Collateral {
        /// Which, and why.
        rule: String,
    },
    /// The time lies outside a window.
    #[error("{what} is valid from {not_before} to {not_after}, not at {now} (Unix seconds)")]
    Validity {
        /// Certificate or collateral.
        what: String,
        /// First second.
        not_before: u64,
        /// Last second.
        not_after: u64,
        /// The time of the appraisal.
        now: u64,
    },
    /// A certificate that its issuer took back.
    #[error("{subject} is revoked")]
    Revocation {
        /// The certificate's subject.
        subject: String,
    },
    /// A signature, or a hash that stands for one, does not hold.
    #[error("the signature of the {what} does not hold")]
    Signature {
        /// What is signed.
        what: String,
    },
    /// The platform is not one that the vendor vouches for.
    #[error("the vendor does not vouch for the platform: {rule}")]
    Tcb {
        /// What the vendor says.
        rule: String,
    },
}

impl AttestError {
    /// `Format`.
    pub fn format(what: &'static str, rule: impl ToString) -> Self {
        Self::Format { what, rule: rule.to_string() }
    }

    /// Name of the check.
    pub fn check(&self) -> &'static str {
        match self {
            Self::Format { .. } => "format",
            Self::Chain { .. } | Self::MissingIssuer { .. } => "chain",
            Self::Collateral { .. } | Self::Validity { .. } => "validity",
            Self::Revocation { .. } => "revocation",
            Self::Signature { .. } => "signature",
            Self::Tcb { .. } => "tcb",
        }
    }

    /// Name of its class in `zkseal.errors`, which is equal in every language of the project.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Format { .. } => "InvalidEncoding",
            Self::Chain { .. } | Self::MissingIssuer { .. } => "UntrustedRoot",
            Self::Collateral { .. } | Self::Validity { .. } => "Expired",
            Self::Revocation { .. } => "CertificateRevoked",
            Self::Signature { .. } => "SignatureRejected",
            Self::Tcb { .. } => "PolicyDenied",
        }
    }
}

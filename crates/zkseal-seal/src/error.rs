//! What sealing refuses.

/// Why something could not be sealed, opened, signed or checked. No variant holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// Bytes of another length than the thing has.
    #[error("{what} has {expected} bytes, not {got}")]
    Length {
        /// The thing.
        what: &'static str,
        /// Its length in bytes.
        expected: usize,
        /// What was given.
        got: usize,
    },
    /// Bytes of the right length that are no such thing.
    #[error("this is no {what}")]
    Encoding {
        /// The thing.
        what: &'static str,
    },
    /// A signature that does not hold.
    #[error("the {scheme} signature does not hold")]
    Signature {
        /// The signature scheme, by the name of RFC 7518 or RFC 8037.
        scheme: &'static str,
    },
    /// A ciphertext that does not open: another key, another context, or changed bytes. Nothing tells which.
    #[error("the {what} does not open: it is for another key or context, or was changed")]
    Open {
        /// What is encrypted.
        what: &'static str,
    },
    /// A data key other than the one that a file was sealed with.
    #[error("the data key is not the one that this file was sealed with")]
    WrongKey,
    /// A chunk that opens and is not what the publisher signed.
    #[error("chunk {chunk} of section {section} is not the one that its publisher signed")]
    Leaf {
        /// Number of the section.
        section: u32,
        /// Number of the chunk.
        chunk: u32,
    },
    /// A key for one message that has been used.
    #[error("the {what} has been used: there is one response to a request")]
    Spent {
        /// The key.
        what: &'static str,
    },
    /// More than the format holds.
    #[error("{what} is too long: at most {limit}")]
    TooLong {
        /// What it is.
        what: &'static str,
        /// The most that there may be, in the thing's own units.
        limit: u64,
    },
    /// The system gives no random bytes.
    #[error("the system's random number generator does not answer")]
    Randomness,
}

/// `bytes` as an array, or [`SealError::Length`].
pub fn array<const N: usize>(what: &'static str, bytes: &[u8]) -> Result<[u8; N], SealError> {
    bytes.try_into().map_err(|_| SealError::Length { what, expected: N, got: bytes.len() })
}

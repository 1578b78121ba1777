//! Parameters of a proof (book, chapter 3).

use crate::types::RelationError;

/// Length of the encoded parameters.
pub const PARAMS_BYTES: usize = 37;

/// Row length and the choices that a key fixes. Version 1 knows the tree argument with the inner-product opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Logarithm of the row length C.
    pub log_row: u8,
    /// Digest that names the generators.
    pub setup_digest: [u8; 32],
}

impl Params {
    /// Parameters for rows of 2^log_row entries.
    ///
    /// # Errors
    /// If `log_row` is not in 4..=16.
    pub const fn new(log_row: u8, setup_digest: [u8; 32]) -> Result<Self, RelationError> {
        if log_row < 4 || log_row > 16 {
            return Err(RelationError::Parameters { rule: "the row length is 2^4 to 2^16" });
        }
        Ok(Self { log_row, setup_digest })
    }

    /// Row length C.
    #[must_use]
    pub const fn row_len(&self) -> usize {
        1 << self.log_row
    }

    /// The 37 bytes that enter keys and transcripts.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![1, self.log_row, 0, 1, 0];
        out.extend_from_slice(&self.setup_digest);
        out
    }

    /// Inverse of [`Self::encode`].
    ///
    /// # Errors
    /// Any other byte string.
    pub fn decode(bytes: &[u8]) -> Result<Self, RelationError> {
        let fixed: &[u8; PARAMS_BYTES] =
            bytes.try_into().map_err(|_| RelationError::Parameters { rule: "the parameter block has 37 bytes" })?;
        let [version, log_row, argument, lanes, opening, setup_digest @ ..] = fixed;
        if *version != 1 {
            return Err(RelationError::UnknownVersion { version: u16::from(*version) });
        }
        if (*argument, *lanes, *opening) != (0, 1, 0) {
            return Err(RelationError::Parameters { rule: "this build knows the tree argument with the ipa opening" });
        }
        Self::new(*log_row, *setup_digest)
    }
}

//! Parameters of a proof (book, chapter 3).

use crate::types::RelationError;

/// Length of the encoded parameters.
pub const PARAMS_BYTES: usize = 37;

/// Most lanes of the helper argument.
pub const MAX_LANES: u8 = 8;

/// How lookups are proved (book, chapter 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupArgument {
    /// 5.1-G, the fraction tree: nothing is committed, rounds grow with the square of log(lookups).
    Tree,
    /// 5.1-H, the helper column: a column of fractions is committed, few rounds.
    Helper {
        /// L, the fractions that share an entry of the column.
        lanes: u8,
    },
}

impl LookupArgument {
    /// L; 1 for the tree.
    #[must_use]
    pub const fn lanes(self) -> u8 {
        match self {
            Self::Tree => 1,
            Self::Helper { lanes } => lanes,
        }
    }
}

/// How the combined row is opened (book, chapter 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Inner-product argument: no trusted setup.
    Ipa,
    /// Mercury over KZG: constant size, powers of tau.
    Kzg,
}

/// Row length and the choices that a key fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Logarithm of the row length C.
    pub log_row: u8,
    /// How lookups are proved.
    pub argument: LookupArgument,
    /// How rows are opened.
    pub opening: Opening,
    /// Digest that names the generators.
    pub setup_digest: [u8; 32],
}

impl Params {
    /// Parameters for rows of 2^log_row entries.
    ///
    /// # Errors
    /// If `log_row` is not in 4..=16, or the lanes are not in 1..=8.
    pub const fn new(
        log_row: u8,
        argument: LookupArgument,
        opening: Opening,
        setup_digest: [u8; 32],
    ) -> Result<Self, RelationError> {
        if log_row < 4 || log_row > 16 {
            return Err(RelationError::Parameters { rule: "the row length is 2^4 to 2^16" });
        }
        if argument.lanes() == 0 || argument.lanes() > MAX_LANES {
            return Err(RelationError::Parameters { rule: "the helper argument has 1 to 8 lanes" });
        }
        Ok(Self { log_row, argument, opening, setup_digest })
    }

    /// Row length C.
    #[must_use]
    pub const fn row_len(&self) -> usize {
        1 << self.log_row
    }

    /// The 37 bytes that enter keys and transcripts.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let argument = match self.argument {
            LookupArgument::Tree => 0,
            LookupArgument::Helper { .. } => 1,
        };
        let opening = match self.opening {
            Opening::Ipa => 0,
            Opening::Kzg => 1,
        };
        let mut out = vec![1, self.log_row, argument, self.argument.lanes(), opening];
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
        let argument = match (*argument, *lanes) {
            (0, 1) => LookupArgument::Tree,
            (1, lanes) => LookupArgument::Helper { lanes },
            _ => {
                return Err(RelationError::Parameters { rule: "the lookup argument is the tree or the helper column" });
            }
        };
        let opening = match *opening {
            0 => Opening::Ipa,
            1 => Opening::Kzg,
            _ => return Err(RelationError::Parameters { rule: "the opening is ipa or kzg" }),
        };
        Self::new(*log_row, argument, opening, *setup_digest)
    }
}

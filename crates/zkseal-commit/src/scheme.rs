//! The choice of opening scheme: one byte of a proof's parameters (book, chapter 3).

use crate::generators;

/// How a commitment is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpeningScheme {
    /// Inner-product argument: no trusted setup, 2 points a round.
    Ipa,
}

impl OpeningScheme {
    /// The scheme that a parameter byte names, if this version knows it.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Ipa),
            _ => None,
        }
    }

    /// The parameter byte.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ipa => 0,
        }
    }

    /// What a proof's parameters pin of the setup.
    #[must_use]
    pub fn setup_digest(self) -> [u8; 32] {
        match self {
            Self::Ipa => generators::setup_digest(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_codes_round_trip_and_unknown_codes_are_refused() {
        assert_eq!(OpeningScheme::from_code(OpeningScheme::Ipa.code()), Some(OpeningScheme::Ipa));
        assert!((1..=255).all(|code| OpeningScheme::from_code(code).is_none()));
    }
}

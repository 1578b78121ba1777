//! Inner-product argument (book, chapter 6): a commitment `<Z, G>` opens to `Z(r) = y` with 2 points a round.
//!
//! ```text
//! L = <Z_lo, G_hi> + <Z_lo, b_hi> U'      R = <Z_hi, G_lo> + <Z_hi, b_lo> U'      U' = w U,  b = eq(r, .)
//! Z = Z_lo + x^-1 Z_hi                    G = G_lo + x G_hi                       b = b_lo + x b_hi
//! ```

#[cfg(feature = "prover")]
mod prove;
mod verify;

#[cfg(feature = "prover")]
pub use prove::prove;
pub use verify::verify;

use zkseal_field::{Fr, G1Affine};

const LABEL_W: &str = "ipa w";
const LABEL_ROUND: &str = "ipa round";
const LABEL_X: &str = "ipa x";
const LABEL_A: &str = "ipa a";

/// `(L, R)` of each round in order, and the last entry of the folded vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningProof {
    /// `(L, R)` for coordinate k of the point; the identity is allowed.
    pub rounds: Vec<(G1Affine, G1Affine)>,
    /// The folded vector.
    pub a: Fr,
}

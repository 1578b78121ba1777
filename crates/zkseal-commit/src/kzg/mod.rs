//! Mercury over KZG (book, chapter 6): a commitment `sum_j Z_j tau^j G` opens to `Z(r) = y` with 7 points, 6 scalars.
//!
//! ```text
//! f(X) = sum_k Z_k X^k, read as C/b rows of b = 2^ceil(c/2) entries:   f = q (X^b - alpha) + g,   deg g < b
//! h(X) = sum_i <row i, eq(u1)> X^i:     <eq(u1), g> = h(alpha),  <eq(u2), h> = y     (u2, u1: the halves of r)
//! S:   X S(X) + S(1/X)/X + 2 (h(alpha) + gamma y) = g P1(1/X) + g(1/X) P1 + gamma (h P2(1/X) + h(1/X) P2)
//! D(X) = X^(b-1) g(1/X):                a polynomial only if deg g < b
//! ```
//!
//! The values of f, g, h, S, D at alpha, zeta and 1/zeta are opened by one batch of two points.

mod nodes;
mod origin;
#[cfg(feature = "prover")]
mod polynomial;
#[cfg(feature = "prover")]
mod prover;
mod setup;
mod verifier;

pub use origin::{AZTEC_TAU_G2, EZKL_TAU_G2, HERMEZ_TAU_G2, Origin};
#[cfg(feature = "prover")]
pub use prover::prove;
pub use setup::{Setup, SetupError, decode_g2, encode_g2, setup_digest};
pub use verifier::verify;

use zkseal_field::{Field, Fr, G1Affine};

use crate::{MAX_COLUMN_VARS, OpeningError};

const LABEL_ROWS: &str = "kzg rows";
const LABEL_ALPHA: &str = "kzg alpha";
const LABEL_QUOTIENT: &str = "kzg quotient";
const LABEL_GAMMA: &str = "kzg gamma";
const LABEL_PRODUCTS: &str = "kzg products";
const LABEL_ZETA: &str = "kzg zeta";
const LABEL_VALUES: &str = "kzg values";
const LABEL_BETA: &str = "kzg beta";
const LABEL_BATCH: &str = "kzg batch";
const LABEL_Z: &str = "kzg z";
const LABEL_LAST: &str = "kzg last";

/// What the prover sends, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningProof {
    /// `C_h, C_q, C_g, C_S, C_D, C_W, C_W2`; the identity is allowed.
    pub points: [G1Affine; 7],
    /// `g(zeta), g(1/zeta), h(zeta), h(1/zeta), S(zeta), S(1/zeta)`.
    pub values: [Fr; 6],
}

/// The coordinates `u2` of the row index and `u1` of the column index: the latter have the odd one.
fn halves(point: &[Fr]) -> Result<(&[Fr], &[Fr]), OpeningError> {
    if point.len() > MAX_COLUMN_VARS {
        return Err(OpeningError::UnsupportedSize { column_vars: point.len(), largest: MAX_COLUMN_VARS });
    }
    Ok(point.split_at(point.len() / 2))
}

/// `x^b` for `b = 2^(length of u1)`.
fn power_of_columns(x: Fr, u1: &[Fr]) -> Fr {
    u1.iter().fold(x, |power, _| power.square())
}

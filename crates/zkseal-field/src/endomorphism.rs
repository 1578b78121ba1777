//! The curve's endomorphism `(x, y) -> (zeta x, y)`, which multiplies by `lambda`, and the split of a scalar that uses it:
//! `k = k1 + lambda k2` with both parts below 2^128 (Gallant, Lambert, Vanstone, CRYPTO 2001).
//!
//! The lattice of pairs `(x, y)` with `x + lambda y = 0 mod p` has the short basis `(B, -A)`, `(A + B, B)`.
//! `(k1, k2) = (k, 0) - c1 (B, -A) - c2 (A + B, B)` with `c1 = floor(k B / p)`, `c2 = floor(k A / p)`, each computed
//! from a 256-bit approximation of the quotient and so short by less than 1.25. Hence
//! `0 <= k1 < 1.25 (A + 2 B)` and `|k2| < 1.25 A`, both below 2^127.3.

use crate::{Fq, Fr, MontFp, PrimeField};

/// Eigenvalue of the endomorphism: a cube root of unity in [`Fr`].
pub const LAMBDA: Fr = MontFp!("4407920970296243842393367215006156084916469457145843978461");

/// The cube root of unity in [`Fq`] with `(zeta x, y) = lambda (x, y)`.
pub const ZETA: Fq = MontFp!("2203960485148121921418603742825762020974279258880205651966");

const A: u128 = 147_946_756_881_789_319_000_765_030_803_803_410_728;
const B: u128 = 9_931_322_734_385_697_763;

/// floor(2^256 B / p) and floor(2^256 A / p).
const QUOTIENT_B: [u64; 3] = [0xd91d_232e_c7e0_b3d7, 0x2, 0];
const QUOTIENT_A: [u64; 3] = [0x7a7b_d9d4_391e_b18d, 0x4cce_f014_a773_d2cf, 0x2];

/// Above every magnitude that [`split_scalar`] gives.
pub const HALF_BOUND: u128 = 3 << 126;

/// Magnitude and whether it is negative.
pub type Half = (u128, bool);

/// The two halves of a scalar, both magnitudes below [`HALF_BOUND`].
#[must_use]
pub fn split_scalar(scalar: &Fr) -> (Half, Half) {
    let k = scalar.into_bigint().0;
    let (c1, c2) = (high_product(k, QUOTIENT_B), high_product(k, QUOTIENT_A));
    // Both results fit 128 bits with a sign to spare, so they may be computed modulo 2^128 and the signs are known.
    let low = u128::from(k[0]) | u128::from(k[1]) << 64;
    let k1 = low.wrapping_sub(c1.wrapping_mul(B)).wrapping_sub(c2.wrapping_mul(A + B));
    let k2 = c1.wrapping_mul(A).wrapping_sub(c2.wrapping_mul(B));
    // k2 lies in (-1.25 A, 1.25 B): 1.25 A exceeds 2^127, so the sign is not the top bit but whether it is above 2^64.
    if k2 >> 65 == 0 { ((k1, false), (k2, false)) } else { ((k1, false), (k2.wrapping_neg(), true)) }
}

/// Bits 256 to 383 of the product.
fn high_product(k: [u64; 4], factor: [u64; 3]) -> u128 {
    let mut product = [0u64; 7];
    for (i, word) in k.iter().enumerate() {
        let mut carry = 0u128;
        for (j, limb) in factor.iter().enumerate() {
            carry += u128::from(*word) * u128::from(*limb) + u128::from(product[i + j]);
            product[i + j] = carry as u64;
            carry >>= 64;
        }
        product[i + 3] = carry as u64;
    }
    u128::from(product[4]) | u128::from(product[5]) << 64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AffineRepr, CurveGroup, G1Affine, Zero};
    use proptest::prelude::*;

    fn check(scalar: Fr) {
        let ((k1, negative1), (k2, negative2)) = split_scalar(&scalar);
        let signed = |magnitude: u128, negative: bool| {
            let value = Fr::from(magnitude);
            if negative { -value } else { value }
        };
        assert_eq!(signed(k1, negative1) + LAMBDA * signed(k2, negative2), scalar);
        assert!(k1 < HALF_BOUND && k2 < HALF_BOUND);
    }

    #[test]
    fn test_zeta_is_the_image_of_lambda() {
        let point = G1Affine::generator();
        let image = G1Affine::new_unchecked(point.x * ZETA, point.y);
        assert_eq!((point * LAMBDA).into_affine(), image);
    }

    proptest! {
        #[test]
        fn test_halves_recombine(words in any::<[u64; 4]>()) {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            check(Fr::from_le_bytes_mod_order(&bytes));
        }
    }

    #[test]
    fn test_halves_of_edge_scalars_recombine() {
        for value in [
            Fr::zero(),
            Fr::from(1u64),
            -Fr::from(1u64),
            LAMBDA,
            -LAMBDA,
            Fr::from(A),
            Fr::from(B),
            -Fr::from(A),
            Fr::from(u128::MAX),
        ] {
            check(value);
        }
    }
}

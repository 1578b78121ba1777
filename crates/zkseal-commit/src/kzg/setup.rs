//! What a verifier has of a setup: one point of G2, and the base of blindings.

use zkseal_field::{AffineRepr, BigInt, Fq, Fq2, G1Affine, G2Affine, PrimeField, Zero};
use zkseal_transcript::keccak256;

use crate::generators::blinding_base;

const DOMAIN: &[u8] = b"zkseal kzg setup v1";

/// The verifier's part of powers of tau.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// `tau` times the generator of G2.
    pub tau_g2: G2Affine,
    /// `H`, base of the blinding: hashed to the curve, unrelated to tau (book, chapter 1).
    pub h: G1Affine,
}

/// Why bytes are no `tau G2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A coordinate at or above the base field order.
    #[error("a coordinate of tau*G2 is not below the field order")]
    NonCanonicalPoint,
    /// The identity: tau = 0 is no setup.
    #[error("tau*G2 is the identity")]
    IdentityPoint,
    /// No point of the twisted curve has these coordinates.
    #[error("tau*G2 is not on the curve")]
    NotOnCurve,
    /// A point of the curve that is no multiple of the generator.
    #[error("tau*G2 is not in the subgroup of prime order")]
    NotInSubgroup,
}

impl Setup {
    /// The setup with this `tau G2`, which comes from [`decode_g2`] or from a file that was checked.
    #[must_use]
    pub fn new(tau_g2: G2Affine) -> Self {
        Self { tau_g2, h: blinding_base() }
    }
}

/// What a proof's parameters pin of a setup.
#[must_use]
pub fn setup_digest(tau_g2: &G2Affine) -> [u8; 32] {
    keccak256(&[DOMAIN, &encode_g2(tau_g2)])
}

/// `x.c1 || x.c0 || y.c1 || y.c0`, 32 bytes big-endian each, as the EVM takes it; zeros for the identity.
#[must_use]
pub fn encode_g2(point: &G2Affine) -> [u8; 128] {
    let mut out = [0u8; 128];
    if let Some((x, y)) = point.xy() {
        for (chunk, coordinate) in out.as_chunks_mut::<32>().0.iter_mut().zip([x.c1, x.c0, y.c1, y.c0]) {
            for (word, limb) in chunk.as_chunks_mut().0.iter_mut().rev().zip(coordinate.into_bigint().0) {
                *word = limb.to_be_bytes();
            }
        }
    }
    out
}

/// Inverse of [`encode_g2`] for points of the subgroup other than the identity.
///
/// # Errors
/// One for each variant of [`SetupError`].
pub fn decode_g2(bytes: &[u8; 128]) -> Result<G2Affine, SetupError> {
    let mut coordinates = [Fq::zero(); 4];
    for (coordinate, chunk) in coordinates.iter_mut().zip(bytes.as_chunks::<32>().0) {
        let mut limbs = [0u64; 4];
        for (limb, word) in limbs.iter_mut().rev().zip(chunk.as_chunks().0) {
            *limb = u64::from_be_bytes(*word);
        }
        *coordinate = Fq::from_bigint(BigInt::new(limbs)).ok_or(SetupError::NonCanonicalPoint)?;
    }
    let [x1, x0, y1, y0] = coordinates;
    if coordinates.iter().all(Zero::is_zero) {
        return Err(SetupError::IdentityPoint);
    }
    let point = G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1));
    if !point.is_on_curve() {
        return Err(SetupError::NotOnCurve);
    }
    if point.is_in_correct_subgroup_assuming_on_curve() { Ok(point) } else { Err(SetupError::NotInSubgroup) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zkseal_field::{CurveGroup, Fr};

    /// An encoding with the coordinate at this position replaced.
    fn patched(position: usize, value: [u8; 32]) -> [u8; 128] {
        let mut bytes = encode_g2(&G2Affine::generator());
        if let Some(chunk) = bytes.as_chunks_mut().0.get_mut(position) {
            *chunk = value;
        }
        bytes
    }

    #[test]
    fn test_points_round_trip() {
        for scalar in [1u64, 2, 77] {
            let point = (G2Affine::generator() * Fr::from(scalar)).into_affine();
            assert_eq!(decode_g2(&encode_g2(&point)), Ok(point));
        }
    }

    /// The generator of EIP-197 begins with the imaginary part of x.
    #[test]
    fn test_imaginary_part_comes_first() {
        let bytes = encode_g2(&G2Affine::generator());
        assert!(bytes.starts_with(&[0x19, 0x8e, 0x93, 0x93]) && bytes.ends_with(&[0x7d, 0xaa]));
    }

    #[test]
    fn test_other_bytes_are_refused() {
        let mut order = [0u8; 32];
        for (word, limb) in order.as_chunks_mut().0.iter_mut().rev().zip(Fq::MODULUS.0) {
            *word = limb.to_be_bytes();
        }
        for position in 0..4 {
            assert_eq!(decode_g2(&patched(position, order)), Err(SetupError::NonCanonicalPoint));
            assert_eq!(decode_g2(&patched(position, [1; 32])), Err(SetupError::NotOnCurve));
        }
        assert_eq!(decode_g2(&[0; 128]), Err(SetupError::IdentityPoint));
        assert_eq!(decode_g2(&encode_g2(&G2Affine::identity())), Err(SetupError::IdentityPoint));
    }

    #[test]
    fn test_a_point_outside_the_subgroup_is_refused() {
        // The cofactor is about 2^254: a point with a small x is almost surely outside.
        let outside = (1u64..).find_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::from(x), false));
        let outside = outside.unwrap_or_default();
        assert!(outside.is_on_curve() && !outside.is_zero());
        assert_eq!(decode_g2(&encode_g2(&outside)), Err(SetupError::NotInSubgroup));
    }

    #[test]
    fn test_digest_names_the_point() {
        let one = G2Affine::generator();
        let two = (one + one).into_affine();
        assert_ne!(setup_digest(&one), setup_digest(&two));
        assert_eq!(setup_digest(&one), keccak256(&[b"zkseal kzg setup v1", &encode_g2(&one)]));
    }
}

//! Canonical bytes of scalars and points (book, chapter 1).

use crate::{AffineRepr, BigInt, BigInteger, Field, Fq, Fr, G1Affine, PrimeField, Zero};

/// Why bytes are no canonical scalar or point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// A scalar at or above the field order.
    #[error("scalar is not below the field order")]
    NonCanonicalScalar,
    /// A coordinate at or above the base field order, or flag bits that no encoder writes.
    #[error("point encoding is not canonical")]
    NonCanonicalPoint,
    /// No point of the curve has these coordinates.
    #[error("point is not on the curve")]
    NotOnCurve,
}

const ODD_FLAG: u8 = 0x80;
const IDENTITY_FLAG: u8 = 0x40;

fn limbs_from_be(bytes: &[u8; 32]) -> BigInt<4> {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks_exact(8)) {
        *limb = chunk.iter().fold(0u64, |acc, byte| (acc << 8) | u64::from(*byte));
    }
    BigInt::new(limbs)
}

fn limbs_to_be(value: BigInt<4>) -> [u8; 32] {
    let mut out = [0u8; 32];
    for (chunk, limb) in out.rchunks_exact_mut(8).zip(value.0.iter()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    out
}

/// 32 bytes, big-endian.
#[must_use]
pub fn encode_scalar(value: &Fr) -> [u8; 32] {
    limbs_to_be(value.into_bigint())
}

/// Inverse of [`encode_scalar`].
///
/// # Errors
/// [`EncodingError::NonCanonicalScalar`] for a value at or above the order.
pub fn decode_scalar(bytes: &[u8; 32]) -> Result<Fr, EncodingError> {
    Fr::from_bigint(limbs_from_be(bytes)).ok_or(EncodingError::NonCanonicalScalar)
}

/// A digest, read as a big-endian integer, reduced modulo the scalar field order.
#[must_use]
pub fn scalar_from_digest(digest: &[u8; 32]) -> Fr {
    Fr::from_be_bytes_mod_order(digest)
}

/// `x || y`, big-endian; the identity is 64 zero bytes.
#[must_use]
pub fn encode_uncompressed(point: &G1Affine) -> [u8; 64] {
    let mut out = [0u8; 64];
    if let Some((x, y)) = point.xy() {
        let (front, back) = out.split_at_mut(32);
        front.copy_from_slice(&limbs_to_be(x.into_bigint()));
        back.copy_from_slice(&limbs_to_be(y.into_bigint()));
    }
    out
}

/// Inverse of [`encode_uncompressed`].
///
/// # Errors
/// [`EncodingError::NonCanonicalPoint`] for a coordinate at or above q, [`EncodingError::NotOnCurve`] otherwise.
pub fn decode_uncompressed(bytes: &[u8; 64]) -> Result<G1Affine, EncodingError> {
    let (front, back) = bytes.split_at(32);
    let (mut x, mut y) = ([0u8; 32], [0u8; 32]);
    x.copy_from_slice(front);
    y.copy_from_slice(back);
    let x = Fq::from_bigint(limbs_from_be(&x)).ok_or(EncodingError::NonCanonicalPoint)?;
    let y = Fq::from_bigint(limbs_from_be(&y)).ok_or(EncodingError::NonCanonicalPoint)?;
    if x.is_zero() && y.is_zero() {
        return Ok(G1Affine::identity());
    }
    let point = G1Affine::new_unchecked(x, y);
    if point.is_on_curve() { Ok(point) } else { Err(EncodingError::NotOnCurve) }
}

/// 32 bytes: x, with bit 255 = y is odd and bit 254 = identity.
#[must_use]
pub fn compress(point: &G1Affine) -> [u8; 32] {
    let Some((x, y)) = point.xy() else {
        let mut out = [0u8; 32];
        out[0] = IDENTITY_FLAG;
        return out;
    };
    let mut out = limbs_to_be(x.into_bigint());
    if y.into_bigint().is_odd() {
        out[0] |= ODD_FLAG;
    }
    out
}

/// The point with this x whose y has the given parity, if the curve has one.
#[must_use]
pub fn point_from_x(x: Fq, odd: bool) -> Option<G1Affine> {
    let y = (x.square() * x + Fq::from(3u64)).sqrt()?;
    let y = if y.into_bigint().is_odd() == odd { y } else { -y };
    Some(G1Affine::new_unchecked(x, y))
}

/// Inverse of [`compress`].
///
/// # Errors
/// [`EncodingError::NonCanonicalPoint`] for bytes that [`compress`] never writes, [`EncodingError::NotOnCurve`] if no point has this x.
pub fn decompress(bytes: &[u8; 32]) -> Result<G1Affine, EncodingError> {
    let mut x = *bytes;
    let flags = x[0] & (ODD_FLAG | IDENTITY_FLAG);
    x[0] &= !(ODD_FLAG | IDENTITY_FLAG);
    if flags & IDENTITY_FLAG != 0 {
        let clean = flags == IDENTITY_FLAG && x.iter().all(|byte| *byte == 0);
        return if clean { Ok(G1Affine::identity()) } else { Err(EncodingError::NonCanonicalPoint) };
    }
    let x = Fq::from_bigint(limbs_from_be(&x)).ok_or(EncodingError::NonCanonicalPoint)?;
    point_from_x(x, flags & ODD_FLAG != 0).ok_or(EncodingError::NotOnCurve)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CurveGroup, G1Projective, PrimeGroup};

    #[test]
    fn test_points_round_trip_in_both_encodings() {
        let mut point = G1Projective::generator();
        for _ in 0..20 {
            let affine = point.into_affine();
            assert_eq!(decompress(&compress(&affine)), Ok(affine));
            assert_eq!(decode_uncompressed(&encode_uncompressed(&affine)), Ok(affine));
            point = point + point + G1Projective::generator();
        }
        let identity = G1Affine::identity();
        assert_eq!(decompress(&compress(&identity)), Ok(identity));
        assert_eq!(decode_uncompressed(&encode_uncompressed(&identity)), Ok(identity));
    }

    #[test]
    fn test_scalar_at_the_order_is_refused() {
        let mut order = limbs_to_be(Fr::MODULUS);
        assert_eq!(decode_scalar(&order), Err(EncodingError::NonCanonicalScalar));
        order[31] -= 1;
        assert_eq!(decode_scalar(&order), Ok(-Fr::from(1u64)));
    }

    #[test]
    fn test_point_with_x_at_the_order_and_dirty_identity_are_refused() {
        let mut bytes = limbs_to_be(Fq::MODULUS);
        assert_eq!(decompress(&bytes), Err(EncodingError::NonCanonicalPoint));
        bytes = [0; 32];
        bytes[0] = IDENTITY_FLAG;
        bytes[31] = 1;
        assert_eq!(decompress(&bytes), Err(EncodingError::NonCanonicalPoint));
        bytes[31] = 0;
        bytes[0] |= ODD_FLAG;
        assert_eq!(decompress(&bytes), Err(EncodingError::NonCanonicalPoint));
    }

    #[test]
    fn test_x_without_y_is_not_on_curve() {
        let found = (0u8..20).filter(|x| {
            let mut bytes = [0u8; 32];
            bytes[31] = *x;
            decompress(&bytes) == Err(EncodingError::NotOnCurve)
        });
        assert!(found.count() > 3);
    }
}

//! Points from the bytes of the formats.

use ark_bn254::{Fq2, G2Affine};
use rayon::prelude::*;
use zkseal_field::{AffineRepr, BigInt, Fq, G1Affine, PrimeField, Zero};

use crate::error::{Place, SrsError};

/// How a format writes coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Montgomery form (R = 2^256), little-endian; the identity is (0, 0). Written by snarkjs and halo2.
    Montgomery,
    /// Little-endian, with two flag bits in the last byte of y. Written by arkworks.
    Arkworks,
    /// Four limbs of 8 bytes, the least significant limb first, each limb big-endian. Written by Ignition.
    Ignition,
    /// Big-endian, as the EVM takes it; the identity is (0, 0). Written by zkseal.
    BigEndian,
}

/// Bytes of a G1 point.
pub(crate) const G1_BYTES: usize = 64;
/// Bytes of a G2 point.
pub(crate) const G2_BYTES: usize = 128;

/// Arkworks flags: y is the larger of y and -y; the point is the identity.
const NEGATIVE_FLAG: u8 = 0x80;
const IDENTITY_FLAG: u8 = 0x40;

fn limbs(bytes: &[u8; 32], word: fn([u8; 8]) -> u64) -> BigInt<4> {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *limb = word(*chunk);
    }
    BigInt::new(limbs)
}

fn coordinate(coding: Coding, bytes: &[u8; 32], place: Place) -> Result<Fq, SrsError> {
    let value = match coding {
        Coding::Montgomery => {
            let raw = limbs(bytes, u64::from_le_bytes);
            (raw < Fq::MODULUS).then(|| Fq::new_unchecked(raw))
        }
        Coding::Arkworks => Fq::from_bigint(limbs(bytes, u64::from_le_bytes)),
        Coding::Ignition => Fq::from_bigint(limbs(bytes, u64::from_be_bytes)),
        Coding::BigEndian => {
            let BigInt([a, b, c, d]) = limbs(bytes, u64::from_be_bytes);
            Fq::from_bigint(BigInt::new([d, c, b, a]))
        }
    };
    value.ok_or(SrsError::CoordinateTooLarge { place })
}

/// Takes the flag bits of arkworks off a coordinate.
fn without_flags(bytes: &[u8; 32]) -> ([u8; 32], u8) {
    let (mut bytes, mut flags) = (*bytes, 0);
    if let Some(last) = bytes.last_mut() {
        flags = *last & (NEGATIVE_FLAG | IDENTITY_FLAG);
        *last &= !flags;
    }
    (bytes, flags)
}

/// Arkworks writes the identity as zeros with its flag, and else the sign of y.
fn check_flags(flags: u8, zeros: bool, negative: bool, place: Place) -> Result<(), SrsError> {
    if flags == IDENTITY_FLAG && zeros {
        return Err(SrsError::Identity { place });
    }
    let expected = if negative { NEGATIVE_FLAG } else { 0 };
    if flags == expected { Ok(()) } else { Err(SrsError::WrongFlags { place }) }
}

fn not_a_point(bytes: &[u8], expected: u64) -> SrsError {
    SrsError::Truncated { what: "a point", expected, found: u64::try_from(bytes.len()).unwrap_or(u64::MAX) }
}

/// A point of G1 other than the identity.
pub(crate) fn g1(coding: Coding, bytes: &[u8; G1_BYTES], place: Place) -> Result<G1Affine, SrsError> {
    let [x, y] = bytes.as_chunks::<32>().0 else { return Err(not_a_point(bytes, 64)) };
    let (last, flags) = if coding == Coding::Arkworks { without_flags(y) } else { (*y, 0) };
    let (x, y) = (coordinate(coding, x, place)?, coordinate(coding, &last, place)?);
    let zeros = x.is_zero() && y.is_zero();
    if coding == Coding::Arkworks {
        check_flags(flags, zeros, y > -y, place)?;
    } else if zeros {
        return Err(SrsError::Identity { place });
    }
    let point = G1Affine::new_unchecked(x, y);
    if point.is_on_curve() { Ok(point) } else { Err(SrsError::NotOnCurve { place }) }
}

/// A point of G2 other than the identity, in the order x.c0, x.c1, y.c0, y.c1.
pub(crate) fn g2(coding: Coding, bytes: &[u8; G2_BYTES], place: Place) -> Result<G2Affine, SrsError> {
    let [x0, x1, y0, y1] = bytes.as_chunks::<32>().0 else { return Err(not_a_point(bytes, 128)) };
    let (last, flags) = if coding == Coding::Arkworks { without_flags(y1) } else { (*y1, 0) };
    let x = Fq2::new(coordinate(coding, x0, place)?, coordinate(coding, x1, place)?);
    let y = Fq2::new(coordinate(coding, y0, place)?, coordinate(coding, &last, place)?);
    if coding == Coding::Arkworks {
        check_flags(flags, x.is_zero() && y.is_zero(), y > -y, place)?;
    }
    g2_from_coordinates(x, y, place)
}

/// A point of the subgroup other than the identity.
pub(crate) fn g2_from_coordinates(x: Fq2, y: Fq2, place: Place) -> Result<G2Affine, SrsError> {
    if x.is_zero() && y.is_zero() {
        return Err(SrsError::Identity { place });
    }
    let point = G2Affine::new_unchecked(x, y);
    if !point.is_on_curve() {
        return Err(SrsError::NotOnCurve { place });
    }
    if !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(SrsError::NotInSubgroup { place });
    }
    Ok(point)
}

/// All points of a table; the error is that of the first bad one.
fn all<const SIZE: usize, P: AffineRepr>(
    bytes: &[u8],
    one: impl Fn(usize, &[u8; SIZE]) -> Result<P, SrsError> + Sync,
) -> Result<Vec<P>, SrsError> {
    let chunks = bytes.as_chunks::<SIZE>().0;
    let parallel: Result<_, SrsError> = chunks.par_iter().enumerate().map(|(index, chunk)| one(index, chunk)).collect();
    // The parallel pass may stop at any bad point, the second one stops at the first.
    parallel.or_else(|_| chunks.iter().enumerate().map(|(index, chunk)| one(index, chunk)).collect())
}

/// All G1 points of a table.
pub(crate) fn g1_table(
    coding: Coding,
    bytes: &[u8],
    place: impl Fn(usize) -> Place + Sync,
) -> Result<Vec<G1Affine>, SrsError> {
    all(bytes, |index, chunk| g1(coding, chunk, place(index)))
}

/// All G2 points of a table.
pub(crate) fn g2_table(
    coding: Coding,
    bytes: &[u8],
    place: impl Fn(usize) -> Place + Sync,
) -> Result<Vec<G2Affine>, SrsError> {
    all(bytes, |index, chunk| g2(coding, chunk, place(index)))
}

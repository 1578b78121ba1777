//! BN254 scalars and points: the names that all other crates use, canonical encodings, small-integer lifting.
//!
//! | name | meaning |
//! | --- | --- |
//! | [`Fr`] | scalar field, order p of G1 |
//! | [`Fq`] | base field |
//! | [`G1Affine`], [`G1Projective`] | curve points, y^2 = x^3 + 3, cofactor 1 |
//! | [`Fq2`], [`G2Affine`], [`G2Projective`] | the other side of the pairing [`Bn254`]; cofactor not 1 |
//!
//! Encodings are those of the protocol book, chapter 1. Decoders are strict: one byte string for each value.
//!
//! Dependency position: bottom of the core; knows nothing of protocols.

#![forbid(unsafe_code)]

mod encoding;
pub mod endomorphism;
mod lift;

pub use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
pub use ark_ec::pairing::Pairing;
pub use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
pub use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, MontFp, One, PrimeField, Zero};

pub use encoding::{
    EncodingError, compress, decode_scalar, decode_uncompressed, decompress, encode_scalar, encode_uncompressed,
    point_from_x, scalar_from_digest,
};
pub use endomorphism::LAMBDA;
pub use lift::{inverse_power_of_two, power_of_two, scalar_from_i64, scalar_from_i128, scalar_from_wide};

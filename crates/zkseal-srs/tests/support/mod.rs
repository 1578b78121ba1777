//! Fixtures, and writers of all formats for a known tau.

#![allow(dead_code)]

use std::path::PathBuf;

use ark_bn254::{Fq2, G2Projective};
use blake2::{Blake2b512, Digest};
use zkseal_field::{
    AffineRepr, BigInt, BigInteger, CurveGroup, Field, Fq, Fr, G1Affine, G1Projective, One, PrimeField, PrimeGroup,
};
use zkseal_srs::G2Affine;

pub const HERMEZ: &str = "powersOfTau28_hez_final_09.ptau";
pub const AZTEC: &str = "kzg10-bn254-aztec-srs-1024.bin";
pub const EZKL: &str = "ezkl_kzg1.srs";

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

pub fn aztec_32768() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/srs/kzg10-bn254-aztec-srs-32768.bin")
}

/// `tau^0 G1 ..` and `tau^0 G2 ..`.
pub fn powers(tau: Fr, g1: usize, g2: usize) -> (Vec<G1Affine>, Vec<G2Affine>) {
    let exponents = std::iter::successors(Some(Fr::one()), |power| Some(*power * tau));
    let first = exponents.clone().take(g1).map(|power| (G1Projective::generator() * power).into_affine()).collect();
    let second = exponents.take(g2).map(|power| (G2Projective::generator() * power).into_affine()).collect();
    (first, second)
}

fn coordinates_g1(point: &G1Affine) -> Vec<Fq> {
    vec![point.x, point.y]
}

fn coordinates_g2(point: &G2Affine) -> Vec<Fq> {
    vec![point.x.c0, point.x.c1, point.y.c0, point.y.c1]
}

/// Montgomery form, little-endian.
pub fn montgomery(values: &[Fq]) -> Vec<u8> {
    values.iter().flat_map(|value| value.0.to_bytes_le()).collect()
}

pub fn montgomery_g1(point: &G1Affine) -> Vec<u8> {
    montgomery(&coordinates_g1(point))
}

pub fn montgomery_g2(point: &G2Affine) -> Vec<u8> {
    montgomery(&coordinates_g2(point))
}

fn arkworks(values: &[Fq], negative: bool) -> Vec<u8> {
    let mut out: Vec<u8> = values.iter().flat_map(|value| value.into_bigint().to_bytes_le()).collect();
    *out.last_mut().unwrap() |= if negative { 0x80 } else { 0 };
    out
}

pub fn arkworks_g1(point: &G1Affine) -> Vec<u8> {
    arkworks(&coordinates_g1(point), point.y > -point.y)
}

pub fn arkworks_g2(point: &G2Affine) -> Vec<u8> {
    arkworks(&coordinates_g2(point), point.y > -point.y)
}

/// Limbs from the least significant one, each big-endian.
pub fn ignition(values: &[Fq]) -> Vec<u8> {
    values.iter().flat_map(|value| value.into_bigint().0).flat_map(u64::to_be_bytes).collect()
}

/// A G2 point that snarkjs wrote.
pub fn g2_of_montgomery(bytes: &[u8; 128]) -> G2Affine {
    let values: Vec<Fq> = bytes
        .as_chunks::<32>()
        .0
        .iter()
        .map(|chunk| {
            Fq::new_unchecked(BigInt::new(std::array::from_fn(|limb| {
                u64::from_le_bytes(chunk[8 * limb..][..8].try_into().unwrap())
            })))
        })
        .collect();
    G2Affine::new(Fq2::new(values[0], values[1]), Fq2::new(values[2], values[3]))
}

pub fn arkworks_file(g1: &[G1Affine], g2: &[G2Affine]) -> Vec<u8> {
    let mut out = (g1.len() as u64).to_le_bytes().to_vec();
    out.extend(g1.iter().flat_map(arkworks_g1));
    out.extend([0; 8]);
    out.extend(g2[..2].iter().flat_map(arkworks_g2));
    out.extend([0; 8]);
    out
}

/// Without `tau^0`, as the ceremony wrote it; `seal` appends the checksum.
pub fn ignition_body(g1: &[G1Affine], g2: &[G2Affine]) -> Vec<u8> {
    let number = g1.len() as u32 - 1;
    let words = [0, 20, 20 * number, 1, number, 2, 0];
    let mut out: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
    out.extend(g1[1..].iter().flat_map(|point| ignition(&coordinates_g1(point))));
    out.extend(g2[1..3].iter().flat_map(|point| ignition(&coordinates_g2(point))));
    out
}

pub fn seal(mut body: Vec<u8>) -> Vec<u8> {
    let checksum = Blake2b512::digest(&body);
    body.extend(checksum);
    body
}

/// `2^k` powers and the Lagrange points over the subgroup of that order.
pub fn halo2_file(tau: Fr, k: u32) -> Vec<u8> {
    let number = 1usize << k;
    let (g1, g2) = powers(tau, number, 2);
    // l_i(tau) = omega^i (tau^n - 1) / (n (tau - omega^i))
    let two_adicity = 28;
    let odd = (-Fr::one()).into_bigint() >> two_adicity;
    let omega = Fr::from(5u64).pow(odd).pow([1u64 << (two_adicity - k)]);
    assert_eq!(omega.pow([number as u64]), Fr::one());
    let vanishing = tau.pow([number as u64]) - Fr::one();
    let mut root = Fr::one();
    let mut out = k.to_le_bytes().to_vec();
    out.extend(g1.iter().flat_map(montgomery_g1));
    for _ in 0..number {
        let value = root * vanishing * (Fr::from(number as u64) * (tau - root)).inverse().unwrap();
        out.extend(montgomery_g1(&(G1Projective::generator() * value).into_affine()));
        root *= omega;
    }
    out.extend(g2.iter().flat_map(montgomery_g2));
    out
}

pub fn ptau_file(sections: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut out = b"ptau".to_vec();
    out.extend(1u32.to_le_bytes());
    out.extend((sections.len() as u32).to_le_bytes());
    for (section, contents) in sections {
        out.extend(section.to_le_bytes());
        out.extend((contents.len() as u64).to_le_bytes());
        out.extend(contents);
    }
    out
}

/// Header, G1 powers and G2 powers for a tau.
pub fn ptau_sections(tau: Fr, power: u32) -> Vec<(u32, Vec<u8>)> {
    let (g1, g2) = powers(tau, (2 << power) - 1, 1 << power);
    let mut header = 32u32.to_le_bytes().to_vec();
    header.extend(Fq::MODULUS.to_bytes_le());
    header.extend(power.to_le_bytes());
    header.extend(28u32.to_le_bytes());
    vec![
        (1, header),
        (2, g1.iter().flat_map(montgomery_g1).collect()),
        (3, g2.iter().flat_map(montgomery_g2).collect()),
    ]
}

/// A point of the twist outside the subgroup of order p.
pub fn outside_subgroup() -> G2Affine {
    (1u64..)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::from(0u64)), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap()
}

pub fn generators() -> (G1Affine, G2Affine) {
    (G1Affine::generator(), G2Affine::generator())
}

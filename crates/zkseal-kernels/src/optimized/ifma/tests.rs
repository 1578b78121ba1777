//! The lanes against the field crate and the curve crate.

use proptest::prelude::*;
use zkseal_field::{AdditiveGroup, AffineRepr, CurveGroup, Field, Fq, Fr, G1Affine, G1Projective, PrimeField};

use super::{available, field, projective, record};

fn element(words: [u64; 4]) -> Fq {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    Fq::from_le_bytes_mod_order(&bytes)
}

fn elements(words: [[u64; 4]; 8]) -> [Fq; 8] {
    let mut out = words.map(element);
    // Edge values in some lanes.
    (out[0], out[1], out[2]) = (Fq::ZERO, Fq::ONE, -Fq::ONE);
    out
}

fn point(k: u64) -> G1Affine {
    (G1Affine::generator() * Fr::from(k)).into_affine()
}

fn points(seeds: [u64; 8]) -> [G1Affine; 8] {
    seeds.map(point)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn test_field_operations_equal_the_field_crate(a in any::<[[u64; 4]; 8]>(), b in any::<[[u64; 4]; 8]>()) {
        if !available() {
            return Ok(());
        }
        let (a, mut b) = (elements(a), elements(b));
        b.rotate_left(1);
        // SAFETY: the instructions are there.
        let got = unsafe { field_operations(&a, &b) };
        for lane in 0..8 {
            let (a, b) = (a[lane], b[lane]);
            let expected = [a * b, a.square(), a + b, a - b, (a - b) * (a - b) * b + a * b, a * Fq::from(9u64), a];
            prop_assert_eq!(got.map(|values| values[lane]), expected);
        }
    }

    #[test]
    fn test_complete_formulas_equal_the_curve_crate(a in any::<[u64; 8]>(), b in any::<[u64; 8]>()) {
        if !available() {
            return Ok(());
        }
        let (a, mut b) = (points(a), points(b));
        // Equal points, opposite points, and the identity in lanes 6 (left) and 7 (right).
        (b[0], b[1]) = (a[0], -a[1]);
        // SAFETY: the instructions are there.
        let (sums, doubles, mixed, affine) = unsafe { curve_operations(&a, &b) };
        for lane in 0..8 {
            let left = if lane == 6 { G1Projective::ZERO } else { a[lane].into() };
            let right = if lane == 7 { G1Projective::ZERO } else { b[lane].into() };
            prop_assert_eq!(sums[lane], left + right);
            prop_assert_eq!(affine[lane], (left + right).into_affine());
            prop_assert_eq!(doubles[lane], (left + right).double());
            prop_assert_eq!(mixed[lane], left + right + b[lane]);
        }
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn field_operations(a: &[Fq; 8], b: &[Fq; 8]) -> [[Fq; 8]; 7] {
    let (a, b) = (field::import(a), field::import(b));
    let difference = field::sub::<2, _>(&a, &b);
    [
        field::export(&field::mul(&a, &b)),
        field::export(&field::square(&a)),
        field::export(&field::add(&a, &b)),
        field::export(&difference),
        field::export(&field::mul_add_mul(&field::square(&difference), &b, &a, &b)),
        field::export(&field::scale::<9, _>(&a)),
        field::export(&field::reduce::<2, _>(&field::add(
            &a,
            &field::sub::<1, _>(&field::splat([0; 5]), &field::splat([0; 5])),
        ))),
    ]
}

type Curve = ([G1Projective; 8], [G1Projective; 8], [G1Projective; 8], Vec<G1Affine>);

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn curve_operations(a: &[G1Affine; 8], b: &[G1Affine; 8]) -> Curve {
    let left = projective::from_affine(&record::import(a), 1 << 6);
    let right = projective::from_affine(&record::import(b), 1 << 7);
    let sum = left.add(&right);
    let mixed = sum.add_affine(&record::import(b));
    (sum.export(), sum.double().export(), mixed.export(), projective::to_affine(&[sum]))
}

#[test]
fn test_records_keep_points_and_negate_them() {
    if !available() {
        return;
    }
    let points: Vec<G1Affine> = (1..=11).map(point).collect();
    // SAFETY: the instructions are there.
    unsafe {
        let records = record::import_records(&points);
        for (record, expected) in records.iter().zip(&points) {
            let loaded = record::load([&record.negated(); 8]);
            assert_eq!(field::export(&loaded.x)[3], expected.x);
            assert_eq!(field::export(&loaded.y)[5], -expected.y);
        }
    }
}

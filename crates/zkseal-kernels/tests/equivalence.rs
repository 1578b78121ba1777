//! The fast kernels equal the plain ones.

use proptest::prelude::*;
use zkseal_field::{AdditiveGroup, AffineRepr, BigInt, CurveGroup, Fr, G1Affine, G1Projective, PrimeField};
use zkseal_kernels::{
    Ints, batch_invert, contract, contract_scalars, fold_points, msm_ints, msm_ints_rows, msm_scalars, reference,
};

/// Distinct multiples of the generator without a short relation.
fn bases(count: usize) -> Vec<G1Affine> {
    let mut scalar = Fr::from(0x9e37_79b9_7f4a_7c15u64);
    let points: Vec<G1Projective> = (0..count)
        .map(|_| {
            scalar = scalar * scalar + Fr::from(7u64);
            G1Affine::generator() * scalar
        })
        .collect();
    G1Projective::normalize_batch(&points)
}

fn scalar() -> impl Strategy<Value = Fr> {
    prop_oneof![
        1 => Just(Fr::ZERO),
        1 => Just(-Fr::from(1u64)),
        1 => any::<u64>().prop_map(Fr::from),
        5 => any::<[u8; 32]>().prop_map(|bytes| Fr::from_le_bytes_mod_order(&bytes)),
    ]
}

/// Values of one width, small and extreme ones among them.
fn values<T: Copy + std::fmt::Debug + Default + 'static>(
    any: impl Strategy<Value = T> + 'static,
    extremes: [T; 2],
    length: impl Into<prop::collection::SizeRange>,
) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(
        prop_oneof![4 => any, 1 => Just(T::default()), 1 => prop::sample::select(extremes.to_vec())],
        length,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn test_msm_ints_of_every_width(
        i8s in values(any::<i8>(), [i8::MIN, i8::MAX], 0..80),
        i16s in values(any::<i16>(), [i16::MIN, i16::MAX], 0..200),
        i32s in values(any::<i32>(), [i32::MIN, i32::MAX], 0..80),
        i64s in values(any::<i64>(), [i64::MIN, i64::MAX], 0..80),
    ) {
        for ints in [Ints::I8(&i8s), Ints::I16(&i16s), Ints::I32(&i32s), Ints::I64(&i64s)] {
            let bases = bases(ints.len());
            prop_assert_eq!(msm_ints(&bases, ints), reference::msm_ints(&bases, ints));
        }
    }

    #[test]
    fn test_msm_rows_of_different_lengths(rows in prop::collection::vec(values(any::<i16>(), [i16::MIN, i16::MAX], 0..100), 0..20)) {
        let bases = bases(100);
        let rows: Vec<Ints<'_>> = rows.iter().map(|row| Ints::I16(row)).collect();
        let expected: Vec<G1Projective> = rows.iter().map(|row| reference::msm_ints(&bases, *row)).collect();
        prop_assert_eq!(msm_ints_rows(&bases, &rows), expected);
    }

    #[test]
    fn test_msm_with_equal_opposite_and_identity_bases(row in values(any::<i8>(), [i8::MIN, i8::MAX], 64..65), pattern in 0usize..4) {
        let mut bases = bases(64);
        match pattern {
            0 => bases.fill(G1Affine::generator()),
            1 => bases.iter_mut().step_by(2).for_each(|base| *base = G1Affine::identity()),
            2 => (0..32).for_each(|i| bases[32 + i] = -bases[i]),
            _ => (0..64).for_each(|i| bases[i] = (G1Affine::generator() * Fr::from(i as u64 + 1)).into_affine()),
        }
        let scalars: Vec<Fr> = row.iter().map(|value| Fr::from(*value)).collect();
        let expected = reference::msm_scalars(&bases, &scalars);
        prop_assert_eq!(msm_ints(&bases, Ints::I8(&row)), expected);
        prop_assert_eq!(msm_scalars(&bases, &scalars), expected);
    }

    #[test]
    fn test_msm_scalars(scalars in prop::collection::vec(scalar(), 0..150)) {
        let bases = bases(scalars.len());
        prop_assert_eq!(msm_scalars(&bases, &scalars), reference::msm_scalars(&bases, &scalars));
    }

    #[test]
    fn test_fold_points(half in 0usize..40, a in any::<u64>(), b in any::<u64>(), short in any::<bool>(), odd in any::<bool>()) {
        let mut points = bases(2 * half);
        if odd && half > 2 {
            points[0] = G1Affine::identity();
            points[half + 1] = G1Affine::identity();
            points[2] = -(points[half + 2] * (Fr::from(a) + zkseal_field::LAMBDA * Fr::from(b))).into_affine();
        }
        let (a, b) = if short { (a % 4, b % 4) } else { (a, b) };
        prop_assert_eq!(fold_points(&points, (a, b)), reference::fold_points(&points, a, b));
    }

    #[test]
    fn test_contract_every_width_and_shape(
        (outer, mid, inner) in (0usize..5, 0usize..70, 0usize..40), narrow in any::<bool>(), seed in any::<u64>(),
        weights in prop::collection::vec(scalar(), 70),
    ) {
        let inner = if narrow { 1 } else { inner * 7 };
        let (weights, count) = (&weights[..mid], outer * mid * inner);
        let mut state = seed;
        let i64s: Vec<i64> = (0..count).map(|index| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            match index % 11 { 0 => i64::MIN, 1 => i64::MAX, _ => state.cast_signed() }
        }).collect();
        let i32s: Vec<i32> = i64s.iter().map(|value| (value >> 32) as i32).collect();
        let i16s: Vec<i16> = i64s.iter().map(|value| (value >> 48) as i16).collect();
        let i8s: Vec<i8> = i64s.iter().map(|value| (value >> 56) as i8).collect();
        for data in [Ints::I8(&i8s), Ints::I16(&i16s), Ints::I32(&i32s), Ints::I64(&i64s)] {
            prop_assert_eq!(contract(data, outer, mid, inner, weights), reference::contract(data, outer, inner, weights));
        }
        let scalars: Vec<Fr> = i64s.iter().map(|value| Fr::from(*value)).collect();
        prop_assert_eq!(contract_scalars(&scalars, outer, mid, inner, weights), reference::contract_scalars(&scalars, outer, inner, weights));
    }

    /// Long sums of bytes are taken in another way: a few and many columns, in whole registers and not.
    #[test]
    fn test_contract_long_sums_of_bytes(
        outer in 1usize..70, mid in 90usize..600, inner in prop::sample::select(vec![1usize, 3, 17, 40, 64, 70, 300]),
        seed in any::<u64>(), weights in prop::collection::vec(scalar(), 60),
    ) {
        let outer = if inner == 1 { outer } else { 1 + outer % 5 };
        let weights: Vec<Fr> = (0..mid).map(|m| weights[m % 60] + Fr::from(m as u64)).collect();
        let mut state = seed;
        let data: Vec<i8> = (0..outer * mid * inner).map(|index| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            match index % 11 { 0 => i8::MIN, 1 => i8::MAX, _ => (state >> 56) as i8 }
        }).collect();
        let expected = reference::contract(Ints::I8(&data), outer, inner, &weights);
        prop_assert_eq!(contract(Ints::I8(&data), outer, mid, inner, &weights), expected);
    }

    #[test]
    fn test_batch_invert(mut values in prop::collection::vec(scalar(), 0..50)) {
        let mut expected = values.clone();
        reference::batch_invert(&mut expected);
        batch_invert(&mut values);
        prop_assert_eq!(values, expected);
    }
}

#[test]
fn test_contract_of_long_extreme_columns_does_not_overflow() {
    let count = (1 << 16) + 3;
    let weights: Vec<Fr> = (0..count).map(|_| -Fr::from(1u64)).collect();
    for value in [i16::MIN, i16::MAX] {
        let data = vec![value; count];
        let expected = -Fr::from(value) * Fr::from(count as u64);
        assert_eq!(contract(Ints::I16(&data), 1, count, 1, &weights), vec![expected]);
        let data = vec![value; 2 * count];
        assert_eq!(contract(Ints::I16(&data), 1, count, 2, &weights), vec![expected; 2]);
    }
}

#[test]
fn test_contract_of_long_extreme_bytes_does_not_overflow() {
    let count = (1 << 16) + 3;
    // Every byte of the Montgomery form is the least or the largest.
    let all = |byte: u64| Fr::new_unchecked(BigInt::new([byte, byte, byte, byte >> 2]));
    for weight in [all(0x8080_8080_8080_8080), all(0x7f7f_7f7f_7f7f_7f7f), all(0xbfff_ffff_ffff_ffff)] {
        let weights = vec![weight; count];
        for value in [i8::MIN, i8::MAX] {
            let expected = weight * Fr::from(value) * Fr::from(count as u64);
            let data = vec![value; 2 * count];
            assert_eq!(contract(Ints::I8(&data[..count]), 1, count, 1, &weights), vec![expected]);
            assert_eq!(contract(Ints::I8(&data), 1, count, 2, &weights), vec![expected; 2]);
        }
    }
}

#[test]
fn test_rows_long_enough_for_several_jobs() {
    let bases = bases(700);
    let data: Vec<i16> = (0..700 * 40).map(|index: i32| (index.wrapping_mul(40_503) >> 3) as i16).collect();
    let rows: Vec<Ints<'_>> = data.chunks(700).map(Ints::I16).collect();
    let got = msm_ints_rows(&bases, &rows);
    for index in [0, 1, 11, 12, 25, 39] {
        assert_eq!(got[index], reference::msm_ints(&bases, rows[index]));
    }
}

//! Vector kernels equal their plain versions.

use proptest::prelude::*;
use zkseal_field::{AdditiveGroup, Field, Fr, PrimeField};
use zkseal_kernels::reference::vectors as plain;
use zkseal_kernels::{Ints, vectors};

fn scalar() -> impl Strategy<Value = Fr> {
    prop_oneof![
        1 => Just(Fr::ZERO),
        1 => Just(-Fr::ONE),
        3 => any::<[u8; 32]>().prop_map(|bytes| Fr::from_le_bytes_mod_order(&bytes)),
    ]
}

/// Four vectors of one length: around the width of the lanes, or several tasks long.
fn four() -> impl Strategy<Value = [Vec<Fr>; 4]> {
    let length = prop_oneof![6 => 0usize..40, 1 => 500usize..530, 1 => Just(4096 + 77)];
    (length, prop::collection::vec(scalar(), 60)).prop_map(|(length, seeds)| {
        std::array::from_fn(|v| {
            (0..length).map(|i| seeds[(7 * i + 13 * v) % 60] * Fr::from((i / 60 + 1) as u64)).collect()
        })
    })
}

/// Values of which the least and the largest are common.
fn integers() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(prop_oneof![1 => Just(i64::MIN), 1 => Just(i64::MAX), 1 => Just(0), 6 => any::<i64>()], 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn test_vectors(four in four(), x in scalar()) {
        let [a, b, c, d] = &four;
        prop_assert_eq!(vectors::dot(a, b), plain::dot(a, b));
        prop_assert_eq!(vectors::dot_differences([a, b], [c, d]), plain::dot_differences([a, b], [c, d]));
        type Binary = fn(&mut [Fr], Fr, &[Fr]);
        let pairs: [(Binary, Binary); 4] = [
            (vectors::add_scaled, plain::add_scaled),
            (vectors::interpolate, plain::interpolate),
            (|out, _, v| vectors::multiply(out, v), |out, _, v| plain::multiply(out, v)),
            (|out, x, _| vectors::scale(out, x), |out, x, _| plain::scale(out, x)),
        ];
        for (fast, plain) in pairs {
            let (mut got, mut expected) = (a.clone(), a.clone());
            fast(&mut got, x, b);
            plain(&mut expected, x, b);
            prop_assert_eq!(got, expected);
        }
        let mut longer = b.clone();
        vectors::extend_scaled(&mut longer, a, x);
        prop_assert_eq!(&longer[..b.len()], b.as_slice());
        let scaled: Vec<Fr> = a.iter().map(|a| *a * x).collect();
        prop_assert_eq!(&longer[b.len()..], scaled.as_slice());
    }

    #[test]
    fn test_lift(i64s in integers()) {
        let i32s: Vec<i32> = i64s.iter().map(|value| (value >> 32) as i32).collect();
        let i16s: Vec<i16> = i64s.iter().map(|value| (value >> 48) as i16).collect();
        let i8s: Vec<i8> = i64s.iter().map(|value| (value >> 56) as i8).collect();
        for ints in [Ints::I8(&i8s), Ints::I16(&i16s), Ints::I32(&i32s), Ints::I64(&i64s)] {
            let mut out = vec![Fr::ONE; ints.len()];
            vectors::lift(ints, &mut out);
            let expected: Vec<Fr> = (0..ints.len()).map(|index| Fr::from(ints.value(index))).collect();
            prop_assert_eq!(out, expected);
        }
    }
}

//! Row commitments.

use zkseal_commit::pedersen::{commit_rows, commit_scalars};
use zkseal_commit::{Generators, OpeningError};
use zkseal_field::{CurveGroup, Fr, G1Affine, Zero, scalar_from_i64};
use zkseal_kernels::Ints;

#[test]
fn test_rows_of_every_width_commit_to_their_scalars() {
    let generators = Generators::for_rows(5).unwrap();
    let values: Vec<i8> = (0..32).map(|index| (index * 37 % 251) as i8).collect();
    let (i16s, i32s, i64s): (Vec<i16>, Vec<i32>, Vec<i64>) = (
        values.iter().map(|value| i16::from(*value) * 200).collect(),
        values.iter().map(|value| i32::from(*value) << 20).collect(),
        values.iter().map(|value| i64::from(*value) << 55).collect(),
    );
    let rows = [Ints::I8(&values), Ints::I16(&i16s[..31]), Ints::I32(&i32s), Ints::I64(&i64s), Ints::I8(&[])];
    let blindings: Vec<Fr> = (0..5).map(|index| Fr::from(index as u64 * 1000)).collect();
    let commitments = commit_rows(generators, &rows, &blindings).unwrap();
    for ((commitment, row), blinding) in commitments.iter().zip(rows).zip(&blindings) {
        let scalars: Vec<Fr> = (0..row.len()).map(|index| scalar_from_i64(row.value(index))).collect();
        assert_eq!(commit_scalars(generators, &scalars, *blinding), Ok(*commitment));
    }
    assert_eq!(commitments[4], (generators.h * blindings[4]).into_affine());
}

#[test]
fn test_zero_row_without_blinding_is_the_identity() {
    let generators = Generators::for_rows(4).unwrap();
    assert_eq!(commit_rows(generators, &[Ints::I8(&[0; 16])], &[Fr::zero()]), Ok(vec![G1Affine::identity()]));
}

#[test]
fn test_long_rows_and_missing_blindings_are_refused() {
    let generators = Generators::for_rows(4).unwrap();
    let long = commit_rows(generators, &[Ints::I8(&[0; 17])], &[Fr::zero()]);
    assert_eq!(long, Err(OpeningError::WrongSize { what: "a row", expected: 16, got: 17 }));
    let missing = commit_rows(generators, &[Ints::I8(&[0; 16])], &[]);
    assert_eq!(missing, Err(OpeningError::WrongSize { what: "the list of blindings", expected: 1, got: 0 }));
}

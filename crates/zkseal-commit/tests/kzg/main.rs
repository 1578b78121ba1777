//! KZG openings: equal to the reference prover, complete in every size, and refused for whatever is changed or false.

mod reference;

use std::sync::LazyLock;

use ark_ec::scalar_mul::ScalarMul;
use reference::{Lie, Prover};
use zkseal_commit::generators::blinding_base;
use zkseal_commit::kzg::{OpeningProof, Setup, prove, verify};
use zkseal_commit::{MAX_COLUMN_VARS, OpeningError};
use zkseal_field::{
    AffineRepr, CurveGroup, Fr, G1Affine, G1Projective, G2Affine, One, PrimeGroup, Zero, compress, encode_scalar,
};
use zkseal_poly::evaluate;
use zkseal_transcript::{Transcript, keccak256};

const LARGEST: usize = 12;

fn scalars(seed: u64, count: usize) -> Vec<Fr> {
    let mut transcript = Transcript::new();
    transcript.absorb("seed", &seed.to_be_bytes());
    (0..count).map(|_| transcript.challenge("scalar")).collect()
}

/// Everybody knows this tau: for tests alone.
fn tau() -> Fr {
    scalars(0x7a75, 1)[0]
}

static POWERS: LazyLock<Vec<G1Affine>> = LazyLock::new(|| {
    let powers: Vec<Fr> =
        std::iter::successors(Some(Fr::one()), |power| Some(*power * tau())).take(1 << LARGEST).collect();
    G1Projective::generator().batch_mul(&powers)
});

fn setup() -> Setup {
    Setup::new((G2Affine::generator() * tau()).into_affine())
}

#[derive(Clone)]
struct Opening {
    commitment: G1Affine,
    point: Vec<Fr>,
    value: Fr,
    proof: OpeningProof,
}

/// `sum_j vector[j] tau^j G`, for a vector of any length.
fn commit(vector: &[Fr]) -> G1Affine {
    Prover { tau: tau(), value: Fr::zero(), lie: Lie::None }.commit(vector)
}

fn open(vector: &[Fr], seed: u64) -> Opening {
    let point = scalars(seed, vector.len().ilog2() as usize);
    let value = evaluate(vector, &point);
    let proof = prove(&POWERS, &mut Transcript::new(), vector, &point, value).unwrap();
    Opening { commitment: commit(vector), point, value, proof }
}

/// A proof of the reference prover, and which functions of the batch refute it.
fn lie(lie: Lie, vector: &[Fr], point: &[Fr], value: Fr) -> (Opening, reference::Refuted) {
    let (proof, refuted) = Prover { tau: tau(), value, lie }.prove(&mut Transcript::new(), vector, point);
    (Opening { commitment: commit(vector), point: point.to_vec(), value, proof }, refuted)
}

impl Opening {
    fn check(&self) -> Result<(), OpeningError> {
        self.check_terms(vec![(Fr::one(), self.commitment)])
    }

    fn check_terms(&self, terms: Vec<(Fr, G1Affine)>) -> Result<(), OpeningError> {
        verify(&setup(), &mut Transcript::new(), terms, &self.point, self.value, &self.proof)
    }
}

#[test]
fn test_honest_openings_verify_in_every_size() {
    for column_vars in 0..=LARGEST {
        let length = 1usize << column_vars;
        let vector = scalars(column_vars as u64, length);
        assert_eq!(open(&vector, 100).check(), Ok(()), "{column_vars}");
        let mut sparse = vec![Fr::zero(); length];
        assert_eq!(open(&sparse, 101).check(), Ok(()), "zeros, {column_vars}");
        sparse[length - 1] = vector[0];
        assert_eq!(open(&sparse, 102).check(), Ok(()), "one entry, {column_vars}");
    }
}

#[test]
fn test_openings_at_corners_of_the_cube() {
    let vector = scalars(1, 32);
    for corner in 0..32usize {
        let point: Vec<Fr> = (0..5).map(|k| Fr::from((corner >> (4 - k) & 1) as u64)).collect();
        let proof = prove(&POWERS, &mut Transcript::new(), &vector, &point, vector[corner]).unwrap();
        let opening = Opening { commitment: commit(&vector), point, value: vector[corner], proof };
        assert_eq!(opening.check(), Ok(()));
    }
}

#[test]
fn test_prover_equals_the_reference() {
    for column_vars in 0..=8 {
        let vector = scalars(2, 1 << column_vars);
        let opening = open(&vector, 3);
        let (expected, refuted) = lie(Lie::None, &vector, &opening.point, opening.value);
        assert_eq!((opening.proof, refuted), (expected.proof, vec![]), "{column_vars}");
    }
}

/// Changes when anything of the protocol does.
#[test]
fn test_proof_of_a_fixed_vector_is_the_known_one() {
    let opening = open(&scalars(4, 32), 5);
    let mut bytes: Vec<u8> = opening.proof.points.iter().flat_map(compress).collect();
    bytes.extend(opening.proof.values.iter().flat_map(encode_scalar));
    assert_eq!(bytes.len(), 416);
    let digest: String = keccak256(&[&bytes]).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "6c5aff01cf8c37c7fdc329144107e322c6395508e84d205c3dd713492e89273b");
}

#[test]
fn test_every_element_of_the_opening_is_bound() {
    for column_vars in [4, 5] {
        let opening = open(&scalars(6, 1 << column_vars), 7);
        assert_eq!(opening.check(), Ok(()));
        for index in 0..7 {
            let point = opening.proof.points[index];
            let plus_h = (point + blinding_base()).into_affine();
            let others = [(point + G1Affine::generator()).into_affine(), plus_h, -point, G1Affine::identity()];
            for other in others {
                let mut changed = opening.clone();
                changed.proof.points[index] = other;
                assert_eq!(changed.check(), Err(OpeningError::Rejected), "point {index}");
            }
            for second in 0..index {
                let mut swapped = opening.clone();
                swapped.proof.points.swap(index, second);
                assert_eq!(swapped.check(), Err(OpeningError::Rejected), "points {second}, {index}");
            }
        }
        for index in 0..6 {
            for other in [opening.proof.values[index] + Fr::one(), Fr::zero()] {
                let mut changed = opening.clone();
                changed.proof.values[index] = other;
                assert_eq!(changed.check(), Err(OpeningError::Rejected), "value {index}");
            }
            for second in 0..index {
                let mut swapped = opening.clone();
                swapped.proof.values.swap(index, second);
                assert_eq!(swapped.check(), Err(OpeningError::Rejected), "values {second}, {index}");
            }
        }
    }
}

#[test]
fn test_claim_is_bound() {
    let opening = open(&scalars(8, 32), 9);
    let value = Opening { value: opening.value + Fr::one(), ..opening.clone() };
    assert_eq!(value.check(), Err(OpeningError::Rejected));
    for index in 0..5 {
        let mut moved = opening.clone();
        moved.point[index] += Fr::one();
        assert_eq!(moved.check(), Err(OpeningError::Rejected));
    }
    let mut reversed = opening.clone();
    reversed.point.reverse();
    assert_eq!(reversed.check(), Err(OpeningError::Rejected));
    let mut shorter = opening.clone();
    shorter.point.remove(0);
    assert_eq!(shorter.check(), Err(OpeningError::Rejected));
    let other = open(&scalars(10, 32), 9);
    let foreign = Opening { proof: other.proof, ..opening.clone() };
    assert_eq!(foreign.check(), Err(OpeningError::Rejected));
    let commitment = (opening.commitment + G1Affine::generator()).into_affine();
    assert_eq!(Opening { commitment, ..opening }.check(), Err(OpeningError::Rejected));
}

#[test]
fn test_setup_is_the_one_of_the_powers() {
    let opening = open(&scalars(11, 16), 12);
    let terms = || vec![(Fr::one(), opening.commitment)];
    for tau_g2 in [G2Affine::generator(), (setup().tau_g2 + G2Affine::generator()).into_affine(), -setup().tau_g2] {
        let got =
            verify(&Setup::new(tau_g2), &mut Transcript::new(), terms(), &opening.point, opening.value, &opening.proof);
        assert_eq!(got, Err(OpeningError::Rejected));
    }
}

#[test]
fn test_transcripts_of_both_sides_agree_and_bind_what_came_before() {
    let (vector, point) = (scalars(13, 16), scalars(14, 4));
    let value = evaluate(&vector, &point);
    let terms = vec![(Fr::one(), commit(&vector))];
    let mut proving = Transcript::new();
    proving.absorb("context", b"this one");
    let mut verifying = proving.clone();
    let proof = prove(&POWERS, &mut proving, &vector, &point, value).unwrap();
    assert_eq!(verify(&setup(), &mut verifying, terms.clone(), &point, value, &proof), Ok(()));
    assert_eq!(proving, verifying);
    let other = verify(&setup(), &mut Transcript::new(), terms, &point, value, &proof);
    assert_eq!(other, Err(OpeningError::Rejected));
}

#[test]
fn test_commitment_is_a_sum_of_terms_without_blinding() {
    let (one, two, point) = (scalars(15, 16), scalars(16, 16), scalars(17, 4));
    let (chi, blinding) = (Fr::from(77u64), Fr::from(99u64));
    let h = setup().h;
    assert_eq!(h, blinding_base());
    let blinded = |vector: &[Fr]| (commit(vector) + h * blinding).into_affine();
    let sum: Vec<Fr> = one.iter().zip(&two).map(|(one, two)| *one + chi * two).collect();
    let value = evaluate(&sum, &point);
    let proof = prove(&POWERS, &mut Transcript::new(), &sum, &point, value).unwrap();
    let opening = Opening { commitment: commit(&sum), point, value, proof };
    let mut terms = vec![(Fr::one(), blinded(&one)), (chi, blinded(&two))];
    assert_eq!(opening.check_terms(terms.clone()), Err(OpeningError::Rejected));
    terms.push((-(blinding + chi * blinding), h));
    assert_eq!(opening.check_terms(terms.clone()), Ok(()));
    terms.push((Fr::one(), h));
    assert_eq!(opening.check_terms(terms), Err(OpeningError::Rejected));
    assert_eq!(opening.check_terms(Vec::new()), Err(OpeningError::Rejected));
}

/// The verifier asks nothing of the degree of f: what is beyond the vector's length does not enter the value.
#[test]
fn test_commitment_with_further_coefficients_opens_as_its_first_ones() {
    for (column_vars, length) in [(4, 17), (4, 50), (5, 33), (5, 64), (5, 100)] {
        let (long, point) = (scalars(18, length), scalars(19, column_vars));
        let value = evaluate(&long[..1 << column_vars], &point);
        let (opening, refuted) = lie(Lie::None, &long, &point, value);
        assert_eq!((opening.check(), refuted), (Ok(()), vec![]), "{length}");
        let further: Fr = opening.value + long[1 << column_vars];
        let (opening, refuted) = lie(Lie::Value, &long, &point, further);
        assert_eq!((opening.check(), refuted), (Err(OpeningError::Rejected), vec!["h"]), "{length}");
    }
}

/// Each lie is refuted by these functions of the batch alone: without them, it would be a proof.
#[test]
fn test_lies_are_refuted() {
    for column_vars in [4, 5] {
        let (vector, point) = (scalars(20, 1 << column_vars), scalars(21, column_vars));
        let value = evaluate(&vector, &point) + Fr::one();
        for (kind, expected) in
            [(Lie::Value, "h"), (Lie::Rows, "h"), (Lie::Remainder, "f"), (Lie::Degree, "D"), (Lie::Products, "S")]
        {
            let (opening, refuted) = lie(kind, &vector, &point, value);
            assert_eq!(refuted, vec![expected], "{kind:?}");
            assert_eq!(opening.check(), Err(OpeningError::Rejected), "{kind:?}");
        }
    }
}

#[test]
fn test_too_few_powers_are_refused() {
    let (vector, point) = (scalars(22, 16), scalars(23, 4));
    let value = evaluate(&vector, &point);
    let run = |count: usize| prove(&POWERS[..count], &mut Transcript::new(), &vector, &point, value);
    assert_eq!(run(15), Err(OpeningError::TooFewPowers { needed: 16, got: 15 }));
    assert_eq!(run(16), run(32));
    assert!(run(16).is_ok());
}

#[test]
fn test_prover_refuses_a_false_claim_and_wrong_sizes() {
    let (vector, point) = (scalars(24, 16), scalars(25, 4));
    let value = evaluate(&vector, &point);
    let mut transcript = Transcript::new();
    let false_claim = prove(&POWERS, &mut transcript, &vector, &point, value + Fr::one());
    assert_eq!(false_claim, Err(OpeningError::FalseClaim));
    let short = prove(&POWERS, &mut transcript, &vector[1..], &point, value);
    assert_eq!(short, Err(OpeningError::WrongSize { what: "the vector", expected: 16, got: 15 }));
    let long_point = scalars(26, MAX_COLUMN_VARS + 1);
    let too_large = OpeningError::UnsupportedSize { column_vars: MAX_COLUMN_VARS + 1, largest: MAX_COLUMN_VARS };
    assert_eq!(prove(&POWERS, &mut transcript, &vector, &long_point, value), Err(too_large));
    let proof = open(&vector, 25).proof;
    assert_eq!(verify(&setup(), &mut transcript, Vec::new(), &long_point, value, &proof), Err(too_large));
    assert_eq!(transcript, Transcript::new());
}

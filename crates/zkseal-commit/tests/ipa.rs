//! Openings: round trip, and refusal of every changed element.

use proptest::prelude::*;
use zkseal_commit::ipa::{OpeningProof, prove, verify};
use zkseal_commit::pedersen::commit_scalars;
use zkseal_commit::{Generators, OpeningError};
use zkseal_field::{AffineRepr, CurveGroup, Fr, G1Affine, One, Zero};
use zkseal_poly::evaluate;
use zkseal_transcript::Transcript;

struct Opening {
    commitment: G1Affine,
    point: Vec<Fr>,
    value: Fr,
    proof: OpeningProof,
}

fn scalars(seed: u64, count: usize) -> Vec<Fr> {
    let mut transcript = Transcript::new();
    transcript.absorb("seed", &seed.to_be_bytes());
    (0..count).map(|_| transcript.challenge("scalar")).collect()
}

fn open(column_vars: usize, vector: Vec<Fr>, seed: u64) -> Opening {
    let generators = Generators::for_rows(column_vars).unwrap();
    let point = scalars(seed, column_vars);
    let value = evaluate(&vector, &point);
    let commitment = commit_scalars(generators, &vector, Fr::zero()).unwrap();
    let proof = prove(generators, &mut Transcript::new(), vector, &point, value).unwrap();
    Opening { commitment, point, value, proof }
}

impl Opening {
    fn check(&self) -> Result<(), OpeningError> {
        let generators = Generators::for_rows(self.point.len()).unwrap();
        let terms = vec![(Fr::one(), self.commitment)];
        verify(generators, &mut Transcript::new(), terms, &self.point, self.value, &self.proof)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn test_honest_openings_verify(column_vars in 0usize..8, seed in any::<u64>(), zeros in any::<bool>()) {
        let mut vector = scalars(seed, 1 << column_vars);
        if zeros {
            // L and R of the first round become the identity, or everything does.
            let (_, tail) = vector.split_at_mut(seed as usize % (1 << column_vars));
            tail.fill(Fr::zero());
        }
        prop_assert_eq!(open(column_vars, vector, seed ^ 1).check(), Ok(()));
    }
}

#[test]
fn test_every_element_of_the_opening_is_bound() {
    let opening = open(4, scalars(1, 16), 2);
    assert_eq!(opening.check(), Ok(()));
    let generator = G1Affine::generator();
    for round in 0..4 {
        for change in
            [|p: G1Affine| (p + G1Affine::generator()).into_affine(), |p: G1Affine| -p, |_| G1Affine::identity()]
        {
            let mut left = Opening { proof: opening.proof.clone(), point: opening.point.clone(), ..opening };
            left.proof.rounds[round].0 = change(left.proof.rounds[round].0);
            assert_eq!(left.check(), Err(OpeningError::Rejected));
            let mut right = Opening { proof: opening.proof.clone(), point: opening.point.clone(), ..opening };
            right.proof.rounds[round].1 = change(right.proof.rounds[round].1);
            assert_eq!(right.check(), Err(OpeningError::Rejected));
        }
        let mut swapped = Opening { proof: opening.proof.clone(), point: opening.point.clone(), ..opening };
        let (left, right) = swapped.proof.rounds[round];
        swapped.proof.rounds[round] = (right, left);
        assert_eq!(swapped.check(), Err(OpeningError::Rejected));
        let mut moved = Opening { proof: opening.proof.clone(), point: opening.point.clone(), ..opening };
        moved.point[round] += Fr::one();
        assert_eq!(moved.check(), Err(OpeningError::Rejected));
    }
    let mut last = Opening { proof: opening.proof.clone(), point: opening.point.clone(), ..opening };
    last.proof.a += Fr::one();
    assert_eq!(last.check(), Err(OpeningError::Rejected));
    let value = Opening {
        proof: opening.proof.clone(),
        point: opening.point.clone(),
        value: opening.value + Fr::one(),
        ..opening
    };
    assert_eq!(value.check(), Err(OpeningError::Rejected));
    let commitment = (opening.commitment + generator).into_affine();
    let other = Opening { proof: opening.proof.clone(), point: opening.point.clone(), commitment, ..opening };
    assert_eq!(other.check(), Err(OpeningError::Rejected));
}

#[test]
fn test_transcripts_of_both_sides_agree_and_bind_what_came_before() {
    let generators = Generators::for_rows(4).unwrap();
    let (vector, point) = (scalars(3, 16), scalars(4, 4));
    let value = evaluate(&vector, &point);
    let terms = vec![(Fr::one(), commit_scalars(generators, &vector, Fr::zero()).unwrap())];
    let mut proving = Transcript::new();
    proving.absorb("context", b"this one");
    let mut verifying = proving.clone();
    let proof = prove(generators, &mut proving, vector, &point, value).unwrap();
    assert_eq!(verify(generators, &mut verifying, terms.clone(), &point, value, &proof), Ok(()));
    assert_eq!(proving, verifying);
    assert_eq!(verify(generators, &mut Transcript::new(), terms, &point, value, &proof), Err(OpeningError::Rejected));
}

#[test]
fn test_commitment_given_as_several_terms() {
    let generators = Generators::for_rows(4).unwrap();
    let (one, two, point) = (scalars(5, 16), scalars(6, 16), scalars(7, 4));
    let (chi, blinding) = (Fr::from(77u64), Fr::from(99u64));
    let sum: Vec<Fr> = one.iter().zip(&two).map(|(one, two)| *one + chi * two).collect();
    let terms = vec![
        (Fr::one(), commit_scalars(generators, &one, blinding).unwrap()),
        (chi, commit_scalars(generators, &two, blinding).unwrap()),
        (-(blinding + chi * blinding), generators.h),
    ];
    let value = evaluate(&sum, &point);
    let proof = prove(generators, &mut Transcript::new(), sum, &point, value).unwrap();
    assert_eq!(verify(generators, &mut Transcript::new(), terms, &point, value, &proof), Ok(()));
}

#[test]
fn test_wrong_shapes_are_refused_before_the_transcript_is_touched() {
    let opening = open(4, scalars(8, 16), 9);
    let mut short = opening.proof.clone();
    short.rounds.pop();
    let mut transcript = Transcript::new();
    let generators = Generators::for_rows(4).unwrap();
    let got = verify(generators, &mut transcript, Vec::new(), &opening.point, opening.value, &short);
    assert_eq!(got, Err(OpeningError::WrongSize { what: "the list of opening rounds", expected: 4, got: 3 }));
    let got = verify(generators, &mut transcript, Vec::new(), &opening.point[1..], opening.value, &opening.proof);
    assert_eq!(got, Err(OpeningError::WrongSize { what: "the point", expected: 4, got: 3 }));
    assert_eq!(transcript, Transcript::new());
}

#[test]
fn test_prover_refuses_a_false_claim_and_wrong_sizes() {
    let generators = Generators::for_rows(4).unwrap();
    let (vector, point) = (scalars(10, 16), scalars(11, 4));
    let value = evaluate(&vector, &point);
    let false_claim = prove(generators, &mut Transcript::new(), vector.clone(), &point, value + Fr::one());
    assert_eq!(false_claim, Err(OpeningError::FalseClaim));
    let short = prove(generators, &mut Transcript::new(), vector[1..].to_vec(), &point, value);
    assert_eq!(short, Err(OpeningError::WrongSize { what: "the vector", expected: 16, got: 15 }));
}

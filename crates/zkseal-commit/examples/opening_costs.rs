//! Prints what commitments and openings cost on this machine: minima over repetitions.
//!
//! `cargo run --release -p zkseal-commit --features prover --example opening_costs`; `RAYON_NUM_THREADS` sets the threads.

use std::time::Instant;

use ark_ec::scalar_mul::ScalarMul;
use zkseal_commit::pedersen::{commit_rows, commit_scalars};
use zkseal_commit::{Generators, OpeningError, ipa, kzg};
use zkseal_field::{AffineRepr, CurveGroup, Fr, G1Projective, G2Affine, One, PrimeGroup, Zero};
use zkseal_kernels::{Ints, msm_scalars};
use zkseal_poly::evaluate;
use zkseal_transcript::Transcript;

fn timed<T>(name: &str, repetitions: u32, mut work: impl FnMut() -> T) -> T {
    let mut best = f64::INFINITY;
    let mut run = || {
        let start = Instant::now();
        let out = work();
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
        out
    };
    for _ in 1..repetitions {
        run();
    }
    let out = run();
    println!("{name:<48} {best:>10.2} ms");
    out
}

/// A vector, a point, and its value there.
fn claim(column_vars: usize) -> (Vec<Fr>, Vec<Fr>, Fr) {
    let mut transcript = Transcript::new();
    let vector: Vec<Fr> = (0..1 << column_vars).map(|_| transcript.challenge("entry")).collect();
    let point: Vec<Fr> = (0..column_vars).map(|_| transcript.challenge("point")).collect();
    let value = evaluate(&vector, &point);
    (vector, point, value)
}

fn main() -> Result<(), OpeningError> {
    ipa_costs()?;
    kzg_costs()
}

/// Powers of a tau that everybody knows.
fn kzg_costs() -> Result<(), OpeningError> {
    let tau = Transcript::new().challenge("tau");
    let scalars: Vec<Fr> = std::iter::successors(Some(Fr::one()), |power| Some(*power * tau)).take(1 << 15).collect();
    let powers = G1Projective::generator().batch_mul(&scalars);
    let setup = kzg::Setup::new((G2Affine::generator() * tau).into_affine());
    for column_vars in [9, 11, 12, 13, 14, 15] {
        let (vector, point, value) = claim(column_vars);
        let commitment = timed(&format!("kzg commit, c = {column_vars}"), 4, || {
            msm_scalars(&powers[..vector.len()], &vector).into_affine()
        });
        let proof = timed(&format!("kzg prove, c = {column_vars}"), 4, || {
            kzg::prove(&powers, &mut Transcript::new(), &vector, &point, value)
        })?;
        timed(&format!("kzg verify, c = {column_vars}"), 8, || {
            kzg::verify(&setup, &mut Transcript::new(), vec![(Fr::one(), commitment)], &point, value, &proof)
        })?;
    }
    Ok(())
}

fn ipa_costs() -> Result<(), OpeningError> {
    for column_vars in [9, 11, 12] {
        let generators = timed(&format!("generators, c = {column_vars}"), 1, || Generators::for_rows(column_vars))?;
        let length = generators.g.len();
        let (vector, point, value) = claim(column_vars);
        let data: Vec<i16> = (0..64 * length).map(|index| (index.wrapping_mul(40_503) >> 2) as i16).collect();
        let rows: Vec<Ints<'_>> = data.chunks(length).map(Ints::I16).collect();
        let blindings = vec![value; rows.len()];
        timed(&format!("commit 1 row of i16, c = {column_vars}"), 5, || {
            commit_rows(generators, &rows[..1], &blindings[..1])
        })?;
        timed(&format!("commit 64 rows of i16, c = {column_vars}"), 2, || commit_rows(generators, &rows, &blindings))?;
        let commitment = commit_scalars(generators, &vector, Fr::zero())?;
        let proof = timed(&format!("ipa prove, c = {column_vars}"), 4, || {
            ipa::prove(generators, &mut Transcript::new(), vector.clone(), &point, value)
        })?;
        timed(&format!("ipa verify, c = {column_vars}"), 4, || {
            ipa::verify(generators, &mut Transcript::new(), vec![(Fr::one(), commitment)], &point, value, &proof)
        })?;
    }
    Ok(())
}

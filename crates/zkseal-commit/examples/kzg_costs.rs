//! Prints what KZG openings cost on this machine: minima over repetitions, with powers of a tau that everybody knows.
//!
//! `cargo run --release -p zkseal-commit --features prover --example kzg_costs`; `RAYON_NUM_THREADS` sets the threads.

use std::time::Instant;

use ark_ec::scalar_mul::ScalarMul;
use zkseal_commit::OpeningError;
use zkseal_commit::kzg::{Setup, prove, verify};
use zkseal_field::{AffineRepr, CurveGroup, Fr, G1Projective, G2Affine, One, PrimeGroup};
use zkseal_kernels::msm_scalars;
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
    println!("{name:<32} {best:>10.2} ms");
    out
}

fn main() -> Result<(), OpeningError> {
    let mut transcript = Transcript::new();
    let tau = transcript.challenge("tau");
    let scalars: Vec<Fr> = std::iter::successors(Some(Fr::one()), |power| Some(*power * tau)).take(1 << 15).collect();
    let powers = G1Projective::generator().batch_mul(&scalars);
    let setup = Setup::new((G2Affine::generator() * tau).into_affine());
    for column_vars in [9, 11, 12, 13, 14, 15] {
        let length = 1 << column_vars;
        let vector: Vec<Fr> = (0..length).map(|_| transcript.challenge("entry")).collect();
        let point: Vec<Fr> = (0..column_vars).map(|_| transcript.challenge("point")).collect();
        let value = evaluate(&vector, &point);
        let commitment = timed(&format!("kzg commit, c = {column_vars}"), 4, || {
            msm_scalars(&powers[..length], &vector).into_affine()
        });
        let proof = timed(&format!("kzg prove, c = {column_vars}"), 4, || {
            prove(&powers, &mut Transcript::new(), &vector, &point, value)
        })?;
        timed(&format!("kzg verify, c = {column_vars}"), 8, || {
            verify(&setup, &mut Transcript::new(), vec![(Fr::one(), commitment)], &point, value, &proof)
        })?;
    }
    Ok(())
}

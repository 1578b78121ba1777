//! Prints what commitments and openings cost on this machine: minima over repetitions.
//!
//! `cargo run --release -p zkseal-commit --features prover --example opening_costs`; `RAYON_NUM_THREADS` sets the threads.

use std::time::Instant;

use zkseal_commit::ipa::{prove, verify};
use zkseal_commit::pedersen::{commit_rows, commit_scalars};
use zkseal_commit::{Generators, OpeningError};
use zkseal_field::{Fr, One, Zero};
use zkseal_kernels::Ints;
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

fn main() -> Result<(), OpeningError> {
    for column_vars in [9, 11, 12] {
        let generators = timed(&format!("generators, c = {column_vars}"), 1, || Generators::for_rows(column_vars))?;
        let mut transcript = Transcript::new();
        let length = generators.g.len();
        let vector: Vec<Fr> = (0..length).map(|_| transcript.challenge("entry")).collect();
        let point: Vec<Fr> = (0..column_vars).map(|_| transcript.challenge("point")).collect();
        let value = evaluate(&vector, &point);
        let data: Vec<i16> = (0..64 * length).map(|index| (index.wrapping_mul(40_503) >> 2) as i16).collect();
        let rows: Vec<Ints<'_>> = data.chunks(length).map(Ints::I16).collect();
        let blindings = vec![value; rows.len()];
        timed(&format!("commit 1 row of i16, c = {column_vars}"), 5, || {
            commit_rows(generators, &rows[..1], &blindings[..1])
        })?;
        timed(&format!("commit 64 rows of i16, c = {column_vars}"), 2, || commit_rows(generators, &rows, &blindings))?;
        let commitment = commit_scalars(generators, &vector, Fr::zero())?;
        let proof = timed(&format!("ipa prove, c = {column_vars}"), 4, || {
            prove(generators, &mut Transcript::new(), vector.clone(), &point, value)
        })?;
        timed(&format!("ipa verify, c = {column_vars}"), 4, || {
            verify(generators, &mut Transcript::new(), vec![(Fr::one(), commitment)], &point, value, &proof)
        })?;
    }
    Ok(())
}

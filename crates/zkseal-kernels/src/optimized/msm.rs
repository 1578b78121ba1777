//! Multi-scalar products by the bucket method, for either engine.

use rayon::prelude::*;
use zeroize::Zeroizing;
use zkseal_field::endomorphism::{HALF_BOUND, ZETA, split_scalar};
use zkseal_field::{AffineRepr, Fr, G1Affine, G1Projective, Zero};

use super::buckets::{Degenerate, Deposit, Engine, NEGATIVE, Workspace, combine_windows};
use super::digits::{best_width, for_each_digit, windows_for};
use crate::Ints;
use crate::ints::with_slice;

/// Deposits a job should have: enough to share an inversion, few enough for the cache.
const DEPOSITS_A_JOB: usize = 16_384;

/// Price of one running-sum addition, in bucket additions.
const RUNNING_COST: f64 = 1.4;

/// Points of a single row that are worth a thread of their own.
const POINTS_A_TASK: usize = 16_384;

/// Rows of integers over the same bases; bases must be finite.
pub fn msm_ints_rows<E: Engine>(bases: &[G1Affine], rows: &[Ints<'_>]) -> Result<Vec<G1Projective>, Degenerate> {
    let longest = rows.iter().map(Ints::len).max().unwrap_or(0);
    let largest = rows.iter().map(Ints::largest_magnitude).max().unwrap_or(0);
    if longest == 0 || largest == 0 {
        return Ok(vec![G1Projective::zero(); rows.len()]);
    }
    let points = E::import(&bases[..longest]);
    let width = best_width(longest, largest.into(), RUNNING_COST);
    let windows = windows_for(largest.into(), width);
    // Tasks big enough that a thread's copy of the bases and the eight lanes of the running sums pay, and several a
    // thread, as rows of small values take less time.
    let threads = rayon::current_num_threads();
    let rows_a_task = rows.len().div_ceil(16 * threads).max(8).min(rows.len().div_ceil(threads)).clamp(1, 64);
    let sums: Result<Vec<Vec<G1Projective>>, Degenerate> =
        rows.par_chunks(rows_a_task).map(|rows| rows_task::<E>(&points, rows, width, windows)).collect();
    Ok(sums?.concat())
}

fn rows_task<E: Engine>(
    points: &[E::Point],
    rows: &[Ints<'_>],
    width: u32,
    windows: usize,
) -> Result<Vec<G1Projective>, Degenerate> {
    let buckets = 1usize << (width - 1);
    let mut workspace = Workspace::<E>::new(points);
    let mut deposits = Zeroizing::new(Vec::new());
    let rows_a_job = (DEPOSITS_A_JOB / (points.len() * windows)).max(1);
    let mut out = Vec::with_capacity(rows.len());
    for job in rows.chunks(rows_a_job) {
        deposits.clear();
        for (row, values) in job.iter().enumerate() {
            deposit_row(&mut deposits, *values, row * windows, width);
        }
        workspace.run(&deposits, job.len() * windows * buckets)?;
    }
    let sets = workspace.finish(buckets);
    out.extend(sets.chunks(windows).map(|windows| combine_windows(windows, width)));
    Ok(out)
}

fn deposit_row(deposits: &mut Vec<Deposit>, values: Ints<'_>, first_set: usize, width: u32) {
    with_slice!(values, slice => {
        for (index, value) in slice.iter().enumerate() {
            let value = i64::from(*value);
            for_each_digit(value.unsigned_abs().into(), value < 0, width, |window, digit, negative| {
                deposits.push(deposit(first_set + window, digit, index, negative, width));
            });
        }
    });
}

fn deposit(set: usize, digit: usize, index: usize, negative: bool, width: u32) -> Deposit {
    let sign = if negative { NEGATIVE } else { 0 };
    Deposit { bucket: ((set << (width - 1)) + digit) as u32, entry: index as u32 | sign }
}

/// One row of integers, divided between the threads if it is long.
pub fn msm_ints<E: Engine>(bases: &[G1Affine], values: Ints<'_>) -> Result<G1Projective, Degenerate> {
    let starts: Vec<usize> = (0..values.len()).step_by(POINTS_A_TASK).collect();
    let parts: Result<Vec<G1Projective>, Degenerate> = starts
        .par_iter()
        .map(|start| {
            let end = values.len().min(start + POINTS_A_TASK);
            Ok(msm_ints_rows::<E>(&bases[*start..end], &[values.slice(*start..end)])?.into_iter().sum())
        })
        .collect();
    Ok(parts?.into_iter().sum())
}

/// Field-sized scalars, each split in two halves by the endomorphism; bases must be finite.
pub fn msm_scalars<E: Engine>(bases: &[G1Affine], scalars: &[Fr]) -> Result<G1Projective, Degenerate> {
    let parts: Result<Vec<G1Projective>, Degenerate> = bases
        .par_chunks(POINTS_A_TASK)
        .zip(scalars.par_chunks(POINTS_A_TASK))
        .map(|(bases, scalars)| msm_scalars_part::<E>(bases, scalars))
        .collect();
    Ok(parts?.into_iter().sum())
}

fn msm_scalars_part<E: Engine>(bases: &[G1Affine], scalars: &[Fr]) -> Result<G1Projective, Degenerate> {
    let width = best_width(2 * bases.len(), HALF_BOUND, RUNNING_COST);
    let windows = windows_for(HALF_BOUND, width);
    let mut doubled = bases.to_vec();
    doubled.extend(bases.iter().map(|base| G1Affine::new_unchecked(base.x * ZETA, base.y)));
    let points = E::import(&doubled);
    let by_window = Zeroizing::new(deposits_by_window(scalars, width, windows));
    // A few windows a task: enough deposits to share an inversion, and work for every thread.
    let even = windows.div_ceil(rayon::current_num_threads());
    let full = (DEPOSITS_A_JOB / doubled.len()).max(1);
    let sums: Result<Vec<Vec<G1Projective>>, Degenerate> =
        by_window.par_chunks(even).map(|task| windows_task::<E>(&points, task, full, width)).collect();
    Ok(combine_windows(&sums?.concat(), width))
}

/// The value of each window of a task, `at_once` windows a job.
fn windows_task<E: Engine>(
    points: &[E::Point],
    task: &[Vec<Deposit>],
    at_once: usize,
    width: u32,
) -> Result<Vec<G1Projective>, Degenerate> {
    let buckets = 1usize << (width - 1);
    let mut workspace = Workspace::<E>::new(points);
    let mut deposits = Zeroizing::new(Vec::new());
    for job in task.chunks(at_once) {
        deposits.clear();
        for (index, window) in job.iter().enumerate() {
            let first = (index * buckets) as u32;
            deposits.extend(window.iter().map(|deposit| Deposit { bucket: first + deposit.bucket, ..*deposit }));
        }
        workspace.run(&deposits, job.len() * buckets)?;
    }
    Ok(workspace.finish(buckets))
}

fn deposits_by_window(scalars: &[Fr], width: u32, windows: usize) -> Vec<Vec<Deposit>> {
    let mut out: Vec<Vec<Deposit>> = (0..windows).map(|_| Vec::with_capacity(2 * scalars.len())).collect();
    for (index, scalar) in scalars.iter().enumerate() {
        let (k1, k2) = split_scalar(scalar);
        for (index, (magnitude, negative)) in [(index, k1), (scalars.len() + index, k2)] {
            for_each_digit(magnitude, negative, width, |window, digit, negative| {
                out[window].push(deposit(0, digit, index, negative, width));
            });
        }
    }
    out
}

/// Whether the bucket method may be used at all.
pub fn all_finite(bases: &[G1Affine]) -> bool {
    bases.iter().all(|base| !base.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimized::fold::{self, Digits};
    use crate::optimized::portable::Portable;
    use crate::reference;
    use zkseal_field::CurveGroup;

    fn bases(count: u64) -> Vec<G1Affine> {
        let seed = Fr::from(0x9e37_79b9_7f4a_7c15u64);
        let mut scalar = seed;
        (0..count)
            .map(|_| {
                scalar = scalar * scalar + seed;
                (G1Affine::generator() * scalar).into_affine()
            })
            .collect()
    }

    /// Machines with wider instructions never take this way by themselves.
    #[test]
    fn test_portable_engine_equals_the_reference() {
        let bases = bases(200);
        let values: Vec<i16> =
            (0..200i32).map(|index| index.wrapping_mul(0x9e37_79b1_u32.cast_signed()) as i16).collect();
        let expected = reference::msm_ints(&bases, Ints::I16(&values));
        assert_eq!(msm_ints::<Portable>(&bases, Ints::I16(&values)), Ok(expected));
        let scalars: Vec<Fr> =
            bases.iter().zip(&values).map(|(base, value)| Fr::from(*value) * Fr::from(base.x.0.0[0])).collect();
        assert_eq!(msm_scalars::<Portable>(&bases, &scalars), Ok(reference::msm_scalars(&bases, &scalars)));
        let rows = [Ints::I16(&values[..7]), Ints::I16(&values), Ints::I16(&[])];
        let expected: Vec<G1Projective> = rows.iter().map(|row| reference::msm_ints(&bases, *row)).collect();
        assert_eq!(msm_ints_rows::<Portable>(&bases, &rows), Ok(expected));
        let (lo, hi) = bases.split_at(100);
        let (a, b) = (0xfedc_ba98_7654_3210, 0x0f1e_2d3c_4b5a_6978);
        assert_eq!(fold::fold_points(lo, hi, &Digits::new(a, b)), reference::fold_points(&bases, a, b));
    }

    #[test]
    fn test_equal_points_in_a_bucket_are_reported() {
        let twice = [G1Affine::generator(); 2];
        assert_eq!(msm_ints::<Portable>(&twice, Ints::I8(&[5, 5])), Err(Degenerate));
        assert_eq!(msm_ints::<Portable>(&twice, Ints::I8(&[5, -5])), Err(Degenerate));
    }
}

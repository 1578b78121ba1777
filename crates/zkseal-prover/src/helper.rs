//! Prover of stage 5.1-H, the helper column (book, chapter 4).

use crate::error::ProveError;
use crate::lookups::Lanes;
use crate::masks::CentredMask;
use rayon::prelude::*;
use zeroize::Zeroizing;
use zkseal_field::{AdditiveGroup, Field, Fr, One, Zero};
use zkseal_kernels::batch_invert;
use zkseal_poly::eq_table;
use zkseal_relation::MaskIndex;
use zkseal_transcript::Transcript;
use zkseal_verifier::helper::{HelperChallenges, fraction_relation, round_order};

/// Pairs of entries that one task sums.
const TASK: usize = 256;

/// The helper column from the lanes: `h(i) = sum_l n_l(i) / (alpha - k_l(i))`.
///
/// # Errors
/// [`ProveError::DegenerateChallenge`] if alpha equals a key, which has a probability of 2^-230.
pub fn helper_column(lanes: &Lanes) -> Result<Zeroizing<Vec<Fr>>, ProveError> {
    let mut column = Zeroizing::new(vec![Fr::zero(); lanes.len]);
    for lane in &lanes.lanes {
        let mut inverses = Zeroizing::new(lane.denominators.clone());
        batch_invert(&mut inverses);
        let terms = inverses.par_iter().zip(lane.numerators.par_iter()).zip(column.par_iter_mut()).with_min_len(1024);
        let degenerate = terms.map(|((inverse, numerator), sum)| {
            *sum += *inverse * numerator;
            inverse.is_zero()
        });
        if degenerate.reduce(|| false, |a, b| a | b) {
            return Err(ProveError::DegenerateChallenge);
        }
    }
    Ok(column)
}

/// Rounds and values of the sumcheck, and its end point (r, r0).
pub struct HelperRun {
    /// s_0, s_2 .. s_{L+2} for each round.
    pub rounds: Vec<Vec<Fr>>,
    /// K_1 .. K_L, H, M.
    pub values: Vec<Fr>,
    /// The end point, the pad variable last.
    pub point: Vec<Fr>,
}

/// Vectors over the lookup domain, bound from the last variable on: eq, h, and for each lane alpha - k and n.
struct Tables {
    columns: Vec<Zeroizing<Vec<Fr>>>,
    lanes: usize,
}

impl Tables {
    /// `lambda h + eq (h prod (alpha - k) - sum n prod' (alpha - k'))` from one entry of each column.
    fn summand(lanes: usize, lambda: Fr, entries: &[Fr]) -> Fr {
        let (eq, helper) = (entries[0], entries[1]);
        let (denominators, numerators) = entries[2..].split_at(lanes);
        lambda * helper + eq * fraction_relation(helper, denominators, numerators)
    }

    /// The sums at 0 .. L + 2 of the next variable.
    fn round(&self, lambda: Fr) -> Vec<Fr> {
        let points = self.lanes + 3;
        let half = self.columns[0].len() / 2;
        let task = |start: usize| {
            let mut sums = vec![Fr::ZERO; points];
            let (mut entries, mut steps) = (vec![Fr::ZERO; self.columns.len()], vec![Fr::ZERO; self.columns.len()]);
            for pair in start..half.min(start + TASK) {
                for ((entry, step), column) in entries.iter_mut().zip(&mut steps).zip(&self.columns) {
                    (*entry, *step) = (column[2 * pair], column[2 * pair + 1] - column[2 * pair]);
                }
                for (at, sum) in sums.iter_mut().enumerate() {
                    if at > 0 {
                        entries.iter_mut().zip(&steps).for_each(|(entry, step)| *entry += step);
                    }
                    *sum += Self::summand(self.lanes, lambda, &entries);
                }
            }
            sums
        };
        let add = |mut a: Vec<Fr>, b: Vec<Fr>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        (0..half.div_ceil(TASK)).into_par_iter().map(|k| task(k * TASK)).reduce(|| vec![Fr::ZERO; points], add)
    }

    fn bind(&mut self, x: Fr) {
        self.columns.par_iter_mut().for_each(|column| {
            let folded: Vec<Fr> =
                column.par_chunks_exact(2).with_min_len(1024).map(|pair| pair[0] + x * (pair[1] - pair[0])).collect();
            *column = Zeroizing::new(folded);
        });
    }

    fn last(&self) -> Vec<Fr> {
        self.columns.iter().map(|column| column[0]).collect()
    }
}

/// Proves that the committed column is that of the lanes, and that it sums to zero.
pub fn prove_helper(
    transcript: &mut Transcript,
    index: &MaskIndex,
    mask: &[Fr],
    lanes: &Lanes,
    column: &[Fr],
    challenges: &HelperChallenges,
) -> HelperRun {
    let vars = challenges.tau.len();
    let count = lanes.lanes.len();
    let size = 1usize << vars;
    let padded = |values: &[Fr], filler: Fr| {
        let mut out = Zeroizing::new(values.to_vec());
        out.resize(size, filler);
        out
    };
    let mut columns = vec![Zeroizing::new(eq_table(&challenges.tau, size)), padded(column, Fr::zero())];
    columns.extend(lanes.lanes.iter().map(|lane| padded(&lane.denominators, lanes.alpha)));
    columns.extend(lanes.lanes.iter().map(|lane| padded(&lane.numerators, Fr::zero())));
    let mut tables = Tables { columns, lanes: count };
    let degree = count + 2;
    let to_coefficients = Interpolation::new(degree);
    let mut masks = CentredMask::new(degree, |variable, d| mask[index.helper_mask(variable, d)]);
    let (mut rounds, mut point) = (Vec::new(), vec![Fr::zero(); vars + 1]);
    let (mut multiplicity, mut last) = (multiplicity_table(lanes, size), Vec::new());
    for variable in round_order(vars) {
        let later = if variable == vars { 0 } else { variable + 1 };
        let values = if variable == vars {
            last = tables.last();
            last.push(multiplicity[0]);
            let pads = pads(index, mask, count);
            (0..=degree).map(|at| pad_summand(&last, &pads, count, lanes, challenges, Fr::from(at as u64))).collect()
        } else {
            tables.round(challenges.lambda)
        };
        let mut round = to_coefficients.coefficients(&values);
        masks.add_round(variable, later, &mut round);
        // V derives the linear one from the claim.
        round.remove(1);
        transcript.absorb_scalars("helper round", &round);
        let x = transcript.challenge("helper point");
        masks.bind(variable, x);
        point[variable] = x;
        rounds.push(round);
        if variable < vars {
            tables.bind(x);
            multiplicity = multiplicity.chunks_exact(2).map(|pair| pair[0] + x * (pair[1] - pair[0])).collect();
        }
    }
    let values = padded_values(&last, &pads(index, mask, count), count, lanes.alpha, point[vars]);
    transcript.absorb_scalars("helper values", &values);
    HelperRun { rounds, values, point }
}

/// m over the domain: what lane 0's numerators have below their indicator.
fn multiplicity_table(lanes: &Lanes, size: usize) -> Vec<Fr> {
    let mut table = lanes.multiplicities.to_vec();
    table.resize(size, Fr::zero());
    table
}

/// mu's pads of K_1 .. K_L, H, M.
fn pads(index: &MaskIndex, mask: &[Fr], lanes: usize) -> Vec<Fr> {
    let places = (0..lanes).map(|lane| index.key_pad(lane)).chain([index.helper_pad(), index.multiplicity_pad()]);
    places.map(|place| mask[place]).collect()
}

/// K^, H^, M^ at x0: `(1 - x0)` times the value and x0 times the pad. `last` is eq, h, alpha - k, n, m at r.
fn padded_values(last: &[Fr], pads: &[Fr], lanes: usize, alpha: Fr, x0: Fr) -> Vec<Fr> {
    let plain = last[2..2 + lanes].iter().map(|denominator| alpha - denominator).chain([last[1], last[2 + 2 * lanes]]);
    plain.zip(pads).map(|(value, pad)| value + x0 * (*pad - value)).collect()
}

/// The summand of the last round at x0.
fn pad_summand(last: &[Fr], pads: &[Fr], lanes: usize, all: &Lanes, challenges: &HelperChallenges, x0: Fr) -> Fr {
    let values = padded_values(last, pads, lanes, all.alpha, x0);
    let mut entries = vec![last[0], values[lanes]];
    entries.extend(values[..lanes].iter().map(|key| all.alpha - key));
    entries.extend_from_slice(&last[2 + lanes..2 + 2 * lanes]);
    // Lane 0's numerator is its indicator less m; the pad moves m only.
    entries[2 + lanes] += last[2 + 2 * lanes] - values[lanes + 1];
    (Fr::one() - x0) * Tables::summand(lanes, challenges.lambda, &entries)
}

/// From the values at 0 .. D to the D + 1 coefficients.
struct Interpolation {
    rows: Vec<Vec<Fr>>,
}

impl Interpolation {
    fn new(degree: usize) -> Self {
        let points: Vec<Fr> = (0..=degree).map(|at| Fr::from(at as u64)).collect();
        let rows = points.iter().enumerate().map(|(own, x)| {
            // Coefficients of the polynomial that is 1 at its own point and 0 at the others.
            let (mut basis, mut scale) = (vec![Fr::one()], Fr::one());
            for (_, y) in points.iter().enumerate().filter(|(other, _)| *other != own) {
                let mut next = vec![Fr::zero(); basis.len() + 1];
                for (k, coefficient) in basis.iter().enumerate() {
                    next[k + 1] += coefficient;
                    next[k] -= *coefficient * y;
                }
                (basis, scale) = (next, scale * (*x - y));
            }
            let inverse = scale.inverse().unwrap_or_default();
            basis.iter().map(|coefficient| *coefficient * inverse).collect()
        });
        Self { rows: rows.collect() }
    }

    fn coefficients(&self, values: &[Fr]) -> Vec<Fr> {
        let mut out = vec![Fr::zero(); self.rows.len()];
        for (row, value) in self.rows.iter().zip(values) {
            out.iter_mut().zip(row).for_each(|(sum, coefficient)| *sum += *coefficient * value);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_interpolation_recovers_coefficients() {
        for degree in 1..=10usize {
            let wanted: Vec<Fr> = (0..=degree).map(|k| Fr::from((7 * k * k + 3) as u64)).collect();
            let at = |x: u64| wanted.iter().rev().fold(Fr::zero(), |sum, c| sum * Fr::from(x) + c);
            let values: Vec<Fr> = (0..=degree as u64).map(at).collect();
            assert_eq!(Interpolation::new(degree).coefficients(&values), wanted);
        }
    }
}

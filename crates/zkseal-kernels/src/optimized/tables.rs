//! Tables on every machine. Where no product can be saved this is the plain form.

use zkseal_field::{AdditiveGroup, Fr};

pub use crate::reference::tables::{add_fractions, add_units, bind, children, product_sums, unit_children};
use crate::tables::{Entry, EqTables, Pairs};

/// See [`crate::tables::layer_sums`].
pub fn layer_sums(of: Pairs<'_, 4>, eq: EqTables<'_>) -> (Entry<2>, Fr) {
    weighted(of, eq, |a, b| {
        let d: Entry<4> = std::array::from_fn(|k| b[k] - a[k]);
        [a[0] * a[3] + a[1] * a[2], d[0] * d[3] + d[1] * d[2]]
    })
}

/// See [`crate::tables::unit_sums`].
pub fn unit_sums(of: Pairs<'_, 2>, eq: EqTables<'_>) -> (Entry<3>, Fr) {
    weighted(of, eq, |a, b| [a[0] + a[1], a[0] * a[1], (b[0] - a[0]) * (b[1] - a[1])])
}

/// `sum eq(pair) term(pair)` and `sum eq(pair)`: pairs that share an entry of the high table are multiplied by it once.
fn weighted<const W: usize, const N: usize>(
    of: Pairs<'_, W>,
    eq: EqTables<'_>,
    term: impl Fn(&Entry<W>, &Entry<W>) -> Entry<N>,
) -> (Entry<N>, Fr) {
    let mask = (1u64 << eq.low_vars) - 1;
    let (mut total, mut run) = (([Fr::ZERO; N], [Fr::ZERO; 1]), ([Fr::ZERO; N], [Fr::ZERO; 1]));
    let mut high = 0usize;
    let mut flush = |run: &mut (Entry<N>, Entry<1>), high: Fr| {
        move_scaled(&mut run.0, high, &mut total.0);
        move_scaled(&mut run.1, high, &mut total.1);
    };
    for pair in of.pairs {
        let own = (pair.at >> eq.low_vars) as usize;
        if own != high {
            flush(&mut run, eq.high[high]);
            high = own;
        }
        let e = eq.low[(pair.at & mask) as usize];
        let [a, b] = of.of(pair);
        run.0.iter_mut().zip(term(a, b)).for_each(|(sum, term)| *sum += e * term);
        run.1[0] += e;
    }
    flush(&mut run, eq.high[high]);
    (total.0, total.1[0])
}

/// Adds `high run` to `total`, and sets `run` to zero.
fn move_scaled<const N: usize>(run: &mut Entry<N>, high: Fr, total: &mut Entry<N>) {
    for (total, run) in total.iter_mut().zip(run) {
        *total += high * *run;
        *run = Fr::ZERO;
    }
}

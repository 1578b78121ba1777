//! Tables on every machine. Where no product can be saved this is the plain form.

use zkseal_field::{AdditiveGroup, Fr};

pub use crate::reference::tables::{add_fractions, add_units, bind, children, product_sums, unit_children};
use crate::tables::{Entry, EqTables, Pairs};

/// See [`crate::tables::layer_sums`]: pairs that share an entry of the high table are multiplied by it once.
pub fn layer_sums(of: Pairs<'_, 4>, eq: EqTables<'_>) -> (Entry<2>, Fr) {
    let mask = (1u64 << eq.low_vars) - 1;
    let mut total = [Fr::ZERO; 3];
    let mut run = [Fr::ZERO; 3];
    let mut high = 0usize;
    for pair in of.pairs {
        let own = (pair.at >> eq.low_vars) as usize;
        if own != high {
            flush(&mut total, &mut run, eq.high[high]);
            high = own;
        }
        let e = eq.low[(pair.at & mask) as usize];
        let [a, b] = of.of(pair);
        let d: Entry<4> = std::array::from_fn(|k| b[k] - a[k]);
        run[0] += e * (a[0] * a[3] + a[1] * a[2]);
        run[1] += e * (d[0] * d[3] + d[1] * d[2]);
        run[2] += e;
    }
    flush(&mut total, &mut run, eq.high[high]);
    ([total[0], total[1]], total[2])
}

/// See [`crate::tables::unit_sums`]; as [`layer_sums`].
pub fn unit_sums(of: Pairs<'_, 2>, eq: EqTables<'_>) -> (Entry<3>, Fr) {
    let mask = (1u64 << eq.low_vars) - 1;
    let mut total = [Fr::ZERO; 4];
    let mut run = [Fr::ZERO; 4];
    let mut high = 0usize;
    for pair in of.pairs {
        let own = (pair.at >> eq.low_vars) as usize;
        if own != high {
            flush(&mut total, &mut run, eq.high[high]);
            high = own;
        }
        let e = eq.low[(pair.at & mask) as usize];
        let [a, b] = of.of(pair);
        run[0] += e * (a[0] + a[1]);
        run[1] += e * (a[0] * a[1]);
        run[2] += e * ((b[0] - a[0]) * (b[1] - a[1]));
        run[3] += e;
    }
    flush(&mut total, &mut run, eq.high[high]);
    ([total[0], total[1], total[2]], total[3])
}

fn flush<const N: usize>(total: &mut [Fr; N], run: &mut [Fr; N], high: Fr) {
    for (total, run) in total.iter_mut().zip(run) {
        *total += high * *run;
        *run = Fr::ZERO;
    }
}

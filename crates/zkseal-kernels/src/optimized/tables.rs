//! Tables on every machine. Where no product can be saved this is the plain form.

use zkseal_field::{AdditiveGroup, Fr};

pub use crate::reference::tables::{add_fractions, bind, children, product_sums};
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

fn flush(total: &mut [Fr; 3], run: &mut [Fr; 3], high: Fr) {
    for (total, run) in total.iter_mut().zip(run) {
        *total += high * *run;
        *run = Fr::ZERO;
    }
}

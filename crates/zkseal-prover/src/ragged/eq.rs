//! eq over a point in the memory of the square root of its domain.

use zkseal_field::Fr;
use zkseal_kernels::tables::EqTables;
use zkseal_poly::eq_table;

/// eq over a point, split in two tables so that memory is the square root of the domain.
pub struct SplitEq {
    high: Vec<Fr>,
    low: Vec<Fr>,
    low_vars: usize,
}

impl SplitEq {
    /// Tables of `eq(point, .)`.
    #[must_use]
    pub fn new(point: &[Fr]) -> Self {
        let low_vars = point.len() / 2;
        let (front, back) = point.split_at(point.len() - low_vars);
        Self { high: eq_table(front, 1 << front.len()), low: eq_table(back, 1 << low_vars), low_vars }
    }

    /// Leaves out the last variable of the point: entries that differ in it add up to one.
    pub fn shorten(&mut self) {
        let table = if self.low_vars > 0 { &mut self.low } else { &mut self.high };
        self.low_vars = self.low_vars.saturating_sub(1);
        if table.len() > 1 {
            *table = table.as_chunks::<2>().0.iter().map(|pair| pair[0] + pair[1]).collect();
        }
    }

    /// The tables, as the kernels read them.
    #[must_use]
    pub fn tables(&self) -> EqTables<'_> {
        EqTables { high: &self.high, low: &self.low, low_vars: self.low_vars }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zkseal_field::One;

    #[test]
    fn test_shortened_tables_are_those_of_the_shorter_point() {
        let point: Vec<Fr> = (0..7u64).map(|k| Fr::from(k * k + 5)).collect();
        let mut eq = SplitEq::new(&point);
        for vars in (0..7).rev() {
            eq.shorten();
            let tables = eq.tables();
            let mask = (1usize << tables.low_vars) - 1;
            let dense: Vec<Fr> =
                (0..1usize << vars).map(|i| tables.high[i >> tables.low_vars] * tables.low[i & mask]).collect();
            assert_eq!(dense, eq_table(&point[..vars], 1 << vars));
        }
        eq.shorten();
        assert_eq!(eq.tables().high, [Fr::one()]);
    }
}

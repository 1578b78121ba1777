//! Stage 5.0's multiplicities and the leaves of the fraction tree.

use crate::data::Data;
use crate::error::ProveError;
use crate::evaluate::{ScaledValues, Values, evaluate};
use crate::linear::padded_positions;
use crate::ragged::units::{Children, Units, are_units};
use crate::ragged::{Entries, Maker, axes_of};
use crate::tree::{Fractions, NEUTRAL};
use rayon::prelude::*;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use zeroize::Zeroizing;
use zkseal_field::{Fr, One, Zero, inverse_power_of_two, scalar_from_i64, scalar_from_i128};
use zkseal_kernels::vectors::{add_scaled, lift};
use zkseal_relation::types::to_index;
use zkseal_relation::{BlockKind, Column, Layout, Lookup, Relation, Scope, Table};

/// A lookup that is no table row; only a lying prover goes on with one.
const ABSENT: u32 = u32::MAX;

/// Table rows found by lookups.
pub struct LookupRows {
    /// For each lookup constraint (empty for scope model): the table row of each index.
    rows: Vec<Arc<Zeroizing<Vec<u32>>>>,
    /// Scaled tuples of absent lookups: (lookup, position) to one scalar for each column.
    absent: HashMap<(usize, usize), Vec<Fr>>,
    /// For each table, how often each row is used.
    pub multiplicities: Vec<Vec<i64>>,
}

/// Finds rows of one table by their entries.
enum Finder {
    /// The first column counts up from `lo`; other columns are compared.
    Counting { lo: i64, columns: Vec<Vec<i64>> },
    /// Anything else.
    Hashed(HashMap<Vec<i64>, u32>),
}

impl Finder {
    fn new<V: Values>(relation: &Relation, values: &V, table: &Table) -> Self {
        let columns: Vec<Vec<i64>> =
            table.columns.iter().map(|c| column_values(relation, values, to_index(*c))).collect();
        let counting = columns[0].windows(2).all(|pair| pair[1] == pair[0] + 1);
        if counting {
            return Self::Counting { lo: columns[0][0], columns: columns[1..].to_vec() };
        }
        let mut rows = HashMap::with_capacity(columns[0].len());
        for row in 0..columns[0].len() {
            let tuple: Vec<i64> = columns.iter().map(|column| column[row]).collect();
            rows.entry(tuple).or_insert(row as u32);
        }
        Self::Hashed(rows)
    }

    fn find(&self, tuple: &[ScaledValues], position: usize) -> u32 {
        let integer = |values: &ScaledValues| -> Option<i64> {
            let numerator = values.numerators[position];
            let value = numerator >> values.shift;
            (value << values.shift == numerator).then(|| i64::try_from(value).ok()).flatten()
        };
        match self {
            Self::Counting { lo, columns } => {
                let row =
                    integer(&tuple[0]).and_then(|first| usize::try_from(i128::from(first) - i128::from(*lo)).ok());
                let Some(row) = row else { return ABSENT };
                let others = columns
                    .iter()
                    .zip(&tuple[1..])
                    .all(|(column, values)| column.get(row).is_some_and(|entry| integer(values) == Some(*entry)));
                let inside = columns.first().map_or(row < ABSENT as usize, |column| row < column.len());
                if others && inside { row as u32 } else { ABSENT }
            }
            Self::Hashed(rows) => {
                let tuple: Option<Vec<i64>> = tuple.iter().map(integer).collect();
                tuple.and_then(|tuple| rows.get(&tuple).copied()).unwrap_or(ABSENT)
            }
        }
    }
}

/// Fractions n / (alpha - k) of one lane of the helper argument, one for each entry of the helper column.
#[derive(Clone)]
pub struct Lane {
    /// alpha - k; alpha out of range.
    pub denominators: Zeroizing<Vec<Fr>>,
    /// 1 at lookups, -m at table rows, 0 out of range.
    pub numerators: Zeroizing<Vec<Fr>>,
}

/// All lanes.
pub struct Lanes {
    /// alpha.
    pub alpha: Fr,
    /// Entries of the helper column.
    pub len: usize,
    /// Lane 0 has the tables.
    pub lanes: Vec<Lane>,
    /// m, where lane 0 has table rows.
    pub multiplicities: Zeroizing<Vec<Fr>>,
}

/// beta^0 .. beta^T_max.
fn powers_of(beta: Fr, layout: &Layout) -> Vec<Fr> {
    std::iter::successors(Some(Fr::one()), |power| Some(*power * beta)).take(layout.max_arity + 1).collect()
}

/// alpha - key of every table row; a lookup copies its row's.
fn table_denominators<V: Values>(
    relation: &Relation,
    layout: &Layout,
    values: &V,
    powers: &[Fr],
    alpha: Fr,
) -> Result<Vec<Arc<Vec<Fr>>>, ProveError> {
    let rows_of = |table: &Table| -> Result<Arc<Vec<Fr>>, ProveError> {
        let base = alpha - powers[layout.max_arity] * Fr::from(table.id);
        let mut rows = vec![base; to_index(relation.table_len(table)?)];
        for (column, power) in table.columns.iter().zip(powers) {
            add_scaled(&mut rows, -*power, &column_scalars(relation, values, to_index(*column)));
        }
        Ok(Arc::new(rows))
    };
    relation.tables.par_iter().map(rows_of).collect()
}

/// Values of a table column.
fn column_values<V: Values>(relation: &Relation, values: &V, index: usize) -> Vec<i64> {
    let tensor = &relation.tensors[index];
    match tensor.column {
        Column::Progression => (tensor.lo..=tensor.hi).collect(),
        _ => values.tensor(index).to_i64(),
    }
}

/// The same as scalars.
fn column_scalars<V: Values>(relation: &Relation, values: &V, index: usize) -> Zeroizing<Vec<Fr>> {
    let tensor = &relation.tensors[index];
    if tensor.column == Column::Progression {
        let first = scalar_from_i64(tensor.lo);
        let count = (tensor.hi - tensor.lo + 1) as usize;
        return Zeroizing::new(
            std::iter::successors(Some(first), |last| Some(*last + Fr::one())).take(count).collect(),
        );
    }
    let ints = values.tensor(index).ints();
    let mut scalars = Zeroizing::new(vec![Fr::zero(); ints.len()]);
    lift(ints, &mut scalars);
    scalars
}

/// Evaluates all lookups and counts rows.
///
/// # Errors
/// [`ProveError::Unsatisfied`] for the first lookup that is no row, if `checked`.
pub fn find_rows<V: Values>(relation: &Relation, values: &V, checked: bool) -> Result<LookupRows, ProveError> {
    let mut multiplicities = Vec::new();
    let mut finders = Vec::new();
    for table in &relation.tables {
        finders.push(Finder::new(relation, values, table));
        multiplicities.push(vec![0i64; to_index(relation.table_len(table)?)]);
    }
    let found = |lookup: &Lookup| {
        if lookup.scope == Scope::Model {
            return (Arc::default(), Vec::new());
        }
        let tuple: Vec<ScaledValues> =
            lookup.exprs.iter().map(|expr| evaluate(relation, values, &lookup.loops, expr)).collect();
        let (finder, len) = (&finders[to_index(lookup.table)], multiplicities[to_index(lookup.table)].len());
        let find = |position| {
            let row = finder.find(&tuple, position);
            if to_index(row) < len { row } else { ABSENT }
        };
        let rows: Vec<u32> = (0..tuple[0].numerators.len()).into_par_iter().with_min_len(4096).map(find).collect();
        let absent = rows.iter().enumerate().filter(|(_, row)| **row == ABSENT);
        let absent: Vec<(usize, Vec<Fr>)> =
            absent.map(|(position, _)| (position, scaled_tuple(&tuple, position))).collect();
        (Arc::new(Zeroizing::new(rows)), absent)
    };
    let found: Vec<_> = relation.lookups.par_iter().map(found).collect();
    let (mut all_rows, mut absent) = (Vec::with_capacity(found.len()), HashMap::new());
    for (index, (lookup, (rows, missing))) in relation.lookups.iter().zip(found).enumerate() {
        if let (true, Some((position, _))) = (checked, missing.first()) {
            let index_tuple = unflatten(relation, &lookup.loops, *position);
            return Err(ProveError::Unsatisfied { lookup: index, index: index_tuple });
        }
        absent.extend(missing.into_iter().map(|(position, tuple)| ((index, position), tuple)));
        let counts = &mut multiplicities[to_index(lookup.table)];
        rows.iter().filter(|row| **row != ABSENT).for_each(|row| counts[to_index(*row)] += 1);
        all_rows.push(rows);
    }
    Ok(LookupRows { rows: all_rows, absent, multiplicities })
}

fn scaled_tuple(tuple: &[ScaledValues], position: usize) -> Vec<Fr> {
    tuple.iter().map(|v| scalar_from_i128(v.numerators[position]) * inverse_power_of_two(v.shift)).collect()
}

/// Loop values of a row-major position.
#[must_use]
pub fn unflatten(relation: &Relation, loops: &[u32], position: usize) -> Vec<u32> {
    let mut rest = position;
    let mut index: Vec<u32> = loops
        .iter()
        .rev()
        .map(|l| {
            let size = to_index(relation.loops[to_index(*l)]);
            let digit = rest % size;
            rest /= size;
            digit as u32
        })
        .collect();
    index.reverse();
    index
}

impl LookupRows {
    /// p and q at every in-range leaf: 1 / (alpha - key) for a lookup, -m / (alpha - key) for a table row; and the
    /// blocks whose numerators need not be looked at.
    ///
    /// # Errors
    /// Only for a relation that is not valid.
    pub fn leaves<V: Values>(
        &self,
        relation: &Relation,
        layout: &Layout,
        values: &V,
        beta: Fr,
        alpha: Fr,
    ) -> Result<(Fractions, Units), ProveError> {
        let powers = powers_of(beta, layout);
        let rows_of_tables = table_denominators(relation, layout, values, &powers, alpha)?;
        let mut parts = Vec::with_capacity(layout.blocks.len());
        let mut units: Units = Vec::with_capacity(layout.blocks.len());
        for block in &layout.blocks {
            let base = block.base as usize;
            match block.kind {
                BlockKind::Table(index) => {
                    let rows = &rows_of_tables[index];
                    let counts = &self.multiplicities[index];
                    let row = |(q, m): (&Fr, &i64)| [if *m == 0 { Fr::zero() } else { -scalar_from_i64(*m) }, *q];
                    let data = rows.par_iter().zip(counts).with_min_len(4096).map(row).collect();
                    parts.push((base, vec![rows.len()], Entries::Stored(data)));
                    units.push(None);
                }
                BlockKind::Lookup(index) => {
                    let lookup = &relation.lookups[index];
                    let rows = &rows_of_tables[to_index(lookup.table)];
                    let id = powers[layout.max_arity] * Fr::from(relation.table(lookup.table)?.id);
                    let leaf = |(position, row): (usize, &u32)| {
                        [Fr::one(), self.denominator((index, position), *row, rows, &powers, alpha - id)]
                    };
                    let own = &self.rows[index];
                    let entries = if self.absent.is_empty() {
                        let (own, rows) = (own.clone(), rows.clone());
                        Entries::Made(Arc::new(move |window: Range<usize>, out: &mut Vec<[Fr; 2]>| {
                            out.extend(own[window].iter().map(|row| [Fr::one(), rows[to_index(*row)]]));
                        }))
                    } else {
                        Entries::Stored(own.iter().enumerate().map(leaf).collect())
                    };
                    let sizes: Vec<u32> = lookup.loops.iter().map(|l| relation.loops[to_index(*l)]).collect();
                    let axes = axes_of(&sizes);
                    units.push((self.absent.is_empty() && are_units(&axes)).then(|| {
                        let (own, rows) = (own.clone(), rows.clone());
                        let make = move |window: Range<usize>, out: &mut Vec<Children>| {
                            let (pairs, _) = own[2 * window.start..2 * window.end].as_chunks::<2>();
                            out.extend(pairs.iter().map(|pair| pair.map(|row| rows[to_index(row)])));
                        };
                        Arc::new(make) as Maker<2>
                    }));
                    parts.push((base, axes, entries));
                }
            }
        }
        Ok((Fractions::of(parts, NEUTRAL), units))
    }

    /// `alpha - key` of one lookup.
    fn denominator(&self, place: (usize, usize), row: u32, rows: &[Fr], powers: &[Fr], base: Fr) -> Fr {
        if row != ABSENT {
            return rows[to_index(row)];
        }
        base - self.absent[&place].iter().zip(powers).map(|(value, power)| *value * power).sum::<Fr>()
    }

    /// The lanes of the helper argument, dense over the lookup domain.
    ///
    /// # Errors
    /// Only for a relation that is not valid.
    pub fn lanes<V: Values>(
        &self,
        relation: &Relation,
        layout: &Layout,
        values: &V,
        beta: Fr,
        alpha: Fr,
    ) -> Result<Lanes, ProveError> {
        let powers = powers_of(beta, layout);
        let rows_of_tables = table_denominators(relation, layout, values, &powers, alpha)?;
        let len = layout.helper_tensor().map_or(0, |tensor| layout.tensors[tensor].len() as usize);
        let empty =
            Lane { denominators: Zeroizing::new(vec![alpha; len]), numerators: Zeroizing::new(vec![Fr::zero(); len]) };
        let mut lanes = vec![empty; usize::from(layout.params.argument.lanes())];
        let mut multiplicities = Zeroizing::new(vec![Fr::zero(); len]);
        for block in &layout.blocks {
            let (base, lane) = (block.base as usize, &mut lanes[block.lane]);
            match block.kind {
                BlockKind::Table(index) => {
                    let rows = rows_of_tables[index].iter().zip(&self.multiplicities[index]);
                    for (at, (denominator, count)) in (base..).zip(rows) {
                        lane.denominators[at] = *denominator;
                        multiplicities[at] = scalar_from_i64(*count);
                        lane.numerators[at] = -multiplicities[at];
                    }
                }
                BlockKind::Lookup(index) => {
                    let lookup = &relation.lookups[index];
                    let rows = &rows_of_tables[to_index(lookup.table)];
                    let id = powers[layout.max_arity] * Fr::from(relation.table(lookup.table)?.id);
                    let sizes: Vec<usize> =
                        lookup.loops.iter().map(|l| to_index(relation.loops[to_index(*l)])).collect();
                    let places = padded_positions(&sizes).into_iter().zip(self.rows[index].iter()).enumerate();
                    for (position, (at, row)) in places {
                        let denominator = self.denominator((index, position), *row, rows, &powers, alpha - id);
                        lane.denominators[base + at] = denominator;
                        lane.numerators[base + at] = Fr::one();
                    }
                }
            }
        }
        Ok(Lanes { alpha, len, lanes, multiplicities })
    }

    /// Multiplicities as tensor data.
    #[must_use]
    pub fn multiplicity_data(&self) -> Vec<Data> {
        let data = |counts: &Vec<i64>| {
            let most = counts.iter().copied().max().unwrap_or(0);
            let least = counts.iter().copied().min().unwrap_or(0);
            Data::narrow(counts, least.min(0), most.max(0))
        };
        self.multiplicities.iter().map(data).collect()
    }
}

//! Committed columns: padded rows of small integers and their commitments (book, chapter 3).

use crate::data::Data;
use crate::error::ProveError;
use crate::randomness::Randomness;
use rayon::prelude::*;
use zeroize::Zeroizing;
use zkseal_commit::Generators;
use zkseal_commit::pedersen::{commit_rows, commit_scalars};
use zkseal_field::{Fr, G1Affine, decode_scalar, encode_scalar};
use zkseal_kernels::Ints;
use zkseal_poly::bits;
use zkseal_relation::types::to_index;
use zkseal_relation::{Column, Layout};
use zkseal_verifier::VerifyError;

/// Entries of rows that are padded and committed to together: memory for them, and few waits for the last thread.
const BATCH_ENTRIES: usize = 1 << 22;

/// Blindings of the committed rows of a column, in order of the rows. Secret for private columns, wiped on drop.
pub type Blindings = Zeroizing<Vec<Fr>>;

/// Uniform blindings for a private column, zeros for `table`.
#[must_use]
pub fn fresh_blindings(layout: &Layout, column: Column, randomness: &mut Randomness) -> Blindings {
    let count = layout.num_rows(column);
    Zeroizing::new(if column == Column::Table { vec![Fr::default(); count] } else { randomness.scalars(count) })
}

/// 32 bytes each.
#[must_use]
pub fn encode_blindings(blindings: &[Fr]) -> Vec<u8> {
    blindings.iter().flat_map(encode_scalar).collect()
}

/// Inverse of [`encode_blindings`], for the rows of a column.
///
/// # Errors
/// [`ProveError::WrongBlindings`] for a wrong number, [`VerifyError::Encoding`] for a value at or above the order.
pub fn decode_blindings(layout: &Layout, column: Column, bytes: &[u8]) -> Result<Blindings, ProveError> {
    let expected = layout.num_rows(column);
    let (words, tail) = bytes.as_chunks::<32>();
    if words.len() != expected || !tail.is_empty() {
        return Err(ProveError::WrongBlindings { column: column_name(column), expected, got: words.len() });
    }
    let mut blindings = Zeroizing::new(Vec::with_capacity(expected));
    for (index, word) in words.iter().enumerate() {
        let encoding = |cause| VerifyError::Encoding { what: "blindings", at: 32 * index, cause };
        blindings.push(decode_scalar(word).map_err(encoding)?);
    }
    Ok(blindings)
}

/// The word for a column in messages.
#[must_use]
pub const fn column_name(column: Column) -> &'static str {
    match column {
        Column::Model => "model",
        Column::Table => "table",
        Column::Input => "input",
        Column::Output => "output",
        Column::Witness => "witness",
        Column::Public => "public",
        Column::Progression => "progression",
        Column::Helper => "helper",
    }
}

/// Commits to a column.
///
/// # Errors
/// Only for a row length without generators.
pub fn commit_column<'d>(
    generators: &Generators,
    layout: &Layout,
    column: Column,
    data: impl Fn(usize) -> &'d Data + Sync,
    blindings: &[Fr],
    padding: &[(u64, i64)],
) -> Result<Vec<G1Affine>, ProveError> {
    let Some(place) = layout.column(column) else { return Ok(Vec::new()) };
    let members: Vec<usize> = (0..layout.tensors.len()).filter(|t| layout.tensors[*t].column == column).collect();
    let mut points = Vec::with_capacity(place.rows.len());
    let batch = (BATCH_ENTRIES / layout.params.row_len()).max(1);
    for (rows, hiding) in place.rows.chunks(batch).zip(blindings.chunks(batch)) {
        let padded: Vec<Data> = rows.par_iter().map(|row| padded_row(layout, *row, &members, &data, padding)).collect();
        let ints: Vec<Ints<'_>> = padded.iter().map(Data::ints).collect();
        points.extend(commit_rows(generators, &ints, hiding)?);
    }
    Ok(points)
}

/// Commits to the helper column, which holds scalars.
///
/// # Errors
/// Only for more entries than the layout has rows for.
pub fn commit_helper(
    generators: &Generators,
    layout: &Layout,
    column: &[Fr],
    blindings: &[Fr],
) -> Result<Vec<G1Affine>, ProveError> {
    let rows: Vec<(&[Fr], &Fr)> = column.chunks(layout.params.row_len()).zip(blindings).collect();
    Ok(rows.into_par_iter().map(|(row, rho)| commit_scalars(generators, row, *rho)).collect::<Result<_, _>>()?)
}

/// The C entries of one row.
fn padded_row<'d>(
    layout: &Layout,
    row: u64,
    members: &[usize],
    data: &(impl Fn(usize) -> &'d Data + Sync),
    padding: &[(u64, i64)],
) -> Data {
    let row_len = layout.params.row_len();
    let (first, last) = (row * row_len as u64, (row + 1) * row_len as u64);
    let overlapping: Vec<usize> = members
        .iter()
        .filter(|t| {
            layout.placements[**t].is_some_and(|p| p.address < last && p.address + (1u64 << p.num_vars) > first)
        })
        .copied()
        .collect();
    let most = overlapping.iter().map(|t| data(*t).largest()).max().unwrap_or(0);
    let (lo, hi) = (-most, most);
    let extra = padding.iter().filter(|(address, _)| (first..last).contains(address));
    let (lo, hi) = extra.clone().fold((lo, hi), |(lo, hi), (_, value)| (lo.min(*value), hi.max(*value)));
    let mut out = Data::narrow(&vec![0i64; row_len], lo, hi);
    for t in overlapping {
        let Some(place) = layout.placements[t] else { continue };
        // The part of the padded block inside this row, copied innermost axis by innermost axis.
        copy_block(&layout.tensors[t].shape, place.address, first, data(t), &mut out);
    }
    for (address, value) in extra {
        out.set((address - first) as usize, *value);
    }
    out
}

fn copy_block(shape: &[u32], address: u64, first: u64, source: &Data, out: &mut Data) {
    let row_len = out.len() as u64;
    let Some((inner, outer)) = shape.split_last() else { return };
    let inner_vars = bits(u64::from(*inner));
    let outer_vars: Vec<u32> = outer.iter().map(|axis| bits(u64::from(*axis))).collect();
    let block_end = address + (1u64 << (inner_vars + outer_vars.iter().sum::<u32>()));
    let (from, to) = (first.max(address), (first + row_len).min(block_end));
    // Innermost runs that meet [from, to).
    let (run_first, run_last) = ((from - address) >> inner_vars, (to - 1 - address) >> inner_vars);
    for run in run_first..=run_last {
        let Some(dense_row) = dense_index(run, outer, &outer_vars) else { continue };
        let start = address + (run << inner_vars);
        let skip = from.saturating_sub(start);
        let end = (start + u64::from(*inner)).min(to);
        if start + skip < end {
            let len = (end - start - skip) as usize;
            let at = dense_row * to_index(*inner) + skip as usize;
            out.copy_from((start + skip - first) as usize, source, at, len);
        }
    }
}

/// Row-major index of the outer axes from their padded index; `None` in the padding.
fn dense_index(padded: u64, sizes: &[u32], vars: &[u32]) -> Option<usize> {
    let (mut rest, mut index, mut scale) = (padded, 0usize, 1usize);
    for (size, vars) in sizes.iter().zip(vars).rev() {
        let digit = rest & ((1u64 << vars) - 1);
        if digit >= u64::from(*size) {
            return None;
        }
        index += digit as usize * scale;
        scale *= to_index(*size);
        rest >>= vars;
    }
    Some(index)
}

//! Seeds of every target, made from the fixtures: valid inputs and one change of each kind. Nothing is random.

use crate::filler;
use crate::fixture::FIXTURES;
use crate::relations::cases;
use crate::schemes;
use std::path::Path;
use zkseal_field::{Fr, compress, decompress, encode_scalar, encode_uncompressed};
use zkseal_prover::columns::encode_blindings;
use zkseal_relation::{Column, encode};

/// (target, seed) pairs.
#[must_use]
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut out = encodings();
    for ((index, fixture), case) in (0u8..).zip(FIXTURES.iter()).zip(cases()) {
        let relation = encode(fixture.key.relation());
        let log_row = fixture.key.layout().params.log_row - 4;
        let with = |head: &[u8], tail: &[u8]| [head, tail].concat();
        out.push(("relation", with(&[log_row, case.scheme], &relation)));
        out.push(("planted_decoder", with(&[log_row, case.scheme], &relation)));
        out.push(("foreign_key", with(&[log_row, case.scheme, 0], &relation)));
        out.push(("foreign_key", with(&[log_row + 1, case.scheme ^ 1, 1], &relation)));
        out.push(("verifying_key", fixture.key_bytes.clone()));
        if let Some(key) = filler::key(fixture.key.relation(), fixture.key.layout(), Fr::from(1u64)) {
            out.push(("verifying_key", key));
        }
        out.push(("proof", with(&[2 * index + 1], &fixture.proof)));
        out.push(("proof", with(&[2 * index], &fixture.proof)));
        let rows = fixture.key.layout().num_rows(Column::Input);
        out.push(("blindings", encode_blindings(&vec![-Fr::from(1u64); rows])));
        for target in ["statement", "planted_verifier"] {
            out.push((target, vec![index]));
            out.extend((0u8..12).map(|kind| (target, with(&[index, kind, 0, 1, 0, 2, 0, 6, 0, 0], &[1; 12]))));
        }
        out.push(("params", fixture.key.layout().params.encode()));
    }
    out
}

fn encodings() -> Vec<(&'static str, Vec<u8>)> {
    let mut out: Vec<(&'static str, Vec<u8>)> = Vec::new();
    for word in filler::words() {
        out.push(("encodings", word.to_vec()));
        if let Ok(point) = decompress(&word) {
            out.push(("encodings", encode_uncompressed(&point).to_vec()));
            out.push(("encodings", compress(&-point).to_vec()));
        }
        out.push(("blindings", word.to_vec()));
    }
    out.push(("blindings", encode_scalar(&Fr::from(7u64)).to_vec()));
    // The longest row, and every number of lanes.
    out.extend((0u8..18).map(|choice| ("params", schemes::params(12, choice).encode())));
    out
}

/// Writes one file for each seed to `folder/<target>/`.
///
/// # Errors
/// If the folder cannot be written.
pub fn write(folder: &Path) -> std::io::Result<()> {
    for (index, (target, bytes)) in seeds().iter().enumerate() {
        let place = folder.join(target);
        std::fs::create_dir_all(&place)?;
        std::fs::write(place.join(format!("seed-{index:03}")), bytes)?;
    }
    Ok(())
}

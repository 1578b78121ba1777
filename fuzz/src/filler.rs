//! Well-formed proofs and keys of nothing: right lengths, canonical scalars, real points. They pass every decoder, so that
//! the equations behind are reached under any relation that the fuzzer makes.

use crate::schemes::opening_setup;
use zkseal_commit::{ipa, kzg};
use zkseal_field::{AffineRepr, Fr, G1Affine, compress, encode_scalar, encode_uncompressed};
use zkseal_relation::{Column, Layout, LookupArgument, Opening, PublicValues, Relation, codec, model_relation};
use zkseal_verifier::proof::{HelperProof, LookupProof, OpeningProof, TreeLayer};
use zkseal_verifier::{Proof, Statement};

/// Larger proofs are not made: their time would go into points, not into equations.
const MAX_ROWS: usize = 256;

fn point() -> G1Affine {
    G1Affine::generator()
}

/// Commitments to nothing in particular.
#[must_use]
pub fn commitments(count: usize) -> Vec<G1Affine> {
    vec![point(); count]
}

/// Whether a filler for this layout is small.
#[must_use]
pub fn is_small(layout: &Layout) -> bool {
    layout.columns.iter().all(|column| column.rows.len() <= MAX_ROWS)
}

/// A proof of the layout's shape whose scalars are all `scalar`.
#[must_use]
pub fn proof(layout: &Layout, scalar: Fr) -> Vec<u8> {
    let pair = [scalar; 2];
    let log_row = usize::from(layout.params.log_row);
    Proof {
        witness: vec![point(); layout.num_rows(Column::Witness)],
        mask: point(),
        lookups: lookups(layout, scalar),
        product_rounds: vec![pair; layout.product_vars],
        product_values: pair,
        row_rounds: vec![pair; layout.row_vars],
        blinding: [point(); 2],
        blinding_value: scalar,
        column_rounds: vec![pair; log_row + 1],
        combined: pair,
        opening: match layout.params.opening {
            Opening::Ipa => {
                OpeningProof::Ipa(ipa::OpeningProof { rounds: vec![(point(), point()); log_row], a: scalar })
            }
            Opening::Kzg => {
                OpeningProof::Kzg(Box::new(kzg::OpeningProof { points: [point(); 7], values: [scalar; 6] }))
            }
        },
    }
    .encode()
}

fn lookups(layout: &Layout, scalar: Fr) -> LookupProof {
    let vars = layout.lookup_vars;
    match layout.params.argument {
        _ if layout.blocks.is_empty() => LookupProof::None,
        LookupArgument::Tree => {
            let layer = |j: usize| TreeLayer { rounds: vec![[scalar; 2]; j + 1], values: [scalar; 4] };
            LookupProof::Tree((0..vars).map(layer).collect())
        }
        LookupArgument::Helper { lanes } => {
            let values = vec![scalar; usize::from(lanes) + 2];
            let commitments = commitments(layout.num_rows(Column::Helper));
            LookupProof::Helper(HelperProof { commitments, rounds: vec![values.clone(); vars + 1], values })
        }
    }
}

/// A statement that fits the relation: public values as near to 0 as their bounds allow.
#[must_use]
pub fn statement(relation: &Relation, layout: &Layout) -> Statement {
    let tensors = relation.tensors.iter().enumerate().filter(|(_, tensor)| tensor.column == Column::Public);
    let public: PublicValues = tensors
        .map(|(index, t)| (index, vec![0i64.clamp(t.lo, t.hi); usize::try_from(t.len()).unwrap_or(0)]))
        .collect();
    let rows = |column| commitments(layout.num_rows(column));
    Statement { context: Vec::new(), public, input: rows(Column::Input), output: rows(Column::Output) }
}

/// Bytes of a key for this relation with filled commitments and model proof; `None` if they would not be small.
#[must_use]
pub fn key(relation: &Relation, layout: &Layout, scalar: Fr) -> Option<Vec<u8>> {
    let params = layout.params;
    let model_proof = match model_relation(relation).ok()? {
        Some(model) => {
            let layout = Layout::new(&model, params).ok().filter(is_small)?;
            proof(&layout, scalar)
        }
        None => Vec::new(),
    };
    let mut out = b"ZKVK\0\x01".to_vec();
    out.extend(params.encode());
    if let Some(setup) = opening_setup(&params) {
        out.extend(kzg::encode_g2(&setup.tau_g2));
    }
    let block = |out: &mut Vec<u8>, count: usize, bytes: &[u8]| {
        out.extend(u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
        out.extend(bytes);
    };
    let bytes = codec::encode(relation);
    block(&mut out, bytes.len(), &bytes);
    for column in [Column::Model, Column::Table] {
        let count = layout.num_rows(column);
        block(&mut out, count, &encode_uncompressed(&point()).repeat(count));
    }
    block(&mut out, model_proof.len(), &model_proof);
    Some(out)
}

/// 32-byte words that decoders treat in different ways.
#[must_use]
pub fn words() -> Vec<[u8; 32]> {
    let mut identity = [0u8; 32];
    identity[0] = 0x40;
    vec![
        compress(&point()),
        compress(&-point()),
        identity,
        encode_scalar(&Fr::from(1u64)),
        encode_scalar(&-Fr::from(1u64)),
        [0; 32],
        [0xff; 32],
    ]
}

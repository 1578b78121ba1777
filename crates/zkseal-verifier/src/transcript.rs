//! The head of every transcript (book, chapter 1). Both sides call this.

use crate::statement::Statement;
use crate::verify::{Instance, ProofKind};
use zkseal_field::{G1Affine, encode_uncompressed};
use zkseal_relation::Column;
use zkseal_transcript::{Transcript, keccak256};

/// keccak256 of the uncompressed encodings, concatenated.
#[must_use]
pub fn commitments_digest(commitments: &[G1Affine]) -> [u8; 32] {
    let bytes: Vec<u8> = commitments.iter().flat_map(encode_uncompressed).collect();
    keccak256(&[&bytes])
}

/// What does not change from proof to proof: the key.
#[must_use]
pub fn head(instance: &Instance<'_>) -> Transcript {
    let mut transcript = Transcript::new();
    let kind: &[u8] = match instance.kind {
        ProofKind::Inference => b"zkseal proof protocol v1/inference",
        ProofKind::Model => b"zkseal proof protocol v1/model",
    };
    transcript.absorb("zkseal", kind);
    transcript.absorb("params", &instance.layout.params.encode());
    transcript.absorb("relation", instance.relation_digest);
    transcript.absorb("model", &commitments_digest(instance.model));
    transcript.absorb("table", &commitments_digest(instance.table));
    transcript
}

/// Everything public, then the prover's first commitments: all that precedes the first challenge.
#[must_use]
pub fn start(instance: &Instance<'_>, statement: &Statement, witness: &[G1Affine], mask: &G1Affine) -> Transcript {
    let mut transcript = head(instance);
    transcript.absorb("context", &statement.context);
    for (index, tensor) in instance.relation.tensors.iter().enumerate() {
        if tensor.column == Column::Public {
            let mut data = u32::try_from(index).unwrap_or(u32::MAX).to_be_bytes().to_vec();
            let values = statement.public.get(&index).map(Vec::as_slice).unwrap_or_default();
            values.iter().for_each(|value| data.extend_from_slice(&value.to_be_bytes()));
            transcript.absorb("public", &data);
        }
    }
    transcript.absorb_points("input", &statement.input);
    transcript.absorb_points("output", &statement.output);
    transcript.absorb_points("witness", witness);
    transcript.absorb_points("mask", std::slice::from_ref(mask));
    transcript
}

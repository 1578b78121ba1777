//! Proofs for the chain: the same messages in the same order, points uncompressed, so that nobody has to take a root there.

use crate::error::EvmError;
use zkseal_commit::kzg;
use zkseal_field::{Fr, G1Affine, encode_scalar, encode_uncompressed};
use zkseal_relation::Layout;
use zkseal_verifier::Proof;
use zkseal_verifier::proof::{LookupProof, OpeningProof};

/// The bytes of a proof for the chain.
///
/// # Errors
/// [`EvmError::Proof`] if the bytes are no proof of this layout, [`EvmError::Scheme`] for another scheme.
pub fn encode_proof(layout: &Layout, bytes: &[u8]) -> Result<Vec<u8>, EvmError> {
    let proof = Proof::decode(layout, bytes)?;
    let OpeningProof::Kzg(opening) = &proof.opening else { return Err(EvmError::Scheme) };
    let mut out = Vec::with_capacity(bytes.len().saturating_mul(2));
    points(&mut out, &proof.witness);
    points(&mut out, &[proof.mask]);
    match &proof.lookups {
        LookupProof::None => {}
        LookupProof::Helper(helper) => {
            points(&mut out, &helper.commitments);
            helper.rounds.iter().for_each(|round| scalars(&mut out, round));
            scalars(&mut out, &helper.values);
        }
        LookupProof::Tree(_) => return Err(EvmError::Scheme),
    }
    proof.product_rounds.iter().for_each(|round| scalars(&mut out, round));
    scalars(&mut out, &proof.product_values);
    proof.row_rounds.iter().for_each(|round| scalars(&mut out, round));
    points(&mut out, &proof.blinding);
    scalars(&mut out, &[proof.blinding_value]);
    proof.column_rounds.iter().for_each(|round| scalars(&mut out, round));
    scalars(&mut out, &proof.combined);
    let kzg::OpeningProof { points: last, values } = opening.as_ref();
    points(&mut out, last);
    scalars(&mut out, values);
    Ok(out)
}

/// Commitments for the chain, 64 bytes each.
#[must_use]
pub fn encode_commitments(commitments: &[G1Affine]) -> Vec<u8> {
    commitments.iter().flat_map(encode_uncompressed).collect()
}

fn points(out: &mut Vec<u8>, points: &[G1Affine]) {
    out.extend(encode_commitments(points));
}

fn scalars(out: &mut Vec<u8>, scalars: &[Fr]) {
    out.extend(scalars.iter().flat_map(encode_scalar));
}

//! The order of verification (book, chapter 6, "Verification").

use crate::claims::{Coefficients, Combination, evaluate_tensors, linear_part};
use crate::error::{Verified, VerifyError};
use crate::helper;
use crate::key::VerifyingKey;
use crate::lookups::{LookupForms, LookupValues};
use crate::proof::{LookupProof, OpeningProof, Proof};
use crate::statement::Statement;
use crate::sumcheck::{COLUMN, EvaluationClaim, PRODUCT, ROW, run_rounds};
use crate::transcript::start;
use crate::tree::{self, run_tree};
use zkseal_commit::generators::{self, Generators};
use zkseal_commit::{ipa, kzg};
use zkseal_field::{Fr, G1Affine, One, Zero, inverse_power_of_two};
use zkseal_poly::{eq_at, evaluate};
use zkseal_relation::{Column, Expansion, Layout, Relation, Suffix};
use zkseal_transcript::Transcript;

/// What a proof is about: separates model proofs from inference proofs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofKind {
    /// One run of a relation.
    Inference,
    /// Bounds of private weights, proved once.
    Model,
}

/// The fixed side of a proof: relation, layout and the commitments that a key holds.
#[derive(Debug, Clone, Copy)]
pub struct Instance<'a> {
    /// Kind of proof.
    pub kind: ProofKind,
    /// A valid relation.
    pub relation: &'a Relation,
    /// Its digest.
    pub relation_digest: &'a [u8; 32],
    /// Its layout.
    pub layout: &'a Layout,
    /// Commitments of the model column.
    pub model: &'a [G1Affine],
    /// Commitments of the table column.
    pub table: &'a [G1Affine],
    /// The verifier's side of the powers of tau; `None` for `ipa`.
    pub setup: Option<&'a kzg::Setup>,
}

/// Verifies an inference proof under a loaded key.
///
/// # Errors
/// [`VerifyError`], each variant with one cause.
///
/// # Soundness
/// `Ok` means: except with negligible probability the prover knows values of all committed tensors that satisfy the relation
/// together with the statement's public values, inside the commitments of key and statement.
pub fn verify(key: &VerifyingKey, statement: &Statement, proof: &[u8]) -> Verified<()> {
    check_proof(&key.instance(), statement, proof)
}

/// Verifies a proof of any kind.
///
/// # Errors
/// As [`verify`].
pub fn check_proof(instance: &Instance<'_>, statement: &Statement, bytes: &[u8]) -> Verified<()> {
    // Step 1: the statement fits the key. Step 2: the bytes have the shape that the layout dictates.
    statement.check(instance.relation, instance.layout)?;
    let proof = Proof::decode(instance.layout, bytes)?;
    // Step 3: transcript and equations.
    let mut transcript = start(instance, statement, &proof.witness, &proof.mask);
    let products = check_products(instance, statement, &proof, &mut transcript)?;
    check_linear(instance, statement, &proof, &products, &mut transcript)
}

/// What stages 5.1 and 5.2 leave for stage 5.3.
struct LinearClaim {
    coefficients: Coefficients,
    value: Fr,
}

/// Stages 5.0 to 5.2.
fn check_products(
    instance: &Instance<'_>,
    statement: &Statement,
    proof: &Proof,
    transcript: &mut Transcript,
) -> Verified<LinearClaim> {
    let (relation, layout) = (instance.relation, instance.layout);
    let (beta, lookups) = check_lookups(instance, &proof.lookups, transcript)?;
    let eta = transcript.challenge("eta");
    let zeta: Vec<Fr> = (0..layout.zero_vars).map(|_| transcript.challenge("zeta")).collect();
    let forms = lookups.as_ref().map(|(forms, _)| forms);
    let suffix = Suffix {
        lookup_point: forms.map(|forms| forms.point.as_slice()).unwrap_or_default(),
        lookup_scale: forms.map_or_else(Fr::zero, |forms| Fr::one() - forms.pad),
        zero_point: &zeta,
        eta,
        beta,
    };
    let expansion = Expansion::new(relation, layout, &statement.public, &suffix)?;
    let linear = linear_part(relation, &statement.public, &expansion, forms, eta, layout.mask.len())?;
    let values = lookups.as_ref().map(|(_, values)| values);
    let keys = values.map(|values| values.keys.as_slice()).unwrap_or_default();
    let target = keys.iter().rev().fold(Fr::zero(), |sum, key| sum * eta + key) - linear.constant;
    let end = run_rounds(transcript, PRODUCT, &proof.product_rounds, target);
    transcript.absorb_scalars("product values", &proof.product_values);
    let delta = transcript.challenge("delta");
    let combination = Combination {
        relation,
        layout,
        public: &statement.public,
        expansion: &expansion,
        linear: &linear,
        lookups: forms,
        rho: &end.point,
        delta,
    };
    let coefficients = combination.coefficients()?;
    let value = combined_value(&proof.product_values, &end, values, delta) - coefficients.constant;
    Ok(LinearClaim { coefficients, value })
}

/// Stages 5.0 and 5.1: beta, and the claims that are left.
fn check_lookups(
    instance: &Instance<'_>,
    proof: &LookupProof,
    transcript: &mut Transcript,
) -> Verified<(Fr, Option<(LookupForms, LookupValues)>)> {
    let (relation, layout) = (instance.relation, instance.layout);
    if let LookupProof::None = proof {
        return Ok((Fr::zero(), None));
    }
    let beta = transcript.challenge("beta");
    let alpha = transcript.challenge("alpha");
    let claims = match proof {
        LookupProof::None => None,
        LookupProof::Tree(layers) => {
            let claims = run_tree(transcript, &layout.mask, layers);
            let values = claims.values(relation, layout, alpha)?;
            let layers = claims.layers.into_iter().map(|(form, _)| form);
            Some((tree::forms(&claims.leaves, layers), values))
        }
        LookupProof::Helper(proof) => Some(helper::run(transcript, relation, layout, proof, alpha)?),
    };
    Ok((beta, claims))
}

/// Values of the claims M, U, V, those that the lookup argument left, and g2, with powers of delta.
fn combined_value(values: &[Fr; 2], products: &EvaluationClaim, lookups: Option<&LookupValues>, delta: Fr) -> Fr {
    let [u, v] = *values;
    let mut list = Vec::new();
    list.extend(lookups.map(|lookups| lookups.multiplicities));
    list.extend([u, v]);
    list.extend(lookups.iter().flat_map(|lookups| &lookups.rest));
    list.push(products.value - u * v);
    list.iter().rev().fold(Fr::zero(), |sum, value| sum * delta + value)
}

/// Stage 5.3.
fn check_linear(
    instance: &Instance<'_>,
    statement: &Statement,
    proof: &Proof,
    claim: &LinearClaim,
    transcript: &mut Transcript,
) -> Verified<()> {
    let layout = instance.layout;
    let rows = run_rounds(transcript, ROW, &proof.row_rounds, claim.value);
    let mask = mask_coefficients(layout, &claim.coefficients.mask, &rows.point);
    transcript.absorb_points("blinding", &proof.blinding);
    transcript.absorb_scalars("blinding value", &[proof.blinding_value]);
    let chi = transcript.challenge("chi");
    let start = proof.blinding_value + chi * rows.value;
    let columns = run_rounds(transcript, COLUMN, &proof.column_rounds, start);
    transcript.absorb_scalars("combined", &proof.combined);
    let [value, blinding] = proof.combined;
    let (selector, low) = match columns.point.split_first() {
        Some((selector, low)) => (*selector, low),
        None => (Fr::zero(), columns.point.as_slice()),
    };
    let address: Vec<Fr> = rows.point.iter().chain(low).copied().collect();
    let data = evaluate_tensors(layout, &claim.coefficients.tensors, &address);
    let coefficient = (Fr::one() - selector) * data + selector * evaluate(&mask, low);
    if columns.value != value * coefficient {
        return Err(VerifyError::LinearClaimRejected);
    }
    let terms = combined_commitment(instance, statement, proof, &rows.point, (chi, selector, blinding))?;
    match (&proof.opening, instance.setup) {
        (OpeningProof::Ipa(opening), None) => {
            let generators = Generators::for_rows(usize::from(layout.params.log_row))?;
            ipa::verify(generators, transcript, terms, low, value, opening)?;
        }
        (OpeningProof::Kzg(opening), Some(setup)) => kzg::verify(setup, transcript, terms, low, value, opening)?,
        (OpeningProof::Ipa(_), Some(_)) | (OpeningProof::Kzg(_), None) => return Err(VerifyError::OpeningRejected),
    }
    Ok(())
}

/// b' = 2^-R b + g3's coefficients.
pub(crate) fn mask_coefficients(layout: &Layout, mask: &[Fr], point: &[Fr]) -> Vec<Fr> {
    let share = inverse_power_of_two(u32::try_from(layout.row_vars).unwrap_or(u32::MAX));
    let mut out: Vec<Fr> = mask.iter().map(|coefficient| *coefficient * share).collect();
    for (position, coefficient) in crate::claims::half_centred_form(point, 2, |i, d| layout.mask.row_mask(i, d)) {
        if let Some(entry) = out.get_mut(position) {
            *entry += coefficient;
        }
    }
    out
}

/// `(1-r_s) (C_q + chi sum eq C_row) + r_s (C_q' + chi C_mu) - s H` as terms.
fn combined_commitment(
    instance: &Instance<'_>,
    statement: &Statement,
    proof: &Proof,
    point: &[Fr],
    (chi, selector, blinding): (Fr, Fr, Fr),
) -> Verified<Vec<(Fr, G1Affine)>> {
    let layout = instance.layout;
    let [blind_rows, blind_mask] = proof.blinding;
    let front = Fr::one() - selector;
    let mut terms = vec![
        (front, blind_rows),
        (selector, blind_mask),
        (selector * chi, proof.mask),
        (-blinding, generators::blinding_base()),
    ];
    for column in Column::COMMITTED {
        let commitments: &[G1Affine] = match column {
            Column::Model => instance.model,
            Column::Table => instance.table,
            Column::Input => &statement.input,
            Column::Output => &statement.output,
            Column::Witness => &proof.witness,
            Column::Helper => match &proof.lookups {
                LookupProof::Helper(helper) => &helper.commitments,
                LookupProof::None | LookupProof::Tree(_) => &[],
            },
            Column::Public | Column::Progression => &[],
        };
        let rows = layout.column(column).map(|c| c.rows.as_slice()).unwrap_or_default();
        if rows.len() != commitments.len() {
            return Err(VerifyError::StatementMismatch {
                what: "commitment",
                index: commitments.len(),
                rule: "count differs from the number of committed rows",
            });
        }
        terms.extend(rows.iter().zip(commitments).map(|(row, c)| (front * chi * eq_at(point, *row), *c)));
    }
    Ok(terms)
}

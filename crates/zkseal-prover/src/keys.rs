//! Setup and proving keys.

use crate::bases::{Bases, Powers};
use crate::columns::{Blindings, commit_column, decode_blindings, encode_blindings, fresh_blindings};
use crate::data::Data;
use crate::error::ProveError;
use crate::hooks::{Honest, Hooks};
use crate::prove::{Assignment, Progress, Proved, prove};
use crate::randomness::Randomness;
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;
use zkseal_commit::generators::setup_digest;
use zkseal_commit::kzg;
use zkseal_field::{Fr, G1Affine, G2Affine};
use zkseal_relation::{
    Column, Layout, LookupArgument, Opening, Params, Placement, PublicValues, Relation, codec, model_relation,
    validate::validate,
};
use zkseal_transcript::keccak256;
use zkseal_verifier::{Instance, ProofKind, Statement, VerifyError, VerifyingKey};

/// Values of tensors by index.
pub type TensorMap = BTreeMap<usize, Data>;

/// A verifying key and the secrets that go with it.
pub struct Setup {
    /// The verifying key; its model proof has been checked.
    pub verifying_key: VerifyingKey,
    /// Blindings of the model commitments.
    pub model_blindings: Blindings,
}

/// What a setup chooses: row length, lookup argument, and how rows are opened.
#[derive(Clone)]
pub struct Scheme {
    /// Logarithm of the row length.
    pub log_row: u8,
    /// How lookups are proved.
    pub argument: LookupArgument,
    /// Powers of tau and tau*G2 for the kzg opening; `None` for ipa.
    pub powers: Option<(Powers, G2Affine)>,
}

impl Scheme {
    /// The tree argument with the ipa opening, which need no setup.
    #[must_use]
    pub const fn transparent(log_row: u8) -> Self {
        Self { log_row, argument: LookupArgument::Tree, powers: None }
    }

    /// The parameters.
    ///
    /// # Errors
    /// For a row length or a number of lanes that no parameters have.
    pub fn params(&self) -> Result<Params, ProveError> {
        let (opening, digest) = match &self.powers {
            None => (Opening::Ipa, setup_digest()),
            Some((_, tau_g2)) => (Opening::Kzg, kzg::setup_digest(tau_g2)),
        };
        Ok(Params::new(self.log_row, self.argument, opening, digest)?)
    }

    fn powers(&self) -> Option<&Powers> {
        self.powers.as_ref().map(|(powers, _)| powers)
    }

    fn verifier_setup(&self) -> Option<kzg::Setup> {
        self.powers.as_ref().map(|(_, tau_g2)| kzg::Setup::new(*tau_g2))
    }
}

/// The parts of a verifying key before anybody has checked them.
pub struct Commitments {
    /// Row length.
    pub params: Params,
    /// Commitments of the model column.
    pub model: Vec<G1Affine>,
    /// Commitments of the table column.
    pub table: Vec<G1Affine>,
    /// The model proof; empty without model tensors.
    pub model_proof: Vec<u8>,
    /// Blindings of the model commitments.
    pub model_blindings: Blindings,
}

/// Commits to model and tables, and proves that the model lies in its bounds.
///
/// # Errors
/// [`ProveError::OutOfBounds`] for a weight outside its bounds; see [`ProveError`].
pub fn setup(
    relation: Relation,
    scheme: &Scheme,
    tensors: &TensorMap,
    progress: &mut Progress<'_>,
) -> Result<Setup, ProveError> {
    let made = commit_model(&relation, scheme, tensors, None, &mut Honest, progress)?;
    let powers = scheme.verifier_setup();
    let verifying_key = VerifyingKey::new(relation, made.params, made.model, made.table, made.model_proof, powers)?;
    Ok(Setup { verifying_key, model_blindings: made.model_blindings })
}

/// [`setup`] without the check of its own result; blindings are fresh unless they are given.
///
/// # Errors
/// See [`ProveError`].
#[cfg(feature = "test-hooks")]
pub fn commit_model_with_hooks<H: Hooks>(
    relation: &Relation,
    scheme: &Scheme,
    tensors: &TensorMap,
    blindings: Option<&[u8]>,
    hooks: &mut H,
) -> Result<Commitments, ProveError> {
    commit_model(relation, scheme, tensors, blindings, hooks, &mut |_, _| true)
}

fn commit_model<H: Hooks>(
    relation: &Relation,
    scheme: &Scheme,
    tensors: &TensorMap,
    blindings: Option<&[u8]>,
    hooks: &mut H,
    progress: &mut Progress<'_>,
) -> Result<Commitments, ProveError> {
    validate(relation)?;
    let params = scheme.params()?;
    let bases = Bases::of(&params, scheme.powers())?;
    let layout = Layout::new(relation, params)?;
    if H::CHECKS_WITNESS {
        check_values(relation, tensors, |column| matches!(column, Column::Model | Column::Table))?;
    }
    let mut randomness = bound_randomness(relation, tensors)?;
    let model_blindings = match blindings {
        Some(bytes) => decode_blindings(&layout, Column::Model, bytes)?,
        None => fresh_blindings(&layout, Column::Model, &mut randomness),
    };
    let commit = |column, blindings: &[_]| commit_column(&bases, &layout, column, |t| &tensors[&t], blindings, &[]);
    if !progress("commit model", 0.0) {
        return Err(ProveError::Stopped);
    }
    let model = commit(Column::Model, &model_blindings)?;
    let table = commit(Column::Table, &fresh_blindings(&layout, Column::Table, &mut randomness))?;
    let model_proof = prove_model(relation, (scheme, params), tensors, &model, &model_blindings, hooks, progress)?;
    Ok(Commitments { params, model, table, model_proof, model_blindings })
}

/// Randomness of a setup: no two models share blindings, even if the system repeats its entropy.
fn bound_randomness(relation: &Relation, tensors: &TensorMap) -> Result<Randomness, ProveError> {
    let mut values = Zeroizing::new([0u8; 32]);
    for data in tensors.values() {
        *values = keccak256(&[values.as_ref(), &Zeroizing::new(data.to_bytes())]);
    }
    Randomness::from_system(&[&codec::digest(relation), values.as_ref()])
}

/// All values that are there fit shape and bounds; all tensors of the wanted columns are there.
fn check_values(relation: &Relation, tensors: &TensorMap, wanted: impl Fn(Column) -> bool) -> Result<(), ProveError> {
    for (index, tensor) in relation.tensors.iter().enumerate().filter(|(_, t)| wanted(t.column)) {
        let data = tensors.get(&index).ok_or(ProveError::MissingTensor { tensor: index })?;
        if data.len() as u64 != tensor.len() {
            return Err(ProveError::WrongSize { tensor: index, expected: tensor.len(), got: data.len() as u64 });
        }
        let inside = |value: i64| (tensor.lo..=tensor.hi).contains(&value);
        if let Some(position) = crate::each_width!(data, values => values.iter().position(|v| !inside(i64::from(*v)))) {
            return Err(ProveError::OutOfBounds { tensor: index, position });
        }
    }
    Ok(())
}

fn prove_model<H: Hooks>(
    relation: &Relation,
    (scheme, params): (&Scheme, Params),
    tensors: &TensorMap,
    model: &[G1Affine],
    blindings: &[zkseal_field::Fr],
    hooks: &mut H,
    progress: &mut Progress<'_>,
) -> Result<Vec<u8>, ProveError> {
    let Some(bounds) = model_relation(relation)? else { return Ok(Vec::new()) };
    validate(&bounds)?;
    let layout = Layout::new(&bounds, params)?;
    let digest = codec::digest(&bounds);
    let sources: Vec<&Data> = relation
        .tensors
        .iter()
        .enumerate()
        .filter(|(_, tensor)| tensor.column == Column::Model)
        .map(|(index, _)| &tensors[&index])
        .collect();
    let limbs = model_limbs(&bounds, &sources);
    let data: Vec<Option<&Data>> =
        (0..bounds.tensors.len()).map(|index| sources.get(index).copied().or_else(|| limbs.get(&index))).collect();
    let instance = Instance {
        kind: ProofKind::Model,
        relation: &bounds,
        relation_digest: &digest,
        layout: &layout,
        model,
        table: &[],
        setup: None,
    };
    let assignment = Assignment {
        tensors: data,
        model_blindings: blindings,
        input_blindings: None,
        output_blindings: None,
        powers: scheme.powers(),
    };
    let proved = prove(&instance, PublicValues::new(), &[], &assignment, hooks, progress)?;
    Ok(proved.proof.encode())
}

/// Limbs of model tensors, in the order in which the model relation appends them.
fn model_limbs(bounds: &Relation, sources: &[&Data]) -> TensorMap {
    let mut limbs = TensorMap::new();
    let mut next = bounds.tensors.iter().enumerate().filter(|(_, tensor)| tensor.column == Column::Witness);
    let width = |hi: i64| 64 - hi.leading_zeros();
    let Some(limb_bits) = bounds.tensors.iter().find(|t| t.column == Column::Witness).map(|t| width(t.hi)) else {
        return limbs;
    };
    for (tensor, source) in bounds.tensors.iter().zip(sources) {
        let span = (i128::from(tensor.hi) - i128::from(tensor.lo) + 1).trailing_zeros();
        for t in 1..span.div_ceil(limb_bits).max(1) {
            let Some((index, limb)) = next.next() else { return limbs };
            let shift = limb_bits * (t - 1);
            let values: Vec<i64> =
                source.to_i64().iter().map(|v| (v.wrapping_sub(tensor.lo) >> shift) & limb.hi).collect();
            limbs.insert(index, Data::narrow(&values, 0, limb.hi));
        }
    }
    limbs
}

/// Everything that proves under one model.
pub struct ProvingKey {
    verifying_key: Arc<VerifyingKey>,
    model_blindings: Blindings,
    tensors: TensorMap,
    powers: Option<Powers>,
}

/// What one proof needs besides the key.
pub struct ProveInput {
    /// The proof is worthless under another context.
    pub context: Vec<u8>,
    /// Input, output, witness and public tensors.
    pub tensors: TensorMap,
    /// To repeat input commitments.
    pub input_blindings: Option<Vec<u8>>,
    /// To repeat output commitments.
    pub output_blindings: Option<Vec<u8>>,
}

/// A finished proof.
pub struct ProveOutput {
    /// Proof bytes.
    pub proof: Vec<u8>,
    /// Statement with its commitments.
    pub statement: Statement,
    /// Secret: opens the input commitments.
    pub input_blindings: Vec<u8>,
    /// Secret: opens the output commitments.
    pub output_blindings: Vec<u8>,
}

/// Commitments of a run's private inputs and outputs, made before (or without) a proof.
pub struct Committed {
    /// Of the input column's rows.
    pub input: Vec<G1Affine>,
    /// Of the output column's rows.
    pub output: Vec<G1Affine>,
    /// Secret: opens the input commitments, and repeats them in a proof ([`ProveInput::input_blindings`]).
    pub input_blindings: Vec<u8>,
    /// Secret: likewise for the output.
    pub output_blindings: Vec<u8>,
}

impl ProvingKey {
    /// [`Self::new`] without looking at values: a lying prover's key.
    ///
    /// # Errors
    /// If blindings have a wrong number.
    #[cfg(feature = "test-hooks")]
    pub fn unchecked(
        key: impl Into<Arc<VerifyingKey>>,
        model_blindings: &[u8],
        tensors: TensorMap,
        powers: Option<Powers>,
    ) -> Result<Self, ProveError> {
        let key = key.into();
        let model_blindings = decode_blindings(key.layout(), Column::Model, model_blindings)?;
        Ok(Self { verifying_key: key, model_blindings, tensors, powers })
    }

    /// Joins a verifying key with weights, tables and blindings.
    ///
    /// # Errors
    /// If tensors are missing or do not fit, or blindings have a wrong number. That they belong to the key's commitments is not tested:
    /// a proof with others does not verify. Likewise for powers of tau, which a kzg key needs and no other takes.
    pub fn new(
        verifying_key: impl Into<Arc<VerifyingKey>>,
        model_blindings: &[u8],
        tensors: TensorMap,
        powers: Option<Powers>,
    ) -> Result<Self, ProveError> {
        let verifying_key = verifying_key.into();
        let relation = verifying_key.relation();
        check_values(relation, &tensors, |column| matches!(column, Column::Model | Column::Table))?;
        let model_blindings = decode_blindings(verifying_key.layout(), Column::Model, model_blindings)?;
        Bases::of(&verifying_key.layout().params, powers.as_ref())?;
        Ok(Self { verifying_key, model_blindings, tensors, powers })
    }

    /// The verifying key.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying_key
    }

    /// Proves one run.
    ///
    /// # Errors
    /// See [`ProveError`].
    pub fn prove(&self, input: &ProveInput, progress: &mut Progress<'_>) -> Result<ProveOutput, ProveError> {
        let proved = self.prove_with(input, &mut Honest, progress)?;
        Ok(ProveOutput {
            proof: proved.proof.encode(),
            input_blindings: encode_blindings(&proved.input_blindings),
            output_blindings: encode_blindings(&proved.output_blindings),
            statement: proved.statement,
        })
    }

    /// Whether weights, tables and blindings are those of the key's commitments: commits to them again, and compares.
    ///
    /// A prover need not know, for its proof would not verify. Whoever answers without a proof has to.
    ///
    /// # Errors
    /// Only for a row length without generators.
    pub fn opens_commitments(&self) -> Result<bool, ProveError> {
        let layout = self.verifying_key.layout();
        let bases = Bases::of(&layout.params, self.powers.as_ref())?;
        let commit =
            |column, blindings: &[_]| commit_column(&bases, layout, column, |t| &self.tensors[&t], blindings, &[]);
        let unblinded = vec![Fr::default(); layout.num_rows(Column::Table)];
        let instance = self.verifying_key.instance();
        Ok(commit(Column::Model, &self.model_blindings)? == instance.model
            && commit(Column::Table, &unblinded)? == instance.table)
    }

    /// Commits to a run's input and output as [`Self::prove`] does, with fresh blindings, and proves nothing.
    ///
    /// # Errors
    /// If a tensor of input or output is missing or does not fit.
    pub fn commit(&self, tensors: &TensorMap) -> Result<Committed, ProveError> {
        self.commit_again(tensors, None, None)
    }

    /// Commits as [`Self::commit`] does, with given blindings where there are any, so that the commitments are those of
    /// an earlier run with the same values. The caller has to know that the values are the same: one blinding over two
    /// values tells their difference.
    ///
    /// # Errors
    /// As [`Self::commit`], or if blindings have another length or are no scalars.
    pub fn commit_again(
        &self,
        tensors: &TensorMap,
        input_blindings: Option<&[u8]>,
        output_blindings: Option<&[u8]>,
    ) -> Result<Committed, ProveError> {
        let (relation, layout) = (self.verifying_key.relation(), self.verifying_key.layout());
        check_values(relation, tensors, |column| matches!(column, Column::Input | Column::Output))?;
        let bases = Bases::of(&layout.params, self.powers.as_ref())?;
        // System entropy would do; the values stand in so that a state that comes back cannot repeat it for other values.
        let values = tensors.values().map(|data| keccak256(&[&Zeroizing::new(data.to_bytes())]));
        let values = Zeroizing::new(keccak256(&[&Zeroizing::new(values.collect::<Vec<_>>().concat())]));
        let mut randomness = Randomness::from_system(&[b"commit", &self.verifying_key.model_id(), values.as_ref()])?;
        let mut column = |column, given: Option<&[u8]>| -> Result<(Vec<G1Affine>, Vec<u8>), ProveError> {
            let blindings = match given {
                Some(bytes) => decode_blindings(layout, column, bytes)?,
                None => fresh_blindings(layout, column, &mut randomness),
            };
            let points = commit_column(&bases, layout, column, |t| &tensors[&t], &blindings, &[])?;
            Ok((points, encode_blindings(&blindings)))
        };
        let (input, input_blindings) = column(Column::Input, input_blindings)?;
        let (output, output_blindings) = column(Column::Output, output_blindings)?;
        Ok(Committed { input, output, input_blindings, output_blindings })
    }

    /// Proves with hooks that lie.
    ///
    /// # Errors
    /// See [`ProveError`].
    #[cfg(feature = "test-hooks")]
    pub fn prove_with_hooks<H: Hooks>(&self, input: &ProveInput, hooks: &mut H) -> Result<Proved, ProveError> {
        self.prove_with(input, hooks, &mut |_, _| true)
    }

    /// Proves with hooks; the honest ones do nothing.
    fn prove_with<H: Hooks>(
        &self,
        input: &ProveInput,
        hooks: &mut H,
        progress: &mut Progress<'_>,
    ) -> Result<Proved, ProveError> {
        let key = &self.verifying_key;
        let relation = key.relation();
        let per_proof = |column| matches!(column, Column::Input | Column::Output | Column::Witness | Column::Public);
        if H::CHECKS_WITNESS {
            check_values(relation, &input.tensors, per_proof)?;
        }
        let data: Vec<Option<&Data>> =
            (0..relation.tensors.len()).map(|t| self.tensors.get(&t).or_else(|| input.tensors.get(&t))).collect();
        let public: PublicValues = relation
            .tensors
            .iter()
            .enumerate()
            .filter(|(_, tensor)| tensor.column == Column::Public)
            .filter_map(|(index, _)| input.tensors.get(&index).map(|data| (index, data.to_i64())))
            .collect();
        let layout = key.layout();
        let given = |column, bytes: &Option<Vec<u8>>| {
            bytes.as_ref().map(|bytes| decode_blindings(layout, column, bytes)).transpose()
        };
        let assignment = Assignment {
            tensors: data,
            model_blindings: &self.model_blindings,
            input_blindings: given(Column::Input, &input.input_blindings)?,
            output_blindings: given(Column::Output, &input.output_blindings)?,
            powers: self.powers.as_ref(),
        };
        prove(&key.instance(), public, &input.context, &assignment, hooks, progress)
    }
}

/// Powers of tau that the commitments of inputs and outputs are made of: those of the entries that their rows have.
/// [`check_opening`] needs as many, at least two where there are any; 0 for ipa.
#[must_use]
pub fn opening_powers(layout: &Layout) -> usize {
    if layout.params.opening == Opening::Ipa {
        return 0;
    }
    let row_len = layout.params.row_len();
    let end = |place: &Placement| ((place.address % row_len as u64) as usize + (1 << place.num_vars)).clamp(2, row_len);
    let opened = |place: &&Placement| matches!(place.column, Column::Input | Column::Output);
    layout.placements.iter().flatten().filter(opened).map(end).max().unwrap_or(0)
}

/// Recomputes the commitments of a column from its values and blindings, and compares.
///
/// The powers of tau may be as few as [`opening_powers`]; whoever calls has checked them.
///
/// The values are those of the column and no others, so that nothing is shown that was not committed to.
///
/// # Errors
/// [`VerifyError::StatementMismatch`] for values or commitments of another shape, errors of the blindings' encoding;
/// `Ok(false)` if values and blindings are not those of the commitments.
pub fn check_opening(
    key: &VerifyingKey,
    powers: Option<&Powers>,
    column: Column,
    tensors: &TensorMap,
    blindings: &[u8],
    commitments: &[G1Affine],
) -> Result<bool, ProveError> {
    let relation = key.relation();
    let mismatch = |index: usize, rule: &'static str| VerifyError::StatementMismatch { what: "opening", index, rule };
    let own = |index: &usize| relation.tensors.get(*index).is_some_and(|tensor| tensor.column == column);
    if let Some(index) = tensors.keys().find(|index| !own(index)) {
        return Err(mismatch(*index, "a tensor that is not of the column").into());
    }
    check_values(relation, tensors, |c| c == column).map_err(|error| match error {
        ProveError::MissingTensor { tensor } => mismatch(tensor, "a tensor of the column is missing").into(),
        ProveError::WrongSize { tensor, .. } => mismatch(tensor, "a wrong number of values").into(),
        ProveError::OutOfBounds { tensor, .. } => mismatch(tensor, "a value outside its bounds").into(),
        other => other,
    })?;
    if commitments.len() != key.layout().num_rows(column) {
        return Err(mismatch(commitments.len(), "a wrong number of commitments").into());
    }
    let blindings = decode_blindings(key.layout(), column, blindings)?;
    let bases = Bases::for_entries(&key.layout().params, powers, opening_powers(key.layout()))?;
    Ok(commit_column(&bases, key.layout(), column, |t| &tensors[&t], &blindings, &[])? == commitments)
}

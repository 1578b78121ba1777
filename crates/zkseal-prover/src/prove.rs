//! The order of proving (book, chapters 4 to 6). Arithmetic lives in the modules of the stages.

use crate::bases::{Bases, Powers};
use crate::columns::{Blindings, commit_column, commit_helper, fresh_blindings};
use crate::data::Data;
use crate::error::ProveError;
use crate::evaluate::Values;
use crate::fold::inner_product;
use crate::helper::{helper_column, prove_helper};
use crate::hooks::Hooks;
use crate::linear::RowSumcheck;
use crate::lookups::{LookupRows, find_rows};
use crate::masks::CentredMask;
use crate::products::{product_tables, prove_products, send_round};
use crate::ragged::units::Units;
use crate::randomness::Randomness;
use crate::tree::{build_layers, prove_tree};
use rayon::prelude::*;
use zeroize::Zeroizing;
use zkseal_commit::pedersen::commit_scalars;
use zkseal_commit::{ipa, kzg};
use zkseal_field::{Fr, G1Affine, One, Zero, encode_scalar, inverse_power_of_two};
use zkseal_kernels::vectors::dot;
use zkseal_poly::eq_at;
use zkseal_relation::{Column, Expansion, Layout, LookupArgument, Opening, PublicValues, Relation, Suffix};
use zkseal_transcript::{Transcript, keccak256};
use zkseal_verifier::claims::{Coefficients, Combination, half_centred_form, linear_part};
use zkseal_verifier::lookups::LookupForms;
use zkseal_verifier::sumcheck::{COLUMN, PRODUCT, ROW};
use zkseal_verifier::transcript::{commitments_digest, start};
use zkseal_verifier::{HelperProof, Instance, LookupProof, OpeningProof, Proof, Statement, helper, tree};

/// Called at the start of each stage with its name and the share of the work that is done; `false` stops the proof.
pub type Progress<'p> = dyn FnMut(&'static str, f64) -> bool + 'p;

/// Committed data of one proof and the blindings of all columns.
pub struct Assignment<'a> {
    /// Data of each tensor of the relation; `None` for progressions.
    pub tensors: Vec<Option<&'a Data>>,
    /// Blindings of the model column.
    pub model_blindings: &'a [Fr],
    /// Blindings of the input column, to repeat a commitment; fresh ones without.
    pub input_blindings: Option<Blindings>,
    /// Blindings of the output column, likewise.
    pub output_blindings: Option<Blindings>,
    /// Powers of tau, for the kzg opening.
    pub powers: Option<&'a Powers>,
}

impl<'a> Assignment<'a> {
    /// The same with data for progressions, too: any access may read one.
    fn with_progressions(&self, progressions: &'a [Option<Data>]) -> Self {
        let own = self.tensors.iter().copied().chain(std::iter::repeat(None));
        Self {
            tensors: progressions.iter().zip(own).map(|(progression, data)| data.or(progression.as_ref())).collect(),
            model_blindings: self.model_blindings,
            input_blindings: self.input_blindings.clone(),
            output_blindings: self.output_blindings.clone(),
            powers: self.powers,
        }
    }
}

/// The entries of each progression of the relation; `None` for other tensors.
fn progression_data(relation: &Relation) -> Vec<Option<Data>> {
    let entries = |tensor: &zkseal_relation::Tensor| {
        (tensor.column == Column::Progression).then(|| {
            let values: Vec<i64> = (tensor.lo..=tensor.hi).collect();
            Data::narrow(&values, tensor.lo, tensor.hi)
        })
    };
    relation.tensors.iter().map(entries).collect()
}

impl Values for Assignment<'_> {
    fn tensor(&self, index: usize) -> &Data {
        // Presence of all tensors that an access can name was checked on entry.
        self.tensors[index].unwrap_or_else(|| unreachable!("tensor {index} was checked to have data"))
    }
}

/// A proof, its statement and the secrets that open the statement's commitments.
pub struct Proved {
    /// Statement with the commitments.
    pub statement: Statement,
    /// The messages.
    pub proof: Proof,
    /// Blindings of the input commitments.
    pub input_blindings: Blindings,
    /// Blindings of the output commitments.
    pub output_blindings: Blindings,
}

/// Everything fixed that the stages read.
struct Context<'a> {
    relation: &'a Relation,
    layout: &'a Layout,
    public: &'a PublicValues,
    assignment: &'a Assignment<'a>,
    multiplicities: &'a [Data],
    padding: &'a [(u64, i64)],
    bases: &'a Bases,
}

impl<'a> Context<'a> {
    fn data(&self, index: usize) -> &'a Data {
        match index.checked_sub(self.layout.first_multiplicity) {
            Some(table) => &self.multiplicities[table],
            None => match self.assignment.tensors[index] {
                Some(data) => data,
                None => unreachable!("tensor {index} was checked to have data"),
            },
        }
    }
}

fn report(progress: &mut Progress<'_>, stage: &'static str, done: f64) -> Result<(), ProveError> {
    if progress(stage, done) { Ok(()) } else { Err(ProveError::Stopped) }
}

/// Proves that the assignment satisfies the relation.
///
/// # Errors
/// [`ProveError`]; above all [`ProveError::Unsatisfied`] for a lookup that is no table row. Zeros are not tested here: if one is
/// not satisfied the proof does not verify.
pub fn prove<H: Hooks>(
    instance: &Instance<'_>,
    public: PublicValues,
    context: &[u8],
    assignment: &Assignment<'_>,
    hooks: &mut H,
    progress: &mut Progress<'_>,
) -> Result<Proved, ProveError> {
    let (relation, layout) = (instance.relation, instance.layout);
    keep_memory();
    check_presence(relation, assignment)?;
    let progressions = progression_data(relation);
    let assignment = &assignment.with_progressions(&progressions);
    report(progress, "witness", 0.0)?;
    let mut rows = find_rows_or_none(relation, assignment, H::CHECKS_WITNESS)?;
    if let Some(rows) = &mut rows {
        hooks.multiplicities(&mut rows.multiplicities);
    }
    let multiplicities = rows.as_ref().map(LookupRows::multiplicity_data).unwrap_or_default();
    let mut randomness = bound_randomness(instance, assignment, &public, context)?;
    let padding = hooks.padding();
    let bases = Bases::of(&layout.params, assignment.powers)?;
    let stage = Context {
        relation,
        layout,
        public: &public,
        assignment,
        multiplicities: &multiplicities,
        padding: &padding,
        bases: &bases,
    };
    report(progress, "commit", 0.1)?;
    let commit =
        |column, blindings: &[Fr]| commit_column(&bases, layout, column, |t| stage.data(t), blindings, &padding);
    let chosen = |given: &Option<Blindings>, column, randomness: &mut Randomness| {
        given.clone().unwrap_or_else(|| fresh_blindings(layout, column, randomness))
    };
    let input_blindings = chosen(&assignment.input_blindings, Column::Input, &mut randomness);
    let output_blindings = chosen(&assignment.output_blindings, Column::Output, &mut randomness);
    let witness_blindings = fresh_blindings(layout, Column::Witness, &mut randomness);
    let statement = Statement {
        context: context.to_vec(),
        public: public.clone(),
        input: commit(Column::Input, &input_blindings)?,
        output: commit(Column::Output, &output_blindings)?,
    };
    let witness = commit(Column::Witness, &witness_blindings)?;
    // mu under two sets of commitments would leak: it depends on all of them.
    randomness.rekey(&commitments_digest(&[&statement.input, &statement.output, &witness].map(Vec::as_slice).concat()));
    let mut mask = Zeroizing::new(randomness.scalars(layout.mask.len()));
    hooks.mask(&mut mask);
    let mask_blinding = randomness.scalar();
    let mask_commitment = commit_scalars(&bases, &mask, mask_blinding)?;
    let mut transcript = start(instance, &statement, &witness, &mask_commitment);

    report(progress, "lookups", 0.3)?;
    let lookups = prove_lookups(&stage, rows, &mut transcript, &mask, &mut randomness, hooks)?;
    report(progress, "products", 0.6)?;
    let products = prove_52(&stage, &mut transcript, &lookups, &mask)?;
    report(progress, "linear", 0.75)?;
    let secrets = Secrets {
        mask: &mask,
        mask_blinding,
        row_blindings: [
            (Column::Model, assignment.model_blindings),
            (Column::Input, &input_blindings),
            (Column::Output, &output_blindings),
            (Column::Witness, &witness_blindings),
            (Column::Helper, &lookups.helper_blindings),
        ],
        helper: &lookups.helper,
    };
    let linear = prove_53(&stage, &mut transcript, &products.coefficients, &secrets, &mut randomness, hooks, progress)?;
    let mut proof = Proof {
        witness,
        mask: mask_commitment,
        lookups: lookups.proof,
        product_rounds: products.rounds,
        product_values: products.values,
        row_rounds: linear.row_rounds,
        blinding: linear.blinding,
        blinding_value: linear.blinding_value,
        column_rounds: linear.column_rounds,
        combined: linear.combined,
        opening: linear.opening,
    };
    hooks.proof(&mut proof);
    report(progress, "done", 1.0)?;
    Ok(Proved { statement, proof, input_blindings, output_blindings })
}

/// Lets glibc keep blocks of up to 32 MB that were given back, for the next layer to take, instead of mapping and
/// clearing pages anew: it does so once a block of that size was given back. Nothing is ever written to this one.
fn keep_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(31 << 20)));
}

fn check_presence(relation: &Relation, assignment: &Assignment<'_>) -> Result<(), ProveError> {
    for (index, tensor) in relation.tensors.iter().enumerate() {
        if assignment.tensors.get(index).copied().flatten().is_none() && tensor.column != Column::Progression {
            return Err(ProveError::MissingTensor { tensor: index });
        }
    }
    Ok(())
}

fn find_rows_or_none(
    relation: &Relation,
    assignment: &Assignment<'_>,
    checked: bool,
) -> Result<Option<LookupRows>, ProveError> {
    if relation.has_lookups() { find_rows(relation, assignment, checked).map(Some) } else { Ok(None) }
}

/// Randomness keyed by system entropy and all that a proof depends on: weights and tables through their commitments.
fn bound_randomness(
    instance: &Instance<'_>,
    assignment: &Assignment<'_>,
    public: &PublicValues,
    context: &[u8],
) -> Result<Randomness, ProveError> {
    let private = instance.relation.tensors.par_iter().zip(&assignment.tensors).filter_map(|(tensor, data)| {
        let is_private = matches!(tensor.column, Column::Input | Column::Output | Column::Witness);
        data.filter(|_| is_private).map(|data| keccak256(&[&Zeroizing::new(data.to_bytes())]))
    });
    let values = Zeroizing::new(keccak256(&[&Zeroizing::new(private.collect::<Vec<_>>().concat())]));
    let public: Vec<u8> = public.values().flatten().flat_map(|value| value.to_be_bytes()).collect();
    let mut given = Zeroizing::new(Vec::new());
    for blindings in [&assignment.input_blindings, &assignment.output_blindings].into_iter().flatten() {
        given.extend(blindings.iter().flat_map(encode_scalar));
    }
    Randomness::from_system(&[
        &instance.layout.params.encode(),
        instance.relation_digest,
        &commitments_digest(instance.model),
        &commitments_digest(instance.table),
        &keccak256(&[&public]),
        &keccak256(&[&given]),
        values.as_ref(),
        &keccak256(&[context]),
    ])
}

/// What stage 5.1 leaves.
struct LookupRun {
    proof: LookupProof,
    forms: Option<LookupForms>,
    beta: Fr,
    /// The helper column and its blindings; empty without.
    helper: Zeroizing<Vec<Fr>>,
    helper_blindings: Blindings,
}

/// Stage 5.1; also draws beta and alpha.
fn prove_lookups<H: Hooks>(
    stage: &Context<'_>,
    rows: Option<LookupRows>,
    transcript: &mut Transcript,
    mask: &[Fr],
    randomness: &mut Randomness,
    hooks: &mut H,
) -> Result<LookupRun, ProveError> {
    let (relation, layout) = (stage.relation, stage.layout);
    let none = || Zeroizing::new(Vec::new());
    let Some(rows) = rows else {
        let (helper, helper_blindings) = (none(), none());
        return Ok(LookupRun { proof: LookupProof::None, forms: None, beta: Fr::zero(), helper, helper_blindings });
    };
    let beta = transcript.challenge("beta");
    let alpha = transcript.challenge("alpha");
    if let LookupArgument::Helper { .. } = layout.params.argument {
        let lanes = rows.lanes(relation, layout, stage.assignment, beta, alpha)?;
        let mut column = helper_column(&lanes)?;
        hooks.helper(&mut column);
        // Blindings under two transcripts would leak: the column depends on all challenges so far.
        randomness.rekey(&transcript.state());
        let helper_blindings = fresh_blindings(layout, Column::Helper, randomness);
        let commitments = commit_helper(stage.bases, layout, &column, &helper_blindings)?;
        transcript.absorb_points("helper", &commitments);
        let challenges = helper::draw(transcript, layout.lookup_vars);
        let run = prove_helper(transcript, &layout.mask, mask, &lanes, &column, &challenges);
        let forms = Some(helper::forms(layout, &run.point));
        let proof = LookupProof::Helper(HelperProof { commitments, rounds: run.rounds, values: run.values });
        return Ok(LookupRun { proof, forms, beta, helper: column, helper_blindings });
    }
    let (leaves, units) = rows.leaves(relation, layout, stage.assignment, beta, alpha)?;
    // Who lies about the tree changes leaves that are looked at.
    let units = if H::CHECKS_WITNESS { units } else { Units::new() };
    // From here on only the leaves know them, which go with their layer.
    drop(rows);
    let mut layers = build_layers(leaves, &units, layout.lookup_vars);
    hooks.tree(&mut layers);
    let run = prove_tree(transcript, &layout.mask, mask, layers, units, hooks);
    let forms = Some(tree::forms(&run.leaves, run.forms));
    Ok(LookupRun { proof: LookupProof::Tree(run.layers), forms, beta, helper: none(), helper_blindings: none() })
}

struct Products {
    rounds: Vec<[Fr; 2]>,
    values: [Fr; 2],
    coefficients: Coefficients,
}

/// Stage 5.2, and the coefficients of stage 5.3's claim.
fn prove_52(
    stage: &Context<'_>,
    transcript: &mut Transcript,
    lookups: &LookupRun,
    mask: &[Fr],
) -> Result<Products, ProveError> {
    let (relation, layout, public) = (stage.relation, stage.layout, stage.public);
    let eta = transcript.challenge("eta");
    let zeta: Vec<Fr> = (0..layout.zero_vars).map(|_| transcript.challenge("zeta")).collect();
    let forms = lookups.forms.as_ref();
    let suffix = Suffix {
        lookup_point: forms.map(|forms| forms.point.as_slice()).unwrap_or_default(),
        lookup_scale: forms.map_or_else(Fr::zero, |forms| Fr::one() - forms.pad),
        zero_point: &zeta,
        eta,
        beta: lookups.beta,
    };
    let expansion = Expansion::new(relation, layout, public, &suffix)?;
    let linear = linear_part(relation, public, &expansion, forms, eta, layout.mask.len())?;
    let on_tensors: Fr = linear
        .tensors
        .par_iter()
        .map(|term| inner_product(term, &layout.tensors[term.tensor].shape, stage.data(term.tensor)))
        .sum();
    let on_mask: Fr = linear.mask.iter().zip(mask).map(|(k, m)| *k * m).sum();
    let data = |t: usize| stage.data(t);
    let tables = product_tables(relation, layout, public, &expansion.products, data, on_tensors + on_mask, mask)?;
    let run = prove_products(transcript, PRODUCT, layout, tables, mask);
    let delta = transcript.challenge("delta");
    let combination = Combination {
        relation,
        layout,
        public,
        expansion: &expansion,
        linear: &linear,
        lookups: forms,
        rho: &run.point,
        delta,
    };
    Ok(Products { rounds: run.rounds, values: run.values, coefficients: combination.coefficients()? })
}

/// What stage 5.3 must not reveal.
struct Secrets<'a> {
    mask: &'a [Fr],
    mask_blinding: Fr,
    row_blindings: [(Column, &'a [Fr]); 5],
    helper: &'a [Fr],
}

impl Secrets<'_> {
    /// Blinding of `sum_row eq(point, row) C_row`.
    fn combined_blinding(&self, layout: &Layout, point: &[Fr]) -> Fr {
        let mut sum = Fr::zero();
        for (column, blindings) in &self.row_blindings {
            let rows = layout.column(*column).map(|place| place.rows.as_slice()).unwrap_or_default();
            sum += rows.iter().zip(*blindings).map(|(row, rho)| eq_at(point, *row) * rho).sum::<Fr>();
        }
        sum
    }
}

struct Linear {
    row_rounds: Vec<[Fr; 2]>,
    blinding: [G1Affine; 2],
    blinding_value: Fr,
    column_rounds: Vec<[Fr; 2]>,
    combined: [Fr; 2],
    opening: OpeningProof,
}

/// Stage 5.3.
fn prove_53<H: Hooks>(
    stage: &Context<'_>,
    transcript: &mut Transcript,
    claim: &Coefficients,
    secrets: &Secrets<'_>,
    randomness: &mut Randomness,
    hooks: &mut H,
    progress: &mut Progress<'_>,
) -> Result<Linear, ProveError> {
    let layout = stage.layout;
    let rows = prove_rows(stage, transcript, claim, secrets);
    let mut mask_weights: Vec<Fr> = claim.mask.clone();
    let share = inverse_power_of_two(layout.row_vars as u32);
    mask_weights.iter_mut().for_each(|weight| *weight *= share);
    for (position, weight) in half_centred_form(&rows.point, 2, |i, d| layout.mask.row_mask(i, d)) {
        mask_weights[position] += weight;
    }
    // (b) Blinding, from randomness that is bound to this transcript.
    randomness.rekey(&transcript.state());
    let mut blind_rows = Zeroizing::new(randomness.scalars(layout.params.row_len()));
    let mut blind_mask = Zeroizing::new(randomness.scalars(secrets.mask.len()));
    hooks.blinding(&mut blind_rows, &mut blind_mask);
    let (rho_rows, rho_mask) = (randomness.scalar(), randomness.scalar());
    let bases = stage.bases;
    let blinding = [commit_scalars(bases, &blind_rows, rho_rows)?, commit_scalars(bases, &blind_mask, rho_mask)?];
    let blinding_value = dot(&blind_rows, &rows.coefficients) + dot(&blind_mask, &mask_weights);
    transcript.absorb_points("blinding", &blinding);
    transcript.absorb_scalars("blinding value", &[blinding_value]);
    let chi = transcript.challenge("chi");
    let opened_rows = add_scaled(&blind_rows, chi, &rows.data);
    let opened_mask = add_scaled(&blind_mask, chi, secrets.mask);
    hooks.opened(&opened_rows, &opened_mask);
    // (c) Column rounds over (z, z') and (a, b').
    let columns = prove_columns(transcript, layout, &opened_rows, &opened_mask, &rows.coefficients, &mask_weights);
    let selector = columns.point[0];
    let front = Fr::one() - selector;
    let row_blinding = secrets.combined_blinding(layout, &rows.point);
    let blinding_scalar = front * (rho_rows + chi * row_blinding) + selector * (rho_mask + chi * secrets.mask_blinding);
    let combined = [columns.value, blinding_scalar];
    transcript.absorb_scalars("combined", &combined);
    // (d) Opening of the combined vector.
    report(progress, "opening", 0.85)?;
    let mut vector = Zeroizing::new(opened_rows.iter().map(|z| front * z).collect::<Vec<Fr>>());
    vector.iter_mut().zip(opened_mask.iter()).for_each(|(entry, z)| *entry += selector * z);
    let (point, value) = (&columns.point[1..], columns.value);
    let opening = match layout.params.opening {
        Opening::Ipa => OpeningProof::Ipa(ipa::prove(bases, transcript, std::mem::take(&mut *vector), point, value)?),
        Opening::Kzg => OpeningProof::Kzg(Box::new(kzg::prove(&bases.g, transcript, &vector, point, value)?)),
    };
    Ok(Linear { row_rounds: rows.rounds, blinding, blinding_value, column_rounds: columns.rounds, combined, opening })
}

struct RowRun {
    rounds: Vec<[Fr; 2]>,
    point: Vec<Fr>,
    data: Zeroizing<Vec<Fr>>,
    coefficients: Vec<Fr>,
}

/// (a) Row rounds.
fn prove_rows(stage: &Context<'_>, transcript: &mut Transcript, claim: &Coefficients, secrets: &Secrets<'_>) -> RowRun {
    let (layout, mask) = (stage.layout, secrets.mask);
    let mut tables = RowSumcheck::new(layout, |t| stage.data(t), secrets.helper, &claim.tensors, stage.padding);
    let on_mask = dot(&claim.mask, mask);
    let mut masks = CentredMask::new(2, |variable, degree| mask[layout.mask.row_mask(variable, degree)]);
    let (mut rounds, mut point) = (Vec::new(), Vec::new());
    for variable in (0..layout.row_vars).rev() {
        let [constant, square] = tables.round();
        // 2^-R <mu, b> on each of the 2^variable rows that are still summed, at this round's 0.
        let share = on_mask * inverse_power_of_two((layout.row_vars - variable) as u32);
        let mut round = [constant + share, Fr::zero(), square];
        masks.add_round(variable, variable, &mut round);
        let x = send_round(transcript, ROW, &mut rounds, [round[0], round[2]]);
        masks.bind(variable, x);
        tables.bind(x);
        point.push(x);
    }
    point.reverse();
    let (data, coefficients) = tables.finish();
    RowRun { rounds, point, data, coefficients }
}

struct ColumnRun {
    rounds: Vec<[Fr; 2]>,
    point: Vec<Fr>,
    value: Fr,
}

fn prove_columns(
    transcript: &mut Transcript,
    layout: &Layout,
    rows: &[Fr],
    mask: &[Fr],
    row_weights: &[Fr],
    mask_weights: &[Fr],
) -> ColumnRun {
    let stacked = |first: &[Fr], second: &[Fr]| {
        let mut out = first.to_vec();
        out.extend_from_slice(second);
        out.resize(2 * layout.params.row_len(), Fr::zero());
        out
    };
    let (mut values, mut weights) = (stacked(rows, mask), stacked(row_weights, mask_weights));
    let (mut rounds, mut point) = (Vec::new(), Vec::new());
    for _ in 0..=layout.params.log_row {
        let (mut constant, mut square) = (Fr::zero(), Fr::zero());
        for (v, w) in values.chunks_exact(2).zip(weights.chunks_exact(2)) {
            constant += v[0] * w[0];
            square += (v[1] - v[0]) * (w[1] - w[0]);
        }
        let x = send_round(transcript, COLUMN, &mut rounds, [constant, square]);
        values = values.chunks_exact(2).map(|v| v[0] + x * (v[1] - v[0])).collect();
        weights = weights.chunks_exact(2).map(|w| w[0] + x * (w[1] - w[0])).collect();
        point.push(x);
    }
    point.reverse();
    ColumnRun { rounds, point, value: values[0] }
}

fn add_scaled(base: &[Fr], scale: Fr, vector: &[Fr]) -> Zeroizing<Vec<Fr>> {
    Zeroizing::new(base.iter().zip(vector).map(|(b, v)| *b + scale * v).collect())
}

//! Proofs with lies, with injected randomness, and with a log of the transcript.

use crate::convert::{Lists, failed, scalars_to, tensors_from};
use crate::lies::{Liar, Lies};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::collections::BTreeMap;
use zkseal_commit::kzg::encode_g2;
use zkseal_field::{
    AffineRepr, CurveGroup, Fr, G1Affine, G1Projective, G2Affine, One, PrimeGroup, compress, decompress, encode_scalar,
    encode_uncompressed,
};
use zkseal_prover::columns::encode_blindings;
use zkseal_prover::keys::commit_model_with_hooks;
use zkseal_prover::prove::Proved;
use zkseal_prover::{Powers, ProveInput, ProvingKey, Scheme};
use zkseal_relation::{LookupArgument, codec, decode};
use zkseal_transcript::test_hooks::{Site, with_fixed_challenges, with_log};
use zkseal_verifier::{LookupProof, Proof, Statement, TreeLayer, VerifyingKey};

/// Powers of a tau that is no secret, for rows of 2^c.
fn powers(tau: u64, c: u8) -> (Powers, G2Affine) {
    let tau = Fr::from(tau);
    let scalars = std::iter::successors(Some(Fr::one()), |last| Some(*last * tau)).take(1 << c);
    let points: Vec<G1Projective> = scalars.map(|scalar| G1Projective::generator() * scalar).collect();
    (Powers::new(G1Projective::normalize_batch(&points)), (G2Affine::generator() * tau).into_affine())
}

/// Key bytes and model blindings for values that nobody checks; the key need not be valid. `lanes` chooses the helper
/// argument, `tau` the kzg opening.
#[pyfunction]
#[pyo3(signature = (relation, c, tensors, blindings=None, lanes=None, tau=None))]
pub fn setup<'py>(
    py: Python<'py>,
    relation: &[u8],
    c: u8,
    tensors: Lists,
    blindings: Option<Vec<u8>>,
    lanes: Option<u8>,
    tau: Option<u64>,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let parsed = decode(relation).map_err(failed)?;
    let tensors = tensors_from(&tensors);
    let argument = lanes.map_or(LookupArgument::Tree, |lanes| LookupArgument::Helper { lanes });
    let scheme = Scheme { log_row: c, argument, powers: tau.map(|tau| powers(tau, c)) };
    let made = commit_model_with_hooks(&parsed, &scheme, &tensors, blindings.as_deref(), &mut Liar::default());
    let made = made.map_err(failed)?;
    let mut key = b"ZKVK\0\x01".to_vec();
    key.extend_from_slice(&made.params.encode());
    if let Some((_, tau_g2)) = &scheme.powers {
        key.extend_from_slice(&encode_g2(tau_g2));
    }
    let block = |key: &mut Vec<u8>, count: usize, bytes: &[u8]| {
        key.extend_from_slice(&(count as u32).to_be_bytes());
        key.extend_from_slice(bytes);
    };
    let bytes = codec::encode(&parsed);
    block(&mut key, bytes.len(), &bytes);
    for points in [&made.model, &made.table] {
        let bytes: Vec<u8> = points.iter().flat_map(encode_uncompressed).collect();
        block(&mut key, points.len(), &bytes);
    }
    block(&mut key, made.model_proof.len(), &made.model_proof);
    Ok((PyBytes::new(py, &key), PyBytes::new(py, &encode_blindings(&made.model_blindings))))
}

/// Those of input and output, if they are given.
type Blindings = (Option<Vec<u8>>, Option<Vec<u8>>);

/// A proving key that may hold anything.
#[pyclass(frozen)]
pub struct Prover {
    key: ProvingKey,
}

fn compressed(points: &[G1Affine]) -> Vec<Vec<u8>> {
    points.iter().map(|point| compress(point).to_vec()).collect()
}

impl Prover {
    fn run(&self, context: &[u8], tensors: &Lists, given: Blindings, liar: &mut Liar) -> PyResult<Proved> {
        let (input_blindings, output_blindings) = given;
        let tensors = tensors_from(tensors);
        let input = ProveInput { context: context.to_vec(), tensors, input_blindings, output_blindings };
        self.key.prove_with_hooks(&input, liar).map_err(failed)
    }
}

#[pymethods]
impl Prover {
    /// `tensors` are those of the columns model and table, as flat lists by index.
    #[new]
    #[pyo3(signature = (verifying_key, blindings, tensors, tau=None))]
    fn new(verifying_key: &[u8], blindings: &[u8], tensors: Lists, tau: Option<u64>) -> PyResult<Self> {
        let key = VerifyingKey::decode(verifying_key).map_err(failed)?;
        let powers = tau.map(|tau| powers(tau, key.layout().params.log_row).0);
        Ok(Self { key: ProvingKey::unchecked(key, blindings, tensors_from(&tensors), powers).map_err(failed)? })
    }

    /// A proof with lies, under the commitments that `blindings` make of input and output.
    #[pyo3(signature = (context, tensors, lies, blindings=(None, None)))]
    fn prove<'py>(
        &self,
        py: Python<'py>,
        context: &[u8],
        tensors: Lists,
        lies: Lies,
        blindings: Blindings,
    ) -> PyResult<Bound<'py, PyDict>> {
        let mut liar = Liar::new(lies)?;
        let (proved, log) = with_log(|| self.run(context, &tensors, blindings, &mut liar));
        let proved = proved?;
        let out = PyDict::new(py);
        out.set_item("proof", PyBytes::new(py, &proved.proof.encode()))?;
        out.set_item("input_commitments", compressed_bytes(py, &proved.statement.input))?;
        out.set_item("output_commitments", compressed_bytes(py, &proved.statement.output))?;
        out.set_item("input_blindings", PyBytes::new(py, &encode_blindings(&proved.input_blindings)))?;
        out.set_item("output_blindings", PyBytes::new(py, &encode_blindings(&proved.output_blindings)))?;
        out.set_item("root", PyBytes::new(py, &encode_scalar(&liar.root)))?;
        out.set_item("balanced", PyBytes::new(py, &encode_scalar(&liar.balanced)))?;
        out.set_item("log", log)?;
        Ok(out)
    }

    /// All scalars that a proof reveals, by stage, under challenges that depend on nothing.
    fn messages(&self, tensors: Lists, lies: Lies) -> PyResult<BTreeMap<&'static str, Vec<Vec<u8>>>> {
        let mut liar = Liar::new(lies)?;
        let proved = with_fixed_challenges(|| self.run(b"", &tensors, (None, None), &mut liar))?;
        Ok(revealed(&proved.proof, &liar))
    }
}

fn compressed_bytes<'py>(py: Python<'py>, points: &[G1Affine]) -> Vec<Bound<'py, PyBytes>> {
    compressed(points).iter().map(|word| PyBytes::new(py, word)).collect()
}

/// Every scalar that a proof sends before (c), and z, z': column rounds, y and the opening follow from these.
/// Commitments and s are hidden by their own blindings.
fn revealed(proof: &Proof, liar: &Liar) -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let rounds = |rounds: &[[_; 2]]| scalars_to(&rounds.concat());
    let tree: &[TreeLayer] = match &proof.lookups {
        LookupProof::Tree(layers) => layers,
        LookupProof::None | LookupProof::Helper(_) => &[],
    };
    let (helper_rounds, helper_values) = match &proof.lookups {
        LookupProof::Helper(helper) => (scalars_to(&helper.rounds.concat()), scalars_to(&helper.values)),
        LookupProof::None | LookupProof::Tree(_) => (Vec::new(), Vec::new()),
    };
    BTreeMap::from([
        ("helper rounds", helper_rounds),
        ("helper values", helper_values),
        ("tree rounds", tree.iter().flat_map(|layer| rounds(&layer.rounds)).collect()),
        ("tree values", tree.iter().flat_map(|layer| scalars_to(&layer.values)).collect()),
        ("product rounds", rounds(&proof.product_rounds)),
        ("product values", scalars_to(&proof.product_values)),
        ("row rounds", rounds(&proof.row_rounds)),
        ("blinding value", scalars_to(&[proof.blinding_value])),
        ("opened", scalars_to(&liar.opened)),
    ])
}

/// Verifies (the key and then the proof) and returns the sites of the proof's transcript, or the reason of a refusal.
#[pyfunction]
pub fn verify_log(
    verifying_key: &[u8],
    context: &[u8],
    public: Lists,
    inputs: Vec<Vec<u8>>,
    outputs: Vec<Vec<u8>>,
    proof: &[u8],
) -> PyResult<Vec<Site>> {
    let points = |words: &[Vec<u8>]| -> PyResult<Vec<G1Affine>> {
        let decode = |word: &Vec<u8>| decompress(word.as_slice().try_into().map_err(failed)?).map_err(failed);
        words.iter().map(decode).collect()
    };
    let key = VerifyingKey::decode(verifying_key).map_err(failed)?;
    let statement = Statement { context: context.to_vec(), public, input: points(&inputs)?, output: points(&outputs)? };
    let (verdict, log) = with_log(|| zkseal_verifier::verify(&key, &statement, proof));
    verdict.map_err(failed)?;
    Ok(log)
}

//! Verifying key: relation, parameters, commitments of model and tables, model proof (book, chapter 6).

use crate::error::{Verified, VerifyError};
use crate::statement::{Statement, check_rows};
use crate::transcript::commitments_digest;
use crate::verify::{Instance, ProofKind, check_proof};
use zkseal_commit::{generators, kzg};
use zkseal_field::{G1Affine, decode_uncompressed, encode_uncompressed};
use zkseal_relation::params::PARAMS_BYTES;
use zkseal_relation::{
    Column, Layout, Opening, Params, Relation, RelationError, codec, decode, encode, model_relation, validate::validate,
};
use zkseal_transcript::keccak256;

const MAGIC: &[u8; 4] = b"ZKVK";
const VERSION: u16 = 1;

/// Everything that a verifier needs about a model. Its model proof has been checked.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    relation: Relation,
    relation_digest: [u8; 32],
    layout: Layout,
    model: Vec<G1Affine>,
    table: Vec<G1Affine>,
    model_proof: Vec<u8>,
    setup: Option<kzg::Setup>,
}

/// The relation that bounds private weights, and its layout.
#[derive(Debug, Clone)]
pub struct ModelPart {
    relation: Relation,
    relation_digest: [u8; 32],
    layout: Layout,
}

/// `keccak256("zkseal model id v1" || params || relation digest || model digest || table digest)`.
#[must_use]
pub fn model_id(params: &Params, relation_digest: &[u8; 32], model: &[G1Affine], table: &[G1Affine]) -> [u8; 32] {
    keccak256(&[
        b"zkseal model id v1",
        &params.encode(),
        relation_digest,
        &commitments_digest(model),
        &commitments_digest(table),
    ])
}

impl VerifyingKey {
    /// Assembles a key and checks all of it, the model proof included.
    ///
    /// # Errors
    /// [`VerifyError::Relation`], [`VerifyError::StatementMismatch`], [`VerifyError::IdentityPoint`], [`VerifyError::ModelProofRejected`].
    pub fn new(
        relation: Relation,
        params: Params,
        model: Vec<G1Affine>,
        table: Vec<G1Affine>,
        model_proof: Vec<u8>,
        setup: Option<kzg::Setup>,
    ) -> Verified<Self> {
        check_setup(&params, setup.as_ref())?;
        let (relation, layout) = check_relation(relation, params)?;
        check_count("model commitments", model.len(), layout.num_rows(Column::Model))?;
        check_rows("model commitment", &model, model.len())?;
        check_count("table commitments", table.len(), layout.num_rows(Column::Table))?;
        Self::assemble(relation, layout, model, table, model_proof, setup)
    }

    fn assemble(
        relation: Relation,
        layout: Layout,
        model: Vec<G1Affine>,
        table: Vec<G1Affine>,
        model_proof: Vec<u8>,
        setup: Option<kzg::Setup>,
    ) -> Verified<Self> {
        let relation_digest = codec::digest(&relation);
        let key = Self { relation, relation_digest, layout, model, table, model_proof, setup };
        key.check_model_proof()?;
        Ok(key)
    }

    /// The proof that every model tensor lies in its bounds, made at setup.
    fn check_model_proof(&self) -> Verified<()> {
        let Some(part) = self.model_part()? else {
            let rule = "a model proof without a model tensor";
            let none = self.model_proof.is_empty();
            return if none { Ok(()) } else { Err(VerifyError::InvalidEncoding { what: "verifying key", rule }) };
        };
        check_proof(&self.model_instance(&part), &Statement::default(), &self.model_proof)
            .map_err(|cause| VerifyError::ModelProofRejected { cause: Box::new(cause) })
    }

    /// What the model proof is about; `None` without a model tensor.
    ///
    /// # Errors
    /// If the model relation cannot be laid out.
    pub fn model_part(&self) -> Verified<Option<ModelPart>> {
        let Some(relation) = model_relation(&self.relation)? else { return Ok(None) };
        validate(&relation)?;
        let layout = Layout::new(&relation, self.layout.params)?;
        let relation_digest = codec::digest(&relation);
        Ok(Some(ModelPart { relation, relation_digest, layout }))
    }

    /// What the model proof is checked against.
    #[must_use]
    pub fn model_instance<'a>(&'a self, part: &'a ModelPart) -> Instance<'a> {
        Instance {
            kind: ProofKind::Model,
            relation: &part.relation,
            relation_digest: &part.relation_digest,
            layout: &part.layout,
            model: &self.model,
            table: &[],
            setup: self.setup.as_ref(),
        }
    }

    /// The bytes of the model proof; none without a model tensor.
    #[must_use]
    pub fn model_proof(&self) -> &[u8] {
        &self.model_proof
    }

    /// Strict decoding and all checks of [`Self::new`].
    ///
    /// # Errors
    /// Also [`VerifyError::WrongLength`], [`VerifyError::UnknownVersion`], [`VerifyError::Encoding`].
    pub fn decode(bytes: &[u8]) -> Verified<Self> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.take(4)? != MAGIC.as_slice() {
            return Err(VerifyError::InvalidEncoding { what: "verifying key", rule: "the first bytes are not ZKVK" });
        }
        let version = reader.u16()?;
        if version != VERSION {
            return Err(VerifyError::UnknownVersion { what: "verifying key", version });
        }
        let params = Params::decode(reader.take(PARAMS_BYTES)?)?;
        let setup = match params.opening {
            Opening::Ipa => None,
            Opening::Kzg => Some(reader.setup()?),
        };
        check_setup(&params, setup.as_ref())?;
        let relation_len = reader.u32()?;
        let relation = decode(reader.take(relation_len)?)?;
        let (relation, layout) = check_relation(relation, params)?;
        let model = reader.points("model commitments", layout.num_rows(Column::Model))?;
        check_rows("model commitment", &model, model.len())?;
        let table = reader.points("table commitments", layout.num_rows(Column::Table))?;
        let proof_len = reader.u32()?;
        let model_proof = reader.take(proof_len)?.to_vec();
        if reader.at != bytes.len() {
            return Err(VerifyError::WrongLength { what: "verifying key", expected: reader.at, got: bytes.len() });
        }
        Self::assemble(relation, layout, model, table, model_proof, setup)
    }

    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_be_bytes());
        out.extend_from_slice(&self.layout.params.encode());
        if let Some(setup) = &self.setup {
            out.extend_from_slice(&kzg::encode_g2(&setup.tau_g2));
        }
        let block = |out: &mut Vec<u8>, count: usize, bytes: &[u8]| {
            out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
            out.extend_from_slice(bytes);
        };
        let relation = encode(&self.relation);
        block(&mut out, relation.len(), &relation);
        for points in [&self.model, &self.table] {
            let bytes: Vec<u8> = points.iter().flat_map(encode_uncompressed).collect();
            block(&mut out, points.len(), &bytes);
        }
        block(&mut out, self.model_proof.len(), &self.model_proof);
        out
    }

    /// The name of the model.
    #[must_use]
    pub fn model_id(&self) -> [u8; 32] {
        model_id(&self.layout.params, &self.relation_digest, &self.model, &self.table)
    }

    /// The relation.
    #[must_use]
    pub const fn relation(&self) -> &Relation {
        &self.relation
    }

    /// Digest of the relation.
    #[must_use]
    pub const fn relation_digest(&self) -> &[u8; 32] {
        &self.relation_digest
    }

    /// The layout.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What inference proofs are checked against.
    #[must_use]
    pub fn instance(&self) -> Instance<'_> {
        Instance {
            kind: ProofKind::Inference,
            relation: &self.relation,
            relation_digest: &self.relation_digest,
            layout: &self.layout,
            model: &self.model,
            table: &self.table,
            setup: self.setup.as_ref(),
        }
    }

    /// The verifier's side of the powers of tau; `None` for `ipa`.
    #[must_use]
    pub const fn setup(&self) -> Option<&kzg::Setup> {
        self.setup.as_ref()
    }
}

/// A relation that keeps all rules, and its layout under the parameters.
fn check_relation(relation: Relation, params: Params) -> Verified<(Relation, Layout)> {
    validate(&relation)?;
    let layout = Layout::new(&relation, params)?;
    Ok((relation, layout))
}

fn check_setup(params: &Params, setup: Option<&kzg::Setup>) -> Verified<()> {
    let (expected, rule) = match (params.opening, setup) {
        (Opening::Ipa, None) => (generators::setup_digest(), "the setup digest is not that of the ipa generators"),
        (Opening::Kzg, Some(setup)) => {
            (kzg::setup_digest(&setup.tau_g2), "the setup digest is not that of the key's powers of tau")
        }
        (Opening::Ipa, Some(_)) | (Opening::Kzg, None) => {
            let rule = "powers of tau belong to the kzg opening and to no other";
            return Err(RelationError::Parameters { rule }.into());
        }
    };
    if params.setup_digest == expected { Ok(()) } else { Err(RelationError::Parameters { rule }.into()) }
}

fn check_count(what: &'static str, got: usize, expected: usize) -> Verified<()> {
    let rule = "the count differs from the number of committed rows";
    if got == expected { Ok(()) } else { Err(VerifyError::InvalidEncoding { what, rule }) }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Verified<&'a [u8]> {
        let end = self.at.saturating_add(len);
        let short = VerifyError::WrongLength { what: "verifying key", expected: end, got: self.bytes.len() };
        let slice = self.bytes.get(self.at..end).ok_or(short)?;
        self.at = end;
        Ok(slice)
    }

    fn u16(&mut self) -> Verified<u16> {
        Ok(self.take(2)?.iter().fold(0, |value, byte| (value << 8) | u16::from(*byte)))
    }

    fn u32(&mut self) -> Verified<usize> {
        Ok(self.take(4)?.iter().fold(0, |value, byte| (value << 8) | usize::from(*byte)))
    }

    fn setup(&mut self) -> Verified<kzg::Setup> {
        let mut fixed = [0u8; 128];
        fixed.copy_from_slice(self.take(128)?);
        let decoded = kzg::decode_g2(&fixed);
        let rule = "not the canonical bytes of a point of G2 other than the identity";
        let tau_g2 = decoded.map_err(|_| VerifyError::InvalidEncoding { what: "tau*G2 of the verifying key", rule })?;
        Ok(kzg::Setup::new(tau_g2))
    }

    fn points(&mut self, what: &'static str, expected: usize) -> Verified<Vec<G1Affine>> {
        let count = self.u32()?;
        check_count(what, count, expected)?;
        let start = self.at;
        let bytes = self.take(count.saturating_mul(64))?;
        let mut points = Vec::with_capacity(count);
        for (index, chunk) in bytes.chunks_exact(64).enumerate() {
            let at = start.saturating_add(index.saturating_mul(64));
            let mut fixed = [0u8; 64];
            fixed.copy_from_slice(chunk);
            let point = decode_uncompressed(&fixed);
            points.push(point.map_err(|cause| VerifyError::Encoding { what: "verifying key point", at, cause })?);
        }
        Ok(points)
    }
}

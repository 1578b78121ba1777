//! Feature `vectors`, for tests: the areas of `vectors/` that are no operation of a verifier, each by itself. They show that
//! arithmetic and sizes come out alike on a machine of 32 bits.
//!
//! ```text
//! ["keccak" | "scalar" | "point", data]                 -> [bytes]
//! ["generator", label, index]                           -> [bytes]
//! ["transcript", [operation, label, data], ..]          -> [challenge, ..]
//! ["relation", bytes, c, argument, lanes, opening]      -> [digest, figures, figures of the model relation]
//! ```

use crate::replies::{Refusal, Reply};
use minicbor::{Decoder, bytes::ByteVec};
use zkseal_commit::Generators;
use zkseal_field::{EncodingError, decode_scalar, decode_uncompressed, decompress, encode_scalar, encode_uncompressed};
use zkseal_relation::{
    Column, Layout, LookupArgument, Opening, Params, Relation, RelationError, codec, decode, model_relation,
    validate::validate,
};
use zkseal_transcript::{Transcript, keccak256};
use zkseal_verifier::VerifyError;

/// Answers the arguments of a vector.
pub fn answer(request: &[u8]) -> Reply {
    let mut decoder = Decoder::new(request);
    let area = decoder.array().and_then(|_| decoder.str());
    match area {
        Ok("relation") => Reply::of(relation(&mut decoder)),
        Ok(area) => Reply::of(primitive(area, &mut decoder)),
        Err(error) => Reply::of(Err::<(), _>(error.into())),
    }
}

type Bytes = Vec<ByteVec>;

fn primitive(area: &str, decoder: &mut Decoder<'_>) -> Result<Bytes, Refusal> {
    let one = |bytes: &[u8]| vec![ByteVec::from(bytes.to_vec())];
    match area {
        "keccak" => Ok(one(&keccak256(&[decoder.bytes()?]))),
        "scalar" => decode_scalar(sized(decoder.bytes()?)?).map(|value| one(&encode_scalar(&value))).map_err(refused),
        "point" => {
            let data = decoder.bytes()?;
            let decoded = if data.len() <= 32 { decompress(sized(data)?) } else { decode_uncompressed(sized(data)?) };
            decoded.map(|point| one(&encode_uncompressed(&point))).map_err(refused)
        }
        "generator" => {
            let (label, index) = (decoder.str()?, usize::try_from(decoder.u32()?).unwrap_or(usize::MAX));
            let generators = Generators::for_rows(10).map_err(VerifyError::from).map_err(|e| Refusal::from(&e))?;
            let point = match (label, index) {
                ("G", index) => generators.g.get(index).copied(),
                ("H", 0) => Some(generators.h),
                ("U", 0) => Some(generators.u),
                _ => None,
            };
            point.map(|point| one(&encode_uncompressed(&point))).ok_or_else(|| Refusal::internal("no such generator"))
        }
        "transcript" => transcript(decoder),
        _ => Err(Refusal::internal("no such area")),
    }
}

fn sized<const N: usize>(data: &[u8]) -> Result<&[u8; N], Refusal> {
    let error = VerifyError::WrongLength { what: "encoding", expected: N, got: data.len() };
    data.try_into().map_err(|_| Refusal::from(&error))
}

fn refused(cause: EncodingError) -> Refusal {
    Refusal::from(&VerifyError::Encoding { what: "encoding", at: 0, cause })
}

fn transcript(decoder: &mut Decoder<'_>) -> Result<Bytes, Refusal> {
    let mut transcript = Transcript::new();
    let mut drawn = Bytes::new();
    for _ in 0..decoder.array()?.unwrap_or(0) {
        decoder.array()?;
        let operation = decoder.str()?;
        // Labels are constants of the book; the few of the vectors may stay until the process ends.
        let label: &'static str = Box::leak(decoder.str()?.to_string().into_boxed_str());
        let data = decoder.bytes()?;
        let challenge = match operation {
            "absorb" => {
                transcript.absorb(label, data);
                continue;
            }
            "challenge" => transcript.challenge(label),
            _ => transcript.challenge128(label).map(|challenge| challenge.value).unwrap_or_default(),
        };
        drawn.push(ByteVec::from(encode_scalar(&challenge).to_vec()));
    }
    Ok(drawn)
}

type Figures = Vec<u64>;

fn relation(decoder: &mut Decoder<'_>) -> Result<(ByteVec, Figures, Option<Figures>), Refusal> {
    let (data, log_row) = (decoder.bytes()?, decoder.u8()?);
    let (argument, lanes, opening) = (decoder.str()?, decoder.u8()?, decoder.str()?);
    described(data, log_row, (argument, lanes), opening).map_err(|error| Refusal::from(&VerifyError::from(error)))
}

fn described(
    data: &[u8],
    log_row: u8,
    argument: (&str, u8),
    opening: &str,
) -> Result<(ByteVec, Figures, Option<Figures>), RelationError> {
    let relation = decode(data)?;
    validate(&relation)?;
    let argument = match argument {
        ("tree", 1) => LookupArgument::Tree,
        ("helper", lanes) => LookupArgument::Helper { lanes },
        _ => return Err(RelationError::Parameters { rule: "the tree argument has one lane" }),
    };
    let opening = if opening == "kzg" { Opening::Kzg } else { Opening::Ipa };
    let params = Params::new(log_row, argument, opening, [0; 32])?;
    let figures = figures(&relation, params)?;
    let model = model_relation(&relation)?;
    let model = model.map(|model| self::figures(&model, params)).transpose()?;
    Ok((ByteVec::from(codec::digest(&relation).to_vec()), figures, model))
}

/// n, n2, row variables, length of the mask, bytes of a proof, then rows of each column.
fn figures(relation: &Relation, params: Params) -> Result<Figures, RelationError> {
    let layout = Layout::new(relation, params)?;
    let sizes = [layout.lookup_vars, layout.product_vars, layout.row_vars, layout.mask.len(), layout.proof_bytes()];
    let shown = |column: &Column| *column != Column::Helper || layout.helper_tensor().is_some();
    let rows = Column::COMMITTED.into_iter().filter(shown).map(|column| layout.num_rows(column));
    Ok(sizes.into_iter().chain(rows).map(|count| u64::try_from(count).unwrap_or(u64::MAX)).collect())
}

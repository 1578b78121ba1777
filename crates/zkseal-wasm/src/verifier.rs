//! Keys by number, and verification under them.

use crate::replies::{Refusal, Reply};
use crate::requests::{Request, read_key_number};
use minicbor::encode::{self, Encode, Write};
use minicbor::{Encoder, bytes::ByteSlice};
use zkseal_commit::kzg::Origin;
use zkseal_relation::{Column, LookupArgument, Opening};
use zkseal_verifier::VerifyingKey;

/// The keys that a host holds. A number that was dropped is given again.
#[derive(Debug)]
pub struct Keys(Vec<Option<VerifyingKey>>);

impl Default for Keys {
    fn default() -> Self {
        Self::new()
    }
}

impl Keys {
    /// No keys.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Reads a key, the request being its bytes, and checks its model proof.
    pub fn load(&mut self, request: &[u8]) -> Reply {
        let loaded = VerifyingKey::decode(request).map_err(|error| Refusal::from(&error));
        Reply::of(loaded.map(|key| {
            let free = self.0.iter().position(Option::is_none).unwrap_or(self.0.len());
            let description = Description::of(free, &key);
            match self.0.get_mut(free) {
                Some(slot) => *slot = Some(key),
                None => self.0.push(Some(key)),
            }
            description
        }))
    }

    /// Forgets a key.
    pub fn drop_key(&mut self, request: &[u8]) -> Reply {
        Reply::of(read_key_number(request).map(|number| {
            if let Some(slot) = self.0.get_mut(index(number)) {
                *slot = None;
            }
        }))
    }

    /// Checks a proof under one of the keys.
    pub fn verify(&mut self, request: &[u8]) -> Reply {
        let checked = Request::read(request).and_then(|request| {
            let key = self.0.get(index(request.key)).and_then(Option::as_ref);
            let key = key.ok_or_else(|| Refusal::internal("there is no key with this number"))?;
            zkseal_verifier::verify(key, &request.statement, request.proof).map_err(|error| Refusal::from(&error))
        });
        Reply::of(checked)
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What is told of a key: names and numbers of `zkseal._native.VerifyingKey`, the tensors that statements hold, and how many
/// rows statement and proof commit to.
#[derive(Debug)]
struct Description {
    number: usize,
    model_id: [u8; 32],
    annotation: Vec<u8>,
    tensors: Vec<StatedTensor>,
    argument: LookupArgument,
    opening: Opening,
    row_bits: u8,
    rows: usize,
    setup: Option<([u8; 32], Origin)>,
}

/// Index, column (0 input, 1 output, 2 public), shape, bounds.
#[derive(Debug)]
struct StatedTensor(usize, u8, Vec<u32>, i64, i64);

impl Description {
    fn of(number: usize, key: &VerifyingKey) -> Self {
        let params = key.layout().params;
        let of_proofs = [Column::Input, Column::Output, Column::Witness, Column::Helper];
        let stated = key.relation().tensors.iter().enumerate().filter_map(|(index, tensor)| {
            let column = match tensor.column {
                Column::Input => 0,
                Column::Output => 1,
                Column::Public => 2,
                Column::Model | Column::Table | Column::Witness | Column::Progression | Column::Helper => return None,
            };
            Some(StatedTensor(index, column, tensor.shape.clone(), tensor.lo, tensor.hi))
        });
        Self {
            number,
            model_id: key.model_id(),
            annotation: key.relation().annotation.clone(),
            tensors: stated.collect(),
            argument: params.argument,
            opening: params.opening,
            row_bits: params.log_row,
            rows: of_proofs.into_iter().map(|column| key.layout().num_rows(column)).fold(0, usize::saturating_add),
            setup: key.setup().map(|setup| (params.setup_digest, Origin::of(&setup.tau_g2))),
        }
    }
}

impl<C> Encode<C> for StatedTensor {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        let Self(index, column, shape, lo, hi) = self;
        e.array(5)?.u64(u64::try_from(*index).unwrap_or(u64::MAX))?.u8(*column)?.encode(shape)?.i64(*lo)?.i64(*hi)?;
        Ok(())
    }
}

impl<C> Encode<C> for Description {
    /// A map, in the order of deterministic CBOR: shorter names first.
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(11)?.str("key")?.u64(u64::try_from(self.number).unwrap_or(u64::MAX))?;
        e.str("rows")?.u64(u64::try_from(self.rows).unwrap_or(u64::MAX))?;
        e.str("lanes")?.u8(self.argument.lanes())?;
        e.str("origin")?.encode(self.setup.map(|(_, origin)| origin.name()))?;
        e.str("opening")?.str(match self.opening {
            Opening::Ipa => "ipa",
            Opening::Kzg => "kzg",
        })?;
        e.str("tensors")?.encode(&self.tensors)?;
        e.str("argument")?.str(match self.argument {
            LookupArgument::Tree => "tree",
            LookupArgument::Helper { .. } => "helper",
        })?;
        e.str("model_id")?.bytes(&self.model_id)?;
        e.str("row_bits")?.u8(self.row_bits)?;
        e.str("annotation")?.bytes(&self.annotation)?;
        e.str("setup_digest")?.encode(self.setup.as_ref().map(|(digest, _)| <&ByteSlice>::from(digest.as_slice())))?;
        Ok(())
    }
}

//! The verifying program: all that the universal contract has to know about one model.
//!
//! It is code: called with the cells of [`crate::space`], it returns the outputs; copied, it tells the rest.
//!
//! | bytes | content |
//! | --- | --- |
//! | 0 | PUSH2 entry, JUMP |
//! | 4 | `ZKVP`, u8 1 |
//! | 9 | u8 c, R, n, L (0 without lookups), n2, nz, 0 |
//! | 16 | u16: public tensors, public values; rows of model, table, input, output, witness, helper |
//! | 32 | u16: offset of the public tensors, of the commitments, and of their end |
//! | 38 | state of the transcript after `table` |
//! | 70 | tau*G2, 128 bytes |
//! | 198 | u16 row number of each committed row: model, table, input, output, witness, helper |
//! | | for each public tensor: u32 index, u32 length, i64 least, i64 greatest value |
//! | | commitments of model and table, 64 bytes each |
//! | | 32 zero bytes, so that nothing before looks like the argument of a PUSH that swallows the entry |
//! | entry | JUMPDEST, instructions |

use crate::claims::build;
use crate::emit::{Code, emit, op};
use crate::error::{EvmError, fit};
use crate::space::Space;
use zkseal_commit::kzg;
use zkseal_field::encode_uncompressed;
use zkseal_relation::{Column, LookupArgument, Map, Opening, Relation};
use zkseal_verifier::Instance;
use zkseal_verifier::transcript::head;

/// Bytes before the row numbers.
pub const HEADER_BYTES: usize = 198;
/// Largest code of a contract (EIP-170).
pub const MAX_PROGRAM_BYTES: u64 = 24_576;
const MAX_SHORT: u64 = 0xffff;

/// A program and what it was made from.
#[derive(Debug, Clone)]
pub struct Program {
    /// The bytes that are stored as code.
    pub bytes: Vec<u8>,
    /// Bytes before the instructions.
    pub entry: usize,
    /// Its cells.
    pub space: Space,
    /// Its instructions.
    pub code: Code,
}

impl Program {
    /// The program of a key's inference proofs, or of its model proof.
    ///
    /// # Errors
    /// [`EvmError::Scheme`] for a key that no chain takes, [`EvmError::TooLarge`].
    pub fn new(instance: &Instance<'_>) -> Result<Self, EvmError> {
        let (relation, layout) = (instance.relation, instance.layout);
        let params = &layout.params;
        let Some(setup) = instance.setup else { return Err(EvmError::Scheme) };
        if !matches!((params.argument, params.opening), (LookupArgument::Helper { .. }, Opening::Kzg)) {
            return Err(EvmError::Scheme);
        }
        let space = Space::new(relation, layout);
        let (graph, outputs) = build(relation, layout, &space)?;
        let code = emit(&graph, &outputs, &space);
        let short = |out: &mut Vec<u8>, what: &'static str, value: usize| {
            let value: u16 = fit(what, value as u64, MAX_SHORT)?;
            out.extend(value.to_be_bytes());
            Ok::<(), EvmError>(())
        };
        let mut rows = Vec::new();
        for column in COLUMNS {
            for row in layout.column(column).map(|c| c.rows.as_slice()).unwrap_or_default() {
                let row: u16 = fit("the number of a row", *row, MAX_SHORT)?;
                rows.extend(row.to_be_bytes());
            }
        }
        let mut publics = Vec::new();
        for (index, _) in &space.public_tensors {
            publics.extend(public_tensor(relation, *index)?);
        }
        let commitments: Vec<u8> = instance.model.iter().chain(instance.table).flat_map(encode_uncompressed).collect();
        let publics_at = HEADER_BYTES + rows.len();
        let commitments_at = publics_at + publics.len();
        let data_end = commitments_at + commitments.len();
        let entry = data_end + 32;
        let mut bytes = vec![op::PUSH2];
        short(&mut bytes, "the size of the program", entry)?;
        bytes.push(op::JUMP);
        bytes.extend(b"ZKVP\x01");
        for (what, value) in [
            ("c", space.log_row),
            ("R", space.row_vars),
            ("n", space.lookup_vars),
            ("L", space.lanes),
            ("n2", space.product_vars),
            ("nz", space.zero_vars),
            ("", 0),
        ] {
            bytes.push(fit(what, value as u64, 255)?);
        }
        short(&mut bytes, "the number of public tensors", space.public_tensors.len())?;
        short(&mut bytes, "the number of public values", space.publics)?;
        for column in COLUMNS {
            short(&mut bytes, "the number of rows of a column", layout.num_rows(column))?;
        }
        for offset in [publics_at, commitments_at, data_end] {
            short(&mut bytes, "the size of the program", offset)?;
        }
        bytes.extend(head(instance).state());
        bytes.extend(kzg::encode_g2(&setup.tau_g2));
        for part in [&rows, &publics, &commitments] {
            bytes.extend(part);
        }
        bytes.extend([0; 32]);
        bytes.push(op::JUMPDEST);
        bytes.extend(&code.bytes);
        fit::<u64>("the size of the program", bytes.len() as u64, MAX_PROGRAM_BYTES)?;
        Ok(Self { bytes, entry, space, code })
    }
}

/// The columns with commitments, in the order of the program.
pub const COLUMNS: [Column; 6] =
    [Column::Model, Column::Table, Column::Input, Column::Output, Column::Witness, Column::Helper];

/// Index, length, and the bounds that values must keep: the tensor's own, and those of the axes that they index.
fn public_tensor(relation: &Relation, index: usize) -> Result<Vec<u8>, EvmError> {
    let tensor = relation.tensor(index)?;
    let (mut lo, mut hi) = (tensor.lo, tensor.hi);
    let in_lookups = relation.lookups.iter().flat_map(|lookup| &lookup.exprs);
    let exprs = in_lookups.chain(relation.zeros.iter().map(|zero| &zero.expr));
    for access in exprs.flat_map(|expr| &expr.terms).flat_map(|term| &term.accesses) {
        let target = usize::try_from(access.tensor).unwrap_or(usize::MAX);
        for (map, axis) in access.maps.iter().zip(&relation.tensor(target)?.shape) {
            if matches!(map, Map::GatherPublic { tensor, .. } if usize::try_from(*tensor) == Ok(index)) {
                (lo, hi) = (lo.max(0), hi.min(i64::from(*axis).saturating_sub(1)));
            }
        }
    }
    let mut out = Vec::with_capacity(24);
    out.extend(fit::<u32>("the number of a tensor", index as u64, u64::from(u32::MAX))?.to_be_bytes());
    out.extend(fit::<u32>("the size of a public tensor", tensor.len(), u64::from(u32::MAX))?.to_be_bytes());
    out.extend(lo.to_be_bytes());
    out.extend(hi.to_be_bytes());
    Ok(out)
}

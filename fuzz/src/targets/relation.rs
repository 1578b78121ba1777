//! Relation bytes: decoded, validated, laid out, and turned into the model relation.

use super::refused;
use crate::schemes::params;
use zkseal_relation::{Layout, Params, Relation, Tensor, codec, decode, encode, model_relation, validate::validate};

/// Input: logarithm of the row length, the way to prove, then relation bytes.
pub fn run(data: &[u8]) {
    let [log_row, choice, bytes @ ..] = data else { return };
    let params = params(*log_row, *choice);
    let relation = match decode(bytes) {
        Ok(relation) => relation,
        Err(error) => return refused(&error.into()),
    };
    assert_eq!(encode(&relation), bytes, "bytes are canonical");
    if let Err(error) = validate(&relation) {
        return refused(&error.into());
    }
    assert!(!relation.tensors.iter().any(Tensor::is_empty), "every tensor has entries");
    check_layout(&relation, params);
    if let Ok(Some(model)) = model_relation(&relation) {
        assert_eq!(decode(&encode(&model)).as_ref(), Ok(&model), "the model relation has canonical bytes");
        if validate(&model).is_ok() {
            check_layout(&model, params);
        }
    }
}

fn check_layout(relation: &Relation, params: Params) {
    let Ok(layout) = Layout::new(relation, params) else { return };
    assert!(layout.mask.len() <= params.row_len(), "mu fits a row");
    for column in &layout.columns {
        assert!(column.rows.windows(2).all(|pair| pair[0] < pair[1]), "rows are ascending");
        assert!(column.rows.iter().all(|row| row >> layout.row_vars == 0), "rows are addressed by R variables");
    }
    let mut ends = vec![0; usize::from(params.argument.lanes())];
    for block in &layout.blocks {
        assert_eq!(block.base % (1 << block.num_vars), 0, "blocks are aligned");
        assert!(block.base >= ends[block.lane], "blocks of a lane follow each other");
        ends[block.lane] = block.base + (1 << block.num_vars);
    }
    assert!(
        layout.blocks.is_empty() || ends.iter().all(|end| *end <= 1 << layout.lookup_vars),
        "blocks lie in the domain"
    );
    assert_eq!(codec::digest(relation), codec::digest(relation), "the digest is a function");
}

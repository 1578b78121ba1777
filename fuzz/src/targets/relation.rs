//! Relation bytes: decoded, validated, laid out, and turned into the model relation.

use zkseal_commit::generators::setup_digest;
use zkseal_relation::{Layout, Params, Relation, Tensor, codec, decode, encode, model_relation, validate::validate};

/// Input: logarithm of the row length, then relation bytes.
pub fn run(data: &[u8]) {
    let Some((log_row, bytes)) = data.split_first() else { return };
    let Ok(relation) = decode(bytes) else { return };
    assert_eq!(encode(&relation), bytes, "bytes are canonical");
    if validate(&relation).is_err() {
        return;
    }
    assert!(!relation.tensors.iter().any(Tensor::is_empty), "every tensor has entries");
    check_layout(&relation, *log_row);
    if let Ok(Some(model)) = model_relation(&relation) {
        assert_eq!(decode(&encode(&model)).as_ref(), Ok(&model), "the model relation has canonical bytes");
        if validate(&model).is_ok() {
            check_layout(&model, *log_row);
        }
    }
}

fn check_layout(relation: &Relation, log_row: u8) {
    let Ok(params) = Params::new(log_row % 13 + 4, setup_digest()) else { return };
    let Ok(layout) = Layout::new(relation, params) else { return };
    assert!(layout.mask.len() <= params.row_len(), "mu fits a row");
    for column in &layout.columns {
        assert!(column.rows.windows(2).all(|pair| pair[0] < pair[1]), "rows are ascending");
        assert!(column.rows.iter().all(|row| row >> layout.row_vars == 0), "rows are addressed by R variables");
    }
    let mut end = 0;
    for block in &layout.blocks {
        assert_eq!(block.base, end, "blocks follow each other");
        end += 1 << block.num_vars;
    }
    assert!(layout.blocks.is_empty() || end <= 1 << layout.tree_vars, "blocks lie in the domain");
    assert_eq!(codec::digest(relation), codec::digest(relation), "the digest is a function");
}

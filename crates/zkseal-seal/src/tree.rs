//! The Merkle tree over the chunks of a sealed model, whose root the publisher signs.
//!
//! Leaves and nodes are BLAKE3 hashes under two keys that only holders of the data key have, so that a root confirms no
//! guess of the model. The tree has the shape of RFC 9162, section 2.1.1: the left side holds the largest power of two.

use crate::data_key::DataKey;
use crate::derive::{SALT_BYTES, Use, derive};
use crate::error::SealError;
use zeroize::Zeroizing;

/// Bytes of a leaf, a node and a root.
pub const HASH_BYTES: usize = 32;

/// The two keys of a tree.
pub struct TreeKey {
    leaf: Zeroizing<[u8; 32]>,
    node: Zeroizing<[u8; 32]>,
}

impl TreeKey {
    /// The keys of the tree of a sealed model.
    pub fn new(key: &DataKey, salt: &[u8; SALT_BYTES]) -> Result<Self, SealError> {
        Ok(Self { leaf: derive(key, salt, Use::Leaf)?, node: derive(key, salt, Use::Node)? })
    }

    /// The leaf of one chunk.
    pub fn leaf(&self, chunk: &[u8]) -> [u8; HASH_BYTES] {
        *blake3::keyed_hash(&self.leaf, chunk).as_bytes()
    }

    /// The root over leaves that follow each other in `leaves`.
    pub fn root(&self, leaves: &[u8]) -> Result<[u8; HASH_BYTES], SealError> {
        let (leaves, rest) = leaves.as_chunks::<HASH_BYTES>();
        if leaves.is_empty() || !rest.is_empty() {
            return Err(SealError::Encoding { what: "table of leaves" });
        }
        Ok(self.subtree(leaves))
    }

    fn subtree(&self, leaves: &[[u8; HASH_BYTES]]) -> [u8; HASH_BYTES] {
        // Half of the next power of two above the count; recursion is as deep as the tree, at most 32.
        let split = leaves.len().next_power_of_two() / 2;
        match leaves {
            [] => [0; HASH_BYTES],
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split);
                let pair = [self.subtree(left), self.subtree(right)].concat();
                *blake3::keyed_hash(&self.node, &pair).as_bytes()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> TreeKey {
        TreeKey { leaf: Zeroizing::new([1; 32]), node: Zeroizing::new([2; 32]) }
    }

    /// RFC 9162, section 2.1.5 draws the tree of seven leaves.
    #[test]
    fn the_left_side_holds_the_largest_power_of_two() {
        let tree = tree();
        let leaves: Vec<[u8; 32]> = (0..7u8).map(|index| tree.leaf(&[index])).collect();
        let node = |left: [u8; 32], right: [u8; 32]| *blake3::keyed_hash(&[2; 32], &[left, right].concat()).as_bytes();
        let i = node(node(leaves[0], leaves[1]), node(leaves[2], leaves[3]));
        let k = node(node(leaves[4], leaves[5]), leaves[6]);
        assert_eq!(tree.root(&leaves.concat()).unwrap(), node(i, k));
        assert_eq!(tree.root(&leaves[..1].concat()).unwrap(), leaves[0]);
    }

    #[test]
    fn a_leaf_is_no_node_and_a_table_has_whole_leaves() {
        let tree = tree();
        let leaves = [tree.leaf(b"a"), tree.leaf(b"b")].concat();
        assert_ne!(tree.root(&leaves).unwrap(), tree.leaf(&leaves));
        assert_eq!(tree.root(&[]), Err(SealError::Encoding { what: "table of leaves" }));
        assert_eq!(tree.root(&leaves[..33]), Err(SealError::Encoding { what: "table of leaves" }));
    }
}

//! The relation that a proof speaks about (book, chapters 2, 3 and the public half of 5).
//!
//! | module | content |
//! | --- | --- |
//! | [`types`] | tensors, maps, accesses, expressions, lookups, zeros |
//! | [`codec`] | canonical bytes and digest |
//! | [`validate`], [`work`] | what makes a relation well-formed, and what it may cost a verifier |
//! | [`model`] | the model relation that bounds private weights |
//! | [`params`], [`layout`] | columns, rows, lookup domain, product slots, mask vector |
//! | [`separable`] | separable coefficient vectors and their evaluation |
//! | [`expand`] | constraints as linear claims and products, at given challenges |
//!
//! Nothing here is secret and nothing here knows what a neural network is. Verifier and prover share this crate; it
//! never panics on any input.
//!
//! Dependency position: `verifier, prover -> relation -> transcript, poly -> field`.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)
)]

pub mod codec;
pub mod expand;
pub mod layout;
pub mod model;
pub mod params;
pub mod separable;
pub mod types;
pub mod validate;
pub mod work;

pub use codec::{decode, digest, encode};
pub use expand::{Expansion, Product, Suffix, WeightedAccess};
pub use layout::{BlockKind, ColumnLayout, Layout, LookupBlock, MaskIndex, MergedTerm, Placement};
pub use model::model_relation;
pub use params::{LookupArgument, Opening, Params};
pub use separable::{AxisWeights, Separable};
pub use types::{
    Access, Column, Expr, Lookup, Map, PublicValues, Relation, RelationError, Scope, Table, Tensor, Term,
    ZeroConstraint,
};

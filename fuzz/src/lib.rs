//! Fuzz targets: every function takes any bytes and panics only for a bug.
//!
//! | module | content |
//! | --- | --- |
//! | [`targets`] | the targets by name, one file for each decoder |
//! | [`fixture`] | real keys with an accepted proof each, read from `fixture/` |
//! | [`relations`] | the relations of the fixtures and values that satisfy them |
//! | [`filler`] | well-formed proofs of nothing, to reach the equations under any relation |
//! | [`planted`] | decoders and verifiers with a bug that the fuzzer has to find |
//! | [`schemes`] | ways to prove, chosen by a byte |
//! | [`program`] | fuzz bytes read as numbers |
//!
//! `fuzz/run.py` builds and runs all of it; docs/guides/fuzzing.md tells how.

pub mod filler;
pub mod fixture;
pub mod planted;
pub mod program;
pub mod relations;
pub mod schemes;
pub mod seeds;
pub mod targets;

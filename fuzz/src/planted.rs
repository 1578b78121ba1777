//! Bugs that were put in on purpose, here and nowhere else. A fuzzer that does not find them within its time is broken.

use crate::fixture::CONTEXT;
use crate::targets::{Target, statement};
use zkseal_relation::{Map, decode, validate::validate};
use zkseal_verifier::{Statement, Verified, VerifyingKey, verify};

/// Names start with `planted_`; the seeds alone do not trigger them.
pub const TARGETS: [(&str, Target); 2] = [("planted_decoder", decoder), ("planted_verifier", verifier)];

/// A reader of relations that forgets that an offset may equal the size of its axis.
fn decoder(data: &[u8]) {
    let [_, _, bytes @ ..] = data else { return };
    let Ok(relation) = decode(bytes) else { return };
    if validate(&relation).is_err() {
        return;
    }
    for access in relation.zeros.iter().flat_map(|zero| &zero.expr.terms).flat_map(|term| &term.accesses) {
        let Ok(tensor) = relation.tensor(access.tensor as usize) else { return };
        for (map, axis) in access.maps.iter().zip(&tensor.shape) {
            let Map::Affine { offset, .. } = map else { continue };
            let entries = vec![0u8; *axis as usize];
            // The planted bug: `<=` where `<` belongs.
            if u32::try_from(*offset).is_ok_and(|offset| offset <= *axis) {
                assert_eq!(entries[*offset as usize], 0);
            }
        }
    }
}

/// A verifier that takes any context of the right length for the right one.
fn verifier(data: &[u8]) {
    statement::check(data, forgets_the_context);
}

fn forgets_the_context(key: &VerifyingKey, statement: &Statement, proof: &[u8]) -> Verified<()> {
    let mut forgetful = statement.clone();
    // The planted bug: lengths are compared, bytes are not.
    if forgetful.context.len() == CONTEXT.len() {
        forgetful.context = CONTEXT.to_vec();
    }
    verify(key, &forgetful, proof)
}

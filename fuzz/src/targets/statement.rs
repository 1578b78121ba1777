//! `verify` on changed statements and proofs of the fixtures: accepted if and only if nothing was changed.

use super::refused;
use crate::filler::words;
use crate::fixture::{FIXTURES, Fixture};
use crate::program::Program;
use zkseal_field::{G1Affine, decompress};
use zkseal_verifier::{Statement, Verified, VerifyingKey, verify};

/// What is checked.
pub type Verify = fn(&VerifyingKey, &Statement, &[u8]) -> Verified<()>;

/// Input: which fixture, then changes, one after the other.
pub fn run(data: &[u8]) {
    check(data, verify);
}

/// The same for any verifier.
pub fn check(data: &[u8], verify: Verify) {
    let mut program = Program::new(data);
    let fixture = &FIXTURES[usize::from(program.byte()) % FIXTURES.len()];
    let (mut statement, mut proof) = (fixture.statement.clone(), fixture.proof.clone());
    while program.goes_on() {
        change(&mut program, fixture, &mut statement, &mut proof);
    }
    let same = statement == fixture.statement && proof == fixture.proof;
    let verdict = verify(&fixture.key, &statement, &proof);
    assert_eq!(verdict.is_ok(), same, "accepted if and only if nothing was changed: {verdict:?}");
    if let Err(error) = &verdict {
        refused(error);
    }
}

fn change(program: &mut Program<'_>, fixture: &Fixture, statement: &mut Statement, proof: &mut Vec<u8>) {
    let kind = program.byte();
    let num_words = (proof.len() / 32).max(1);
    let (first, second) = (program.index(num_words) * 32, program.index(num_words) * 32);
    match kind % 12 {
        0 => {
            let at = program.index(proof.len());
            if let Some(byte) = proof.get_mut(at) {
                *byte ^= program.byte();
            }
        }
        1 => set_word(proof, first, program.word()),
        2 => set_word(proof, first, words()[program.index(words().len())]),
        3 => {
            let (a, b) = (word(proof, first), word(proof, second));
            set_word(proof, first, b);
            set_word(proof, second, a);
        }
        4 => set_word(proof, first, word(&fixture.proof, second)),
        5 => proof.truncate(program.index(proof.len() + 1)),
        6 => proof.extend(program.take(32)),
        7 => {
            let tensor = program.index(fixture.key.relation().tensors.len() + 1);
            let at = usize::from(program.byte());
            let value = program.integer();
            match statement.public.get_mut(&tensor).and_then(|values| values.get_mut(at)) {
                Some(entry) => *entry = value,
                None => statement.public.entry(tensor).or_default().push(value),
            }
        }
        8 => {
            statement.public.remove(&program.index(fixture.key.relation().tensors.len()));
        }
        9 => points(program, &mut statement.input),
        10 => points(program, &mut statement.output),
        _ => statement.context = program.take(8).to_vec(),
    }
}

/// Replaces, removes, repeats or swaps commitments.
fn points(program: &mut Program<'_>, list: &mut Vec<G1Affine>) {
    let (kind, at) = (program.byte(), program.index(list.len()));
    let pool = words();
    let point = decompress(&pool[program.index(pool.len())]).ok();
    match (kind % 4, list.get(at).copied()) {
        (0, Some(_)) => list[at] = point.unwrap_or_default(),
        (1, Some(_)) => drop(list.remove(at)),
        (2, Some(own)) => list[at] = -own,
        _ => list.push(point.unwrap_or_default()),
    }
}

fn word(proof: &[u8], at: usize) -> [u8; 32] {
    proof.get(at..at + 32).and_then(|slice| slice.try_into().ok()).unwrap_or_default()
}

fn set_word(proof: &mut [u8], at: usize, value: [u8; 32]) {
    if let Some(slot) = proof.get_mut(at..at + 32) {
        slot.copy_from_slice(&value);
    }
}

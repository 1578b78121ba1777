//! Proves or verifies a case again and again on one thread, for tools that count instructions: `make instructions`.
//!
//! `instructions prove|verify TIMES CASE`. A case is what `bench/instructions.py` writes: parts, each a little-endian u64
//! length and its bytes. They are the verifying key, the blindings of its commitments, the context, a proof, the input
//! and the output commitments of that proof, and for each tensor its index and its values as little-endian 64-bit numbers.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use zkseal_field::{G1Affine, decompress};
use zkseal_prover::{Data, ProveInput, ProvingKey, TensorMap};
use zkseal_relation::Column;
use zkseal_verifier::{Statement, VerifyingKey, verify};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn number(bytes: &[u8]) -> Outcome<u64> {
    Ok(u64::from_le_bytes(bytes.try_into()?))
}

/// Takes parts off the front of a file.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn take(&mut self, count: usize) -> Outcome<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count).ok_or("the case is cut short")?;
        self.0 = rest;
        Ok(head)
    }

    fn part(&mut self) -> Outcome<&'a [u8]> {
        let count = usize::try_from(number(self.take(8)?)?)?;
        self.take(count)
    }

    fn points(&mut self) -> Outcome<Vec<G1Affine>> {
        let word = |bytes: &[u8]| -> Outcome<G1Affine> { Ok(decompress(bytes.try_into()?)?) };
        self.part()?.chunks(32).map(word).collect()
    }
}

struct Case {
    key: ProvingKey,
    input: ProveInput,
    statement: Statement,
    proof: Vec<u8>,
}

fn read(bytes: &[u8]) -> Outcome<Case> {
    let mut parts = Parts(bytes);
    let verifying_key = VerifyingKey::decode(parts.part()?)?;
    let (blindings, context, proof) = (parts.part()?, parts.part()?.to_vec(), parts.part()?.to_vec());
    let (input, output) = (parts.points()?, parts.points()?);
    let (mut weights, mut values, mut public) = (TensorMap::new(), TensorMap::new(), BTreeMap::new());
    while !parts.0.is_empty() {
        let index = usize::try_from(number(parts.part()?)?)?;
        let entry = |bytes: &[u8]| -> Outcome<i64> { Ok(i64::from_le_bytes(bytes.try_into()?)) };
        let entries: Vec<i64> = parts.part()?.chunks(8).map(entry).collect::<Outcome<_>>()?;
        let tensor = verifying_key.relation().tensors.get(index).ok_or("no such tensor")?;
        let data = Data::checked(tensor, index, &entries)?;
        match tensor.column {
            Column::Model | Column::Table => weights.insert(index, data),
            _ => values.insert(index, data),
        };
        if tensor.column == Column::Public {
            public.insert(index, entries);
        }
    }
    Ok(Case {
        key: ProvingKey::new(verifying_key, blindings, weights, None)?,
        input: ProveInput { context: context.clone(), tensors: values, input_blindings: None, output_blindings: None },
        statement: Statement { context, public, input, output },
        proof,
    })
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, times, path] = arguments.as_slice() else { return Err("prove|verify TIMES CASE".into()) };
    // Work on this thread: one that waits for another would count its waiting.
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    let case = read(&std::fs::read(path)?)?;
    for _ in 0..times.parse::<u32>()? {
        match what.as_str() {
            "prove" => drop(black_box(case.key.prove(&case.input, &mut |_, _| true)?)),
            "verify" => verify(case.key.verifying_key(), &case.statement, &case.proof)?,
            _ => return Err("prove or verify".into()),
        }
    }
    Ok(())
}

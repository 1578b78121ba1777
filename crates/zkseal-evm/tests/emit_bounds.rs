//! Sums stay below a word whatever their terms are.

mod bounds;

use zkseal_evm::emit::{emit, op};
use zkseal_evm::graph::Graph;
use zkseal_evm::{Output, Space};
use zkseal_verifier::VerifyingKey;

/// Nested sums whose terms are sums that no product reduces: each adds one product to `1 * inner`.
#[test]
fn test_sums_of_sums_fit_a_word() {
    let key = VerifyingKey::decode(include_bytes!("../../../fuzz/fixture/short.key")).expect("a key");
    let space = Space::new(key.relation(), key.layout());
    for inner_terms in 1..=8 {
        for outer_terms in 1..=8 {
            let mut graph = Graph::default();
            let cells: Vec<_> = (0..18).map(|i| graph.cell(zkseal_evm::space::Cell(i))).collect();
            let one = graph.one();
            let inner: Vec<_> =
                (0..4).map(|k| graph.sum((0..inner_terms).map(|i| (cells[i], cells[i + k])).collect())).collect();
            let mut pairs: Vec<_> = (0..outer_terms).map(|i| (cells[i], cells[i + 9])).collect();
            pairs.extend(inner.iter().map(|sum| (one, *sum)));
            let sum = graph.sum(pairs);
            let again = graph.sum(vec![(cells[0], cells[17]), (one, sum)]);
            let total = graph.sum(vec![(cells[1], cells[17]), (one, again), (one, inner[0])]);
            let outputs = vec![(Output::Products, total), (Output::Claims, again)];
            let code = emit(&graph, &outputs, &space);
            assert_eq!(code.bytes.last(), Some(&op::RETURN));
            bounds::check(&code.bytes, space.inputs());
        }
    }
}

//! Table kernels equal their plain versions, on whatever this machine has and on the portable form.

use proptest::prelude::*;
use zkseal_field::{AdditiveGroup, Field, Fr, PrimeField};
use zkseal_kernels::reference::tables as plain;
use zkseal_kernels::tables::{
    Entry, EqTables, MAX_PAIRS, Pair, Pairs, add_fractions, add_units, bind, children, layer_sums, product_sums,
    unit_children, unit_sums,
};

fn scalar() -> impl Strategy<Value = Fr> {
    prop_oneof![
        1 => Just(Fr::ZERO),
        1 => Just(Fr::ONE),
        1 => Just(-Fr::ONE),
        5 => any::<[u8; 32]>().prop_map(|bytes| Fr::from_le_bytes_mod_order(&bytes)),
    ]
}

/// Entries, pairs of them in any order, and eq tables of 4 high and 8 low entries.
#[derive(Debug)]
struct Case<const W: usize> {
    entries: Vec<Entry<W>>,
    neutral: Entry<W>,
    pairs: Vec<Pair>,
    high: Vec<Fr>,
    low: Vec<Fr>,
}

impl<const W: usize> Case<W> {
    fn pairs(&self) -> Pairs<'_, W> {
        Pairs { entries: &self.entries, neutral: &self.neutral, pairs: &self.pairs }
    }

    fn eq(&self) -> EqTables<'_> {
        EqTables { high: &self.high, low: &self.low, low_vars: 3 }
    }
}

fn case<const W: usize>() -> impl Strategy<Value = Case<W>> {
    let entries = prop::collection::vec(prop::collection::vec(scalar(), W), 1..60);
    let names = prop::collection::vec((any::<u32>(), any::<u32>(), 0..32u64), 0..70);
    let eq = (prop::collection::vec(scalar(), 4), prop::collection::vec(scalar(), 8));
    (entries, prop::collection::vec(scalar(), W), names, eq).prop_map(|(entries, neutral, names, (high, low))| {
        let entry = |values: Vec<Fr>| -> Entry<W> { std::array::from_fn(|k| values[k]) };
        let count = entries.len() as u32;
        let pair = |(left, right, at): (u32, u32, u64)| Pair {
            left: left % count,
            right: if right % (count + 1) == count { Pair::NEUTRAL } else { right % (count + 1) },
            at,
        };
        Case {
            entries: entries.into_iter().map(entry).collect(),
            neutral: entry(neutral),
            pairs: names.into_iter().map(pair).collect(),
            high,
            low,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn test_bind(two in case::<2>(), four in case::<4>(), one in case::<1>(), x in scalar()) {
        macro_rules! equal { ($case:ident) => {{
            let mut got = vec![$case.neutral; $case.pairs.len()];
            let mut expected = got.clone();
            bind($case.pairs(), x, &mut got);
            plain::bind($case.pairs(), x, &mut expected);
            prop_assert_eq!(got, expected);
        }}; }
        equal!(one);
        equal!(two);
        equal!(four);
    }

    #[test]
    fn test_fractions_and_children(case in case::<2>(), lambda in scalar()) {
        let mut got = vec![case.neutral; case.pairs.len()];
        let mut expected = got.clone();
        add_fractions(case.pairs(), &mut got);
        plain::add_fractions(case.pairs(), &mut expected);
        prop_assert_eq!(got, expected);
        let mut got = vec![[Fr::ZERO; 4]; case.pairs.len()];
        let mut expected = got.clone();
        children(case.pairs(), lambda, &mut got);
        plain::children(case.pairs(), lambda, &mut expected);
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn test_units(case in case::<2>(), lambda in scalar()) {
        let entries = &case.entries;
        let mut got = vec![case.neutral; entries.len()];
        let mut expected = got.clone();
        add_units(entries, &mut got);
        plain::add_units(entries, &mut expected);
        prop_assert_eq!(got, expected);
        let mut got = vec![[Fr::ZERO; 4]; entries.len()];
        let mut expected = got.clone();
        unit_children(entries, lambda, &mut got);
        plain::unit_children(entries, lambda, &mut expected);
        prop_assert_eq!(&got, &expected);
        prop_assert_eq!(unit_sums(case.pairs(), case.eq()), plain::unit_sums(case.pairs(), case.eq()));
        // The sums of a layer whose numerators are 1.
        let neutral = [[Fr::ONE + lambda * case.neutral[0], Fr::ONE, case.neutral[0], case.neutral[1]]];
        let of = Pairs { entries: &got, neutral: &neutral[0], pairs: &case.pairs };
        let ([linear, constant, square], weight) = unit_sums(case.pairs(), case.eq());
        let expected = ([linear + lambda * constant, lambda * square], weight);
        prop_assert_eq!(layer_sums(of, case.eq()), expected);
    }

    #[test]
    fn test_sums(four in case::<4>(), two in case::<2>()) {
        prop_assert_eq!(layer_sums(four.pairs(), four.eq()), plain::layer_sums(four.pairs(), four.eq()));
        prop_assert_eq!(product_sums(two.pairs()), plain::product_sums(two.pairs()));
    }
}

#[test]
fn test_the_longest_sums_do_not_overflow() {
    let entries = vec![[-Fr::ONE; 4], [Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::ONE]];
    let pairs: Vec<Pair> = (0..MAX_PAIRS as u64).map(|at| Pair { left: 0, right: 1, at: at % 8 }).collect();
    let of = Pairs { entries: &entries, neutral: &[Fr::ZERO; 4], pairs: &pairs };
    let (high, low) = (vec![-Fr::ONE], vec![-Fr::ONE; 8]);
    let eq = EqTables { high: &high, low: &low, low_vars: 3 };
    assert_eq!(layer_sums(of, eq), plain::layer_sums(of, eq));
    let entries = vec![[-Fr::ONE; 2], [Fr::ONE; 2]];
    let of = Pairs { entries: &entries, neutral: &[Fr::ZERO; 2], pairs: &pairs };
    assert_eq!(product_sums(of), plain::product_sums(of));
    assert_eq!(unit_sums(of, eq), plain::unit_sums(of, eq));
    let entries = vec![[-Fr::ONE; 2], [Fr::ZERO; 2]];
    let of = Pairs { entries: &entries, neutral: &[Fr::ZERO; 2], pairs: &pairs };
    assert_eq!(unit_sums(of, eq), plain::unit_sums(of, eq));
}

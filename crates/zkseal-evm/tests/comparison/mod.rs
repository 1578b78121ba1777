//! A program and the verifier, at the same challenges.

use zkseal_evm::space::{Cell, Slice};
use zkseal_evm::{EvmError, Output, Program};
use zkseal_field::{Fr, One, Zero, scalar_from_digest, scalar_from_i64};
use zkseal_poly::eq_at;
use zkseal_relation::{BlockKind, Expansion, Layout, PublicValues, Relation, Suffix};
use zkseal_transcript::keccak256;
use zkseal_verifier::claims::{Combination, evaluate_tensors, linear_part};
use zkseal_verifier::{helper, lookups};

/// Deterministic scalars; now and then 0, 1 or -1.
fn scalars(seed: u64) -> impl Iterator<Item = Fr> {
    (0u64..).map(move |index| {
        let digest = keccak256(&[&seed.to_be_bytes(), &index.to_be_bytes()]);
        match digest[0] {
            0 => Fr::zero(),
            1 => Fr::one(),
            2 => -Fr::one(),
            _ => scalar_from_digest(&digest),
        }
    })
}

fn values(cells: &[Fr], slice: Slice) -> Vec<Fr> {
    cells[slice.first.0..slice.first.0 + slice.vars].to_vec()
}

/// Every output of the program is what the verifier computes at the same challenges.
pub fn compare(
    program: &Program,
    relation: &Relation,
    layout: &Layout,
    public: &PublicValues,
    seed: u64,
) -> Result<(), EvmError> {
    let space = &program.space;
    let mut cells: Vec<Fr> = scalars(seed).take(space.inputs()).collect();
    let listed = public.values().flatten().map(|value| scalar_from_i64(*value));
    cells[..space.publics].iter_mut().zip(listed).for_each(|(cell, value)| *cell = value);
    let named = |cell: Cell| cells[cell.0];
    let (beta, eta, delta, pad) = (named(space.beta()), named(space.eta()), named(space.delta()), named(space.pad()));
    let point = values(&cells, space.lookup_point());
    let zeta = values(&cells, space.zero_point());
    let rho = values(&cells, space.product_point());
    let address = values(&cells, space.address());
    let ran = crate::evm::run(&program.bytes, &cells);
    assert_eq!(ran.gas, program.code.gas + crate::evm::ENTRY_GAS, "every instruction runs once");
    let output = |output| ran.outputs[space.output(output).0 - space.inputs()];

    let whole: Vec<Fr> = point.iter().copied().chain([pad]).collect();
    let forms = (space.lanes > 0).then(|| helper::forms(layout, &whole));
    let suffix = Suffix {
        lookup_point: if space.lanes > 0 { &point } else { &[] },
        lookup_scale: if space.lanes > 0 { Fr::one() - pad } else { Fr::zero() },
        zero_point: &zeta,
        eta,
        beta,
    };
    let expansion = Expansion::new(relation, layout, public, &suffix)?;
    let linear = linear_part(relation, public, &expansion, forms.as_ref(), eta, layout.mask.len())?;
    assert_eq!(output(Output::Products), linear.constant, "the constant of T2");
    let combination = Combination {
        relation,
        layout,
        public,
        expansion: &expansion,
        linear: &linear,
        lookups: forms.as_ref(),
        rho: &rho,
        delta,
    };
    let coefficients = combination.coefficients()?;
    assert_eq!(output(Output::Claims), coefficients.constant, "public parts of the claims");
    assert_eq!(output(Output::Data), evaluate_tensors(layout, &coefficients.tensors, &address), "a(r_hi, r_lo)");
    for (slot, name) in [Output::Lin, Output::PadU, Output::PadV].into_iter().enumerate() {
        assert_eq!(output(name), eq_at(&rho, layout.lin_slot + slot as u64));
    }
    for lane in 0..space.lanes {
        let own = layout.blocks.iter().filter(|block| block.lane == lane && matches!(block.kind, BlockKind::Lookup(_)));
        let sum: Fr = own.map(|block| lookups::indicator(relation, block, &point).expect("a block")).sum();
        assert_eq!(output(Output::Selector(lane)), sum, "the indicator of lane {lane}");
    }
    Ok(())
}

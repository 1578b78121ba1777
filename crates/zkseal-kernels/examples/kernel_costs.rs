//! Prints what the kernels cost on this machine: minima over repetitions.
//!
//! `cargo run --release -p zkseal-kernels --example kernel_costs`; `RAYON_NUM_THREADS` sets the threads.

use std::hint::black_box;
use std::time::Instant;

use ark_ec::VariableBaseMSM;
use zkseal_field::{AffineRepr, CurveGroup, Fr, G1Affine, G1Projective};
use zkseal_kernels::{
    Ints, batch_invert, contract, contract_scalars, fold_points, msm_ints, msm_ints_rows, msm_scalars,
};

fn best_us(repetitions: u32, mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..repetitions {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64() * 1e6);
    }
    best
}

fn report(name: &str, count: usize, microseconds: f64) {
    println!("{name:<56} {microseconds:>12.1} us {:>10.3} ns each", microseconds * 1e3 / count as f64);
}

fn bases(count: usize) -> Vec<G1Affine> {
    let mut scalar = Fr::from(0x9e37_79b9_7f4a_7c15u64);
    let points: Vec<G1Projective> = (0..count)
        .map(|_| {
            scalar = scalar * scalar + Fr::from(7u64);
            G1Affine::generator() * scalar
        })
        .collect();
    G1Projective::normalize_batch(&points)
}

fn scalars(count: usize) -> Vec<Fr> {
    let mut scalar = Fr::from(3u64);
    (0..count)
        .map(|_| {
            scalar = scalar * scalar + Fr::from(11u64);
            scalar
        })
        .collect()
}

fn random_i16(count: usize) -> Vec<i16> {
    let mut state = 1u64;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 48) as i16
        })
        .collect()
}

fn multi_scalar_products() {
    let all = bases(8192);
    for length in [512, 2048, 8192] {
        let bases = &all[..length];
        let rows = 32;
        let data = random_i16(length * rows);
        let bytes: Vec<i8> = data.iter().map(|value| (value >> 8) as i8).collect();
        let unsigned: Vec<u16> = data.iter().map(|value| value.cast_unsigned()).collect();
        let wide: Vec<Ints<'_>> = data.chunks(length).map(Ints::I16).collect();
        let narrow: Vec<Ints<'_>> = bytes.chunks(length).map(Ints::I8).collect();
        report(
            &format!("msm_ints_rows i16, {rows} rows of {length}"),
            length * rows,
            best_us(3, || {
                black_box(msm_ints_rows(bases, &wide));
            }),
        );
        report(
            &format!("msm_ints_rows i8, {rows} rows of {length}"),
            length * rows,
            best_us(3, || {
                black_box(msm_ints_rows(bases, &narrow));
            }),
        );
        report(
            &format!("msm_ints i16, one row of {length}"),
            length,
            best_us(10, || {
                let _ = black_box(msm_ints(bases, wide[0]));
            }),
        );
        report(
            &format!("ark msm_u16, one row of {length}"),
            length,
            best_us(5, || {
                let _ = black_box(G1Projective::msm_u16(bases, &unsigned[..length]));
            }),
        );
    }
    for length in [64, 256, 512, 1024, 2048, 4096, 8192] {
        let (bases, scalars) = (&all[..length], scalars(length));
        report(
            &format!("msm_scalars {length}"),
            length,
            best_us(5, || {
                let _ = black_box(msm_scalars(bases, &scalars));
            }),
        );
        report(
            &format!("ark msm {length}"),
            length,
            best_us(3, || {
                let _ = black_box(G1Projective::msm_unchecked(bases, &scalars));
            }),
        );
    }
    for half in [1, 8, 64, 512, 4096] {
        report(
            &format!("fold_points to {half}"),
            half,
            best_us(5, || {
                black_box(fold_points(&all[..2 * half], (0xdead_beef_1234_5677, 0x9876_5432_1fed_cba9)));
            }),
        );
    }
}

fn contractions() {
    let (rows, columns) = (2048, 4096);
    let data = random_i16(rows * columns);
    let bytes: Vec<i8> = data.iter().map(|value| (value >> 8) as i8).collect();
    let weights = scalars(columns);
    for (name, ints) in [("i8", Ints::I8(&bytes)), ("i16", Ints::I16(&data))] {
        report(
            &format!("contract {name}, fold {rows} rows of {columns}"),
            rows * columns,
            best_us(3, || {
                black_box(contract(ints, 1, rows, columns, &weights[..rows]));
            }),
        );
        report(
            &format!("contract {name}, fold {columns} columns of {rows}"),
            rows * columns,
            best_us(3, || {
                black_box(contract(ints, rows, columns, 1, &weights));
            }),
        );
        let (outer, mid, inner) = (columns, 64, 32);
        report(
            &format!("contract {name}, {outer} x {mid} x {inner}, middle axis"),
            rows * columns,
            best_us(3, || {
                black_box(contract(ints, outer, mid, inner, &weights[..mid]));
            }),
        );
    }
    let table = scalars(1 << 16);
    report(
        "contract_scalars, fold 256 rows of 256",
        1 << 16,
        best_us(5, || {
            black_box(contract_scalars(&table, 1, 256, 256, &weights[..256]));
        }),
    );
    report("batch_invert 65536", 1 << 16, best_us(5, || batch_invert(&mut table.clone())));
}

fn main() {
    multi_scalar_products();
    contractions();
}

//! The fast versions.

pub mod buckets;
pub mod contract;
pub mod digits;
pub mod fold;
#[cfg(target_arch = "x86_64")]
pub mod ifma;
pub mod msm;
pub mod portable;
pub mod simd;
pub mod tables;
#[cfg(target_arch = "x86_64")]
pub mod vnni;

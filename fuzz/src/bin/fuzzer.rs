//! libFuzzer around the target that the environment variable `ZKSEAL_FUZZ_TARGET` names.
#![no_main]

use std::sync::LazyLock;
use zkseal_fuzz::targets::{Target, find};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("ZKSEAL_FUZZ_TARGET").unwrap_or_default();
    find(&name).unwrap_or_else(|| panic!("ZKSEAL_FUZZ_TARGET names no target: {name:?}"))
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET(data));

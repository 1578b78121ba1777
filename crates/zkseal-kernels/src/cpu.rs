//! Which instructions the fast kernels may use: what the machine has, or less if the environment says so.

use std::sync::OnceLock;

/// Name of the environment variable that caps the instructions: `portable`, `avx2`, `avx512` or `ifma`.
///
/// For tests of every path and for measurements; any other value changes nothing.
pub const VARIABLE: &str = "ZKSEAL_CPU";

/// Sets of instructions, each containing those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Scalar arithmetic only.
    Portable,
    /// 256-bit integers.
    Avx2,
    /// 512-bit integers (F, BW, DQ, VL).
    Avx512,
    /// 52-bit multiply-add of eight lanes.
    Ifma,
}

impl Level {
    /// Its name, as [`VARIABLE`] takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Ifma => "ifma",
        }
    }
}

/// The level of this process; asked of the machine once.
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| capped(detected(), std::env::var(VARIABLE).ok().as_deref()))
}

fn capped(machine: Level, wanted: Option<&str>) -> Level {
    let known = [Level::Portable, Level::Avx2, Level::Avx512, Level::Ifma];
    known.into_iter().find(|level| wanted == Some(level.name())).map_or(machine, |level| level.min(machine))
}

#[cfg(target_arch = "x86_64")]
fn detected() -> Level {
    let avx2 = is_x86_feature_detected!("avx2");
    let avx512 = avx2
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match (avx2, avx512, is_x86_feature_detected!("avx512ifma")) {
        (_, true, true) => Level::Ifma,
        (_, true, false) => Level::Avx512,
        (true, ..) => Level::Avx2,
        _ => Level::Portable,
    }
}

#[cfg(not(target_arch = "x86_64"))]
const fn detected() -> Level {
    Level::Portable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_a_wish_caps_and_never_raises() {
        assert_eq!(capped(Level::Ifma, Some("portable")), Level::Portable);
        assert_eq!(capped(Level::Ifma, Some("avx2")), Level::Avx2);
        assert_eq!(capped(Level::Avx2, Some("ifma")), Level::Avx2);
        assert_eq!(capped(Level::Ifma, None), Level::Ifma);
        assert_eq!(capped(Level::Ifma, Some("nonsense")), Level::Ifma);
    }
}

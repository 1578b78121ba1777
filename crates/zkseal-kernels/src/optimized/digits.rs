//! Signed digits: `value = sum_t digit_t * 2^(width t)` with `|digit_t| <= 2^(width - 1)`.
//!
//! The digits of a negative value are those of its magnitude with the other sign, so an i8 fits one 8-bit digit and an
//! i16 fits two, down to -128 and -32768.

/// Visits the non-zero digits of `magnitude` as `(window, |digit| - 1, negative)`, lowest window first.
#[inline(always)]
pub fn for_each_digit(magnitude: u128, negative: bool, width: u32, mut visit: impl FnMut(usize, usize, bool)) {
    let (mask, half) = ((1u128 << width) - 1, 1u128 << (width - 1));
    let mut rest = magnitude;
    let mut window = 0;
    while rest != 0 {
        let low = rest & mask;
        rest >>= width;
        if low > half {
            rest += 1;
            visit(window, (mask - low) as usize, !negative);
        } else if low != 0 {
            visit(window, (low - 1) as usize, negative);
        }
        window += 1;
    }
}

/// Least number of windows that every magnitude up to `largest` fits.
pub fn windows_for(largest: u128, width: u32) -> usize {
    let half = 1u128 << (width - 1);
    // The largest number that fits is half, half, half, .. read in base 2^width.
    let (mut windows, mut reach) = (0usize, 0u128);
    while reach < largest {
        let shift = width * u32::try_from(windows).unwrap_or(u32::MAX);
        reach = half
            .checked_shl(shift)
            .filter(|top| top >> shift == half)
            .map_or(u128::MAX, |top| reach.saturating_add(top));
        windows += 1;
    }
    windows
}

/// Bits of the digits for a product of `terms` terms below `largest`: the cheapest of bucket additions and of the two
/// running-sum additions a bucket costs in each window (`running_cost` = price of one of them, in bucket additions).
pub fn best_width(terms: usize, largest: u128, running_cost: f64) -> u32 {
    let price = |width: &u32| {
        let buckets = f64::from(1u32 << (width - 1));
        windows_for(largest, *width) as f64 * (terms as f64 + 2.0 * running_cost * buckets)
    };
    (2..=14).min_by(|left, right| price(left).total_cmp(&price(right))).unwrap_or(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rebuilt(magnitude: u128, width: u32) -> (i128, usize) {
        let (mut sum, mut top) = (0i128, 0);
        for_each_digit(magnitude, false, width, |window, index, negative| {
            let digit = i128::try_from(index).unwrap() + 1;
            assert!(digit <= 1 << (width - 1));
            sum += (if negative { -digit } else { digit }) << (width * u32::try_from(window).unwrap());
            top = window + 1;
        });
        (sum, top)
    }

    #[test]
    fn test_digits_add_up_and_fit_the_windows() {
        for width in 2..=14 {
            for magnitude in (0..3000u128).chain([32767, 32768, (1 << 31) - 1, 1 << 31, 1 << 63, (1 << 120) - 1]) {
                let (sum, top) = rebuilt(magnitude, width);
                assert_eq!(sum, i128::try_from(magnitude).unwrap());
                assert!(top <= windows_for(magnitude, width), "{magnitude} {width}");
            }
        }
    }

    #[test]
    fn test_quantised_ranges_need_no_spare_window() {
        assert_eq!(windows_for(128, 8), 1);
        assert_eq!(windows_for(129, 8), 2);
        assert_eq!(windows_for(32768, 8), 2);
        assert_eq!(windows_for(0, 8), 0);
        assert_eq!(windows_for(u128::MAX >> 1, 8), 16);
    }
}

//! When removals of contact data depart from the usual rate, so that somebody looks before customers go silent.

/// Days over which the usual rate is counted.
pub const USUAL_DAYS: i32 = 28;
/// So many removals a day are never an alarm.
const NEVER_ALARM_MAX: i64 = 10;
/// Standard deviations of a Poisson count above the usual rate that are still usual: chance passes six about once in a
/// hundred million days.
const DEVIATIONS: i128 = 6;

/// Whether `today` removals are more than chance explains, after `before` removals in the [`USUAL_DAYS`] before:
/// more than ten above the daily mean and six times the square root of that mean.
#[must_use]
pub fn departs_from_usual(today: i64, before: i64) -> bool {
    // today - 10 - before/28 > 6 * sqrt(before/28), with both sides times 28 and squared: no rounding.
    let days = i128::from(USUAL_DAYS);
    let (today, before) = (i128::from(today.max(0)), i128::from(before.max(0)));
    let above = days * (today - i128::from(NEVER_ALARM_MAX)) - before;
    above > 0 && above * above > DEVIATIONS * DEVIATIONS * days * before
}

/// Characters at the end that must be equal for two values to be one with another beginning.
const TAIL_MIN: usize = 6;

/// Whether two different values differ in their beginning only, as when the area code of a number is replaced: the last
/// six characters at least are equal, and no more than the first half of the longer one differs.
#[must_use]
pub fn is_other_head_only(before: &str, after: &str) -> bool {
    let (before, after): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
    let equal = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let longer = before.len().max(after.len());
    before != after && equal >= TAIL_MIN && equal * 2 >= longer
}

#[cfg(test)]
mod tests {
    use super::{departs_from_usual, is_other_head_only};

    #[test]
    fn another_area_code_is_another_beginning_only() {
        assert!(is_other_head_only("02112345678", "01012345678"));
        assert!(is_other_head_only("2112345678", "+862112345678"));
        assert!(!is_other_head_only("13800001234", "13900009876"));
        assert!(!is_other_head_only("12345", "92345"), "too short to tell");
        assert!(!is_other_head_only("13800001234", "13800001234"), "nothing differs");
    }

    #[test]
    fn a_few_removals_are_never_an_alarm_and_many_out_of_nothing_are() {
        assert!(!departs_from_usual(10, 0));
        assert!(departs_from_usual(11, 0));
        assert!(!departs_from_usual(0, 1_000));
    }

    #[test]
    fn the_bound_grows_with_the_usual_rate() {
        // A hundred a day: 10 + 100 + 6 * 10 = 170.
        assert!(!departs_from_usual(170, 2_800));
        assert!(departs_from_usual(171, 2_800));
        // Nine a day: 10 + 9 + 18 = 37.
        assert!(!departs_from_usual(37, 252));
        assert!(departs_from_usual(38, 252));
    }
}

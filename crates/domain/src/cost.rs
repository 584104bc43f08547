//! What credit costs a year at worst, by internal rate of return, in integers.
//!
//! Source: PBOC Announcement 〔2021〕3 (annualised rate by IRR on the outstanding principal) and the 24 %
//! ceiling of 法发〔2017〕22号 and 金规〔2025〕9号. Whether the ceiling means nominal or effective was not
//! found; the effective rate is the stricter, and is what [`effective_annual`] gives.

use crate::money::{Money, Rate, Rounding};
use crate::terms::{Terms, TermsError};

/// Fixed-point scale of this module: 10^12.
const SCALE: i128 = 1_000_000_000_000;

/// The internal rate of return per period of receiving `principal` and paying `payments` back, one a period,
/// scaled by 10^12 and rounded up. Amounts are minor units.
///
/// Bisection between 0 and 100 % a period; present value falls as the rate rises, so the root is unique.
fn rate_per_period(principal: i128, payments: &[i128]) -> i128 {
    let exceeds = |rate: i128| {
        let mut discount = SCALE;
        let mut value = 0;
        for payment in payments {
            discount = discount * SCALE / (SCALE + rate);
            value += payment * discount;
        }
        value > principal * SCALE
    };
    let (mut low, mut high) = (0, SCALE);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if exceeds(middle) { low = middle } else { high = middle }
    }
    if exceeds(0) { high } else { 0 }
}

/// `(1 + rate)^periods - 1` in millionths, where `rate` is scaled by 10^12.
fn compound(rate: i128, periods: u32) -> Rate {
    let factor = (0..periods).fold(SCALE, |factor, _| factor * (SCALE + rate) / SCALE);
    let millionths = Rounding::HalfUp.divide(factor - SCALE, SCALE / 1_000_000);
    Rate::from_millionths(i64::try_from(millionths).unwrap_or(i64::MAX))
}

/// Effective annual cost of a plan of `count` monthly instalments with a flat fee per period on the
/// original principal.
#[must_use]
pub fn effective_annual(count: u32, fee_per_period: Rate) -> Rate {
    compound(plan_rate(count, fee_per_period), 12)
}

/// Nominal annual cost of the same plan: twelve times the monthly internal rate of return.
#[must_use]
pub fn nominal_annual(count: u32, fee_per_period: Rate) -> Rate {
    let yearly = plan_rate(count, fee_per_period) * 12;
    let millionths = Rounding::HalfUp.divide(yearly, SCALE / 1_000_000);
    Rate::from_millionths(i64::try_from(millionths).unwrap_or(i64::MAX))
}

fn plan_rate(count: u32, fee_per_period: Rate) -> i128 {
    // A principal with no residue, so that the plan's rate and not a cent decides.
    let principal = i128::from(count) * 1_000_000;
    let fee = principal * i128::from(fee_per_period.millionths()) / 1_000_000;
    let payments = vec![principal / i128::from(count) + fee; count as usize];
    rate_per_period(principal, &payments)
}

/// All items of `terms` whose annual cost is above `ceiling`.
///
/// The late fee does not compound (no fee on fee), so its annual cost is 365 days at the daily rate.
#[must_use]
pub fn ceiling_errors(terms: &Terms, ceiling: Rate) -> Vec<TermsError> {
    let plans = terms.instalments.iter().map(|offer| {
        let item = format!("a plan of {} instalments at {} a period", offer.count, offer.fee_per_period);
        (item, effective_annual(offer.count, offer.fee_per_period))
    });
    let late_fee = terms.late_fee.iter().map(|fee| {
        let item = format!("a late fee of {} a day", fee.rate_per_day);
        (item, Rate::from_millionths(fee.rate_per_day.millionths() * 365))
    });
    plans
        .chain(late_fee)
        .filter(|(_, annual)| *annual > ceiling)
        .map(|(item, annual)| TermsError::TooCostly { item, annual, ceiling })
        .collect()
}

/// The fee of one period of a plan on `principal`.
///
/// # Errors
/// When the amount does not fit.
pub fn instalment_fee(
    principal: Money,
    fee_per_period: Rate,
    rounding: Rounding,
) -> Result<Money, crate::money::MoneyError> {
    fee_per_period.of(principal, rounding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(count: u32, percent: &str, expected: Expect) {
        let rate = Rate::parse_percent(percent).expect("a percentage");
        expected.assert_eq(&format!(
            "{} nominal, {} effective",
            nominal_annual(count, rate),
            effective_annual(count, rate)
        ));
    }

    /// The computed vectors of the rule file, section 4: 8.98/9.36, 10.90/11.46, 11.13/11.71, 21.46/23.70,
    /// 21.57/23.84, 23.53/26.24, 25.60/28.82, 25.59/28.81.
    #[test]
    fn flat_fees_are_annualised_by_internal_rate_of_return() {
        check(3, "0.5%", expect!["8.9777% nominal, 9.3565% effective"]);
        check(12, "0.5%", expect!["10.8964% nominal, 11.4574% effective"]);
        check(24, "0.5%", expect!["11.1267% nominal, 11.712% effective"]);
        check(12, "1%", expect!["21.4572% nominal, 23.6984% effective"]);
        check(24, "1%", expect!["21.5712% nominal, 23.8371% effective"]);
        check(12, "1.1%", expect!["23.5322% nominal, 26.2437% effective"]);
        check(12, "1.2%", expect!["25.5953% nominal, 28.822% effective"]);
        check(24, "1.2%", expect!["25.5873% nominal, 28.812% effective"]);
        check(12, "0%", expect!["0% nominal, 0% effective"]);
    }

    /// PBOC Announcement 〔2021〕3, annex: loan 100,000, fee 1,000 up front, 12 payments of 8,833.30.
    #[test]
    fn the_official_example_of_the_central_bank_holds() {
        let rate = rate_per_period(9_900_000, &[883_330; 12]);
        expect!["13.5826%"].assert_eq(&compound(rate, 12).to_string());
    }
}

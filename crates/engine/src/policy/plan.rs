//! The block `[plan]` of a product: how its plans spread principal and cost. The format is told in
//! `docs/products.md`.

use dunlin_domain::calendar::WorkdayShift;
use dunlin_domain::day_count::DayCount;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::schedule::{
    Accrual, EarlyPayoff, EqualPaymentFrom, InterestRuns, Method, MonthEnd, OddFirst, PlanTerms, Residue,
};
use dunlin_domain::wording::Wording;
use serde::Deserialize;
use toml::Spanned;

use super::error::Complaints;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanText {
    method: Option<Spanned<String>>,
    accrual: Option<Spanned<String>>,
    month_end: Option<Spanned<String>>,
    workday_shift: Option<Spanned<String>>,
    interest_runs: Option<Spanned<String>>,
    calendar: Option<Spanned<String>>,
    odd_first: Option<Spanned<String>>,
    equal_payment_from: Option<Spanned<String>>,
    multiple: Option<Spanned<String>>,
    residue: Option<Spanned<String>>,
    early_payoff: Option<Spanned<String>>,
}

/// The plan terms, each field that is left out as in [`PlanTerms::PLAIN`].
pub(super) fn plan_of(
    plan: Option<&PlanText>,
    currency: Option<Currency>,
    complaints: &mut Complaints<'_>,
) -> Option<PlanTerms> {
    let Some(plan) = plan else { return Some(PlanTerms::PLAIN) };
    macro_rules! coded {
        ($field:ident, $key:literal, $type:ty, $default:expr) => {
            match &plan.$field {
                None => Some($default),
                Some(place) => {
                    let text = place.as_ref();
                    let codes = <$type>::ALL.iter().map(|value| value.code());
                    let found = <$type>::parse(text).ok_or_else(|| Wording::not_one_of(text, codes));
                    complaints.keep(place, concat!("plan.", $key), found)
                }
            }
        };
    }
    let plain = PlanTerms::PLAIN;
    let method = coded!(method, "method", Method, plain.method);
    let month_end = coded!(month_end, "month_end", MonthEnd, plain.month_end);
    let shift = coded!(workday_shift, "workday_shift", WorkdayShift, plain.shift);
    let interest_runs = coded!(interest_runs, "interest_runs", InterestRuns, plain.interest_runs);
    let odd_first = coded!(odd_first, "odd_first", OddFirst, plain.odd_first);
    let equal_payment_from =
        coded!(equal_payment_from, "equal_payment_from", EqualPaymentFrom, plain.equal_payment_from);
    let residue = coded!(residue, "residue", Residue, plain.residue);
    let early_payoff = coded!(early_payoff, "early_payoff", EarlyPayoff, plain.early_payoff);
    let accrual = match &plan.accrual {
        None => Some(plain.accrual),
        Some(place) => {
            let text = place.as_ref();
            let codes = ["same_period"].into_iter().chain(DayCount::ALL.iter().map(|count| count.code()));
            let found = Accrual::parse(text).ok_or_else(|| Wording::not_one_of(text, codes));
            complaints.keep(place, "plan.accrual", found)
        }
    };
    let multiple = match &plan.multiple {
        None => Some(None),
        Some(place) => {
            complaints.keep(place, "plan.multiple", Money::parse(place.as_ref(), currency?)).map(Some)
        }
    };
    Some(PlanTerms {
        method: method?,
        accrual: accrual?,
        month_end: month_end?,
        shift: shift?,
        interest_runs: interest_runs?,
        calendar: plan.calendar.as_ref().map(|name| name.as_ref().clone()),
        odd_first: odd_first?,
        equal_payment_from: equal_payment_from?,
        multiple: multiple?,
        residue: residue?,
        early_payoff: early_payoff?,
    })
}

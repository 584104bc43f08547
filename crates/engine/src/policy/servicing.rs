//! The blocks of a product about fees, allocation by state, ageing and schedules. The format is told in
//! `docs/products.md`.

use dunlin_domain::calendar::Calendar;
use dunlin_domain::date::MonthDay;
use dunlin_domain::fact::Prepayment;
use dunlin_domain::money::{Currency, Money, Rate};
use dunlin_domain::schedule::{Grace, Period};
use dunlin_domain::terms::{
    AdvanceTarget, AllocationOrder, AllocationPreset, AllocationStep, BehindTerms, Billing, Component,
    CureRule, DueState, DueStates, FeeLimits, FeeOnFee, GraceEnd, InstalmentOffer, InterestBasis,
    LateFeeBase, OnceAmount, OnceFee, ScheduleBilling, ServiceFee, Tier, TierFrom, Walk,
};
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::error::Complaints;

type Text = Option<Spanned<String>>;
type Number = Option<Spanned<i64>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnceFeeText {
    after_days: Spanned<i64>,
    amount: Text,
    share: Text,
    base: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceFeeText {
    rate_per_day: Spanned<String>,
    fee_on_fee: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepText {
    states: Vec<Spanned<String>>,
    components: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TierText {
    tier: Spanned<String>,
    from_days: Spanned<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleText {
    count: Spanned<i64>,
    fee_per_period: Text,
    interest_per_year: Text,
    every_months: Number,
    every_weeks: Number,
    every_days: Number,
    due_day: Option<Spanned<Value>>,
    down_payment: Text,
    down_payment_multiple: Text,
    interest: Text,
    prepayment: Text,
    grace_principal_periods: Number,
    grace_interest_deferred_periods: Number,
    grace_interest_free_periods: Number,
}

/// What the fields of a late fee beside its rate say.
pub(super) struct LimitTexts<'t> {
    pub minimum: &'t Text,
    pub cap_per_day: &'t Text,
    pub cap_per_statement: &'t Text,
    pub cap_lifetime: &'t Text,
    pub cap_per_year: &'t Text,
}

/// What the fields of ageing beside its buckets say.
pub(super) struct BehindTexts<'t> {
    pub grace_counts: &'t Text,
    pub cure: &'t Text,
    pub on_time_periods: &'t Number,
    pub smallest_overdue: &'t Text,
    pub charged_off: &'t Text,
    pub tiers: &'t [TierText],
}

macro_rules! coded {
    ($complaints:expr, $place:expr, $field:expr, $type:ty) => {{
        let text = $place.as_ref();
        let codes = <$type>::ALL.iter().map(|value| value.code());
        $complaints.keep($place, $field, <$type>::parse(text).ok_or_else(|| Wording::not_one_of(text, codes)))
    }};
    ($complaints:expr, $place:expr, $field:expr, $type:ty, $default:expr) => {
        match $place {
            None => Some($default),
            Some(place) => coded!($complaints, place, $field, $type),
        }
    };
}

fn money(
    place: &Text,
    field: &str,
    currency: Option<Currency>,
    complaints: &mut Complaints<'_>,
) -> Option<Option<Money>> {
    match place {
        None => Some(None),
        Some(place) => complaints.keep(place, field, Money::parse(place.as_ref(), currency?)).map(Some),
    }
}

fn rate(place: &Text, field: &str, complaints: &mut Complaints<'_>) -> Option<Option<Rate>> {
    match place {
        None => Some(None),
        Some(place) => complaints.keep(place, field, Rate::parse_percent(place.as_ref())).map(Some),
    }
}

fn number<N: TryFrom<i64>>(place: &Spanned<i64>, field: &str, complaints: &mut Complaints<'_>) -> Option<N> {
    let number = *place.as_ref();
    complaints.keep(
        place,
        field,
        N::try_from(number).map_err(|_| wording!("{number} 远超取值范围", "{number} is far out of range")),
    )
}

fn number_or<N: TryFrom<i64>>(
    place: &Number,
    field: &str,
    default: N,
    complaints: &mut Complaints<'_>,
) -> Option<N> {
    match place {
        None => Some(default),
        Some(place) => number(place, field, complaints),
    }
}

pub(super) fn fee_on_fee_of(place: &Text, field: &str, complaints: &mut Complaints<'_>) -> Option<FeeOnFee> {
    coded!(complaints, place, field, FeeOnFee, FeeOnFee::Charges)
}

pub(super) fn limits_of(
    texts: &LimitTexts<'_>,
    currency: Option<Currency>,
    complaints: &mut Complaints<'_>,
) -> Option<FeeLimits> {
    let minimum = money(texts.minimum, "late_fee.minimum", currency, complaints);
    let per_day = money(texts.cap_per_day, "late_fee.cap_per_day", currency, complaints);
    let per_statement = money(texts.cap_per_statement, "late_fee.cap_per_statement", currency, complaints);
    let lifetime = money(texts.cap_lifetime, "late_fee.cap_lifetime", currency, complaints);
    let per_year = rate(texts.cap_per_year, "late_fee.cap_per_year", complaints);
    Some(FeeLimits {
        minimum: minimum?,
        per_day: per_day?,
        per_statement: per_statement?,
        lifetime: lifetime?,
        per_year: per_year?,
    })
}

pub(super) fn once_fees_of(
    fees: &[OnceFeeText],
    currency: Option<Currency>,
    complaints: &mut Complaints<'_>,
) -> Option<Vec<OnceFee>> {
    let mut read = Vec::new();
    for fee in fees {
        let after_days = number(&fee.after_days, "once_fees.after_days", complaints);
        let amount = match (&fee.amount, &fee.share) {
            (Some(_), None) => {
                money(&fee.amount, "once_fees.amount", currency, complaints).flatten().map(OnceAmount::Fixed)
            }
            (None, Some(share)) => {
                let base =
                    coded!(complaints, &fee.base, "once_fees.base", LateFeeBase, LateFeeBase::Principal);
                let share = Rate::parse_percent(share.as_ref());
                let place = fee.share.as_ref()?;
                let share = complaints.keep(place, "once_fees.share", share);
                share.zip(base).map(|(share, base)| OnceAmount::Share { share, base })
            }
            (Some(_), Some(_)) | (None, None) => {
                let complaint = wording!(
                    "请只写 amount，或写 share 及其 base",
                    "give either amount or share with its base"
                );
                complaints.add_at(&fee.after_days, "once_fees.amount", complaint);
                None
            }
        };
        read.push(after_days.zip(amount).map(|(after_days, amount)| OnceFee { after_days, amount }));
    }
    read.into_iter().collect()
}

pub(super) fn service_fee_of(
    fee: Option<&ServiceFeeText>,
    complaints: &mut Complaints<'_>,
) -> Option<Option<ServiceFee>> {
    let Some(fee) = fee else { return Some(None) };
    let rate = Rate::parse_percent(fee.rate_per_day.as_ref());
    let rate_per_day = complaints.keep(&fee.rate_per_day, "service_fee.rate_per_day", rate);
    let fee_on_fee = coded!(complaints, &fee.fee_on_fee, "service_fee.fee_on_fee", FeeOnFee, FeeOnFee::Never);
    Some(Some(ServiceFee { rate_per_day: rate_per_day?, fee_on_fee: fee_on_fee? }))
}

/// An order by state: a preset, or steps with how they are walked; nothing when neither is given.
pub(super) fn order_of(
    preset: &Text,
    steps: &[StepText],
    walk: &Text,
    in_advance: &Text,
    complaints: &mut Complaints<'_>,
) -> Option<Option<AllocationOrder>> {
    let named = match preset {
        None => None,
        Some(place) => Some(coded!(complaints, place, "allocation.preset", AllocationPreset)?.order()),
    };
    if let (Some(preset), false) = (preset, steps.is_empty()) {
        let complaint =
            wording!("与 steps 同时出现；请去掉一个", "is given together with steps; leave one of them out");
        complaints.add_at(preset, "allocation.preset", complaint);
        return None;
    }
    let is_by_state = named.is_some() || !steps.is_empty();
    let mut order = named.unwrap_or(AllocationOrder {
        steps: Vec::new(),
        walk: Walk::Horizontal,
        in_advance: AdvanceTarget::Next,
    });
    let walk = coded!(complaints, walk, "allocation.walk", Walk, order.walk);
    let in_advance = coded!(complaints, in_advance, "allocation.in_advance", AdvanceTarget, order.in_advance);
    for step in steps {
        let mut states = DueStates { past_due: false, due: false, in_advance: false };
        for state in &step.states {
            match coded!(complaints, state, "allocation.steps", DueState)? {
                DueState::PastDue => states.past_due = true,
                DueState::Due => states.due = true,
                DueState::InAdvance => states.in_advance = true,
            }
        }
        for component in &step.components {
            let component = coded!(complaints, component, "allocation.steps", Component)?;
            order.steps.push(AllocationStep { states, component });
        }
    }
    (order.walk, order.in_advance) = (walk?, in_advance?);
    Some(is_by_state.then_some(order))
}

pub(super) fn behind_of(
    texts: &BehindTexts<'_>,
    currency: Option<Currency>,
    complaints: &mut Complaints<'_>,
) -> Option<BehindTerms> {
    let standard = currency.map(BehindTerms::standard);
    let grace =
        coded!(complaints, texts.grace_counts, "ageing.grace_counts", GraceEnd, GraceEnd::FromDueDate);
    let cure = coded!(complaints, texts.cure, "ageing.cure", CureRule, CureRule::OldestPaid);
    let on_time_periods = number_or(texts.on_time_periods, "ageing.on_time_periods", 0, complaints);
    let smallest = money(texts.smallest_overdue, "ageing.smallest_overdue", currency, complaints);
    let charged_off = coded!(complaints, texts.charged_off, "ageing.charged_off", Tier, Tier::Loss);
    let mut tiers = Vec::new();
    for tier in texts.tiers {
        let from_days = number(&tier.from_days, "ageing.tiers", complaints);
        let tier = coded!(complaints, &tier.tier, "ageing.tiers", Tier);
        tiers.push(from_days.zip(tier).map(|(from_days, tier)| TierFrom { from_days, tier }));
    }
    let tiers = tiers.into_iter().collect::<Option<Vec<TierFrom>>>();
    let standard = standard?;
    Some(BehindTerms {
        grace: grace?,
        cure: cure?,
        on_time_periods: on_time_periods?,
        smallest_overdue: smallest?.unwrap_or(standard.smallest_overdue),
        tiers: tiers.map(|tiers| if tiers.is_empty() { standard.tiers } else { tiers })?,
        charged_off: charged_off?,
    })
}

/// What a payment ahead of time does to a plan.
pub(super) fn prepayment_of(
    schedule: Option<&ScheduleText>,
    complaints: &mut Complaints<'_>,
) -> Option<Prepayment> {
    let Some(schedule) = schedule else { return Some(Prepayment::Advance) };
    coded!(complaints, &schedule.prepayment, "schedule.prepayment", Prepayment, Prepayment::Advance)
}

pub(super) fn billing_of(
    schedule: Option<&ScheduleText>,
    currency: Option<Currency>,
    due_day: impl FnOnce(&Spanned<Value>, &mut Complaints<'_>) -> Option<MonthDay>,
    complaints: &mut Complaints<'_>,
) -> Option<Billing> {
    let Some(text) = schedule else { return Some(Billing::Statement) };
    let count = number(&text.count, "schedule.count", complaints);
    let fee = rate(&text.fee_per_period, "schedule.fee_per_period", complaints);
    let interest_rate = rate(&text.interest_per_year, "schedule.interest_per_year", complaints);
    let period = period_of(text, complaints);
    let due_day = match &text.due_day {
        None => Some(None),
        Some(place) => due_day(place, complaints).map(Some),
    };
    let share = rate(&text.down_payment, "schedule.down_payment", complaints);
    let multiple = money(&text.down_payment_multiple, "schedule.down_payment_multiple", currency, complaints);
    let interest =
        coded!(complaints, &text.interest, "schedule.interest", InterestBasis, InterestBasis::AsScheduled);
    let mut periods = |place: &Number, field: &str| number_or::<u32>(place, field, 0, complaints);
    let principal = periods(&text.grace_principal_periods, "schedule.grace_principal_periods");
    let deferred = periods(&text.grace_interest_deferred_periods, "schedule.grace_interest_deferred_periods");
    let free = periods(&text.grace_interest_free_periods, "schedule.grace_interest_free_periods");
    Some(Billing::Schedule(Box::new(ScheduleBilling {
        standard: InstalmentOffer {
            count: count?,
            fee_per_period: fee?.unwrap_or(Rate::ZERO),
            interest_per_year: interest_rate?.unwrap_or(Rate::ZERO),
        },
        period: period?,
        due_day: due_day?,
        grace: Grace {
            principal_periods: principal?,
            interest_deferred_periods: deferred?,
            interest_free_periods: free?,
        },
        // The calendar that the plans name is put in when the terms are asked for, by its version of the day.
        calendar: Calendar::weekends_only(),
        down_payment_share: share?.unwrap_or(Rate::ZERO),
        down_payment_multiple: multiple?,
        interest: interest?,
    })))
}

fn period_of(text: &ScheduleText, complaints: &mut Complaints<'_>) -> Option<Period> {
    let given = [&text.every_months, &text.every_weeks, &text.every_days];
    if given.iter().filter(|place| place.is_some()).count() > 1 {
        let complaint = wording!(
            "every_months、every_weeks、every_days 只能写一个",
            "give one of every_months, every_weeks and every_days"
        );
        complaints.add_at(&text.count, "schedule.every_months", complaint);
        return None;
    }
    if let Some(place) = &text.every_weeks {
        return number(place, "schedule.every_weeks", complaints).map(Period::Weeks);
    }
    if let Some(place) = &text.every_days {
        return number(place, "schedule.every_days", complaints).map(Period::Days);
    }
    number_or(&text.every_months, "schedule.every_months", 1, complaints).map(Period::Months)
}

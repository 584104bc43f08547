//! Product documents: from TOML to [`Terms`]. The format is told in `docs/products.md`.

use dunlin_domain::cost::ceiling_errors;
use dunlin_domain::date::{Date, MonthDay};
use dunlin_domain::line::rule::LineRules;
use dunlin_domain::money::{Currency, Money, MoneyError, Rate, Rounding};
use dunlin_domain::terms::{
    AllocationScope, Billing, Bucket, Component, DaysPastDueConvention, DueRule, GraceEnd, InstalmentOffer,
    LateFeeBase, LateFeeTerms, MinimumPayment, OverdueMeasure, Terms, TermsError,
};
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::PolicyKind;
use super::error::{Complaints, PolicyError, line_of_field};
use super::header::{Header, read_header};
use super::line::{LineText, rules_of};
use super::plan::{PlanText, plan_of};
use super::servicing::{
    BehindTexts, LimitTexts, OnceFeeText, ScheduleText, ServiceFeeText, StepText, TierText, behind_of,
    billing_of, fee_on_fee_of, limits_of, once_fees_of, order_of, prepayment_of, service_fee_of,
};
use super::toml_text::{document_text, read};

/// A version of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductDocument {
    /// The head.
    pub header: Header,
    /// The terms.
    pub terms: Terms,
    /// What may be promised to customers: "up to so many days free of interest".
    pub interest_free_days: i32,
    /// What holds at checkout.
    pub line: LineRules,
}

document_text! {
    struct ProductText {
        currency: Spanned<String>,
        rounding: Spanned<String>,
        statement_day: Spanned<Value>,
        due_day: Option<Spanned<Value>>,
        due_days_after: Option<Spanned<i64>>,
        interest_free_days: Spanned<i64>,
        overdue: Spanned<String>,
        #[serde(default)]
        instalments: Vec<InstalmentText>,
        plan: Option<PlanText>,
        minimum_payment: MinimumText,
        schedule: Option<ScheduleText>,
        late_fee: Option<LateFeeText>,
        #[serde(default)]
        once_fees: Vec<OnceFeeText>,
        service_fee: Option<ServiceFeeText>,
        allocation: AllocationText,
        ageing: AgeingText,
        line: Option<LineText>,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InstalmentText {
    count: Spanned<i64>,
    fee_per_period: Option<Spanned<String>>,
    interest_per_year: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MinimumText {
    share: Spanned<String>,
    floor: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LateFeeText {
    rate_per_day: Spanned<String>,
    base: Spanned<String>,
    grace_days: Spanned<i64>,
    after_grace: Spanned<String>,
    cap_share: Option<Spanned<String>>,
    fee_on_fee: Option<Spanned<String>>,
    minimum: Option<Spanned<String>>,
    cap_per_day: Option<Spanned<String>>,
    cap_per_statement: Option<Spanned<String>>,
    cap_lifetime: Option<Spanned<String>>,
    cap_per_year: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllocationText {
    order: Vec<Spanned<String>>,
    scope: Spanned<String>,
    preset: Option<Spanned<String>>,
    #[serde(default)]
    steps: Vec<StepText>,
    walk: Option<Spanned<String>>,
    in_advance: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgeingText {
    days_past_due: Spanned<String>,
    grace_days: Spanned<i64>,
    buckets: Vec<BucketText>,
    grace_counts: Option<Spanned<String>>,
    cure: Option<Spanned<String>>,
    on_time_periods: Option<Spanned<i64>>,
    smallest_overdue: Option<Spanned<String>>,
    charged_off: Option<Spanned<String>>,
    #[serde(default)]
    tiers: Vec<TierText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BucketText {
    name: Spanned<String>,
    from_days: Spanned<i64>,
}

/// A value by its code, or a complaint with all codes.
macro_rules! coded {
    ($complaints:expr, $place:expr, $field:literal, $type:ty) => {{
        let text = $place.as_ref();
        let found = <$type>::parse(text);
        let codes = <$type>::ALL.iter().map(|value| value.code());
        $complaints.keep($place, $field, found.ok_or_else(|| Wording::not_one_of(text, codes)))
    }};
}

/// Reads a product and checks it against `ceiling`, the most it may cost a year.
pub(super) fn parse(file: &str, text: &str, ceiling: Rate) -> Result<ProductDocument, Vec<PolicyError>> {
    let product: ProductText = read(file, text)?;
    let mut complaints = Complaints::new(file, text);
    let fields = product.header_fields(&complaints);
    let header = read_header(PolicyKind::Product, file, &fields, &mut complaints);
    let terms = terms_of(&product, header.as_ref(), &mut complaints);
    let interest_free_days = whole::<i32>(&product.interest_free_days, "interest_free_days", &mut complaints);
    if let Some(terms) = &terms {
        check_terms(&product, terms, text, ceiling, &mut complaints);
        check_interest_free(&product.interest_free_days, terms, &mut complaints);
    }
    let line = terms
        .as_ref()
        .and_then(|terms| rules_of(product.line.as_ref(), terms.currency, &terms.buckets, &mut complaints));
    let document = header.zip(terms).zip(interest_free_days).zip(line);
    let document = document.map(|(((header, terms), interest_free_days), line)| ProductDocument {
        header,
        terms,
        interest_free_days,
        line,
    });
    complaints.finish(document)
}

fn terms_of(
    product: &ProductText,
    header: Option<&Header>,
    complaints: &mut Complaints<'_>,
) -> Option<Terms> {
    let currency = complaints.keep(&product.currency, "currency", Currency::parse(product.currency.as_ref()));
    let rounding = complaints.keep(&product.rounding, "rounding", rounding_of(product.rounding.as_ref()));
    let statement_day = month_day(&product.statement_day, "statement_day", complaints);
    let due = due_of(product, complaints);
    let instalments = instalments_of(&product.instalments, complaints);
    let plan = plan_of(product.plan.as_ref(), currency, complaints);
    let minimum = minimum_of(&product.minimum_payment, currency, complaints);
    let overdue = coded!(complaints, &product.overdue, "overdue", OverdueMeasure);
    let late_fee = match &product.late_fee {
        Some(fee) => late_fee_of(fee, currency, complaints).map(Some),
        None => Some(None),
    };
    let order = product.allocation.order.iter();
    let allocation: Vec<Option<Component>> =
        order.map(|name| coded!(complaints, name, "allocation.order", Component)).collect();
    let allocation_scope = coded!(complaints, &product.allocation.scope, "allocation.scope", AllocationScope);
    let ageing = &product.ageing;
    let ageing_grace_days = whole(&ageing.grace_days, "ageing.grace_days", complaints);
    let days_past_due =
        coded!(complaints, &ageing.days_past_due, "ageing.days_past_due", DaysPastDueConvention);
    let buckets = buckets_of(&ageing.buckets, complaints);
    let due_day = |place: &Spanned<Value>, complaints: &mut Complaints<'_>| {
        month_day(place, "schedule.due_day", complaints)
    };
    let billing = billing_of(product.schedule.as_ref(), currency, due_day, complaints);
    let prepayment = prepayment_of(product.schedule.as_ref(), complaints);
    let once_fees = once_fees_of(&product.once_fees, currency, complaints);
    let service_fee = service_fee_of(product.service_fee.as_ref(), complaints);
    let AllocationText { preset, steps, walk, in_advance, .. } = &product.allocation;
    let order = order_of(preset, steps, walk, in_advance, complaints);
    let behind = BehindTexts {
        grace_counts: &ageing.grace_counts,
        cure: &ageing.cure,
        on_time_periods: &ageing.on_time_periods,
        smallest_overdue: &ageing.smallest_overdue,
        charged_off: &ageing.charged_off,
        tiers: &ageing.tiers,
    };
    let behind = behind_of(&behind, currency, complaints);
    let header = header?;
    Some(Terms {
        product: header.name.clone(),
        version: header.version,
        currency: currency?,
        statement_day: statement_day?,
        due: due?,
        instalments: instalments?,
        plan: plan?,
        minimum: minimum?,
        overdue: overdue?,
        late_fee: late_fee?,
        allocation: allocation.into_iter().collect::<Option<_>>()?,
        allocation_scope: allocation_scope?,
        ageing_grace_days: ageing_grace_days?,
        days_past_due: days_past_due?,
        buckets: buckets?,
        rounding: rounding?,
        billing: billing?,
        order: order?,
        once_fees: once_fees?,
        service_fee: service_fee?,
        behind: behind?,
        prepayment: prepayment?,
    })
}

/// A whole number that fits; whether it is in range is for [`Terms::check`] to say.
fn whole<N: TryFrom<i64>>(place: &Spanned<i64>, field: &str, complaints: &mut Complaints<'_>) -> Option<N> {
    let number = *place.as_ref();
    let fits =
        N::try_from(number).map_err(|_| wording!("{number} 远超取值范围", "{number} is far out of range"));
    complaints.keep(place, field, fits)
}

fn rounding_of(code: &str) -> Result<Rounding, Wording> {
    match code {
        "half_up" => Ok(Rounding::HalfUp),
        "half_even" => Ok(Rounding::HalfEven),
        "down" => Ok(Rounding::Down),
        "up" => Ok(Rounding::Up),
        other => Err(Wording::not_one_of(other, ["half_up", "half_even", "down", "up"])),
    }
}

fn month_day(place: &Spanned<Value>, field: &str, complaints: &mut Complaints<'_>) -> Option<MonthDay> {
    let day = match place.as_ref() {
        Value::Integer(day) => i8::try_from(*day).ok().map(MonthDay::Day),
        Value::String(word) if word == "last" => Some(MonthDay::Last),
        Value::String(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => None,
    };
    complaints.keep(
        place,
        field,
        day.ok_or_else(|| wording!("须为 1 至 31，或“last”（月末）", "must be 1 to 31, or \"last\"")),
    )
}

fn due_of(product: &ProductText, complaints: &mut Complaints<'_>) -> Option<DueRule> {
    match (&product.due_day, &product.due_days_after) {
        (Some(day), None) => month_day(day, "due_day", complaints).map(DueRule::DayOfMonth),
        (None, Some(days)) => whole(days, "due_days_after", complaints).map(DueRule::DaysAfter),
        (Some(day), Some(_)) => {
            complaints.add_at(
                day,
                "due_day",
                wording!(
                    "与 due_days_after 同时出现；请去掉一个",
                    "is given together with due_days_after; leave one of them out"
                ),
            );
            None
        }
        (None, None) => {
            complaints.add(
                None,
                "due_day",
                wording!(
                    "缺失；请写明 due_day（1 至 31，或“last”）或 due_days_after",
                    "is missing; give due_day (1 to 31, or \"last\") or due_days_after"
                ),
            );
            None
        }
    }
}

fn instalments_of(
    offers: &[InstalmentText],
    complaints: &mut Complaints<'_>,
) -> Option<Vec<InstalmentOffer>> {
    let mut read = Vec::new();
    for (index, offer) in offers.iter().enumerate() {
        let count = u32::try_from(*offer.count.as_ref())
            .map_err(|_| wording!("须为 2 至 60 期", "must be 2 to 60 periods"));
        let count = complaints.keep(&offer.count, "instalments.count", count);
        let mut rate = |place: &Option<Spanned<String>>, field: &str| match place {
            None => Some(Rate::ZERO),
            Some(place) => complaints.keep(place, field, Rate::parse_percent(place.as_ref())),
        };
        let fee = rate(&offer.fee_per_period, "instalments.fee_per_period");
        let interest = rate(&offer.interest_per_year, "instalments.interest_per_year");
        if offer.fee_per_period.is_none() && offer.interest_per_year.is_none() {
            let complaint = wording!(
                "缺失；请写明 fee_per_period、interest_per_year 或两者；免息免费的分期写“0%”",
                "is missing; give fee_per_period, interest_per_year or both, \"0%\" for a free plan"
            );
            complaints.add_at(&offer.count, "instalments.fee_per_period", complaint);
        }
        if offers[..index].iter().any(|before| before.count.as_ref() == offer.count.as_ref()) {
            complaints.add_at(
                &offer.count,
                "instalments.count",
                wording!("同一期数重复出现；请去掉一个", "is offered twice; leave one of them out"),
            );
        }
        let rates = fee.zip(interest);
        read.push(count.zip(rates).map(|(count, (fee_per_period, interest_per_year))| InstalmentOffer {
            count,
            fee_per_period,
            interest_per_year,
        }));
    }
    read.into_iter().collect()
}

fn minimum_of(
    minimum: &MinimumText,
    currency: Option<Currency>,
    complaints: &mut Complaints<'_>,
) -> Option<MinimumPayment> {
    let share = Rate::parse_percent(minimum.share.as_ref());
    let share = complaints.keep(&minimum.share, "minimum_payment.share", share);
    let floor: Result<Money, MoneyError> = Money::parse(minimum.floor.as_ref(), currency?);
    let floor = complaints.keep(&minimum.floor, "minimum_payment.floor", floor);
    Some(MinimumPayment { share: share?, floor: floor? })
}

fn late_fee_of(
    fee: &LateFeeText,
    currency: Option<Currency>,
    complaints: &mut Complaints<'_>,
) -> Option<LateFeeTerms> {
    let rate = Rate::parse_percent(fee.rate_per_day.as_ref());
    let rate_per_day = complaints.keep(&fee.rate_per_day, "late_fee.rate_per_day", rate);
    let base = coded!(complaints, &fee.base, "late_fee.base", LateFeeBase);
    let grace_days = whole(&fee.grace_days, "late_fee.grace_days", complaints);
    let after_grace = coded!(complaints, &fee.after_grace, "late_fee.after_grace", GraceEnd);
    let cap_share = match &fee.cap_share {
        None => Some(None),
        Some(cap) => complaints.keep(cap, "late_fee.cap_share", Rate::parse_percent(cap.as_ref())).map(Some),
    };
    let fee_on_fee = fee_on_fee_of(&fee.fee_on_fee, "late_fee.fee_on_fee", complaints);
    let limits = LimitTexts {
        minimum: &fee.minimum,
        cap_per_day: &fee.cap_per_day,
        cap_per_statement: &fee.cap_per_statement,
        cap_lifetime: &fee.cap_lifetime,
        cap_per_year: &fee.cap_per_year,
    };
    let limits = limits_of(&limits, currency, complaints);
    Some(LateFeeTerms {
        rate_per_day: rate_per_day?,
        base: base?,
        grace_days: grace_days?,
        after_grace: after_grace?,
        cap_share: cap_share?,
        fee_on_fee: fee_on_fee?,
        limits: limits?,
    })
}

fn buckets_of(buckets: &[BucketText], complaints: &mut Complaints<'_>) -> Option<Vec<Bucket>> {
    let mut read = Vec::new();
    for (index, bucket) in buckets.iter().enumerate() {
        let name = bucket.name.as_ref();
        // A strategy's cell separates names by commas and spaces, and takes "-" and "any" for all of them.
        let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_plain || name == "any" {
            let complaint = wording!(
                "“{name}”只能由字母和数字组成，如“M1”",
                "{name:?} must be letters and digits, such as \"M1\""
            );
            complaints.add_at(&bucket.name, "ageing.buckets", complaint);
        }
        if buckets[..index].iter().any(|before| before.name.as_ref() == name) {
            complaints.add_at(
                &bucket.name,
                "ageing.buckets",
                wording!("“{name}”重复出现", "{name:?} is named twice"),
            );
        }
        let from_days = whole(&bucket.from_days, "ageing.buckets", complaints);
        read.push(from_days.map(|from_days| Bucket { name: name.clone(), from_days }));
    }
    read.into_iter().collect()
}

/// Ranges first; then, if they hold, the cost of each plan and of the late fee, each at its own line.
fn check_terms(
    product: &ProductText,
    terms: &Terms,
    text: &str,
    ceiling: Rate,
    complaints: &mut Complaints<'_>,
) {
    let Err(errors) = terms.check(ceiling) else { return };
    let mut is_too_costly = false;
    for error in &errors {
        match error {
            TermsError::OutOfRange { field, complaint } => {
                complaints.add(line_of_field(text, field), field, complaint.clone());
            }
            TermsError::TooCostly { .. } => is_too_costly = true,
        }
    }
    if !is_too_costly {
        return;
    }
    for (offer, place) in terms.instalments.iter().zip(&product.instalments) {
        let alone =
            Terms { instalments: vec![*offer], late_fee: None, billing: Billing::Statement, ..terms.clone() };
        let (place, field) = match (&place.fee_per_period, &place.interest_per_year) {
            (Some(fee), None) => (fee, "instalments.fee_per_period"),
            (_, Some(interest)) => (interest, "instalments.interest_per_year"),
            (None, None) => continue,
        };
        for error in ceiling_errors(&alone, ceiling) {
            complaints.add_at(place, field, error.wording());
        }
    }
    let schedule_alone = Terms { instalments: Vec::new(), late_fee: None, ..terms.clone() };
    for error in ceiling_errors(&schedule_alone, ceiling) {
        complaints.add(
            line_of_field(text, "schedule.interest_per_year"),
            "schedule.interest_per_year",
            error.wording(),
        );
    }
    let late_fee_alone = Terms { instalments: Vec::new(), billing: Billing::Statement, ..terms.clone() };
    for error in ceiling_errors(&late_fee_alone, ceiling) {
        complaints.add(
            line_of_field(text, "late_fee.rate_per_day"),
            "late_fee.rate_per_day",
            error.wording(),
        );
    }
}

/// A product may say "up to so many days" only if a purchase on the day after a cut-off has as many in every
/// month of the year.
fn check_interest_free(place: &Spanned<i64>, terms: &Terms, complaints: &mut Complaints<'_>) {
    let longest = longest_interest_free_days(terms);
    let promised = *place.as_ref();
    if promised < 0 || promised > i64::from(longest) {
        let complaint = wording!(
            "承诺最长免息 {promised} 天，但按账单日与到期还款日推算，有的月份最多只有 {longest} 天",
            "{promised} days are promised, but the calendar gives at most {longest} in some months"
        );
        complaints.add_at(place, "interest_free_days", complaint);
    }
}

/// From the day after a cut-off to the due date of the next one, in the worst month of four years.
fn longest_interest_free_days(terms: &Terms) -> i32 {
    // 2024 to 2027 hold every length of month, 29 February included.
    const MONTHS: usize = 48;
    let first = Date::from_civil(jiff::civil::date(2023, 12, 15));
    let cut_offs = std::iter::successors(Some(first), |day| Some(terms.statement_day.next_after(*day)));
    let cut_offs: Vec<Date> = cut_offs.skip(1).take(MONTHS + 1).collect();
    let lengths = cut_offs.windows(2).map(|pair| terms.due.due_on(pair[1]).days_since(pair[0].plus_days(1)));
    lengths.min().unwrap_or(0)
}

//! What a loan of Apache Fineract is made of: its product, its plan and its order of payments, as terms.
//!
//! The names of the products and what they stand for are those of the peer's published test data
//! (`DefaultLoanProduct`, `LoanProductGlobalInitializerStep`, `ChargeGlobalInitializerStep`). What a case's
//! configuration says comes before what the name stands for.

use dunlin_domain::calendar::Calendar;
use dunlin_domain::day_count::DayCount;
use dunlin_domain::money::{Currency, Money, Rate, Rounding};
use dunlin_domain::schedule::{
    Accrual, EqualPaymentFrom, Grace, Method, MonthEnd, Period, PlanTerms, Residue,
};
use dunlin_domain::terms::{
    AdvanceTarget, AllocationOrder, AllocationPreset, AllocationStep, Billing, Bucket, Component,
    DaysPastDueConvention, DueStates, GraceEnd, InstalmentOffer, InterestBasis, LateFeeBase, OnceAmount,
    OnceFee, ScheduleBilling, Terms, Walk,
};

use super::super::fields::{self, Fields, Problem};
use super::super::obligations::plain_terms;

/// Products of the peer's test data that are known; a name that is not here is not guessed at.
const PRODUCTS: [&str; 65] = [
    "LP1",
    "LP1_DUE_DATE",
    "LP1_INTEREST_FLAT",
    "LP1_INTEREST_DECLINING_BALANCE_PERIOD_SAME_AS_PAYMENT",
    "LP1_INTEREST_DECLINING_BALANCE_PERIOD_DAILY",
    "LP1_INTEREST_DECLINING_BALANCE_PERIOD_DAILY_ACCRUAL_ACTIVITY",
    "LP1_INTEREST_DECLINING_BALANCE_DAILY_RECALCULATION_COMPOUNDING_NONE_ACCRUAL_ACTIVITY",
    "LP1_1MONTH_INTEREST_DECLINING_BALANCE_DAILY_RECALCULATION_COMPOUNDING_MONTHLY",
    "LP1_INTEREST_DECLINING_BALANCE_DAILY_RECALCULATION_COMPOUNDING_NONE",
    "LP1_INTEREST_DECLINING_BALANCE_DAILY_RECALCULATION_COMPOUNDING_NONE_RESCHEDULE_REDUCE_NR_INST",
    "LP1_INTEREST_DECLINING_BALANCE_DAILY_RECALCULATION_COMPOUNDING_NONE_RESCHEDULE_RESCH_NEXT_REP",
    "LP1_INTEREST_DECLINING_BALANCE_DAILY_RECALCULATION_SAME_AS_REPAYMENT_COMPOUNDING_NONE",
    "LP1_INTEREST_DECLINING_BALANCE_SAR_RECALCULATION_SAME_AS_REPAYMENT_COMPOUNDING_NONE_MULTIDISB",
    "LP1_PAYMENT_STRATEGY_DUE_IN_ADVANCE",
    "LP1_PAYMENT_STRATEGY_DUE_IN_ADVANCE_INTEREST_FLAT",
    "LP1_PAYMENT_STRATEGY_DUE_IN_ADVANCE_PENALTY_INTEREST_PRINCIPAL_FEE",
    "LP1_PAYMENT_STRATEGY_DUE_IN_ADVANCE_PENALTY_INTEREST_PRINCIPAL_FEE_INTEREST_FLAT",
    "LP1_INTEREST_FLAT_OVERDUE_FROM_AMOUNT",
    "LP1_INTEREST_FLAT_OVERDUE_FROM_AMOUNT_INTEREST",
    "LP1_ADV_PMT_ALLOC_PROGRESSIVE_LOAN_SCHEDULE_HORIZONTAL",
    "LP2_DOWNPAYMENT",
    "LP2_DOWNPAYMENT_AUTO",
    "LP2_DOWNPAYMENT_AUTO_ADVANCED_PAYMENT_ALLOCATION",
    "LP2_DOWNPAYMENT_ADVANCED_PAYMENT_ALLOCATION",
    "LP2_DOWNPAYMENT_INTEREST",
    "LP2_DOWNPAYMENT_INTEREST_AUTO",
    "LP2_DOWNPAYMENT_ADV_PMT_ALLOC_PROGRESSIVE_LOAN_SCHEDULE_HORIZONTAL",
    "LP2_DOWNPAYMENT_ADV_PMT_ALLOC_PROGRESSIVE_LOAN_SCHEDULE_VERTICAL",
    "LP2_DOWNPAYMENT_ADV_PMT_ALLOC_PROGRESSIVE_LOAN_SCHEDULE_HORIZONTAL_INSTALLMENT_LEVEL_DELINQUENCY",
    "LP2_DOWNPAYMENT_ADV_PMT_ALLOC_PROG_SCHEDULE_HOR_INST_LVL_DELINQUENCY_CREDIT_ALLOCATION",
    "LP2_DOWNPAYMENT_ADV_PMT_ALLOC_FIXED_LENGTH",
    "LP2_DOWNPAYMENT_AUTO_ADVANCED_PAYMENT_ALLOCATION_REPAYMENT_START_SUBMITTED",
    "LP2_DOWNPAYMENT_INTEREST_FLAT_ADV_PMT_ALLOC",
    "LP2_ADV_PMT_ALLOC_PROGRESSIVE_LOAN_SCHEDULE_HORIZONTAL",
    "LP2_ADV_PMT_ALLOC_PROGRESSIVE_LOAN_SCHEDULE_VERTICAL",
    "LP2_ADV_CUSTOM_PMT_ALLOC_PROGRESSIVE_LOAN_SCHEDULE_HORIZONTAL",
    "LP2_ADV_PYMNT_INTEREST_RECALCULATION_DAILY_EMI_360_30_MULTIDISBURSE_DOWNPAYMENT",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_ACTUAL_ACTUAL",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_ACTUAL_ACTUAL_ACCRUAL_ACTIVITY",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30_INTEREST_RECALCULATION_DAILY_TILL_PRECLOSE",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30_INTEREST_RECALCULATION_DAILY_TILL_PRECLOSE_PMT_ALLOC_1",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30_INTEREST_RECALCULATION_SARP_TILL_PRECLOSE",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30_INTEREST_RECALCULATION_DAILY_TILL_REST_FREQUENCY_DATE",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30_INTEREST_RECALCULATION_SARP_TILL_REST_FREQUENCY_DATE",
    "LP2_ADV_CUSTOM_PAYMENT_ALLOC_INTEREST_RECALCULATION_DAILY_EMI_360_30_MULTIDISBURSE",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_ACTUAL_ACTUAL_INTEREST_REFUND_FULL",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30_MULTIDISBURSE",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30_MULTIDISBURSE_DOWNPAYMENT",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30_DOWNPAYMENT",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_365_ACTUAL",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_ACTUAL_ACTUAL_INTEREST_REFUND",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30_INTEREST_RECALCULATION_DAILY_TILL_PRECLOSE_WHOLE_TERM",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30_IR_DAILY_TILL_PRECLOSE_LAST_INSTALLMENT_STRATEGY",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_ACTUAL_ACTUAL_INTEREST_REFUND_INTEREST_RECALCULATION",
    "LP2_ADV_PYMNT_INTEREST_DAILY_INTEREST_RECALCULATION_ZERO_INTEREST_CHARGE_OFF_BEHAVIOUR",
    "LP2_ADV_PYMNT_ZERO_INTEREST_CHARGE_OFF_BEHAVIOUR",
    "LP2_ADV_PYMNT_INTEREST_DAILY_INTEREST_RECALCULATION_ACCELERATE_MATURITY_CHARGE_OFF_BEHAVIOUR",
    "LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30_ACCRUAL_ACTIVITY",
    "LP2_ADV_PYMNT_ACCELERATE_MATURITY_CHARGE_OFF_BEHAVIOUR",
    "LP2_NO_INTEREST_RECALCULATION_CHARGEBACK_ALLOCATION_INTEREST_FIRST",
    "LP2_NO_INTEREST_RECALCULATION_CHARGEBACK_ALLOCATION_PRINCIPAL_FIRST",
    "LP2_PROGRESSIVE_ADVANCED_PAYMENT_ALLOCATION",
    "LP2_PROGRESSIVE_ADV_PYMNT",
    "LP2_PROGRESSIVE_ADV_PMT_ALLOC_HORIZONTAL",
];

/// The peer's buckets, where a case names none.
const BUCKETS: [(&str, i32); 10] = [
    ("NO_DELINQUENCY", 0),
    ("RANGE_1", 1),
    ("RANGE_3", 4),
    ("RANGE_30", 31),
    ("RANGE_60", 61),
    ("RANGE_90", 91),
    ("RANGE_120", 121),
    ("RANGE_150", 151),
    ("RANGE_180", 181),
    ("RANGE_240", 241),
];

/// What a loan is made of.
pub(super) struct Product {
    /// Its schedule may follow what is really owed, and its accruals come in one sum.
    pub(super) is_progressive: bool,
    /// The share due at once, and whether it is paid by itself.
    pub(super) down_payment: Option<(Rate, bool)>,
    /// The overdue charge by its name and way of counting.
    pub(super) overdue_charge: Option<OverdueCharge>,
    /// Days before and after a due date on which reminders are due.
    pub(super) reminder_days: (i32, i32),
    name: String,
    walk: Walk,
    in_advance: AdvanceTarget,
    month_end: MonthEnd,
    accrual: Option<Accrual>,
    interest: InterestBasis,
    multiple: Option<Money>,
    buckets: Vec<Bucket>,
    grace_days: i32,
}

/// A penalty for each instalment that is not paid in time.
#[derive(Clone, Copy)]
pub(super) struct OverdueCharge {
    pub(super) name: &'static str,
    pub(super) calculation: &'static str,
    base: LateFeeBase,
    share: Rate,
}

/// What the application for the loan says.
#[derive(Clone, Debug)]
pub(super) struct Application {
    pub(super) principal: Money,
    pub(super) count: u32,
    pub(super) period: Period,
    pub(super) method: Method,
    pub(super) is_daily: bool,
    pub(super) per_year: Rate,
    pub(super) grace: Grace,
    /// The name of the order of payments; that of the product when left out.
    pub(super) strategy: Option<String>,
}

impl Product {
    /// The product `name` with what `config` says of it.
    pub(super) fn read(name: Option<&str>, config: &Fields<'_>, currency: Currency) -> Result<Self, Problem> {
        let described = config.optional_text("product")?.unwrap_or_default();
        let is_name = |text: &str| text.starts_with("LP") && !text.contains(' ');
        let name = name.or(Some(described).filter(|text| is_name(text))).unwrap_or_default();
        if !name.is_empty() && !PRODUCTS.contains(&name) {
            return Err(Problem::new(format!("unknown product {name:?}")));
        }
        let has = |token: &str| name.contains(token);
        let is_progressive =
            has("ADV_") || has("ADVANCED") || has("PROGRESSIVE") || described.contains("progressive");
        let is_whole =
            config.optional_text("instalment_rounding")?.is_some_and(|text| text.contains("MultiplesOf = 1"));
        let unit = Money::new(10_i64.pow(currency.minor_digits()), currency);
        let keeps_unit = !is_progressive || name.starts_with("LP2_DOWNPAYMENT_AUTO");
        Ok(Self {
            is_progressive,
            down_payment: down_payment(name, config)?,
            overdue_charge: overdue_charge(name, config)?,
            reminder_days: reminder_days(name, config)?,
            month_end: month_end(config)?,
            accrual: accrual(name, config)?,
            interest: interest_basis(name, config)?,
            multiple: (is_whole || (keeps_unit && !name.is_empty())).then_some(unit),
            buckets: buckets(config)?,
            grace_days: config.optional_count("grace_on_arrears_ageing_days")?.unwrap_or(3),
            walk: walk(name, config)?,
            in_advance: in_advance(name, config)?,
            name: name.to_owned(),
        })
    }

    /// The terms of a loan of this product.
    pub(super) fn terms(&self, application: &Application, currency: Currency) -> Result<Terms, Problem> {
        let mut terms = plain_terms(currency, DaysPastDueConvention::DayAfterDueIsOne)?;
        let daily = self.accrual.unwrap_or(Accrual::Daily(DayCount::Actual365Fixed));
        let accrual = if application.is_daily { daily } else { Accrual::SamePeriod };
        terms.rounding = Rounding::HalfEven;
        terms.plan = PlanTerms {
            method: application.method,
            accrual,
            month_end: self.month_end,
            equal_payment_from: if self.is_progressive {
                EqualPaymentFrom::EachPeriod
            } else {
                EqualPaymentFrom::FirstPeriod
            },
            residue: if self.is_progressive { Residue::Smoothed } else { Residue::Last },
            multiple: self.multiple,
            ..PlanTerms::PLAIN
        };
        let standard = InstalmentOffer {
            count: application.count,
            fee_per_period: Rate::ZERO,
            interest_per_year: application.per_year,
        };
        terms.billing = Billing::Schedule(Box::new(ScheduleBilling {
            standard,
            period: application.period,
            due_day: None,
            grace: application.grace,
            calendar: Calendar::weekends_only(),
            down_payment_share: self.down_payment.map_or(Rate::ZERO, |(share, _)| share),
            down_payment_multiple: self.multiple,
            interest: self.interest,
        }));
        terms.order = Some(self.order(application.strategy.as_deref())?);
        terms.buckets = self.buckets.clone();
        terms.ageing_grace_days = self.grace_days;
        terms.behind.grace = GraceEnd::FromGraceEnd;
        terms.once_fees = self
            .overdue_charge
            .map(|charge| OnceFee {
                // The peer waits two days before it charges.
                after_days: 2,
                amount: OnceAmount::Share { share: charge.share, base: charge.base },
            })
            .into_iter()
            .collect();
        Ok(terms)
    }

    fn order(&self, strategy: Option<&str>) -> Result<AllocationOrder, Problem> {
        const DUE_THEN_PRINCIPAL: &str =
            "DUE_PENALTY_FEE_INTEREST_PRINCIPAL_IN_ADVANCE_PRINCIPAL_PENALTY_FEE_INTEREST";
        const DUE_THEN_PENALTY: &str =
            "DUE_PENALTY_INTEREST_PRINCIPAL_FEE_IN_ADVANCE_PENALTY_INTEREST_PRINCIPAL_FEE";
        let by_product = if self.is_progressive {
            "ADVANCED_PAYMENT_ALLOCATION"
        } else if self.name.contains("DUE_IN_ADVANCE_PENALTY_INTEREST_PRINCIPAL_FEE") {
            DUE_THEN_PENALTY
        } else if self.name.contains("DUE_IN_ADVANCE") {
            DUE_THEN_PRINCIPAL
        } else {
            "PENALTIES_FEES_INTEREST_PRINCIPAL_ORDER"
        };
        use Component::{Charge, Interest, LateFee, Principal};
        let name = strategy.unwrap_or(by_product);
        let groups: Vec<(DueStates, [Component; 4])> = match name {
            "PENALTIES_FEES_INTEREST_PRINCIPAL_ORDER" => {
                return Ok(AllocationPreset::PenaltiesFeesInterestPrincipal.order());
            }
            DUE_THEN_PRINCIPAL => return Ok(AllocationPreset::DueThenPrincipalInAdvance.order()),
            "INTEREST_PRINCIPAL_PENALTIES_FEES_ORDER" => {
                vec![(DueStates::ANY, [Interest, Principal, LateFee, Charge])]
            }
            "PRINCIPAL_INTEREST_PENALTIES_FEES_ORDER" => {
                vec![(DueStates::ANY, [Principal, Interest, LateFee, Charge])]
            }
            DUE_THEN_PENALTY => {
                let order = [LateFee, Interest, Principal, Charge];
                vec![(DueStates::DUE_BY_NOW, order), (DueStates::IN_ADVANCE, order)]
            }
            "ADVANCED_PAYMENT_ALLOCATION" => {
                let order = [LateFee, Charge, Principal, Interest];
                [DueStates::PAST_DUE, DueStates::DUE, DueStates::IN_ADVANCE]
                    .map(|states| (states, order))
                    .to_vec()
            }
            other => return Err(Problem::new(format!("unknown payment strategy {other:?}"))),
        };
        let steps = groups.into_iter().flat_map(|(states, components)| {
            // No loan of the peer has a fee by period; the order must name the component all the same.
            let all = components.into_iter().chain([Component::InstalmentFee]);
            all.map(move |component| AllocationStep { states, component })
        });
        Ok(AllocationOrder { steps: steps.collect(), walk: self.walk, in_advance: self.in_advance })
    }

    /// The same product with another rule for months that lack the day.
    pub(super) fn with_month_end(mut self, month_end: MonthEnd) -> Self {
        self.month_end = month_end;
        self
    }
}

fn down_payment(name: &str, config: &Fields<'_>) -> Result<Option<(Rate, bool)>, Problem> {
    let described =
        config.optional_text("down_payment")?.or(config.optional_text("product")?).unwrap_or_default();
    let words = described.replace("down-payment", "down payment");
    if let Some((share, _)) = words
        .split_once('%')
        .filter(|_| words.contains("down payment") || words.contains("due on the disbursement"))
    {
        let number = share.rsplit(' ').next().unwrap_or_default();
        let is_auto = (words.contains("auto") && !words.contains("not auto")) || name.contains("AUTO");
        return Ok(Some((fields::percent(number)?, is_auto)));
    }
    if name.contains("DOWNPAYMENT") {
        return Ok(Some((fields::percent("25")?, name.contains("AUTO"))));
    }
    Ok(None)
}

fn walk(name: &str, config: &Fields<'_>) -> Result<Walk, Problem> {
    let described = config.optional_text("allocation")?.unwrap_or_default().to_lowercase();
    let is_vertical = name.contains("VERTICAL") || described.contains("vertical");
    Ok(if is_vertical { Walk::Vertical } else { Walk::Horizontal })
}

/// Which instalment money in advance goes to.
fn in_advance(name: &str, config: &Fields<'_>) -> Result<AdvanceTarget, Problem> {
    let described = config.optional_text("allocation")?.unwrap_or_default().to_lowercase().replace('_', " ");
    let says = |words: &str| {
        described.contains(&format!("{words} instalment"))
            || described.contains(&format!("{words} installment"))
    };
    Ok(if says("last") || name.contains("LAST_INSTALLMENT_STRATEGY") {
        AdvanceTarget::Last
    } else if described.contains("reamortization") {
        AdvanceTarget::All
    } else {
        AdvanceTarget::Next
    })
}

fn overdue_charge(name: &str, config: &Fields<'_>) -> Result<Option<OverdueCharge>, Problem> {
    let share = config.optional_percent("overdue_fee_pct")?;
    let charge = |name, calculation, base| -> Result<Option<OverdueCharge>, Problem> {
        let share = share.map_or_else(|| fields::percent("1.5"), Ok)?;
        Ok(Some(OverdueCharge { name, calculation, base, share }))
    };
    if name.ends_with("OVERDUE_FROM_AMOUNT_INTEREST") {
        let base = LateFeeBase::PrincipalAndInterest;
        charge("% Late fee amount+interest", "% Loan Amount + Interest", base)
    } else if name.ends_with("OVERDUE_FROM_AMOUNT") || share.is_some() {
        charge("% Late fee", "% Amount", LateFeeBase::Principal)
    } else {
        Ok(None)
    }
}

fn reminder_days(name: &str, config: &Fields<'_>) -> Result<(i32, i32), Problem> {
    let (before, after) = if name == "LP1_DUE_DATE" { (3, 3) } else { (1, 2) };
    let before = config.optional_count("days_before_due")?.unwrap_or(before);
    let after = config.optional_count("days_after_due")?.unwrap_or(after);
    Ok((before, after))
}

fn month_end(config: &Fields<'_>) -> Result<MonthEnd, Problem> {
    let Some(rule) = config.optional_text("due_date_rule")? else { return Ok(MonthEnd::Clamp) };
    // Where both are compared, the plain schedule is the one that rolls.
    if rule.contains("roll") {
        Ok(MonthEnd::RollToFirst)
    } else if rule.contains("clamp") || rule.contains("end of month") {
        Ok(MonthEnd::Clamp)
    } else {
        Err(Problem::new(format!("config: due_date_rule {rule:?} says neither roll nor clamp")))
    }
}

fn accrual(name: &str, config: &Fields<'_>) -> Result<Option<Accrual>, Problem> {
    if let Some(count) = config.optional_text("day_count")? {
        let plain = count.to_lowercase().replace("actual", "act").replace(' ', "");
        return match plain.as_str() {
            // With monthly instalments a month is a twelfth.
            "30/360" | "360/30" => Ok(Some(Accrual::SamePeriod)),
            "act/act" => Ok(Some(Accrual::Daily(DayCount::ActualActualLastDay))),
            "act/365" | "act/365f" | "365/act" => Ok(Some(Accrual::Daily(DayCount::Actual365Fixed))),
            "act/360" | "360/act" => Ok(Some(Accrual::Daily(DayCount::Actual360))),
            "act/364" | "364/act" => Ok(Some(Accrual::Daily(DayCount::Actual364))),
            _ => Err(Problem::new(format!("config: day_count {count:?} is unknown"))),
        };
    }
    let by_name = [
        ("360_30", Accrual::SamePeriod),
        ("ACTUAL_ACTUAL", Accrual::Daily(DayCount::ActualActualLastDay)),
        ("365_ACTUAL", Accrual::Daily(DayCount::Actual365Fixed)),
    ];
    Ok(by_name.into_iter().find(|(token, _)| name.contains(token)).map(|(_, accrual)| accrual))
}

fn interest_basis(name: &str, config: &Fields<'_>) -> Result<InterestBasis, Problem> {
    let described = config.optional_text("interest_recalculation")?.unwrap_or_default();
    let is_daily = described.contains("daily")
        || (name.contains("RECALCULATION") && !name.starts_with("LP2_NO_INTEREST_RECALCULATION"))
        || name.contains("_IR_DAILY");
    Ok(if is_daily { InterestBasis::DailyRest } else { InterestBasis::AsScheduled })
}

/// The buckets of the configuration, such as `"RANGE_3": "4..30"`, in the order of their first day.
fn buckets(config: &Fields<'_>) -> Result<Vec<Bucket>, Problem> {
    if config.raw("buckets").is_none() {
        let bucket = |(name, from_days): (&str, i32)| Bucket { name: name.to_owned(), from_days };
        return Ok(BUCKETS.map(bucket).to_vec());
    }
    let ranges = config.object("buckets")?;
    let mut buckets = vec![Bucket { name: "NO_DELINQUENCY".to_owned(), from_days: 0 }];
    for (name, range) in ranges.entries() {
        let text = range.as_str().unwrap_or_default();
        let from = text.split("..").next().unwrap_or_default().trim_end_matches('+').trim();
        let from_days = from.parse::<i16>().map_err(|_| {
            Problem::new(format!("config: buckets: {name}: {text:?} is not such as \"4..30\" or \"241+\""))
        })?;
        buckets.push(Bucket { name: name.to_owned(), from_days: from_days.into() });
    }
    buckets.sort_by_key(|bucket| bucket.from_days);
    Ok(buckets)
}

impl Application {
    /// From a row in the words of the peer's feature files.
    pub(super) fn of_row(row: &Fields<'_>, currency: Currency) -> Result<Self, Problem> {
        let method = match (row.text("interest type")?, row.text("amortization type")?) {
            ("FLAT", "EQUAL_INSTALLMENTS" | "EQUAL_PRINCIPAL_PAYMENTS") => Method::Flat,
            ("DECLINING_BALANCE" | "DECLINING BALANCE", "EQUAL_INSTALLMENTS") => Method::EqualPayment,
            ("DECLINING_BALANCE" | "DECLINING BALANCE", "EQUAL_PRINCIPAL_PAYMENTS") => Method::EqualPrincipal,
            (interest, amortization) => {
                let known = "FLAT or DECLINING_BALANCE with EQUAL_INSTALLMENTS or EQUAL_PRINCIPAL_PAYMENTS";
                return Err(Problem::new(format!(
                    "{interest} with {amortization} is not known, only {known}"
                )));
            }
        };
        let is_daily = match row.text("interest calculation period")? {
            "DAILY" => true,
            "SAME_AS_REPAYMENT_PERIOD" => false,
            other => return Err(Problem::new(format!("interest calculation period {other:?} is unknown"))),
        };
        let count = count_of(row, "numberOfRepayments")?;
        let every = count_of(row, "repaymentEvery")?;
        let unit = row.text("repaymentFrequencyType")?;
        let term = (count_of(row, "loanTermFrequency")?, row.text("loanTermFrequencyType")?);
        if term.1 == unit && Some(term.0) != count.checked_mul(every) {
            return Err(Problem::new(format!(
                "loanTermFrequency {} is not numberOfRepayments {count} times repaymentEvery {every}",
                term.0
            )));
        }
        let grace = |name: &str| -> Result<u32, Problem> {
            let periods = row.optional_count(name)?.unwrap_or(0);
            u32::try_from(periods).map_err(|_| Problem::new(format!("{name}: below none")))
        };
        // Interest that is "free" or in grace is due with the first instalment after it.
        let free = grace("interest free period")?;
        Ok(Self {
            principal: row.amount("with Principal", currency)?,
            count,
            period: period_of(every, unit)?,
            method,
            is_daily,
            per_year: row.optional_percent("ANNUAL interest rate %")?.unwrap_or(Rate::ZERO),
            grace: Grace {
                principal_periods: grace("graceOnPrincipalPayment")?,
                interest_deferred_periods: free,
                interest_free_periods: 0,
            },
            strategy: row.optional_text("Payment strategy")?.map(str::to_owned),
        })
    }

    /// From the fields of the step itself.
    pub(super) fn of_fields(step: &Fields<'_>, currency: Currency) -> Result<Self, Problem> {
        let count = count_of(step, "instalments")?;
        let by_days = step.optional_count("repayment_every_days")?;
        let (every, unit) = match by_days {
            Some(_) => (count_of(step, "repayment_every_days")?, "DAYS"),
            None => (count_of(step, "repayment_every_months")?, "MONTHS"),
        };
        if let Some(term) = step.optional_count("term_days")?
            && Some(term) != i32::try_from(count * every).ok()
        {
            return Err(Problem::new(format!("term_days {term} is not {count} times {every}")));
        }
        let interest = step.optional_text("interest")?.unwrap_or("flat");
        let is_declining = interest.contains("declining");
        if !is_declining && !interest.contains("flat") && interest != "none" {
            return Err(Problem::new(format!("interest {interest:?} is neither flat nor declining")));
        }
        let is_equal_principal = interest.contains("equal principal");
        let method = match (is_declining, is_equal_principal) {
            (true, true) => Method::EqualPrincipal,
            (true, false) => Method::EqualPayment,
            (false, _) => Method::Flat,
        };
        Ok(Self {
            principal: step.amount("principal", currency)?,
            count,
            period: period_of(every, unit)?,
            method,
            is_daily: interest.contains("daily"),
            per_year: step.optional_percent("annual_rate_pct")?.unwrap_or(Rate::ZERO),
            grace: Grace::default(),
            strategy: step.optional_text("payment_strategy")?.map(str::to_owned),
        })
    }
}

fn count_of(fields: &Fields<'_>, name: &str) -> Result<u32, Problem> {
    let count = u32::try_from(fields.count(name)?).ok().filter(|count| (1..=600).contains(count));
    count.ok_or_else(|| Problem::new(format!("{name}: not a number from 1 to 600")))
}

fn period_of(every: u32, unit: &str) -> Result<Period, Problem> {
    match unit {
        "DAYS" => Ok(Period::Days(every)),
        "WEEKS" => Ok(Period::Weeks(every)),
        "MONTHS" => Ok(Period::Months(every)),
        "YEARS" => Ok(Period::Months(every * 12)),
        other => Err(Problem::new(format!("repaymentFrequencyType {other:?} is unknown"))),
    }
}

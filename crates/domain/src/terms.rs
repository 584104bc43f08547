//! A product's terms: everything that decides what an agreement costs and when it falls behind.
//!
//! Terms are a versioned, dated document (see `docs/products.md`); this is its meaning, already checked.

mod behind;
mod billing;
mod fees;
mod order;

use std::fmt;

use crate::calendar::WorkdayShift;
use crate::contact::code_enum;
use crate::date::{Date, MonthDay};
use crate::fact::Prepayment;
use crate::money::{Currency, Money, Rate, Rounding};
use crate::schedule::PlanTerms;
use crate::wording::Wording;

pub use behind::{BehindTerms, CureRule, Tier, TierFrom};
pub use billing::{Billing, InterestBasis, ScheduleBilling};
pub use fees::{FeeLimits, FeeOnFee, OnceAmount, OnceFee, ServiceFee};
pub use order::{
    AdvanceTarget, AllocationOrder, AllocationPreset, AllocationStep, DueState, DueStates, Walk,
};

code_enum! {
    /// What an obligation is made of; the order of allocation names these.
    Component {
        /// The fee for not having paid in time (违约金).
        LateFee = "late_fee",
        /// Any other charge (费用).
        Charge = "charge",
        /// Interest.
        Interest = "interest",
        /// The fee of an instalment plan, per period (分期手续费).
        InstalmentFee = "instalment_fee",
        /// What was lent.
        Principal = "principal",
    }
}

code_enum! {
    /// What is overdue once the minimum of a statement was missed.
    OverdueMeasure {
        /// The part of the minimum that is still missing; paying it cures.
        Minimum = "minimum",
        /// The whole rest of the statement; only paying it all cures.
        StatementRest = "statement_rest",
    }
}

code_enum! {
    /// The amount that a late fee is a share of.
    LateFeeBase {
        /// All that is unpaid of the statement, late fees excepted.
        StatementRest = "statement_rest",
        /// The unpaid principal of the statement.
        Principal = "principal",
        /// The unpaid principal and interest of the statement.
        PrincipalAndInterest = "principal_and_interest",
        /// The missing part of the minimum.
        MinimumShortfall = "minimum_shortfall",
    }
}

code_enum! {
    /// Which days the fee runs over when a grace period has passed without payment.
    GraceEnd {
        /// From the due date, as if there had been no grace.
        FromDueDate = "from_due_date",
        /// From the last day of grace.
        FromGraceEnd = "from_grace_end",
    }
}

code_enum! {
    /// Which day counts as the first day past due.
    DaysPastDueConvention {
        /// The day after the due date is day 1 (PBOC).
        DayAfterDueIsOne = "day_after_due_is_one",
        /// The due date itself is day 1.
        DueDateIsOne = "due_date_is_one",
    }
}

code_enum! {
    /// Whether a payment clears whole statements one by one, or one component over all of them first.
    AllocationScope {
        /// Oldest due date first; within it, the order of components.
        DueDateFirst = "due_date_first",
        /// The order of components; within each, oldest due date first.
        ComponentFirst = "component_first",
    }
}

/// When the due date of a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueRule {
    /// The first such day of a month after the cut-off.
    DayOfMonth(MonthDay),
    /// So many days after the cut-off.
    DaysAfter(i32),
}

impl DueRule {
    /// The due date of the statement cut off on `cut_off_on`.
    #[must_use]
    pub fn due_on(self, cut_off_on: Date) -> Date {
        match self {
            Self::DayOfMonth(day) => day.next_after(cut_off_on),
            Self::DaysAfter(days) => cut_off_on.plus_days(days),
        }
    }
}

/// One plan a customer may choose: so many periods at such a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstalmentOffer {
    /// Number of instalments, 2 to 60.
    pub count: u32,
    /// Fee per period, a share of the original principal.
    pub fee_per_period: Rate,
    /// Interest a year, on what the product's method says.
    pub interest_per_year: Rate,
}

/// The least a customer must pay of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinimumPayment {
    /// Share of all that is unpaid and on statements at the cut-off.
    pub share: Rate,
    /// Never less than this, unless less is owed.
    pub floor: Money,
}

/// The late fee (违约金) of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateFeeTerms {
    /// Share of the base per day.
    pub rate_per_day: Rate,
    /// What the share is taken of.
    pub base: LateFeeBase,
    /// Days after the due date on which paying still costs nothing.
    pub grace_days: i32,
    /// Where the fee starts once the grace has passed.
    pub after_grace: GraceEnd,
    /// Largest total per statement, as a share of what the statement billed.
    pub cap_share: Option<Rate>,
    /// Whether fees are in the base.
    pub fee_on_fee: FeeOnFee,
    /// Further limits.
    pub limits: FeeLimits,
}

/// A named range of days past due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// `M0`, `M1`, …
    pub name: String,
    /// First day past due in the bucket; the first bucket starts at 0 (not past due).
    pub from_days: i32,
}

/// The terms of one version of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The product's code.
    pub product: String,
    /// The version of its document.
    pub version: u32,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The cut-off of statements (账单日).
    pub statement_day: MonthDay,
    /// The due date (还款日) of a statement.
    pub due: DueRule,
    /// Plans on offer.
    pub instalments: Vec<InstalmentOffer>,
    /// What holds for all plans.
    pub plan: PlanTerms,
    /// The minimum payment (最低还款额).
    pub minimum: MinimumPayment,
    /// What counts as overdue when it is missed.
    pub overdue: OverdueMeasure,
    /// The late fee; `None` for a product without one.
    pub late_fee: Option<LateFeeTerms>,
    /// Order in which a payment clears components.
    pub allocation: Vec<Component>,
    /// How that order and due dates combine.
    pub allocation_scope: AllocationScope,
    /// Days after the due date that do not count as overdue.
    pub ageing_grace_days: i32,
    /// Which day is day 1.
    pub days_past_due: DaysPastDueConvention,
    /// The buckets, ascending; never empty, the first from 0.
    pub buckets: Vec<Bucket>,
    /// How fractions become whole.
    pub rounding: Rounding,
    /// By statement, or by a schedule.
    pub billing: Billing,
    /// An order by state, which then stands in place of `allocation` and its scope.
    pub order: Option<AllocationOrder>,
    /// Fees charged once, by rising days.
    pub once_fees: Vec<OnceFee>,
    /// The daily service fee on a carried rest; `None` for a product without one.
    pub service_fee: Option<ServiceFee>,
    /// Grace, cure and classification.
    pub behind: BehindTerms,
    /// What a payment ahead of time does to a plan, unless the customer says otherwise.
    pub prepayment: Prepayment,
}

/// Why a product cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermsError {
    /// A field is out of its range.
    OutOfRange {
        /// Path of the field in the document.
        field: &'static str,
        /// What is wrong and what would be right.
        complaint: Wording,
    },
    /// The worst-case annualised cost is above the ceiling.
    TooCostly {
        /// What costs so much: an instalment plan or the late fee.
        item: Wording,
        /// Its effective annual cost.
        annual: Rate,
        /// The ceiling.
        ceiling: Rate,
    },
}

impl TermsError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::OutOfRange { field, complaint } => complaint.clone().at(field),
            Self::TooCostly { item, annual, ceiling } => {
                let excess = Rate::from_millionths(annual.millionths() - ceiling.millionths());
                Wording {
                    zh: format!("{}折合年化 {annual}，比上限 {ceiling} 高出 {excess}", item.zh),
                    en: format!("{} costs {annual} a year, {excess} above the ceiling of {ceiling}", item.en),
                }
            }
        }
    }
}

impl fmt::Display for TermsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for TermsError {}

/// The fields that were found out of their range.
#[derive(Default)]
struct Ranges {
    errors: Vec<TermsError>,
}

impl Ranges {
    fn require(&mut self, holds: bool, field: &'static str, zh: &str, en: &str) {
        if !holds {
            let complaint = Wording { zh: zh.to_owned(), en: en.to_owned() };
            self.errors.push(TermsError::OutOfRange { field, complaint });
        }
    }
}

impl Terms {
    /// Checks ranges and order, and that the worst case stays under `ceiling` (effective, per year).
    ///
    /// # Errors
    /// Every complaint, not only the first.
    pub fn check(&self, ceiling: Rate) -> Result<(), Vec<TermsError>> {
        let mut errors = self.range_errors();
        if errors.is_empty() {
            errors = crate::cost::ceiling_errors(self, ceiling);
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn range_errors(&self) -> Vec<TermsError> {
        let mut ranges = Ranges::default();
        self.check_dates(&mut ranges);
        self.check_prices(&mut ranges);
        if let Some(fee) = &self.late_fee {
            self.check_late_fee(fee, &mut ranges);
        }
        self.check_order(&mut ranges);
        self.check_servicing(&mut ranges);
        self.check_buckets(&mut ranges);
        ranges.errors
    }

    fn check_dates(&self, ranges: &mut Ranges) {
        if let MonthDay::Day(day) = self.statement_day {
            ranges.require(
                (1..=31).contains(&day),
                "statement_day",
                "须为 1 至 31，或“last”（月末）",
                "must be 1 to 31, or \"last\"",
            );
        }
        match self.due {
            DueRule::DayOfMonth(MonthDay::Day(day)) => {
                ranges.require(
                    (1..=31).contains(&day),
                    "due_day",
                    "须为 1 至 31，或“last”（月末）",
                    "must be 1 to 31, or \"last\"",
                );
            }
            DueRule::DayOfMonth(MonthDay::Last) => {}
            DueRule::DaysAfter(days) => {
                ranges.require(
                    (1..=60).contains(&days),
                    "due_days_after",
                    "须为 1 至 60 天",
                    "must be 1 to 60 days",
                );
            }
        }
    }

    fn check_prices(&self, ranges: &mut Ranges) {
        for offer in &self.instalments {
            ranges.require(
                (2..=60).contains(&offer.count),
                "instalments.count",
                "须为 2 至 60 期",
                "must be 2 to 60 periods",
            );
            ranges.require(
                offer.fee_per_period >= Rate::ZERO,
                "instalments.fee_per_period",
                "不得为负",
                "must not be negative",
            );
            ranges.require(
                offer.interest_per_year >= Rate::ZERO,
                "instalments.interest_per_year",
                "不得为负",
                "must not be negative",
            );
        }
        ranges.require(
            self.plan.shift == WorkdayShift::None || self.plan.calendar.is_some(),
            "plan.calendar",
            "缺失；到期日遇休息日顺延或提前时，须指明工作日历",
            "is missing; due dates that move over days off need a calendar",
        );
        let is_positive = self.plan.multiple.is_none_or(|multiple| multiple.is_positive());
        ranges.require(is_positive, "plan.multiple", "须大于 0，或不写", "must be above 0, or be left out");
        let share = self.minimum.share;
        ranges.require(
            share > Rate::ZERO && share <= Rate::ONE,
            "minimum_payment.share",
            "须大于 0% 且不超过 100%",
            "must be above 0% and at most 100%",
        );
        ranges.require(
            self.minimum.floor.minor() >= 0,
            "minimum_payment.floor",
            "不得为负",
            "must not be negative",
        );
    }

    fn check_late_fee(&self, fee: &LateFeeTerms, ranges: &mut Ranges) {
        ranges.require(
            fee.rate_per_day >= Rate::ZERO,
            "late_fee.rate_per_day",
            "不得为负",
            "must not be negative",
        );
        ranges.require(
            (0..=30).contains(&fee.grace_days),
            "late_fee.grace_days",
            "须为 0 至 30 天",
            "must be 0 to 30 days",
        );
        let cap_is_positive = fee.cap_share.is_none_or(|cap| cap > Rate::ZERO);
        ranges.require(
            cap_is_positive,
            "late_fee.cap_share",
            "须大于 0%，或不写",
            "must be above 0%, or be left out",
        );
        let is_by_schedule = matches!(self.billing, Billing::Schedule(_));
        let base_fits = is_by_schedule
            || self.overdue != OverdueMeasure::Minimum
            || fee.base == LateFeeBase::MinimumShortfall;
        ranges.require(
            base_fits,
            "late_fee.base",
            "overdue 为 minimum（以最低还款额判定逾期）时，须为 minimum_shortfall（最低还款额未还部分）",
            "must be minimum_shortfall when overdue is minimum",
        );
    }

    fn check_order(&self, ranges: &mut Ranges) {
        let mut components = self.allocation.clone();
        components.sort_unstable();
        components.dedup();
        let is_complete =
            components.len() == Component::ALL.len() && self.allocation.len() == components.len();
        ranges.require(
            is_complete,
            "allocation.order",
            "须将 late_fee、charge、interest、instalment_fee、principal 各列一次",
            "must name each of late_fee, charge, interest, instalment_fee and principal once",
        );
        ranges.require(
            (0..=30).contains(&self.ageing_grace_days),
            "ageing.grace_days",
            "须为 0 至 30 天",
            "must be 0 to 30 days",
        );
    }

    fn check_buckets(&self, ranges: &mut Ranges) {
        ranges.require(
            self.buckets.first().is_some_and(|first| first.from_days == 0),
            "ageing.buckets",
            "首个逾期阶段须自第 0 天起",
            "must start with a bucket from day 0",
        );
        let ascending = self.buckets.windows(2).all(|pair| pair[0].from_days < pair[1].from_days);
        ranges.require(
            ascending,
            "ageing.buckets",
            "须按起始天数从小到大排列",
            "must be in ascending order of their first day",
        );
    }

    /// The terms of fees, order, schedule and ageing.
    fn check_servicing(&self, ranges: &mut Ranges) {
        let is_not_negative = |amount: Option<Money>| amount.is_none_or(|amount| amount.minor() >= 0);
        if let Some(FeeLimits { minimum, per_day, per_statement, lifetime, per_year }) =
            self.late_fee.map(|fee| fee.limits)
        {
            ranges.require(is_not_negative(minimum), "late_fee.minimum", "不得为负", "must not be negative");
            let limits = [per_day, per_statement, lifetime].into_iter();
            let is_positive = |limit: Option<Money>| limit.is_none_or(|limit| limit.is_positive());
            ranges.require(
                limits.into_iter().all(is_positive),
                "late_fee.cap",
                "须大于 0，或不写",
                "must be above zero, or be left out",
            );
            let year_fits = per_year.is_none_or(|rate| rate.millionths() >= 365);
            ranges.require(
                year_fits,
                "late_fee.cap_per_year",
                "不得低于 0.0365%，或不写",
                "must be at least 0.0365%, or be left out",
            );
        }
        let days_fit = self.once_fees.iter().all(|fee| (1..=365).contains(&fee.after_days));
        ranges.require(
            days_fit,
            "once_fees.after_days",
            "须为到期日后 1 至 365 天",
            "must be 1 to 365 days after the due date",
        );
        let rises = self.once_fees.windows(2).all(|pair| pair[0].after_days <= pair[1].after_days);
        ranges.require(rises, "once_fees.after_days", "须从小到大排列", "must be in ascending order");
        ranges.require(self.once_fees.len() <= 20, "once_fees", "最多 20 项", "must be at most 20");
        let has_late_fee = self.once_fees.is_empty() || self.late_fee.is_some();
        ranges.require(
            has_late_fee,
            "once_fees",
            "须同时设有 late_fee；其费率可为 0%",
            "need a late_fee; its rate may be 0%",
        );
        if let Some(fee) = self.service_fee {
            ranges.require(
                fee.rate_per_day >= Rate::ZERO,
                "service_fee.rate_per_day",
                "不得为负",
                "must not be negative",
            );
        }
        let floor = self.behind.smallest_overdue;
        ranges.require(floor.minor() >= 0, "ageing.smallest_overdue", "不得为负", "must not be negative");
        let tiers = &self.behind.tiers;
        let tiers_rise =
            tiers.windows(2).all(|pair| pair[0].from_days < pair[1].from_days && pair[0].tier < pair[1].tier);
        ranges.require(
            tiers_rise,
            "ageing.tiers",
            "天数与严重程度须逐级递增",
            "must rise in days and in severity",
        );
        if let Some(order) = &self.order {
            ranges.require(
                order.covers_all(),
                "allocation.steps",
                "须覆盖每种状态下的每个款项成分",
                "must name each component in each state",
            );
        }
        if let Billing::Schedule(billing) = &self.billing {
            let share = billing.down_payment_share;
            ranges.require(
                share >= Rate::ZERO && share < Rate::ONE,
                "billing.down_payment",
                "不得低于 0%，且须小于 100%",
                "must be at least 0% and below 100%",
            );
        }
    }

    /// The schedule that the product bills by, if it does.
    #[must_use]
    pub fn schedule_billing(&self) -> Option<&ScheduleBilling> {
        match &self.billing {
            Billing::Statement => None,
            Billing::Schedule(billing) => Some(billing),
        }
    }

    /// The plan with `count` instalments, if the product offers it.
    #[must_use]
    pub fn offer(&self, count: u32) -> Option<&InstalmentOffer> {
        self.instalments.iter().find(|offer| offer.count == count)
    }

    /// Index into [`Terms::buckets`] for so many days past due.
    #[must_use]
    pub fn bucket_index(&self, days_past_due: i32) -> usize {
        self.buckets.iter().rposition(|bucket| bucket.from_days <= days_past_due.max(0)).unwrap_or(0)
    }

    /// Days past due on `date` of what fell due on `due_on`; 0 when it is not past due.
    #[must_use]
    pub fn days_past_due_on(&self, due_on: Date, date: Date) -> i32 {
        let days = date.days_since(due_on);
        match self.days_past_due {
            DaysPastDueConvention::DayAfterDueIsOne => days.max(0),
            DaysPastDueConvention::DueDateIsOne if days < 0 => 0,
            DaysPastDueConvention::DueDateIsOne => days + 1,
        }
    }
}

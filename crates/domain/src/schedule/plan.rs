//! What a product says about its plans, whatever their amount and number of instalments.

use crate::contact::code_enum;
use crate::date::{Date, MonthDay};
use crate::day_count::DayCount;
use crate::money::{Money, Rounding};
use crate::terms::InstalmentOffer;

use super::{
    Accrual, DueDates, EqualPaymentFrom, Grace, InterestRuns, Method, MonthEnd, OddFirst, Period, Residue,
    ScheduleTerms,
};
use crate::calendar::WorkdayShift;

code_enum! {
    /// What is due for the time after an early payoff (提前结清).
    EarlyPayoff {
        /// Nothing: interest and fee by the days of the period that have passed (Civil Code 677, the rule where
        /// nothing else was agreed).
        ActualTime = "actual_time",
        /// Interest and fee of the period that has begun, in full; nothing of later ones.
        PeriodBegun = "period_begun",
        /// All remaining fees, and interest by the days that have passed.
        RemainingFees = "remaining_fees",
    }
}

/// The terms of all plans of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanTerms {
    /// How principal and cost spread.
    pub method: Method,
    /// How a period's share of a year is found.
    pub accrual: Accrual,
    /// What a due date becomes in a month that lacks its day.
    pub month_end: MonthEnd,
    /// What becomes of a due date on a day off.
    pub shift: WorkdayShift,
    /// Whether interest follows the shift.
    pub interest_runs: InterestRuns,
    /// The working-day calendar, by the name of its document; needed for a shift.
    pub calendar: Option<String>,
    /// What an odd first period costs.
    pub odd_first: OddFirst,
    /// What the equal instalment is computed from.
    pub equal_payment_from: EqualPaymentFrom,
    /// Equal instalments are whole multiples of this.
    pub multiple: Option<Money>,
    /// Where the residue of the equal instalment goes.
    pub residue: Residue,
    /// What an early payoff costs.
    pub early_payoff: EarlyPayoff,
}

impl PlanTerms {
    /// A flat fee per month on the original principal, short months clamped, no shift; payoff by actual time.
    pub const PLAIN: Self = Self {
        method: Method::Flat,
        accrual: Accrual::SamePeriod,
        month_end: MonthEnd::Clamp,
        shift: WorkdayShift::None,
        interest_runs: InterestRuns::ToContractDay,
        calendar: None,
        odd_first: OddFirst::ByLength,
        equal_payment_from: EqualPaymentFrom::EachPeriod,
        multiple: None,
        residue: Residue::Last,
        early_payoff: EarlyPayoff::ActualTime,
    };

    /// The terms of one plan under `offer`. Without `first_due_on` the first instalment is due after a month.
    #[must_use]
    pub fn of_plan(
        &self,
        principal: Money,
        offer: &InstalmentOffer,
        starts_on: Date,
        first_due_on: Option<Date>,
        due_day: Option<MonthDay>,
        rounding: Rounding,
    ) -> ScheduleTerms {
        ScheduleTerms {
            principal,
            method: self.method,
            interest_per_year: offer.interest_per_year,
            fee_per_period: offer.fee_per_period,
            count: offer.count,
            period: Period::Months(1),
            starts_on,
            due: DueDates {
                first_due_on,
                due_day,
                month_end: self.month_end,
                shift: self.shift,
                interest_runs: self.interest_runs,
            },
            accrual: self.accrual,
            odd_first: self.odd_first,
            grace: Grace::default(),
            pauses: Vec::new(),
            equal_payment_from: self.equal_payment_from,
            multiple: self.multiple,
            residue: self.residue,
            rounding,
        }
    }
}

impl Accrual {
    /// The stable code: `same_period`, or that of the day count.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SamePeriod => "same_period",
            Self::Daily(count) => count.code(),
        }
    }

    /// Reads the stable code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        if code == "same_period" { Some(Self::SamePeriod) } else { DayCount::parse(code).map(Self::Daily) }
    }
}

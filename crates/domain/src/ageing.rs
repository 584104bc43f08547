//! Ageing (账龄): days past due of instalments, agreements and customers, with pauses, and their classification.
//!
//! Two counts: calendar days since the due date, and counted days, without those on which ageing was paused.
//! While a pause lasts, buckets keep what the close of the day before it gave them.

use crate::arrears::Arrears;
use crate::date::Date;
use crate::id::FactId;
use crate::money::{Money, MoneyError};
use crate::position::{AgeingPause, Position};
use crate::spans::{DaySpan, add_span, days_within};
use crate::statement::Punctuality;
use crate::terms::{DaysPastDueConvention, GraceEnd, Terms, Tier};

/// How far behind one instalment or statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObligationAge {
    /// Its due date.
    pub due_on: Date,
    /// The draw, obligation or charge that it is of.
    pub plan: Option<FactId>,
    /// The number of the instalment.
    pub number: u32,
    /// What is overdue of it.
    pub overdue: Money,
    /// Days past due without paused ones and without grace.
    pub days_past_due: i32,
    /// Index into the terms' buckets; kept while ageing is paused.
    pub bucket_index: usize,
}

/// How far behind an agreement is, in all the ways that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ageing {
    /// Calendar days since the oldest overdue due date, with neither grace nor pauses.
    pub calendar_days: i32,
    /// Days on which ageing was paused since then.
    pub paused_days: i32,
    /// Days past due by the terms: grace and pauses counted.
    pub days_past_due: i32,
    /// The due date that days are counted from, plus grace.
    pub behind_from: Option<Date>,
    /// What is overdue, in grace or not.
    pub overdue: Money,
    /// Index into the terms' buckets; kept while ageing is paused, and on probation.
    pub bucket_index: usize,
    /// The tier by the terms.
    pub tier: Tier,
    /// Whether ageing is paused on the day.
    pub is_paused: bool,
    /// Every overdue instalment and statement, the oldest first.
    pub obligations: Vec<ObligationAge>,
}

impl Position {
    /// How far behind the agreement and each of its obligations is on the day of the position.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn ageing(&self, terms: &Terms) -> Result<Ageing, MoneyError> {
        let date = self.as_of;
        let arrears = self.arrears(terms)?;
        let mut overdue = Money::zero(terms.currency);
        let mut obligations = Vec::new();
        let classified_on = self.classified_on(date);
        for statement in &self.statements {
            let amount = statement.overdue(terms)?;
            if statement.punctuality != Punctuality::Missed || !amount.is_positive() {
                continue;
            }
            overdue = overdue.try_add(amount)?;
            obligations.push(ObligationAge {
                due_on: statement.due_on,
                plan: statement.plan,
                number: statement.number,
                overdue: amount,
                days_past_due: self.counted_days(terms, statement.due_on, date),
                bucket_index: terms.bucket_index(self.counted_days(terms, statement.due_on, classified_on)),
            });
        }
        let due_on = self.behind_due_on(terms)?;
        let days_of_tier = self.days_classified(terms, arrears.overdue_due_on);
        Ok(Ageing {
            calendar_days: due_on.map_or(0, |due_on| terms.days_past_due_on(due_on, date)),
            paused_days: due_on.map_or(0, |due_on| self.paused_days(due_on, date)),
            days_past_due: arrears.days_past_due,
            behind_from: due_on.map(|due_on| due_on.plus_days(terms.ageing_grace_days)),
            overdue,
            bucket_index: arrears.bucket_index,
            tier: self.tier(terms, days_of_tier),
            is_paused: self.pauses.iter().any(|pause| pause.from <= date && date <= pause.through),
            obligations,
        })
    }

    /// Days past due on the day of the position by either convention, whichever the terms have; grace does not count.
    /// Where the due date is day 1, what is due on the day and unpaid counts already.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn days_by(&self, terms: &Terms, convention: DaysPastDueConvention) -> Result<i32, MoneyError> {
        let mut due_on = self.behind_due_on(terms)?;
        if convention == DaysPastDueConvention::DueDateIsOne {
            for statement in &self.statements {
                let is_today = statement.due_on == self.as_of && !statement.is_met(terms)?;
                if is_today {
                    due_on = Some(due_on.map_or(statement.due_on, |known| known.min(statement.due_on)));
                }
            }
        }
        let shown = Terms { days_past_due: convention, ..terms.clone() };
        Ok(due_on.map_or(0, |due_on| self.counted_days(&shown, due_on, self.as_of)))
    }

    /// Days after `due_on`, through `date`, on which ageing was paused.
    fn paused_days(&self, due_on: Date, date: Date) -> i32 {
        if self.pauses.is_empty() {
            return 0;
        }
        let mut days = Vec::new();
        for AgeingPause { from, through, .. } in &self.pauses {
            // The count of the first day stands; it goes on after the last.
            add_span(&mut days, DaySpan { from: from.plus_days(1), through: *through });
        }
        days_within(&days, due_on, date)
    }

    /// Days past due on `date` of what fell due on `due_on`, without paused days; grace does not count.
    pub(crate) fn counted_days(&self, terms: &Terms, due_on: Date, date: Date) -> i32 {
        (terms.days_past_due_on(due_on, date) - self.paused_days(due_on, date)).max(0)
    }

    /// Days past due as the terms show them: from the due date, or from the end of grace.
    pub(crate) fn days_shown(&self, terms: &Terms, due_on: Date, date: Date) -> i32 {
        let counted = self.counted_days(terms, due_on, date);
        match terms.behind.grace {
            GraceEnd::FromDueDate => counted,
            GraceEnd::FromGraceEnd => (counted - terms.ageing_grace_days).max(0),
        }
    }

    /// The first day on which `count` days past due are counted since `due_on`.
    pub(crate) fn day_of_count(&self, terms: &Terms, due_on: Date, count: i32) -> Date {
        let unpaused = due_on.plus_days(count - terms.days_past_due_on(due_on, due_on));
        let mut day = unpaused;
        // Each pass adds the paused days up to the day found so far; there are as many passes as pauses at most.
        for _ in 0..=self.pauses.len() {
            let later = unpaused.days().saturating_add(self.paused_days(due_on, day));
            if later >= Date::NEVER.days() {
                return Date::NEVER;
            }
            if later == day.days() {
                break;
            }
            day = Date::from_days(later);
        }
        day
    }

    /// The day whose close decides the bucket on `date`: the day itself, or that before the pauses it lies in.
    fn classified_on(&self, date: Date) -> Date {
        let mut on = date;
        while let Some(pause) = self.pauses.iter().find(|pause| pause.from <= on && on <= pause.through) {
            on = pause.from.plus_days(-1);
        }
        on
    }

    /// Days past due that decide the bucket of what is behind since `due_on`.
    pub(crate) fn days_classified(&self, terms: &Terms, due_on: Option<Date>) -> i32 {
        let on = self.classified_on(self.as_of);
        let days = due_on.map_or(0, |due_on| {
            let is_past_grace = self.counted_days(terms, due_on, on) > terms.ageing_grace_days;
            if is_past_grace { self.days_shown(terms, due_on, on) } else { 0 }
        });
        self.probation.as_ref().map_or(days, |probation| days.max(probation.days_past_due))
    }

    /// The day on which what is behind since `due_on` enters its next bucket after the day of the position.
    pub(crate) fn next_bucket_on(&self, terms: &Terms, due_on: Date) -> Date {
        let first = self.day_of_count(terms, due_on, terms.ageing_grace_days + 1);
        if self.as_of < first {
            return first;
        }
        let grace = match terms.behind.grace {
            GraceEnd::FromDueDate => 0,
            GraceEnd::FromGraceEnd => terms.ageing_grace_days,
        };
        let days = self.days_shown(terms, due_on, self.as_of);
        let next = terms.buckets.iter().find(|bucket| bucket.from_days > days);
        next.map_or(Date::NEVER, |bucket| self.day_of_count(terms, due_on, bucket.from_days + grace))
    }

    /// The tier of so many days past due, and of what became of the claim.
    fn tier(&self, terms: &Terms, days_past_due: i32) -> Tier {
        let by_days = terms.behind.tier(days_past_due);
        if self.claim.written_off_on.is_some() {
            Tier::Loss
        } else if self.claim.charged_off_on.is_some() {
            by_days.max(terms.behind.charged_off)
        } else {
            by_days
        }
    }
}

/// How far behind a customer is over all agreements: as far as the worst of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CustomerAge {
    /// Most days past due of any agreement.
    pub days_past_due: i32,
    /// The earliest due date that is overdue.
    pub overdue_due_on: Option<Date>,
    /// Agreements that are overdue.
    pub overdue_count: u32,
    /// The worst tier.
    pub tier: Option<Tier>,
}

/// The age of a customer from those of the agreements.
#[must_use]
pub fn customer_age<'a>(agreements: impl IntoIterator<Item = (&'a Arrears, Tier)>) -> CustomerAge {
    let mut age = CustomerAge::default();
    for (arrears, tier) in agreements {
        age.days_past_due = age.days_past_due.max(arrears.days_past_due);
        age.tier = age.tier.max(Some(tier));
        if let Some(due_on) = arrears.overdue_due_on {
            age.overdue_count += 1;
            age.overdue_due_on = Some(age.overdue_due_on.map_or(due_on, |earliest| earliest.min(due_on)));
        }
    }
    age
}

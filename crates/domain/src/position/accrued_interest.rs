//! Interest and service fees that have accrued and are on no statement or due instalment yet: what the ledger accrues
//! by the day.

use super::{Position, TermPlan};
use crate::amounts::Accrued;
use crate::date::Date;
use crate::fraction::Fraction;
use crate::money::{MoneyError, Rounding};
use crate::terms::{Component, Terms};

impl Position {
    /// What has accrued on the day of the position, and what the next day adds: the service fees of carried statements,
    /// and of each draw with a schedule the interest of the period that runs. Until anything happens each day adds as
    /// much as the next one; a day count whose years or months differ is followed anew whenever something does.
    ///
    /// Interest of plans that statements bill in equal months is none of it: it is earned when it is billed.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn interest_unbilled(&self, terms: &Terms) -> Result<(Accrued, Accrued), MoneyError> {
        let (mut total, mut daily) = (Accrued(0), Accrued(0));
        if let Some(fee) = &terms.service_fee {
            for statement in &self.statements {
                let billed = Accrued::of(statement.service.billed);
                total = total.plus(Accrued(statement.service_exact(terms, self.as_of)?.0 - billed.0));
                daily = daily.plus(Accrued::over(statement.service_base(fee)?, fee.rate_per_day, 1));
            }
        }
        let own = self.own_instalments();
        for plan in &self.term_plans {
            let (accrued, next) = match plan.rest {
                Some(_) => {
                    let accrued = self.accrued_on(terms, plan, &own, self.as_of)?;
                    let tomorrow = self.accrued_on(terms, plan, &own, self.as_of.plus_days(1))?;
                    (accrued, tomorrow.try_sub(accrued).ok_or(MoneyError::Overflow)?)
                }
                None => self.scheduled(plan),
            };
            total = total.plus(millionths(accrued)?);
            daily = daily.plus(millionths(next)?);
        }
        Ok((total, daily))
    }

    /// The interest of the running period as far as its days are over, and of one day of it.
    fn scheduled(&self, plan: &TermPlan) -> (Fraction, Fraction) {
        let runs = |from: Date, due_on: Date| from <= self.as_of && self.as_of < due_on;
        let period = plan.periods.iter().find(|period| runs(period.from, period.due_on));
        let Some(period) = period else { return (Fraction::ZERO, Fraction::ZERO) };
        let is_its = |statement: &&crate::statement::Statement| {
            statement.plan == Some(plan.draw) && statement.number > 0 && statement.due_on == period.due_on
        };
        let interest = self.statements.iter().find(is_its).map_or(0, |statement| {
            // What was booked already is on its account.
            if statement.is_recognised { 0 } else { statement.billed.get(Component::Interest).minor() }
        });
        let days = i128::from(period.due_on.days_since(period.from));
        let elapsed = i128::from(self.as_of.days_since(period.from));
        (Fraction::new(i128::from(interest) * elapsed, days), Fraction::new(i128::from(interest), days))
    }
}

/// In millionths of a minor unit; what is below one is left to the day on which it is whole.
fn millionths(exact: Fraction) -> Result<Accrued, MoneyError> {
    let scaled = exact.try_mul(Fraction::whole(1_000_000)).ok_or(MoneyError::Overflow)?;
    Ok(Accrued(scaled.round(Rounding::Down)))
}

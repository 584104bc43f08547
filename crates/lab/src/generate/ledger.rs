//! What a generated borrower owes, well enough to pay the right amounts.
//!
//! The engine's fold is the judge of what is owed; asking it for each payment would make generating fifty times
//! slower. This follows the same rules (minimum, overdue measure, allocation by due date, plans, credit) on plain minor
//! units, and rounds late fees up, so that whoever means to pay all does.

use dunlin_domain::date::Date;
use dunlin_domain::money::Rate;
use dunlin_domain::terms::{LateFeeBase, OverdueMeasure, Terms};

/// A statement of which something is open.
#[derive(Clone, Copy, Debug)]
struct OpenStatement {
    due_on: Date,
    rest_minor: i64,
    /// What is missing of the minimum. Can be more than the rest: the minimum counts older statements in.
    shortfall_minor: i64,
    is_missed: bool,
    /// Late fees unpaid up to `fee_until`.
    fee_minor: i64,
    fee_until: Date,
}

/// A plan with periods to come.
#[derive(Clone, Copy, Debug)]
struct OpenPlan {
    periods_left: u32,
    each_minor: i64,
    left_minor: i64,
    fee_minor: i64,
}

/// What one borrower owes on one agreement. Used again for the next, to save memory.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    statements: Vec<OpenStatement>,
    plans: Vec<OpenPlan>,
    unbilled_minor: i64,
    credit_minor: i64,
}

/// Minor units in a whole one; all products in this generator have two digits.
pub(super) const MINOR_PER_UNIT: i64 = 100;

/// That share of an amount of at least zero, rounded half up, as the shipped products do.
pub(super) fn share_of(amount_minor: i64, share: Rate) -> i64 {
    (amount_minor * share.millionths() + 500_000) / 1_000_000
}

/// Rounded up to whole units, as people pay.
pub(super) const fn whole_units(amount_minor: i64) -> i64 {
    (amount_minor + MINOR_PER_UNIT - 1) / MINOR_PER_UNIT * MINOR_PER_UNIT
}

impl Ledger {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.statements.clear();
        self.plans.clear();
        self.unbilled_minor = 0;
        self.credit_minor = 0;
    }

    /// A purchase, in full or by instalments.
    pub(super) fn purchase(&mut self, terms: &Terms, amount_minor: i64, instalment_count: u32) {
        match terms.offer(instalment_count) {
            None => self.unbilled_minor += amount_minor,
            Some(offer) => self.plans.push(OpenPlan {
                periods_left: offer.count,
                each_minor: amount_minor / i64::from(offer.count),
                left_minor: amount_minor,
                fee_minor: share_of(amount_minor, offer.fee_per_period),
            }),
        }
    }

    /// A refund of a purchase in full that is not billed yet.
    pub(super) fn refund_unbilled(&mut self, amount_minor: i64) {
        self.unbilled_minor -= amount_minor;
    }

    /// Cuts a statement off on `cut_off_on` that is due on `due_on`.
    pub(super) fn cut_off(&mut self, terms: &Terms, cut_off_on: Date, due_on: Date) {
        let mut billed = std::mem::take(&mut self.unbilled_minor);
        for plan in &mut self.plans {
            plan.periods_left -= 1;
            let part = if plan.periods_left == 0 { plan.left_minor } else { plan.each_minor };
            plan.left_minor -= part;
            billed += part + plan.fee_minor;
        }
        self.plans.retain(|plan| plan.periods_left > 0);
        let minimum = self.minimum(terms, billed);
        if billed == 0 && minimum == 0 {
            return;
        }
        self.statements.push(OpenStatement {
            due_on,
            rest_minor: billed,
            shortfall_minor: minimum,
            is_missed: false,
            fee_minor: 0,
            fee_until: due_on,
        });
        let credit = std::mem::take(&mut self.credit_minor);
        self.receive(terms, cut_off_on, credit);
    }

    fn minimum(&self, terms: &Terms, billed_minor: i64) -> i64 {
        let is_by_rest = terms.overdue == OverdueMeasure::StatementRest;
        let due_anyway = |statement: &&OpenStatement| is_by_rest && statement.is_missed;
        let open = self.statements.iter().filter(|statement| !due_anyway(statement));
        let open = billed_minor + open.map(|statement| statement.rest_minor).sum::<i64>();
        let missing = match terms.overdue {
            OverdueMeasure::StatementRest => 0,
            OverdueMeasure::Minimum => {
                self.statements.iter().map(|statement| statement.shortfall_minor).sum()
            }
        };
        let wanted = share_of(open, terms.minimum.share).max(terms.minimum.floor.minor());
        wanted.min((open - missing).max(0))
    }

    /// The due date passes: whatever minimum is missing is missed.
    pub(super) fn pass_due_date(&mut self, terms: &Terms, due_on: Date) {
        for statement in &mut self.statements {
            let missing = match terms.overdue {
                OverdueMeasure::Minimum => statement.shortfall_minor,
                OverdueMeasure::StatementRest => statement.shortfall_minor.min(statement.rest_minor),
            };
            statement.is_missed |= statement.due_on <= due_on && missing > 0;
        }
    }

    /// Whether a minimum was missed and nothing has made up for it.
    pub(super) fn is_overdue(&self, terms: &Terms) -> bool {
        self.statements.iter().any(|statement| statement.overdue(terms) > 0)
    }

    /// What must be paid on `date` to be current again, late fees included.
    ///
    /// A payment clears older statements first, so late fees of the missed ones may have to wait; they count all
    /// the same, or they would be left over.
    pub(super) fn overdue(&self, terms: &Terms, date: Date) -> i64 {
        let of = |statement: &OpenStatement| statement.overdue(terms) + statement.fee_on(terms, date);
        self.statements.iter().map(of).sum()
    }

    /// The missing minimums, due or not.
    pub(super) fn shortfall(&self) -> i64 {
        self.statements.iter().map(|statement| statement.shortfall_minor).sum()
    }

    /// The missing minimum of the oldest statement that has one.
    pub(super) fn oldest_shortfall(&self) -> i64 {
        let mut shortfalls = self.statements.iter().map(|statement| statement.shortfall_minor);
        shortfalls.find(|shortfall| *shortfall > 0).unwrap_or(0)
    }

    /// All that is billed and unpaid on `date`, late fees included.
    pub(super) fn billed_rest(&self, terms: &Terms, date: Date) -> i64 {
        let of = |statement: &OpenStatement| statement.rest_minor + statement.fee_on(terms, date);
        self.statements.iter().map(of).sum()
    }

    /// Everything owed, billed or not, late fees excepted.
    pub(super) fn owed(&self) -> i64 {
        let plans: i64 = self.plans.iter().map(|plan| plan.left_minor).sum();
        let rests: i64 = self.statements.iter().map(|statement| statement.rest_minor).sum();
        rests + plans + self.unbilled_minor - self.credit_minor
    }

    /// Money comes in on `date`: late fees and rests by due date, and the same sum towards the minimums.
    pub(super) fn receive(&mut self, terms: &Terms, date: Date, amount_minor: i64) {
        let mut left = amount_minor;
        for statement in &mut self.statements {
            statement.fee_minor = statement.fee_on(terms, date);
            statement.fee_until = statement.fee_until.max(date);
            let fee = left.min(statement.fee_minor);
            let rest = (left - fee).min(statement.rest_minor);
            statement.fee_minor -= fee;
            statement.rest_minor -= rest;
            left -= fee + rest;
        }
        let mut towards_minimums = amount_minor - left;
        for statement in &mut self.statements {
            let counted = towards_minimums.min(statement.shortfall_minor);
            statement.shortfall_minor -= counted;
            towards_minimums -= counted;
        }
        self.credit_minor += left;
        let nothing_open = self.statements.iter().all(|one| one.rest_minor == 0 && one.fee_minor == 0);
        if nothing_open {
            self.statements.clear();
        }
        let is_open = |one: &OpenStatement| one.rest_minor > 0 || one.fee_minor > 0 || one.overdue(terms) > 0;
        self.statements.retain(|one| is_open(one) || !one.is_missed && one.shortfall_minor > 0);
    }
}

impl OpenStatement {
    /// What is overdue of it, late fees excepted.
    fn overdue(&self, terms: &Terms) -> i64 {
        match terms.overdue {
            _ if !self.is_missed => 0,
            OverdueMeasure::Minimum => self.shortfall_minor,
            OverdueMeasure::StatementRest => self.rest_minor,
        }
    }

    /// Late fees unpaid on `date`, rounded up.
    fn fee_on(&self, terms: &Terms, date: Date) -> i64 {
        let days = date.days_since(self.fee_until);
        match &terms.late_fee {
            Some(fee) if days > 0 && self.overdue(terms) > 0 => {
                let base = match fee.base {
                    LateFeeBase::MinimumShortfall => self.shortfall_minor,
                    LateFeeBase::StatementRest
                    | LateFeeBase::Principal
                    | LateFeeBase::PrincipalAndInterest => self.rest_minor,
                };
                self.fee_minor + share_of(base * i64::from(days), fee.rate_per_day) + 1
            }
            Some(_) | None => self.fee_minor,
        }
    }
}

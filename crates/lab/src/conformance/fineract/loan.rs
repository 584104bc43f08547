//! One loan: what is done with it becomes facts, and everything else is asked of the fold.

use std::collections::BTreeMap;

use dunlin_domain::contact::Channel;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{Fact, FactError, FactKind};
use dunlin_domain::id::{CustomerId, FactId};
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::strategy::{self, Matches, Outcome, Settings, Span, StrategyInput, StrategyTable, Tone};
use dunlin_domain::terms::{Component, Terms};

use super::super::Step;
use super::super::compare::{Findings, Row};
use super::super::fields::{Fields, Problem};
use super::books::{Books, Kind};
use super::charges::{Added, Pending};
use super::product::{Application, Product};
use super::tables::{self, Start};
use super::view::{self, View};

pub(super) struct Loan {
    pub(super) product: Product,
    pub(super) application: Application,
    pub(super) terms: Terms,
    pub(super) submitted_on: Date,
    pub(super) expected_on: Option<Date>,
    pub(super) is_approved: bool,
    pub(super) drawn: Option<(Date, Money, FactId)>,
    pub(super) facts: Vec<Fact>,
    pub(super) books: Books,
    /// Charges in the order in which they were added.
    pub(super) charges: Vec<Added>,
    /// Charges that wait for the draw.
    pub(super) pending_charges: Vec<Pending>,
    /// Charges paid out of the draw, and what paid them.
    pub(super) upfront: Vec<FactId>,
    pub(super) waived: Vec<(FactId, Money)>,
    pub(super) reminders: Vec<(Date, String)>,
    /// The last day on which the schedule was brought up to date.
    pub(super) seen_on: Option<Date>,
    /// The ranges that the loan and its instalments were last found in.
    pub(super) tags: Tags,
}

/// Ranges of delinquency as they were last looked at: at a close of business, and after money.
#[derive(Clone, Default)]
pub(super) struct Tags {
    pub(super) bucket_index: usize,
    /// Of instalments that are behind, by due date.
    pub(super) by_instalment: BTreeMap<Date, usize>,
}

/// What a case can ask of a loan's state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Submitted,
    Approved,
    Active,
    Closed,
    Overpaid,
    WrittenOff,
}

impl Status {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED_AND_PENDING_APPROVAL",
            Self::Approved => "APPROVED",
            Self::Active => "ACTIVE",
            Self::Closed => "CLOSED_OBLIGATIONS_MET",
            Self::Overpaid => "OVERPAID",
            Self::WrittenOff => "CLOSED_WRITTEN_OFF",
        }
    }
}

/// Whether a step was done, or what stands against it.
pub(super) enum Done {
    Yes,
    Refused(String),
}

pub(super) const DUE_REMINDER: &str = "due reminder";
pub(super) const OVERDUE_REMINDER: &str = "overdue reminder";

impl Loan {
    pub(super) fn new(
        product: Product,
        application: Application,
        submitted_on: Date,
        currency: Currency,
    ) -> Result<Self, Problem> {
        let terms = product.terms(&application, currency)?;
        Ok(Self {
            product,
            application,
            terms,
            submitted_on,
            expected_on: None,
            is_approved: false,
            drawn: None,
            facts: Vec::new(),
            books: Books::new(currency),
            charges: Vec::new(),
            pending_charges: Vec::new(),
            upfront: Vec::new(),
            tags: Tags::default(),
            waived: Vec::new(),
            reminders: Vec::new(),
            seen_on: None,
        })
    }

    pub(super) fn fact(&mut self, kind: FactKind, value_on: Date, amount: Money) -> &mut Fact {
        // Ids rise with the order of the case, which decides between facts of one kind and day.
        let number = u64::try_from(self.facts.len()).unwrap_or(u64::MAX) + 1;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let learned_at = Timestamp::from_micros(i64::from(value_on.days()) * 86_400_000_000);
        self.facts.push(Fact::new(FactId(id), kind, value_on, learned_at, amount));
        let last = self.facts.len() - 1;
        &mut self.facts[last]
    }

    pub(super) fn zero(&self) -> Money {
        Money::zero(self.terms.currency)
    }

    /// The loan at the end of `on`.
    pub(super) fn view(&self, on: Date) -> Result<View, Problem> {
        View::of(&self.terms, &self.facts, self.submitted_on, on, &self.upfront)
    }

    /// The loan as it is, or before its draw as it would be.
    pub(super) fn shown(&self, terms: &Terms, today: Date) -> Result<View, Problem> {
        if self.drawn.is_some() {
            return View::of(terms, &self.facts, self.submitted_on, today, &self.upfront);
        }
        let on = self.expected_on.unwrap_or(self.submitted_on);
        let learned_at = Timestamp::from_micros(0);
        let draw = Fact::new(FactId([1; 16]), FactKind::Purchase, on, learned_at, self.application.principal);
        View::of(terms, &[draw], self.submitted_on, on, &[])
    }

    pub(super) fn schedule(&self, terms: &Terms, today: Date) -> Result<Vec<Row>, Problem> {
        let start = match self.drawn {
            Some((on, principal, _)) => Start { on, principal, is_disbursed: true },
            None => Start {
                on: self.expected_on.unwrap_or(self.submitted_on),
                principal: self.application.principal,
                is_disbursed: false,
            },
        };
        tables::schedule(&start, &self.shown(terms, today)?)
    }

    pub(super) fn status(&self, today: Date) -> Result<Status, Problem> {
        if self.drawn.is_none() {
            return Ok(if self.is_approved { Status::Approved } else { Status::Submitted });
        }
        let view = self.view(today)?;
        Ok(if view.position.claim.written_off_on.is_some() {
            Status::WrittenOff
        } else if view.outstanding()?.is_positive() {
            Status::Active
        } else if view.position.credit.is_positive() {
            Status::Overpaid
        } else {
            Status::Closed
        })
    }

    /// Does `action`; what closes the loan accrues what is left, on `on`.
    pub(super) fn with_closing(
        &mut self,
        on: Date,
        today: Date,
        action: impl FnOnce(&mut Self) -> Result<Done, Problem>,
    ) -> Result<Done, Problem> {
        let before = self.status(today)?;
        let done = action(self)?;
        let after = self.status(today)?;
        if before != after && matches!(after, Status::Closed | Status::Overpaid) {
            let view = self.view(today)?;
            self.books.accrue_all(&view, on)?;
        }
        if self.drawn.is_some() {
            self.look_at_ranges(today)?;
        }
        Ok(done)
    }

    pub(super) fn approve(&mut self, fields: &Fields<'_>, currency: Currency) -> Result<Done, Problem> {
        let on = fields.date("date")?;
        let amount = fields.amount("amount", currency)?;
        self.expected_on = fields.optional_date("expected_disbursement")?.or(Some(on));
        if amount.minor() > self.application.principal.minor() {
            let asked = self.application.principal;
            return Ok(Done::Refused(format!("{amount} is more than the {asked} that was applied for")));
        }
        self.application.principal = amount;
        self.is_approved = true;
        Ok(Done::Yes)
    }

    pub(super) fn disburse(
        &mut self,
        fields: &Fields<'_>,
        currency: Currency,
        today: Date,
    ) -> Result<Done, Problem> {
        let (on, amount) = (fields.date("date")?, fields.amount("amount", currency)?);
        if self.drawn.is_some() {
            return Err(Problem::new("a second disbursement is not played yet"));
        }
        if on > today {
            return Ok(refused(&FactError::InFuture { value_on: on, latest: today }));
        }
        if on < self.submitted_on {
            let opened_on = self.submitted_on;
            return Ok(refused(&FactError::BeforeAgreement { value_on: on, opened_on }));
        }
        let id = self.fact(FactKind::Purchase, on, amount).id;
        self.drawn = Some((on, amount, id));
        self.seen_on = Some(on);
        self.books.add(Kind::Disbursement, on, amount, Some(id));
        self.add_pending_charges(on, amount, today)?;
        if self.product.down_payment.is_some_and(|(_, is_auto)| is_auto) {
            let view = self.view(on)?;
            let down = view.instalments.iter().find(|row| row.number == 0);
            if let Some(amount) = down.map(view::InstalmentView::due).transpose()? {
                return self.pay(FactKind::Payment, "Down Payment", on, amount, today);
            }
        }
        Ok(Done::Yes)
    }

    pub(super) fn pay(
        &mut self,
        kind: FactKind,
        label: &'static str,
        on: Date,
        amount: Money,
        today: Date,
    ) -> Result<Done, Problem> {
        if let Some(refusal) = self.stands_against(on, today)? {
            return Ok(refusal);
        }
        if !amount.is_positive() {
            return Ok(refused(&FactError::AmountNotPositive { amount }));
        }
        if kind == FactKind::CreditRefund {
            let largest = self.view(today)?.position.credit;
            if amount.minor() > largest.minor() {
                return Ok(refused(&FactError::AmountTooLarge { amount, largest }));
            }
        }
        self.with_closing(on, today, |loan| {
            let id = loan.fact(kind, on, amount).id;
            let booked =
                if kind == FactKind::CreditRefund { Kind::CreditRefund } else { Kind::Payment(label) };
            loan.books.add(booked, on, amount, Some(id));
            loan.seen_on = Some(today);
            Ok(Done::Yes)
        })
    }

    /// Pays all that is owed on `on`, interest to the day included.
    pub(super) fn pay_off(&mut self, on: Date, today: Date) -> Result<Done, Problem> {
        if let Some(refusal) = self.stands_against(on, today)? {
            return Ok(refusal);
        }
        // What of an ample sum would be left tells what is needed.
        let ample = self.view(on)?.outstanding()?;
        let ample = Money::new(ample.minor().saturating_mul(2), ample.currency());
        let mut facts = self.facts.clone();
        let learned_at = Timestamp::from_micros(0);
        facts.push(Fact::new(FactId([u8::MAX; 16]), FactKind::Payment, on, learned_at, ample));
        let left = View::of(&self.terms, &facts, self.submitted_on, on, &self.upfront)?.position.credit;
        let needed = ample.try_sub(left)?;
        self.pay(FactKind::Payment, "Repayment", on, needed, today)
    }

    /// The bank took a payment back: its amount is owed again, as principal of the instalment of the day.
    pub(super) fn charge_back(&mut self, on: Date, amount: Money, today: Date) -> Result<Done, Problem> {
        if let Some(refusal) = self.stands_against(on, today)? {
            return Ok(refusal);
        }
        let follows = self.terms.schedule_billing().is_some_and(|billing| billing.interest.is_by_the_day());
        if follows {
            return Err(Problem::new("a charge-back on a loan with interest by the day is not played yet"));
        }
        let draw = self.drawn.map(|(_, _, draw)| draw);
        let is_after_money =
            self.facts.iter().any(|fact| fact.kind == FactKind::Payment && fact.value_on == on);
        let value_on = if is_after_money && on < today { on.plus_days(1) } else { on };
        let fact = self.fact(FactKind::Obligation, value_on, amount);
        (fact.component, fact.due_on, fact.target) = (Component::Principal, Some(on), draw);
        let id = fact.id;
        self.books.add(Kind::Chargeback, on, amount, Some(id));
        self.look_at_ranges(today)?;
        Ok(Done::Yes)
    }

    /// What stands against money on `on`, by the day alone.
    pub(super) fn stands_against(&self, on: Date, today: Date) -> Result<Option<Done>, Problem> {
        let Some((opened_on, _, _)) = self.drawn else {
            return Ok(Some(Done::Refused("nothing was disbursed yet".to_owned())));
        };
        if on > today {
            return Ok(Some(refused(&FactError::InFuture { value_on: on, latest: today })));
        }
        if on < opened_on {
            return Ok(Some(refused(&FactError::BeforeAgreement { value_on: on, opened_on })));
        }
        let written_off_on = self.view(today)?.position.claim.written_off_on;
        Ok(written_off_on.filter(|off| on < *off).map(|on| refused(&FactError::WrittenOff { on })))
    }

    pub(super) fn reverse(&mut self, fields: &Fields<'_>, today: Date) -> Result<Done, Problem> {
        let nth = usize::try_from(fields.optional_number("nth")?.unwrap_or(1)).unwrap_or(0);
        let label = fields.optional_text("type")?.unwrap_or("Repayment");
        let on = fields.date("date")?;
        let view = self.view(today)?;
        if let Some(off) = view.position.claim.written_off_on {
            return Ok(refused(&FactError::WrittenOff { on: off }));
        }
        let target = self.books.revert(&view, nth, label, on)?;
        self.undo(target, today)
    }

    pub(super) fn undo_last_payment(&mut self, today: Date) -> Result<Done, Problem> {
        let view = self.view(today)?;
        if let Some(off) = view.position.claim.written_off_on {
            return Ok(refused(&FactError::WrittenOff { on: off }));
        }
        let target = self.books.revert_last_payment(&view)?;
        self.undo(target, today)
    }

    pub(super) fn undo(&mut self, target: FactId, today: Date) -> Result<Done, Problem> {
        let zero = self.zero();
        let of_payment = self.facts.iter().any(|fact| fact.id == target && fact.kind == FactKind::Payment);
        let kind = if of_payment { FactKind::Reversal } else { FactKind::Withdrawal };
        self.fact(kind, today, zero).target = Some(target);
        self.look_at_ranges(today)?;
        Ok(Done::Yes)
    }

    /// Only a loan that runs can be paused or resumed.
    pub(super) fn is_not_active(&self, today: Date) -> Result<Option<Done>, Problem> {
        let status = self.status(today)?;
        let complaint =
            || Done::Refused(format!("the loan is {}, not {}", status.code(), Status::Active.code()));
        Ok((status != Status::Active).then(complaint))
    }

    pub(super) fn pause(&mut self, start: Date, end: Date, today: Date) -> Result<Done, Problem> {
        if let Some(refusal) = self.is_not_active(today)? {
            return Ok(refusal);
        }
        if end < start {
            return Ok(refused(&FactError::EndsBeforeStart { value_on: start, through: end }));
        }
        let Some((drawn_on, _, _)) = self.drawn else {
            return Ok(Done::Refused("nothing was disbursed yet".to_owned()));
        };
        if start < drawn_on {
            return Ok(refused(&FactError::BeforeAgreement { value_on: start, opened_on: drawn_on }));
        }
        // The pauses as they stand, resumes counted; one may begin on the day on which another ends.
        let overlaps =
            self.view(end)?.position.pauses.iter().any(|pause| start < pause.through && pause.from < end);
        if overlaps {
            return Ok(Done::Refused("the pause overlaps another one".to_owned()));
        }
        let zero = self.zero();
        self.fact(FactKind::AgeingPause, start, zero).detail.through = Some(end);
        Ok(Done::Yes)
    }

    pub(super) fn resume(&mut self, start: Date, today: Date) -> Result<Done, Problem> {
        if let Some(refusal) = self.is_not_active(today)? {
            return Ok(refusal);
        }
        if start != today {
            return Ok(Done::Refused(format!(
                "a pause is ended on the business date {today}, not on {start}"
            )));
        }
        let pauses = self.view(today)?.position.pauses;
        if !pauses.iter().any(|pause| pause.from <= start && start <= pause.through) {
            return Ok(Done::Refused("there is no pause on that day".to_owned()));
        }
        let zero = self.zero();
        self.fact(FactKind::AgeingResume, start, zero);
        Ok(Done::Yes)
    }

    pub(super) fn write_off(&mut self, on: Date, today: Date) -> Result<Done, Problem> {
        if let Some(refusal) = self.stands_against(on, today)? {
            return Ok(refusal);
        }
        let zero = self.zero();
        let id = self.fact(FactKind::WriteOff, on, zero).id;
        let taken = self.view(today)?.written_off;
        let amount = taken.map_or(Ok(zero), |amounts| amounts.total())?;
        self.books.add(Kind::WriteOff, on, amount, Some(id));
        Ok(Done::Yes)
    }

    pub(super) fn charge_off(&mut self, on: Date, today: Date) -> Result<Done, Problem> {
        if let Some(refusal) = self.stands_against(on, today)? {
            return Ok(refusal);
        }
        let zero = self.zero();
        self.fact(FactKind::ChargeOff, on, zero);
        Ok(Done::Yes)
    }

    /// The close of the day before the business date: income is accrued, and reminders are found.
    pub(super) fn close_day(&mut self, today: Date) -> Result<(), Problem> {
        if self.drawn.is_none() {
            return Ok(());
        }
        self.look_at_ranges(today)?;
        let closed_on = today.plus_days(-1);
        if self.status(today)? == Status::Active {
            // What the business date charges is known to the close of the day before, which is run on it.
            let view = self.view(today)?;
            let known = self.view(self.seen_on.unwrap_or(today))?;
            let closed = self.view(closed_on)?;
            let is_progressive = self.product.is_progressive;
            self.books.accrue(&self.terms, &view, &known, &closed, closed_on, is_progressive)?;
        }
        self.seen_on = Some(today);
        let position = self.view(closed_on)?.position;
        let arrears = position.arrears(&self.terms)?;
        let (due_on, balance) = match (arrears.coming, position.statements.first()) {
            (_, Some(oldest)) if oldest.due_on < closed_on => (oldest.due_on, oldest.rest()?),
            (Some(coming), _) => (coming.due_on, coming.rest),
            (None, Some(oldest)) => (oldest.due_on, oldest.rest()?),
            (None, None) => return Ok(()),
        };
        let table = reminders(self.product.reminder_days, self.terms.currency);
        let row = table.decide(&StrategyInput {
            buckets: &self.terms.buckets,
            days_past_due: closed_on.days_since(due_on),
            balance,
            segment: "standard",
            is_reported_to_bureau: false,
            contacts: 0,
            customer: CustomerId([0; 16]),
        });
        if let Some(row) = row {
            self.reminders.push((today, row.id.clone()));
        }
        Ok(())
    }

    pub(super) fn expect_reminder(
        &self,
        step: &Step<'_>,
        name: &str,
        is_expected: bool,
        today: Date,
        findings: &mut Findings,
    ) -> Result<(), Problem> {
        let count = self.reminders.iter().filter(|(on, found)| *on == today && found == name).count();
        if count != usize::from(is_expected) {
            let expected = usize::from(is_expected);
            findings.add(step, format!("{name}: expected {expected} on {today}, got {count}"));
        }
        Ok(())
    }
}

pub(super) fn refused(error: &FactError) -> Done {
    Done::Refused(error.to_string())
}

/// A reminder so many days before a due date, and one so many days after it, as rows of a strategy.
fn reminders((before, after): (i32, i32), currency: Currency) -> StrategyTable {
    let row = |id: &str, day: i32| strategy::Row {
        id: id.to_owned(),
        matches: Matches {
            days_past_due: Span { from: Some(day), through: Some(day) },
            balance_minor: Span { from: Some(1), through: None },
            ..Matches::EVERYTHING
        },
        outcome: Outcome::Contact {
            channels: vec![Channel::Email],
            template: id.to_owned(),
            tone: Tone::Friendly,
            next_contact_days: 1,
            fallback: Vec::new(),
        },
    };
    StrategyTable {
        name: "reminders".to_owned(),
        version: 1,
        currency,
        segments: vec!["standard".to_owned()],
        days_past_due: Span::ANY,
        rows: vec![row(DUE_REMINDER, -before), row(OVERDUE_REMINDER, after)],
        settings: Settings::default(),
    }
}

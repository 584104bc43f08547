//! Apache Fineract: loans with a schedule, in the words of its feature files.
//!
//! A loan is an agreement whose product bills by schedule; a disbursement is a draw, charges, payments, pauses and
//! write-offs are facts, and everything that is compared is read off the fold. The business date is the day at whose
//! end the loan is shown; the close of business is that of the day before.

mod books;
mod product;
mod tables;
mod view;

use dunlin_domain::contact::Channel;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{Fact, FactError, FactKind};
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Currency, Money, Rate};
use dunlin_domain::schedule::{Grace, Method, MonthEnd, Period};
use dunlin_domain::strategy::{self, Matches, Outcome, Span, StrategyInput, StrategyTable, Tone};
use dunlin_domain::terms::{Component, Terms};

use super::compare::{Difference, Findings, Got, Row};
use super::fields::{Fields, Problem};
use super::{Failure, Scenario, Step, Verb, whole};
use books::{Books, Kind};
use product::{Application, Product};
use tables::Start;
use view::View;

pub(super) fn play(scenario: &Scenario<'_>) -> Result<Vec<Difference>, Failure> {
    let mut desk = Desk::open(&scenario.config).map_err(whole)?;
    let mut findings = Findings::default();
    for step in &scenario.steps {
        desk.play(&scenario.config, step, &mut findings).map_err(|problem| step.fail(problem))?;
        step.finish()?;
    }
    if let (Some(refusal), Some(step)) = (&desk.refusal, scenario.steps.last()) {
        return Err(step.fail(Problem::new(format!("refused: {refusal}"))));
    }
    Ok(findings.into_differences())
}

/// What the steps of a case work on.
struct Desk {
    currency: Currency,
    today: Option<Date>,
    loan: Option<Loan>,
    /// Why the last step was refused, until a step expects it.
    refusal: Option<String>,
}

struct Loan {
    product: Product,
    application: Application,
    terms: Terms,
    submitted_on: Date,
    expected_on: Option<Date>,
    is_approved: bool,
    drawn: Option<(Date, Money, FactId)>,
    facts: Vec<Fact>,
    books: Books,
    /// Charges by their fact: name, and how they are counted.
    charges: Vec<(FactId, &'static str)>,
    waived: Vec<(FactId, Money)>,
    reminders: Vec<(Date, String)>,
    /// The last day on which the schedule was brought up to date.
    seen_on: Option<Date>,
}

/// What a case can ask of a loan's state.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Submitted,
    Approved,
    Active,
    Closed,
    Overpaid,
    WrittenOff,
}

impl Status {
    fn code(self) -> &'static str {
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

impl Desk {
    fn open(config: &Fields<'_>) -> Result<Self, Problem> {
        let currency = Currency::parse(config.optional_text("currency")?.unwrap_or("EUR"))?;
        if let Some(digits) = config.optional_count("decimals")?
            && u32::try_from(digits) != Ok(currency.minor_digits())
        {
            let own = currency.minor_digits();
            return Err(Problem::new(format!("config: decimals: {currency} has {own}, not {digits}")));
        }
        if let Some(rounding) = config.optional_text("rounding_mode")?
            && !rounding.starts_with("HALF_EVEN")
        {
            return Err(Problem::new(format!("config: rounding_mode {rounding:?} is not HALF_EVEN")));
        }
        Ok(Self { currency, today: None, loan: None, refusal: None })
    }

    fn play(&mut self, config: &Fields<'_>, step: &Step<'_>, findings: &mut Findings) -> Result<(), Problem> {
        if step.verb != Verb::Expect("expect_error")
            && let Some(refusal) = self.refusal.take()
        {
            return Err(Problem::new(format!("the step before was refused: {refusal}")));
        }
        match step.verb {
            Verb::Do(name) => match self.act(config, step, name)? {
                Done::Yes => Ok(()),
                Done::Refused(why) => {
                    self.refusal = Some(why);
                    Ok(())
                }
            },
            Verb::Expect("expect_error") => self.expect_error(step, findings),
            Verb::Expect(name) => self.expect(config, step, name, findings),
        }
    }

    fn today(&self) -> Result<Date, Problem> {
        self.today.ok_or_else(|| Problem::new("no business date was set"))
    }

    fn loan(&mut self) -> Result<&mut Loan, Problem> {
        self.loan.as_mut().ok_or_else(|| Problem::new("there is no loan yet"))
    }

    fn act(&mut self, config: &Fields<'_>, step: &Step<'_>, name: &str) -> Result<Done, Problem> {
        let fields = &step.fields;
        match name {
            "set_business_date" => {
                self.today = Some(fields.date("date")?);
                return Ok(Done::Yes);
            }
            "create_loan" => {
                self.loan = Some(self.create(config, step)?);
                return Ok(Done::Yes);
            }
            "create_default_loan" => {
                let submitted_on = fields.date("date")?;
                let application = Application {
                    principal: Money::new(1000 * 10_i64.pow(self.currency.minor_digits()), self.currency),
                    count: 1,
                    period: Period::Days(30),
                    method: Method::Flat,
                    is_daily: false,
                    per_year: Rate::ZERO,
                    grace: Grace::default(),
                    strategy: None,
                };
                let product = Product::read(Some("LP1"), config, self.currency)?;
                self.loan = Some(Loan::new(product, application, submitted_on, self.currency)?);
                return Ok(Done::Yes);
            }
            _ => {}
        }
        let currency = self.currency;
        if self.today.is_none() {
            self.today = fields.optional_date("date")?;
        }
        let today = self.today()?;
        let loan = self.loan()?;
        match name {
            "approve" => loan.approve(fields, currency),
            "disburse" => loan.disburse(fields, currency, today),
            "add_charge" => loan.add_charge(fields, currency, today),
            "waive_charge" => loan.waive_charge(fields, currency, today),
            "repayment" => {
                fields.optional_text("channel")?;
                let (on, amount) = (fields.date("date")?, fields.amount("amount", currency)?);
                loan.pay(FactKind::Payment, "Repayment", on, amount, today)
            }
            "pay_off" | "payoff" | "loan_pay_off" => {
                fields.optional_text("channel")?;
                let on = fields.date("date")?;
                loan.pay_off(on, today)
            }
            "chargeback" => {
                fields.optional_text("channel")?;
                fields.optional_text("type")?;
                let on = fields.optional_date("date")?.unwrap_or(today);
                let amount = fields.amount("amount", currency)?;
                loan.charge_back(on, amount, today)
            }
            "transaction" => {
                fields.optional_text("channel")?;
                let (on, amount) = (fields.date("date")?, fields.amount("amount", currency)?);
                let (kind, label) = transaction_kind(fields.text("type")?)?;
                loan.pay(kind, label, on, amount, today)
            }
            "reverse_transaction" | "undo_transaction" | "undo" => loan.reverse(fields, today),
            "run_close_of_business" => loan.close_day(today).map(|()| Done::Yes),
            "credit_balance_refund" => {
                let (on, amount) = (fields.date("date")?, fields.amount("amount", currency)?);
                loan.pay(FactKind::CreditRefund, "Credit Balance Refund", on, amount, today)
            }
            "delinquency_pause" => loan.pause(fields.date("start")?, fields.date("end")?, today),
            "delinquency_resume" => loan.resume(fields.date("start")?, today),
            "write_off" => loan.write_off(fields.date("date")?, today),
            "charge_off" => loan.charge_off(fields.date("date")?, today),
            _ => Err(step.unknown()),
        }
    }

    fn create(&self, config: &Fields<'_>, step: &Step<'_>) -> Result<Loan, Problem> {
        if step.fields.raw("rows").is_some_and(|rows| !rows.is_null()) {
            let rows = step.fields.rows("rows")?;
            let [row] = rows.as_slice() else {
                return Err(Problem::new("rows: a loan is one row"));
            };
            let product = Product::read(Some(row.text("LoanProduct")?), config, self.currency)?;
            let application = Application::of_row(row, self.currency)?;
            // The peer's files do not say that interest in grace is put off, and its schedules do not either.
            row.optional_count("graceOnInterestPayment")?;
            let submitted_on = row.date("submitted on date")?;
            if let Some(name) = row.unread() {
                return Err(Problem::new(format!("unknown column {name:?}")));
            }
            return Loan::new(product, application, submitted_on, self.currency);
        }
        let fields = &step.fields;
        let mut product = Product::read(fields.optional_text("product")?, config, self.currency)?;
        if let Some(share) = fields.optional_percent("down_payment_pct")? {
            let is_auto = fields.optional_flag("down_payment_auto_paid")?.unwrap_or(false);
            product.down_payment = (share > Rate::ZERO).then_some((share, is_auto));
        }
        let application = Application::of_fields(fields, self.currency)?;
        Loan::new(product, application, fields.date("submitted")?, self.currency)
    }

    /// A refusal of the step before; where none was, undoing the last payment must be refused.
    fn expect_error(&mut self, step: &Step<'_>, findings: &mut Findings) -> Result<(), Problem> {
        let today = self.today()?;
        let refusal = match self.refusal.take() {
            Some(refusal) => Some(refusal),
            None => match self.loan()?.undo_last_payment(today)? {
                Done::Refused(why) => Some(why),
                Done::Yes => None,
            },
        };
        if refusal.is_none() {
            findings.add(step, "error: expected a refusal, got none".to_owned());
        }
        Ok(())
    }

    fn expect(
        &mut self,
        config: &Fields<'_>,
        step: &Step<'_>,
        name: &str,
        findings: &mut Findings,
    ) -> Result<(), Problem> {
        let today = self.today()?;
        let currency = self.currency;
        let loan = self.loan()?;
        match name {
            "expect_schedule" => findings.rows(step, &loan.schedule(&loan.terms, today)?),
            "expect_schedule_clamp_variant" | "expect_schedule_roll_variant" => {
                let month_end = if name.contains("clamp") { MonthEnd::Clamp } else { MonthEnd::RollToFirst };
                let product = Product::read(None, config, currency)?.with_month_end(month_end);
                let terms = product.terms(&loan.application, currency)?;
                findings.rows(step, &loan.schedule(&terms, today)?)
            }
            "expect_schedule_totals" => {
                let view = loan.shown(&loan.terms, today)?;
                findings.rows(step, &[tables::totals(currency, &view)?])
            }
            "expect_transactions" => {
                let view = loan.view(today)?;
                findings.rows(step, &loan.books.rows(&view)?)
            }
            "expect_transaction_on" => {
                let on = step.fields.date("date")?;
                let view = loan.view(today)?;
                let rows = loan.books.rows(&view)?;
                let of_day = rows.into_iter().filter(|row| row[0].1 == Got::Day(on));
                findings.rows(step, &of_day.collect::<Vec<_>>())
            }
            "expect_charges" => findings.rows(step, &loan.charge_rows(today)?),
            "expect_charge" => findings.some_rows(step, &loan.charge_rows(today)?),
            "expect_transaction" => {
                let view = loan.view(today)?;
                findings.some_rows(step, &loan.books.rows(&view)?)
            }
            "expect_delinquency_actions" => findings.rows(step, &loan.delinquency_actions()),
            "expect_status" => {
                let status = loan.status(today)?.code();
                findings.field(step, "status", &Got::text(status))
            }
            "expect_outstanding" => {
                let outstanding = loan.shown(&loan.terms, today)?.outstanding()?;
                findings.field(step, "amount", &Got::Amount(outstanding))
            }
            "expect_overpaid" => {
                let credit = loan.view(today)?.position.credit;
                findings.field(step, "amount", &Got::Amount(credit))
            }
            "expect_loan_delinquency" => findings.rows(step, &[loan.delinquency(today)?]),
            "expect_instalment_delinquency" => findings.rows(step, &loan.instalment_delinquency(today)?),
            "expect_instalment_delinquency_none" => {
                for row in loan.instalment_delinquency(today)? {
                    findings.add(step, format!("expected no range, got {}", row[1].1.shown()));
                }
                Ok(())
            }
            "expect_pause_periods" => findings.rows(step, &loan.pauses(today)?),
            "expect_next_payment" => findings.rows(step, &[loan.next_payment(today)?]),
            "expect_due_reminder_event" => loan.expect_reminder(step, DUE_REMINDER, true, today, findings),
            "expect_overdue_reminder_event" => {
                loan.expect_reminder(step, OVERDUE_REMINDER, true, today, findings)
            }
            "expect_due_reminder_event_none" => {
                loan.expect_reminder(step, DUE_REMINDER, false, today, findings)
            }
            "expect_overdue_reminder_event_none" => {
                loan.expect_reminder(step, OVERDUE_REMINDER, false, today, findings)
            }
            _ => Err(step.unknown()),
        }
    }
}

/// Whether a step was done, or what stands against it.
enum Done {
    Yes,
    Refused(String),
}

const DUE_REMINDER: &str = "due reminder";
const OVERDUE_REMINDER: &str = "overdue reminder";

/// A transaction by the peer's code: what it is to us, and what the peer calls it.
fn transaction_kind(code: &str) -> Result<(FactKind, &'static str), Problem> {
    match code {
        "REPAYMENT" => Ok((FactKind::Payment, "Repayment")),
        "DOWN_PAYMENT" => Ok((FactKind::Payment, "Down Payment")),
        "GOODWILL_CREDIT" => Ok((FactKind::Payment, "Goodwill Credit")),
        "RECOVERY_REPAYMENT" => Ok((FactKind::Payment, "Recovery Payment")),
        "MERCHANT_ISSUED_REFUND" => Ok((FactKind::Refund, "Merchant Issued Refund")),
        "PAYOUT_REFUND" => Ok((FactKind::Refund, "Payout Refund")),
        "CREDIT_BALANCE_REFUND" => Ok((FactKind::CreditRefund, "Credit Balance Refund")),
        other => Err(Problem::new(format!("unknown type {other:?} of a transaction"))),
    }
}

impl Loan {
    fn new(
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
            waived: Vec::new(),
            reminders: Vec::new(),
            seen_on: None,
        })
    }

    fn fact(&mut self, kind: FactKind, value_on: Date, amount: Money) -> &mut Fact {
        // Ids rise with the order of the case, which decides between facts of one kind and day.
        let number = u64::try_from(self.facts.len()).unwrap_or(u64::MAX) + 1;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let learned_at = Timestamp::from_micros(i64::from(value_on.days()) * 86_400_000_000);
        self.facts.push(Fact::new(FactId(id), kind, value_on, learned_at, amount));
        let last = self.facts.len() - 1;
        &mut self.facts[last]
    }

    fn zero(&self) -> Money {
        Money::zero(self.terms.currency)
    }

    /// The loan at the end of `on`.
    fn view(&self, on: Date) -> Result<View, Problem> {
        View::of(&self.terms, &self.facts, self.submitted_on, on)
    }

    /// The loan as it is, or before its draw as it would be.
    fn shown(&self, terms: &Terms, today: Date) -> Result<View, Problem> {
        if self.drawn.is_some() {
            return View::of(terms, &self.facts, self.submitted_on, today);
        }
        let on = self.expected_on.unwrap_or(self.submitted_on);
        let learned_at = Timestamp::from_micros(0);
        let draw = Fact::new(FactId([1; 16]), FactKind::Purchase, on, learned_at, self.application.principal);
        View::of(terms, &[draw], self.submitted_on, on)
    }

    fn schedule(&self, terms: &Terms, today: Date) -> Result<Vec<Row>, Problem> {
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

    fn status(&self, today: Date) -> Result<Status, Problem> {
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
    fn with_closing(
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
        Ok(done)
    }

    fn approve(&mut self, fields: &Fields<'_>, currency: Currency) -> Result<Done, Problem> {
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

    fn disburse(&mut self, fields: &Fields<'_>, currency: Currency, today: Date) -> Result<Done, Problem> {
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
        if self.product.down_payment.is_some_and(|(_, is_auto)| is_auto) {
            let view = self.view(on)?;
            let down = view.instalments.iter().find(|row| row.number == 0);
            if let Some(amount) = down.map(view::InstalmentView::due).transpose()? {
                return self.pay(FactKind::Payment, "Down Payment", on, amount, today);
            }
        }
        Ok(Done::Yes)
    }

    fn pay(
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
    fn pay_off(&mut self, on: Date, today: Date) -> Result<Done, Problem> {
        if let Some(refusal) = self.stands_against(on, today)? {
            return Ok(refusal);
        }
        // What of an ample sum would be left tells what is needed.
        let ample = self.view(on)?.outstanding()?;
        let ample = Money::new(ample.minor().saturating_mul(2), ample.currency());
        let mut facts = self.facts.clone();
        let learned_at = Timestamp::from_micros(0);
        facts.push(Fact::new(FactId([u8::MAX; 16]), FactKind::Payment, on, learned_at, ample));
        let left = View::of(&self.terms, &facts, self.submitted_on, on)?.position.credit;
        let needed = ample.try_sub(left)?;
        self.pay(FactKind::Payment, "Repayment", on, needed, today)
    }

    /// The bank took a payment back: its amount is owed again, as principal of the instalment of the day.
    fn charge_back(&mut self, on: Date, amount: Money, today: Date) -> Result<Done, Problem> {
        if let Some(refusal) = self.stands_against(on, today)? {
            return Ok(refusal);
        }
        let is_after_money =
            self.facts.iter().any(|fact| fact.kind == FactKind::Payment && fact.value_on == on);
        let value_on = if is_after_money && on < today { on.plus_days(1) } else { on };
        let fact = self.fact(FactKind::Charge, value_on, amount);
        (fact.component, fact.due_on) = (Component::Principal, Some(on));
        let id = fact.id;
        self.books.add(Kind::Chargeback, on, amount, Some(id));
        Ok(Done::Yes)
    }

    /// What stands against money on `on`, by the day alone.
    fn stands_against(&self, on: Date, today: Date) -> Result<Option<Done>, Problem> {
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

    fn add_charge(&mut self, fields: &Fields<'_>, currency: Currency, today: Date) -> Result<Done, Problem> {
        let (name, is_penalty) = product::charge(fields.text("charge")?)?;
        let (due_on, amount) = (fields.date("due_date")?, fields.amount("amount", currency)?);
        let Some((drawn_on, _, _)) = self.drawn else {
            return Ok(Done::Refused("nothing was disbursed yet".to_owned()));
        };
        if due_on < drawn_on {
            return Ok(refused(&FactError::BeforeAgreement { value_on: due_on, opened_on: drawn_on }));
        }
        let component = if is_penalty { Component::LateFee } else { Component::Charge };
        // It counts from its due date or from when it was added, the earlier. Money that was booked on that very
        // day before it was added goes first.
        let day = due_on.min(today);
        let is_after_money = self
            .facts
            .iter()
            .any(|fact| matches!(fact.kind, FactKind::Payment | FactKind::Refund) && fact.value_on == day);
        let value_on = if is_after_money && day < today { day.plus_days(1) } else { day };
        self.with_closing(due_on, today, |loan| {
            let fact = loan.fact(FactKind::Charge, value_on, amount);
            (fact.component, fact.due_on) = (component, Some(due_on));
            let id = fact.id;
            loan.charges.push((id, name));
            Ok(Done::Yes)
        })
    }

    /// Gives up what is open of the charge named, or of the last one.
    fn waive_charge(
        &mut self,
        fields: &Fields<'_>,
        currency: Currency,
        today: Date,
    ) -> Result<Done, Problem> {
        let name = fields.optional_text("charge")?.map(product::charge).transpose()?;
        let due_on = fields.optional_date("due_date")?;
        let wanted = fields.optional_amount("amount", currency)?;
        let on = fields.optional_date("date")?.unwrap_or(today);
        let view = self.view(today)?;
        let is_meant = |index: &usize| {
            let charge = &view.charges[*index];
            let own = self.charges.iter().find(|(id, _)| Some(*id) == charge.fact);
            name.is_none_or(|(name, _)| own.is_some_and(|(_, own)| *own == name))
                && due_on.is_none_or(|due_on| charge.due_on == due_on)
        };
        let Some(index) = (0..view.charges.len()).rev().find(is_meant) else {
            return Ok(Done::Refused("there is no such charge".to_owned()));
        };
        let charge = &view.charges[index];
        let open = charge.amount.try_sub(view.paid_of_charge(index)?)?;
        let amount = wanted.unwrap_or(open);
        if amount.minor() > open.minor() || !amount.is_positive() {
            return Ok(refused(&FactError::AmountTooLarge { amount, largest: open }));
        }
        let (fact_id, component, row_due_on) = (charge.fact, charge.component, view.due_date_of(charge));
        self.with_closing(on, today, |loan| {
            let fact = loan.fact(FactKind::Waiver, on, amount);
            (fact.due_on, fact.detail.only) = (row_due_on, Some(component));
            let id = fact.id;
            if let Some(charge) = fact_id {
                loan.waived.push((charge, amount));
            }
            loan.books.add(Kind::Waiver, on, amount, Some(id));
            Ok(Done::Yes)
        })
    }

    fn reverse(&mut self, fields: &Fields<'_>, today: Date) -> Result<Done, Problem> {
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

    fn undo_last_payment(&mut self, today: Date) -> Result<Done, Problem> {
        let view = self.view(today)?;
        if let Some(off) = view.position.claim.written_off_on {
            return Ok(refused(&FactError::WrittenOff { on: off }));
        }
        let target = self.books.revert_last_payment(&view)?;
        self.undo(target, today)
    }

    fn undo(&mut self, target: FactId, today: Date) -> Result<Done, Problem> {
        let zero = self.zero();
        let of_payment = self.facts.iter().any(|fact| fact.id == target && fact.kind == FactKind::Payment);
        let kind = if of_payment { FactKind::Reversal } else { FactKind::Withdrawal };
        self.fact(kind, today, zero).target = Some(target);
        Ok(Done::Yes)
    }

    /// Only a loan that runs can be paused or resumed.
    fn is_not_active(&self, today: Date) -> Result<Option<Done>, Problem> {
        let status = self.status(today)?;
        let complaint =
            || Done::Refused(format!("the loan is {}, not {}", status.code(), Status::Active.code()));
        Ok((status != Status::Active).then(complaint))
    }

    fn pause(&mut self, start: Date, end: Date, today: Date) -> Result<Done, Problem> {
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
        // The pauses as they stand, resumes counted.
        let overlaps =
            self.view(end)?.position.pauses.iter().any(|pause| start <= pause.through && pause.from <= end);
        if overlaps {
            return Ok(Done::Refused("the pause overlaps another one".to_owned()));
        }
        let zero = self.zero();
        self.fact(FactKind::AgeingPause, start, zero).detail.through = Some(end);
        Ok(Done::Yes)
    }

    fn resume(&mut self, start: Date, today: Date) -> Result<Done, Problem> {
        if let Some(refusal) = self.is_not_active(today)? {
            return Ok(refusal);
        }
        let pauses = self.view(today)?.position.pauses;
        if !pauses.iter().any(|pause| pause.from <= start && start <= pause.through) {
            return Ok(Done::Refused("there is no pause on that day".to_owned()));
        }
        let zero = self.zero();
        self.fact(FactKind::AgeingResume, start, zero);
        Ok(Done::Yes)
    }

    fn write_off(&mut self, on: Date, today: Date) -> Result<Done, Problem> {
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

    fn charge_off(&mut self, on: Date, today: Date) -> Result<Done, Problem> {
        if let Some(refusal) = self.stands_against(on, today)? {
            return Ok(refusal);
        }
        let zero = self.zero();
        self.fact(FactKind::ChargeOff, on, zero);
        Ok(Done::Yes)
    }

    /// The close of the day before the business date: income is accrued, and reminders are found.
    fn close_day(&mut self, today: Date) -> Result<(), Problem> {
        if self.drawn.is_none() {
            return Ok(());
        }
        let closed_on = today.plus_days(-1);
        if self.status(today)? == Status::Active {
            // What the business date charges is known to the close of the day before, which is run on it.
            let view = self.view(today)?;
            let known = self.view(self.seen_on.unwrap_or(today))?;
            self.books.accrue(&self.terms, &view, &known, closed_on, self.product.is_progressive)?;
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
        });
        if let Some(row) = row {
            self.reminders.push((today, row.id.clone()));
        }
        Ok(())
    }

    fn expect_reminder(
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

    fn classification(&self, bucket_index: usize) -> Got {
        self.terms.buckets.get(bucket_index).map_or(Got::Absent, |bucket| Got::text(&bucket.name))
    }

    fn delinquency(&self, today: Date) -> Result<Row, Problem> {
        let ageing = self.view(today)?.position.ageing(&self.terms)?;
        Ok(vec![
            ("classification", self.classification(ageing.bucket_index)),
            ("delinquentAmount", Got::Amount(ageing.overdue)),
            ("delinquentDate", Got::optional_day(ageing.behind_from)),
            ("pastDueDate", Got::optional_day(ageing.obligations.first().map(|oldest| oldest.due_on))),
            ("delinquentDays", Got::Number(i64::from(ageing.days_past_due))),
            ("pastDueDays", Got::Number(i64::from(ageing.calendar_days))),
        ])
    }

    /// What is overdue of the instalments by bucket, once the loan as a whole is behind.
    fn instalment_delinquency(&self, today: Date) -> Result<Vec<Row>, Problem> {
        let ageing = self.view(today)?.position.ageing(&self.terms)?;
        let mut rows: Vec<Row> = Vec::new();
        if ageing.days_past_due == 0 {
            return Ok(rows);
        }
        for (index, bucket) in self.terms.buckets.iter().enumerate().skip(1) {
            let in_bucket = ageing.obligations.iter().filter(|age| age.bucket_index == index);
            let sum = in_bucket.map(|age| age.overdue).try_fold(self.zero(), Money::try_add)?;
            if sum.is_positive() {
                rows.push(vec![
                    ("rangeId", Got::count(index)),
                    ("Range", Got::text(&bucket.name)),
                    ("Amount", Got::Amount(sum)),
                ]);
            }
        }
        Ok(rows)
    }

    fn pauses(&self, today: Date) -> Result<Vec<Row>, Problem> {
        // A pause may be entered before it begins.
        let last = self.facts.iter().map(|fact| fact.value_on).max().unwrap_or(today);
        let pauses = self.view(last.max(today))?.position.pauses;
        let rows = pauses.iter().map(|pause| {
            vec![
                ("active", Got::Flag(pause.from <= today && today <= pause.through)),
                ("pausePeriodStart", Got::Day(pause.from)),
                ("pausePeriodEnd", Got::Day(pause.through)),
            ]
        });
        Ok(rows.collect())
    }

    /// Pauses and resumes as they were entered.
    fn delinquency_actions(&self) -> Vec<Row> {
        let row = |action: &str, start: Date, end: Option<Date>| {
            vec![
                ("action", Got::text(action)),
                ("startDate", Got::Day(start)),
                ("endDate", Got::optional_day(end)),
            ]
        };
        let rows = self.facts.iter().filter_map(|fact| match fact.kind {
            FactKind::AgeingPause => Some(row("PAUSE", fact.value_on, fact.detail.through)),
            FactKind::AgeingResume => Some(row("RESUME", fact.value_on, None)),
            _ => None,
        });
        rows.collect()
    }

    /// The next payment by the peer's rule: due when the oldest unpaid instalment is, or, where money came in after
    /// that, on the day of that money; its amount is what is open of the instalment in whose period the day lies.
    fn next_payment(&self, today: Date) -> Result<Row, Problem> {
        let view = self.view(today)?;
        let ageing = view.position.ageing(&self.terms)?;
        let mut earliest = None;
        for row in &view.instalments {
            if earliest.is_none() && row.outstanding()?.is_positive() {
                earliest = Some(row.due_on);
            }
        }
        let paid_on = self.books.last_payment_on();
        let due_on = paid_on.map_or(earliest.unwrap_or(today), |on| on.max(earliest.unwrap_or(today)));
        let current = view.instalments.iter().find(|row| due_on <= row.due_on);
        let amount =
            current.or(view.instalments.last()).map(view::InstalmentView::outstanding).transpose()?;
        Ok(vec![
            ("classification", self.classification(ageing.bucket_index)),
            ("nextPaymentDueDate", Got::Day(due_on)),
            ("nextPaymentAmount", amount.map_or(Got::Absent, Got::Amount)),
        ])
    }

    fn charge_rows(&self, today: Date) -> Result<Vec<Row>, Problem> {
        let view = self.view(today)?;
        let mut rows = Vec::new();
        for (index, charge) in view.charges.iter().enumerate() {
            if charge.component == Component::Principal {
                continue;
            }
            let own = self.charges.iter().find(|(id, _)| Some(*id) == charge.fact);
            let (name, due_at, calculation) = match (own, &self.product.overdue_charge) {
                (Some((_, name)), _) => (*name, "Specified due date", "Flat"),
                (None, Some(overdue)) => (overdue.name, "Overdue Fees", overdue.calculation),
                (None, None) => return Err(Problem::new("a charge that the product does not know")),
            };
            let waivers = self.waived.iter().filter(|(id, _)| Some(*id) == charge.fact);
            let waived = waivers.map(|(_, amount)| *amount).try_fold(self.zero(), Money::try_add)?;
            let paid = view.paid_of_charge(index)?;
            rows.push(vec![
                ("Name", Got::text(name)),
                ("isPenalty", Got::Flag(charge.component == Component::LateFee)),
                ("Payment due at", Got::text(due_at)),
                ("Due as of", Got::Day(charge.due_on)),
                ("Calculation type", Got::text(calculation)),
                ("Due", Got::Amount(charge.amount)),
                ("Paid", Got::Amount(paid)),
                ("Waived", Got::Amount(waived)),
                ("Outstanding", Got::Amount(charge.amount.try_sub(paid)?.try_sub(waived)?)),
            ]);
        }
        Ok(rows)
    }
}

fn refused(error: &FactError) -> Done {
    Done::Refused(error.to_string())
}

/// A reminder so many days before a due date, and one so many days after it, as rows of a strategy.
fn reminders((before, after): (i32, i32), currency: Currency) -> StrategyTable {
    let row = |id: &str, day: i32| strategy::Row {
        id: id.to_owned(),
        matches: Matches {
            buckets: None,
            days_past_due: Span { from: Some(day), through: Some(day) },
            balance_minor: Span { from: Some(1), through: None },
            segments: None,
            reported_to_bureau: None,
        },
        outcome: Outcome::Contact {
            channels: vec![Channel::Email],
            template: id.to_owned(),
            tone: Tone::Friendly,
            next_contact_days: 1,
        },
    };
    StrategyTable {
        name: "reminders".to_owned(),
        version: 1,
        currency,
        segments: vec!["standard".to_owned()],
        days_past_due: Span::ANY,
        rows: vec![row(DUE_REMINDER, -before), row(OVERDUE_REMINDER, after)],
    }
}

//! Apache Fineract: loans with a schedule, in the words of its feature files.
//!
//! A loan is an agreement whose product bills by schedule; a disbursement is a draw, charges, payments, pauses and
//! write-offs are facts, and everything that is compared is read off the fold. The business date is the day at whose
//! end the loan is shown; the close of business is that of the day before.

mod books;
mod charges;
mod loan;
mod product;
mod shown;
mod tables;
mod view;

use dunlin_domain::date::Date;
use dunlin_domain::fact::FactKind;
use dunlin_domain::money::{Currency, Money, Rate};
use dunlin_domain::schedule::{Grace, Method, MonthEnd, Period};

use super::compare::{Difference, Findings, Got};
use super::fields::{Fields, Problem};
use super::{Failure, Scenario, Step, Verb, whole};
use loan::{DUE_REMINDER, Done, Loan, OVERDUE_REMINDER};
use product::{Application, Product};

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
            "charge_adjustment" | "adjust_charge" => loan.adjust_charge(fields, currency, today),
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
                // Which payment it is about decides nothing but that there is one.
                for name in ["channel", "type"] {
                    fields.optional_text(name)?;
                }
                fields.optional_number("nth")?;
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
            "delinquency_resume" => {
                let start = fields.date("start")?;
                match fields.optional_date("end")? {
                    Some(_) => Ok(Done::Refused("a resume has no end".to_owned())),
                    None => loan.resume(start, today),
                }
            }
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
            agrees_with(config, &application)?;
            return Loan::new(product, application, submitted_on, self.currency);
        }
        let fields = &step.fields;
        let mut product = Product::read(fields.optional_text("product")?, config, self.currency)?;
        if let Some(share) = fields.optional_percent("down_payment_pct")? {
            let is_auto = fields.optional_flag("down_payment_auto_paid")?.unwrap_or(false);
            product.down_payment = (share > Rate::ZERO).then_some((share, is_auto));
        }
        let application = Application::of_fields(fields, self.currency)?;
        agrees_with(config, &application)?;
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

/// What the configuration says of interest holds for the loan.
fn agrees_with(config: &Fields<'_>, application: &Application) -> Result<(), Problem> {
    match config.optional_text("interest")? {
        Some("none") if application.per_year > Rate::ZERO => {
            Err(Problem::new("config: interest is \"none\", but the loan bears interest"))
        }
        Some("none") | None => Ok(()),
        Some(words) if words.contains(' ') => Ok(()),
        Some(other) => Err(Problem::new(format!("config: interest {other:?} is not \"none\""))),
    }
}

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

//! Payments and what undoes them, recorded as facts: one path for commands, call-backs and bank files.
//!
//! Each is one transaction: load the agreement, check the fact, write it with its report to the audit log, and have the
//! agreement looked at by the next day's run, which posts the difference on its own business date. A backdated fact
//! takes the same path: what it changed is derived by folding the facts known before it and after it. A repeat with the
//! same reference gets the first answer again; the same reference with other content is refused.

pub mod callback;
pub mod changes;
pub mod customer;
pub mod incoming;
pub mod record;
pub mod settings;
pub mod waiver;

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{FactDetail, FactKind};
use dunlin_domain::money::Currency;
use dunlin_domain::recording::{self, Refusal};
use dunlin_domain::terms::Component;
use dunlin_domain::wording;
use dunlin_store::Tx;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::payment::{find_reference, reference_key};

use crate::policies::Policies;
use crate::servicing::payoff::given_up_reference;
use crate::{Engine, EngineError};
pub use changes::{ChangeReport, VerdictEffect};
pub use record::Recorded;
use record::Told;

impl From<Refusal> for EngineError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Fact(error) => Self::Fact(error),
            other => Self::Refused { code: other.code(), complaint: other.wording() },
        }
    }
}

/// Who asks for something, and when.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'c> {
    /// Who: stands in the audit log.
    pub actor: &'c str,
    /// The moment by the wall clock.
    pub now: Timestamp,
}

/// A caller and what every command of one transaction needs.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    pub caller: Caller<'c>,
    pub policies: &'c Policies,
}

/// Money that came in for one agreement.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// A decimal amount.
    pub amount: String,
    /// If given, must be the agreement's.
    pub currency: Option<Currency>,
    /// The value date.
    pub value_on: Date,
    /// The caller's reference.
    pub reference: String,
    /// What the customer says it is for: a due date, a component, or the reference of a purchase.
    pub designation: Option<String>,
    /// What else is known of it.
    pub note: String,
}

/// The undoing of a payment.
#[derive(Clone, Debug)]
pub struct Undoing {
    /// The reference of the payment.
    pub payment: String,
    /// Its agreement; needed for a payment that came with an import.
    pub agreement: Option<String>,
    /// The day on which it was undone; today if none is given.
    pub value_on: Option<Date>,
    /// The caller's reference; without one, a second undoing of the payment is refused.
    pub reference: Option<String>,
    /// Why: words for a reversal, the bank's code for a return.
    pub reason: String,
}

/// Unapplied credit that is paid out to the customer.
#[derive(Clone, Debug)]
pub struct CreditRefund {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// A decimal amount, or `all`.
    pub amount: String,
    /// The value date; today if none is given.
    pub value_on: Option<Date>,
    /// The caller's reference.
    pub reference: String,
    /// Why.
    pub note: String,
}

/// Something else that is owed: a charge that was added by hand.
#[derive(Clone, Debug)]
pub struct NewCharge {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// A decimal amount.
    pub amount: String,
    /// The day from which it counts.
    pub value_on: Date,
    /// The day on which it is due.
    pub due_on: Date,
    /// What it is made of.
    pub component: Component,
    /// The caller's reference.
    pub reference: String,
    /// Why.
    pub note: String,
}

impl Engine {
    /// Records a payment.
    ///
    /// # Errors
    /// Every refusal of a fact, by its code; `reference_conflict`; [`EngineError::NotFound`].
    pub fn pay(&self, new: &NewPayment, caller: Caller<'_>) -> Result<Recorded, EngineError> {
        let policies = self.policies()?;
        self.db.write_as(|tx| self.pay_in(tx, new, Context { caller, policies: &policies }))
    }

    pub(crate) fn pay_in(
        &self,
        tx: &mut Tx<'_>,
        new: &NewPayment,
        context: Context<'_>,
    ) -> Result<Recorded, EngineError> {
        let row = self.find_agreement(tx, &new.agreement)?;
        let amount = recording::read_amount(&new.amount, new.currency, row.currency)?;
        let mut told = Told::new(FactKind::Payment, amount, new.value_on, &new.reference, &new.note);
        if let Some(designation) = &new.designation {
            designate(&mut told, designation);
        }
        self.record_fact(tx, &row, &told, context)
    }

    /// Undoes a payment by our own decision (冲正): the position is as if it had never been.
    ///
    /// # Errors
    /// `unknown_target`, `already_reversed`, and those of every fact.
    pub fn reverse_payment(
        &self,
        undoing: &Undoing,
        caller: Caller<'_>,
    ) -> Result<Vec<Recorded>, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.write_as(|tx| self.undo_in(tx, FactKind::Reversal, undoing, context))
    }

    /// Records that the bank returned a payment (退回).
    ///
    /// # Errors
    /// As [`Engine::reverse_payment`].
    pub fn return_payment(
        &self,
        undoing: &Undoing,
        caller: Caller<'_>,
    ) -> Result<Vec<Recorded>, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.write_as(|tx| self.undo_in(tx, FactKind::Return, undoing, context))
    }

    /// Undoes a payment: that of one agreement, or all parts of one that was split over several.
    pub(crate) fn undo_in(
        &self,
        tx: &mut Tx<'_>,
        kind: FactKind,
        undoing: &Undoing,
        context: Context<'_>,
    ) -> Result<Vec<Recorded>, EngineError> {
        if undoing.reason.trim().is_empty() {
            let complaint = wording!(
                "撤销还款须写明理由；请简要填写",
                "the undoing of a payment needs a reason; give it in a few words"
            );
            return Err(EngineError::Refused { code: "reason", complaint });
        }
        let rows = self.agreements_of_payment(tx, undoing)?;
        let mut undone = Vec::with_capacity(rows.len());
        for row in rows {
            let value_on = match undoing.value_on {
                Some(value_on) => value_on,
                None => self.books_today(tx, context.caller.now)?.max(row.opened_on),
            };
            let default = format!("{kind}:{}", undoing.payment);
            let reference = undoing.reference.as_deref().unwrap_or(&default);
            let zero = dunlin_domain::money::Money::zero(row.currency);
            let mut told = Told::new(kind, zero, value_on, reference, &undoing.reason);
            told.target = Some(undoing.payment.clone());
            told.must_be_new = undoing.reference.is_none();
            undone.push(self.record_fact(tx, &row, &told, context)?);
            undone.extend(self.withdraw_given_up(tx, &row, &told, context)?);
        }
        Ok(undone)
    }

    /// With a payoff by quote, what was given up because the quote held is undone too: else it would be given up of
    /// what is owed again.
    fn withdraw_given_up(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        undoing: &Told<'_>,
        context: Context<'_>,
    ) -> Result<Vec<Recorded>, EngineError> {
        let Some(payoff) = &undoing.target else { return Ok(Vec::new()) };
        if self.known_fact(tx, row, FactKind::Payoff, payoff)?.is_none() {
            return Ok(Vec::new());
        }
        let mut withdrawn = Vec::new();
        for component in Component::ALL {
            let waiver = given_up_reference(payoff, *component);
            if self.known_fact(tx, row, FactKind::Waiver, &waiver)?.is_none() {
                continue;
            }
            let reference = given_up_reference(undoing.reference, *component);
            let zero = dunlin_domain::money::Money::zero(row.currency);
            let mut told = Told::new(FactKind::Withdrawal, zero, undoing.value_on, &reference, undoing.note);
            told.target = Some(waiver);
            withdrawn.push(self.record_fact(tx, row, &told, context)?);
        }
        Ok(withdrawn)
    }

    /// The agreements that a payment went to.
    fn agreements_of_payment(
        &self,
        tx: &mut Tx<'_>,
        undoing: &Undoing,
    ) -> Result<Vec<AgreementRow>, EngineError> {
        if let Some(agreement) = &undoing.agreement {
            return Ok(vec![self.find_agreement(tx, agreement)?]);
        }
        let key = reference_key(FactKind::Payment, &undoing.payment);
        let used = match find_reference(tx, key)? {
            Some(used) => Some(used),
            None => find_reference(tx, reference_key(FactKind::Payoff, &undoing.payment))?,
        };
        let Some(used) = used else {
            let complaint = wording!(
                "没有经命令、回调或银行文件登记的还款“{}”；如果是随导入而来的，请同时写明合约",
                "no payment {:?} was recorded by a command, a call-back or a bank file; if it came with an import, name its \
                 agreement too",
                undoing.payment
            );
            return Err(EngineError::Refused { code: "unknown_target", complaint });
        };
        let mut agreements: Vec<_> = used.agreement.into_iter().collect();
        if let Some(customer) = used.customer
            && let Some(payment) = dunlin_store::payment::find_customer_payment(tx, customer, key)?
        {
            agreements.extend(payment.shares.iter().map(|share| share.agreement));
            agreements.sort_unstable();
            agreements.dedup();
        }
        agreements.into_iter().map(|agreement| self.find_agreement(tx, &agreement.to_string())).collect()
    }

    /// Records that unapplied credit was paid out.
    ///
    /// # Errors
    /// `amount_too_large` when there is less credit; `no_credit` for `all` of nothing; those of every fact.
    pub fn refund_credit(&self, refund: &CreditRefund, caller: Caller<'_>) -> Result<Recorded, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.write_as(|tx| {
            let row = self.find_agreement(tx, &refund.agreement)?;
            let value_on = match refund.value_on {
                Some(value_on) => value_on,
                None => self.books_today(tx, caller.now)?.max(row.opened_on),
            };
            // A repeat of the same command must find its fact, not the credit that it used up.
            let known = self.known_amount(tx, &row, FactKind::CreditRefund, &refund.reference)?;
            let amount = match (refund.amount.as_str(), known) {
                ("all", Some(amount)) => amount,
                ("all", None) => self.credit_on(tx, context.policies, &row, value_on)?,
                (text, _) => recording::read_amount(text, None, row.currency)?,
            };
            if !amount.is_positive() {
                let complaint = wording!(
                    "合约“{}”在 {value_on} 没有溢缴款",
                    "agreement {:?} has no credit on {value_on}",
                    row.external_id
                );
                return Err(EngineError::Refused { code: "no_credit", complaint });
            }
            if known.is_none() {
                let largest = self.credit_on(tx, context.policies, &row, value_on)?;
                if amount.minor() > largest.minor() {
                    return Err(dunlin_domain::fact::FactError::AmountTooLarge { amount, largest }.into());
                }
            }
            let told = Told::new(FactKind::CreditRefund, amount, value_on, &refund.reference, &refund.note);
            self.record_fact(tx, &row, &told, context)
        })
    }

    /// Records a charge that was added by hand.
    ///
    /// # Errors
    /// `due_before_charge`; those of every fact.
    pub fn charge(&self, new: &NewCharge, caller: Caller<'_>) -> Result<Recorded, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.write_as(|tx| {
            let row = self.find_agreement(tx, &new.agreement)?;
            let amount = recording::read_amount(&new.amount, None, row.currency)?;
            if new.due_on < new.value_on {
                let complaint = wording!(
                    "{} 的费用，到期日不能更早（{}）",
                    "a charge of {} cannot be due before, on {}",
                    new.value_on,
                    new.due_on
                );
                return Err(EngineError::Refused { code: "due_before_charge", complaint });
            }
            let mut told = Told::new(FactKind::Charge, amount, new.value_on, &new.reference, &new.note);
            told.component = new.component;
            told.due_on = Some(new.due_on);
            self.record_fact(tx, &row, &told, context)
        })
    }
}

/// What a customer says a payment is for.
fn designate(told: &mut Told<'_>, designation: &str) {
    if let Ok(due_on) = Date::parse(designation) {
        told.due_on = Some(due_on);
    } else if let Some(component) = Component::parse(designation) {
        told.detail = FactDetail { only: Some(component), ..told.detail };
    } else {
        told.target = Some(designation.to_owned());
    }
}

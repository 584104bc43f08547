//! One payment over several agreements of one customer, split by Civil Code Art. 560.

use dunlin_domain::customer_split::{self, Debt, Rank, Share};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::FactKind;
use dunlin_domain::id::{AgreementId, CustomerId};
use dunlin_domain::money::{Currency, Money, Rate};
use dunlin_domain::position::{Position, fold};
use dunlin_domain::recording::{self, Refusal};
use dunlin_domain::terms::Terms;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::payment::{
    CustomerPaymentRow, ReferenceRow, claim_reference, find_customer_payment, insert_customer_payment,
    reference_key,
};
use dunlin_store::{Tx, run};

use super::record::{Recorded, Told};
use super::{Caller, Context};
use crate::{Engine, EngineError};

/// Money that came in for a customer, without saying for which agreement.
#[derive(Clone, Debug)]
pub struct NewCustomerPayment {
    /// The lender's id of the customer, or ours.
    pub customer: String,
    /// A decimal amount.
    pub amount: String,
    /// The currency; needed when the customer's agreements have several.
    pub currency: Option<Currency>,
    /// The value date.
    pub value_on: Date,
    /// The caller's reference.
    pub reference: String,
    /// The agreements that the customer says it is for, first one first.
    pub designated: Vec<String>,
    /// What else is known of it.
    pub note: String,
}

/// One part of a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareView {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The day it falls due; `None` for credit.
    pub due_on: Option<Date>,
    /// Why it comes here.
    pub rank: Rank,
    /// How much.
    pub amount: Money,
}

/// A split, foreseen or recorded.
#[derive(Clone, Debug)]
pub struct CustomerPayment {
    /// Our id of the customer.
    pub customer: CustomerId,
    /// The caller's reference.
    pub reference: String,
    /// All of it.
    pub amount: Money,
    /// The value date.
    pub value_on: Date,
    /// When it was recorded; `None` for a preview.
    pub recorded_at: Option<Timestamp>,
    /// Whether this request recorded it.
    pub is_new: bool,
    /// Its parts, in the order of the split.
    pub shares: Vec<ShareView>,
    /// What was recorded for each agreement; empty for a preview.
    pub recorded: Vec<Recorded>,
}

impl Engine {
    /// Splits a payment over a customer's agreements and records it.
    ///
    /// # Errors
    /// `no_agreement` when the customer has none in the currency, `currency_needed`, `not_of_customer` for a designated
    /// agreement of somebody else, `reference_conflict`, and those of every fact; nothing is recorded then.
    pub fn pay_customer(
        &self,
        new: &NewCustomerPayment,
        caller: Caller<'_>,
    ) -> Result<CustomerPayment, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.write_as(|tx| self.pay_customer_in(tx, new, context))
    }

    /// How a payment would be split; nothing is recorded.
    ///
    /// # Errors
    /// As [`Engine::pay_customer`].
    pub fn preview_customer_payment(
        &self,
        new: &NewCustomerPayment,
        caller: Caller<'_>,
    ) -> Result<CustomerPayment, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.read_as(|tx| {
            let (rows, amount) = self.rows_and_amount(tx, new)?;
            let shares = self.split_over(tx, &rows, new, amount, context)?;
            Ok(self.view(&rows, new, amount, &shares))
        })
    }

    fn pay_customer_in(
        &self,
        tx: &mut Tx<'_>,
        new: &NewCustomerPayment,
        context: Context<'_>,
    ) -> Result<CustomerPayment, EngineError> {
        recording::check_reference(&new.reference)?;
        let (rows, amount) = self.rows_and_amount(tx, new)?;
        let customer = rows[0].customer;
        let key = reference_key(FactKind::Payment, &new.reference);
        let closed = run::last_closed_day(tx, self.span_width)?.map(|day| day.0);
        let as_of = closed.map_or(new.value_on, |closed| closed.max(new.value_on));
        let claim = ReferenceRow { agreement: None, customer: Some(customer), as_of };
        let (payment, is_new) = match claim_reference(tx, key, &claim)? {
            None => {
                let shares = self.split_over(tx, &rows, new, amount, context)?;
                let payment = CustomerPaymentRow {
                    key,
                    customer,
                    reference: new.reference.clone(),
                    amount,
                    value_on: new.value_on,
                    designated: new.designated.clone(),
                    actor: context.caller.actor.to_owned(),
                    recorded_at: context.caller.now,
                    shares,
                };
                insert_customer_payment(tx, &payment)?;
                (payment, true)
            }
            Some(used) => (known_payment(tx, used, key, new, customer, amount)?, false),
        };
        let recorded = self.record_shares(tx, &rows, &payment, &new.note, context)?;
        let mut view = self.view(&rows, new, amount, &payment.shares);
        view.recorded_at = Some(payment.recorded_at);
        view.is_new = is_new;
        view.recorded = recorded;
        Ok(view)
    }

    /// One payment for each agreement that has a share.
    fn record_shares(
        &self,
        tx: &mut Tx<'_>,
        rows: &[AgreementRow],
        payment: &CustomerPaymentRow,
        note: &str,
        context: Context<'_>,
    ) -> Result<Vec<Recorded>, EngineError> {
        let mut recorded = Vec::new();
        for row in rows {
            let own = payment.shares.iter().filter(|share| share.agreement == row.id);
            let zero = Money::zero(payment.amount.currency());
            let amount = own.map(|share| share.amount).try_fold(zero, Money::try_add)?;
            if !amount.is_positive() {
                continue;
            }
            let mut told = Told::new(FactKind::Payment, amount, payment.value_on, &payment.reference, note);
            told.is_share = true;
            recorded.push(self.record_fact(tx, row, &told, context)?);
        }
        Ok(recorded)
    }

    /// The customer's agreements in the currency of the payment, and its amount.
    fn rows_and_amount(
        &self,
        tx: &mut Tx<'_>,
        new: &NewCustomerPayment,
    ) -> Result<(Vec<AgreementRow>, Money), EngineError> {
        let refuse = |code, complaint: Wording| Err(EngineError::Refused { code, complaint });
        let id = CustomerId::parse(&new.customer).unwrap_or_else(|| CustomerId::of_external(&new.customer));
        let mut rows = agreement::of_customer(tx, id)?;
        if rows.is_empty() {
            return Err(EngineError::NotFound {
                what: "customer with an agreement",
                name: new.customer.clone(),
            });
        }
        let mut currencies: Vec<Currency> = rows.iter().map(|row| row.currency).collect();
        currencies.sort_unstable();
        currencies.dedup();
        let currency = match (new.currency, currencies.as_slice()) {
            (Some(given), known) if known.contains(&given) => given,
            (Some(given), known) => {
                // Another currency than any agreement's: the refusal of a fact names both.
                recording::read_amount(&new.amount, Some(given), known[0])?;
                known[0]
            }
            (None, [only]) => *only,
            (None, _) => {
                let codes: Vec<&str> = currencies.iter().map(Currency::code).collect();
                let complaint = wording!(
                    "该客户有 {} 几种币种的合约；请写明款项是哪种币种",
                    "the customer has agreements in {}; say in which the money is",
                    codes.join(" and ")
                );
                return refuse("currency_needed", complaint);
            }
        };
        rows.retain(|row| row.currency == currency);
        let amount = recording::read_amount(&new.amount, new.currency, currency)?;
        // An agreement that began later cannot take a payment of an earlier day, but the others can.
        if rows.iter().any(|row| row.opened_on <= new.value_on) {
            rows.retain(|row| row.opened_on <= new.value_on);
        }
        for name in &new.designated {
            let named = self.find_agreement(tx, name)?;
            if !rows.iter().any(|row| row.id == named.id) {
                let complaint = wording!(
                    "合约“{name}”不是客户“{}”在 {1} 的 {currency} 合约；请写明该客户自己的合约",
                    "agreement {name:?} is not one of customer {:?} in {currency} on {}; name one of theirs",
                    new.customer,
                    new.value_on
                );
                return refuse("not_of_customer", complaint);
            }
        }
        Ok((rows, amount))
    }

    fn split_over(
        &self,
        tx: &mut Tx<'_>,
        rows: &[AgreementRow],
        new: &NewCustomerPayment,
        amount: Money,
        context: Context<'_>,
    ) -> Result<Vec<Share>, EngineError> {
        let mut debts = Vec::new();
        for row in rows {
            let facts = self.facts(tx, row)?;
            let on = new.value_on;
            let terms = context.policies.terms(&row.product, row.product_version, row.statement_day, on)?;
            let position = fold(&terms, row.opened_on, &facts, on, &mut |_| {})?;
            debts.extend(debts_of(row, &terms, &position)?);
        }
        let id = |name: &String| AgreementId::parse(name).unwrap_or_else(|| AgreementId::of_external(name));
        let designated: Vec<AgreementId> = new.designated.iter().map(id).collect();
        Ok(customer_split::split(&debts, &designated, amount, new.value_on, rows[0].id)?)
    }

    fn view(
        &self,
        rows: &[AgreementRow],
        new: &NewCustomerPayment,
        amount: Money,
        shares: &[Share],
    ) -> CustomerPayment {
        let name = |id: AgreementId| {
            rows.iter().find(|row| row.id == id).map_or_else(|| id.to_string(), |row| row.external_id.clone())
        };
        let shares = shares.iter().map(|share| ShareView {
            agreement: name(share.agreement),
            due_on: share.due_on,
            rank: share.rank,
            amount: share.amount,
        });
        CustomerPayment {
            customer: rows[0].customer,
            reference: new.reference.clone(),
            amount,
            value_on: new.value_on,
            recorded_at: None,
            is_new: false,
            shares: shares.collect(),
            recorded: Vec::new(),
        }
    }
}

/// The payment that is recorded under the reference, if it is the same.
fn known_payment(
    tx: &mut Tx<'_>,
    used: ReferenceRow,
    key: dunlin_domain::id::Key,
    new: &NewCustomerPayment,
    customer: CustomerId,
    amount: Money,
) -> Result<CustomerPaymentRow, EngineError> {
    let known = match used.customer {
        Some(owner) => find_customer_payment(tx, owner, key)?,
        None => None,
    };
    let recorded = match known {
        Some(known)
            if known.customer == customer
                && known.amount == amount
                && known.value_on == new.value_on
                && known.designated == new.designated =>
        {
            return Ok(known);
        }
        Some(known) => {
            format!("a payment of {:?} on {} over several agreements", known.amount, known.value_on)
        }
        None => "a payment for one agreement".to_owned(),
    };
    Err(Refusal::ReferenceConflict { reference: new.reference.clone(), recorded }.into())
}

/// What is open of an agreement, debt by debt: each statement, and what is not billed yet.
fn debts_of(row: &AgreementRow, terms: &Terms, position: &Position) -> Result<Vec<Debt>, EngineError> {
    let (agreement, security) = (row.id, row.security);
    let burden = terms.late_fee.as_ref().map_or(Rate::from_millionths(0), |fee| fee.rate_per_day);
    let mut debts = Vec::new();
    let mut billed = Money::zero(terms.currency);
    for statement in &position.statements {
        let open = statement.rest()?.try_add(statement.late_fee_rest(terms, position.as_of)?)?;
        billed = billed.try_add(open)?;
        debts.push(Debt { agreement, due_on: statement.due_on, open, security, burden });
    }
    let unbilled = position.owed(terms)?.try_sub(billed)?;
    let due_on = terms.due.due_on(position.next_cut_off_on);
    debts.push(Debt { agreement, due_on, open: unbilled, security, burden });
    Ok(debts)
}

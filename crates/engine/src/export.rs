//! Export of the database as a portfolio folder: the format that `import` reads, in one unchanging state.
//!
//! Customers with their names, contact points as they are now, products with their documents, agreements, the facts
//! that stand, and contacts. Importing the folder where it came from changes nothing; importing it into an empty
//! database and exporting that gives the same files. Not in the folder, because the format has no place for it:
//! what a correction withdrew, waivers, and calls of which nobody knows what became. The folder holds personal data in clear; whoever writes it keeps it safe.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::{ContactPointId, CustomerId, FactId, MessageId, Part};
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Currency;
use dunlin_store::agreement::{self, StoredFact};
use dunlin_store::check::{self, Try};
use dunlin_store::customer;
use dunlin_store::message::{self, MessageRow};
use dunlin_store::policy::{DocumentRow, documents};
use dunlin_store::{StoreError, Tx};

use crate::policy::PolicyKind;
use crate::portfolio::{
    AgreementRow, AgreementState, ContactPointRow, CustomerRow, DecimalAmount, Format, ObligationRow,
    PastContactRow, PastOutcome, PaymentMovement, PaymentRow, PortfolioRow, PortfolioWriter, ProductDocument,
    ProductRow, PurchaseRow, RefundRow, Table,
};
use crate::{Engine, EngineError};

/// Customers whose names and numbers are opened at once.
const CUSTOMER_COUNT: usize = 1_000;

/// What an export wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportReport {
    /// Rows of each table, in the order of import. Tables without a row have no file.
    pub tables: Vec<(Table, u64)>,
    /// Facts that were left out because a correction withdrew them, the withdrawals not counted.
    pub withdrawn: u64,
    /// Waivers that were left out because the format has no table for them.
    pub waivers: u64,
    /// Later charges, plan changes, pauses, write-offs and the like; the format has no table for them.
    pub others: u64,
    /// Calls that were left out because nobody knows what became of them, which the format cannot say.
    pub unknown_calls: u64,
}

/// The folder being written, and what it holds so far.
struct Output {
    writer: PortfolioWriter,
    counts: [u64; Table::ALL.len()],
    withdrawn: u64,
    waivers: u64,
    others: u64,
    unknown_calls: u64,
}

impl Output {
    fn row<R: PortfolioRow>(&mut self, row: &R) -> Result<(), EngineError> {
        self.counts[R::TABLE as usize] += 1;
        Ok(self.writer.write(row)?)
    }
}

impl Engine {
    /// Writes the database as a portfolio into `folder`, which must not hold one yet. `progress` hears how many
    /// agreements are done. Files get their names when all of them are complete.
    ///
    /// # Errors
    /// When the folder cannot be written or holds a table; what the database or the cipher says.
    pub fn export(
        &self,
        folder: &Path,
        format: Format,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<ExportReport, EngineError> {
        let writer = PortfolioWriter::create(folder, format)?;
        let mut output = Output {
            writer,
            counts: [0; Table::ALL.len()],
            withdrawn: 0,
            waivers: 0,
            others: 0,
            unknown_calls: 0,
        };
        self.db.read_as(|tx| -> Result<(), EngineError> {
            products(tx, &mut output)?;
            let mut done = 0;
            for part in check::parts_in_use(tx)? {
                done += self.export_part(tx, part, &mut output)?;
                progress(done);
            }
            Ok(())
        })?;
        let Output { writer, counts, withdrawn, waivers, others, unknown_calls } = output;
        writer.finish()?;
        let tables = Table::ALL.iter().zip(counts).map(|(table, rows)| (*table, rows)).collect();
        Ok(ExportReport { tables, withdrawn, waivers, others, unknown_calls })
    }

    /// Writes the rows of one part; gives the number of its agreements.
    fn export_part(&self, tx: &mut Tx<'_>, part: Part, output: &mut Output) -> Result<u64, EngineError> {
        let ids = customer::ids_of_part(tx, part)?;
        let mut names: HashMap<CustomerId, String> = HashMap::with_capacity(ids.len());
        let mut points: HashMap<ContactPointId, String> = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(CUSTOMER_COUNT) {
            self.export_customers(tx, chunk, (&mut names, &mut points), output)?;
        }
        let mut rows = Vec::new();
        agreement::each_of_part(tx, part, |row| {
            rows.push(row);
            Ok(())
        })?;
        let keys: Vec<_> = rows.iter().map(|row| (row.part, row.id, row.currency)).collect();
        let mut facts = agreement::facts_of(tx, &keys)?;
        let mut agreements = HashMap::with_capacity(rows.len());
        for row in &rows {
            let customer =
                names.get(&row.customer).ok_or_else(|| missing("agreement", row.id, "customer"))?;
            output.row(&agreement_row(row, customer)?)?;
            let facts = facts.remove(&row.id).unwrap_or_default();
            AgreementFacts::new(&row.external_id, row.currency, &facts).write(output)?;
            agreements.insert(row.id, row.external_id.as_str());
        }
        let tries = check::tries_of_part(tx, part)?;
        let mut contacts: Vec<Contact> = Vec::new();
        message::each_of_part(tx, part, |message| {
            contacts.extend(Contact::of(message, &tries)?);
            Ok(())
        })?;
        // Our own id of an imported contact differs from the one where it was made; the lender's stays.
        contacts.sort_by(|left, right| left.contact_id.cmp(&right.contact_id));
        for contact in contacts {
            let customer = names.get(&contact.message.customer);
            let agreement = agreements.get(&contact.message.agreement);
            let (Some(customer), Some(agreement)) = (customer, agreement) else {
                return Err(missing("message", contact.message.id, "customer or agreement").into());
            };
            let point = contact.message.contact_point.and_then(|id| points.get(&id));
            match contact.row(customer, agreement, point) {
                Some(row) => output.row(&row)?,
                None => output.unknown_calls += 1,
            }
        }
        Ok(rows.len() as u64)
    }

    /// Writes customers with their contact points, and notes the lender's ids of them.
    fn export_customers(
        &self,
        tx: &mut Tx<'_>,
        ids: &[CustomerId],
        (names, points): (&mut HashMap<CustomerId, String>, &mut HashMap<ContactPointId, String>),
        output: &mut Output,
    ) -> Result<(), EngineError> {
        let mut opened = customer::opened(tx, &self.master, ids)?;
        for id in ids {
            let Some(row) = opened.remove(id) else { continue };
            output.row(&CustomerRow {
                customer_id: row.external_id.clone(),
                name: row.name,
                language: row.language,
                zone: row.zone,
                segment: row.segment,
                opt_out_channels: row.opted_out,
            })?;
            names.insert(*id, row.external_id);
        }
        for point in customer::opened_points(tx, &self.master, ids)? {
            let customer =
                names.get(&point.customer).ok_or_else(|| missing("contact point", point.id, "customer"))?;
            let priority = u32::try_from(point.priority).map_err(|_| StoreError::Data {
                what: format!("contact point {}: its priority", point.id),
            })?;
            points.insert(point.id, point.external_id.clone());
            output.row(&ContactPointRow {
                contact_point_id: point.external_id,
                customer_id: customer.clone(),
                kind: point.kind,
                value: point.value,
                party: point.party,
                state: point.state,
                priority,
            })?;
        }
        Ok(())
    }
}

fn missing(what: &str, id: impl std::fmt::Display, lacks: &str) -> StoreError {
    StoreError::Data { what: format!("{what} {id} has no {lacks}; run verify") }
}

/// All versions of all products. Their documents go along, also those that come with Dunlin: another version of it
/// may come with others.
fn products(tx: &mut Tx<'_>, output: &mut Output) -> Result<(), EngineError> {
    let is_product = |document: &DocumentRow| document.kind == PolicyKind::Product.code();
    for document in documents(tx)?.into_iter().filter(is_product) {
        let path = format!("products/{}-{}.toml", document.name, document.version);
        output.writer.write_document(&path, &document.content)?;
        output.row(&ProductRow {
            product: document.name,
            version: document.version,
            effective_from: document.effective_from,
            document: ProductDocument::File(path),
        })?;
    }
    Ok(())
}

fn agreement_row(row: &agreement::AgreementRow, customer: &str) -> Result<AgreementRow, EngineError> {
    Ok(AgreementRow {
        agreement_id: row.external_id.clone(),
        customer_id: customer.to_owned(),
        product: row.product.clone(),
        currency: row.currency,
        opened_on: row.opened_on,
        credit_limit: decimal(row.credit_limit)?,
        statement_day: row.statement_day,
        reported: row.is_reported,
        state: if row.closed_on.is_some() { AgreementState::Closed } else { AgreementState::Active },
        closed_on: row.closed_on,
        security: row.security,
    })
}

fn decimal(money: dunlin_domain::money::Money) -> Result<DecimalAmount, StoreError> {
    DecimalAmount::from_money(money).map_err(|error| StoreError::Data { what: error.to_string() })
}

/// The facts of one agreement on their way out.
struct AgreementFacts<'f> {
    agreement: &'f str,
    currency: Currency,
    by_id: HashMap<FactId, &'f StoredFact>,
    /// Those that stand, in the order of the lender's ids: the same in every database that holds them.
    standing: Vec<&'f StoredFact>,
    withdrawn: u64,
}

impl<'f> AgreementFacts<'f> {
    fn new(agreement: &'f str, currency: Currency, facts: &'f [StoredFact]) -> Self {
        let withdrawals = facts.iter().filter(|stored| stored.fact.kind == FactKind::Withdrawal);
        let withdrawn: BTreeSet<FactId> = withdrawals.filter_map(|stored| stored.fact.target).collect();
        let stands = |stored: &&StoredFact| {
            stored.fact.kind != FactKind::Withdrawal && !withdrawn.contains(&stored.fact.id)
        };
        let mut standing: Vec<&StoredFact> = facts.iter().filter(stands).collect();
        // A reversal goes behind all payments, because an import may meet it in a later chunk but not in an earlier.
        standing.sort_by_key(|stored| (stored.fact.kind, stored.fact.reference.as_str()));
        let by_id = facts.iter().map(|stored| (stored.fact.id, stored)).collect();
        Self { agreement, currency, by_id, standing, withdrawn: withdrawn.len() as u64 }
    }

    fn write(&self, output: &mut Output) -> Result<(), EngineError> {
        output.withdrawn += self.withdrawn;
        for stored in &self.standing {
            let fact = &stored.fact;
            match fact.kind {
                FactKind::Purchase => output.row(&self.purchase(stored)?)?,
                FactKind::Obligation => output.row(&self.obligation(stored)?)?,
                FactKind::Payment => output.row(&self.payment(stored)?)?,
                FactKind::Reversal => output.row(&self.reversal(stored)?)?,
                FactKind::Refund => output.row(&self.refund(stored)?)?,
                FactKind::Waiver => output.waivers += 1,
                FactKind::Charge
                | FactKind::AgeingPause
                | FactKind::AgeingResume
                | FactKind::FeeFreeze
                | FactKind::StatementPlan
                | FactKind::Reschedule
                | FactKind::Payoff
                | FactKind::CreditRefund
                | FactKind::Return
                | FactKind::ChargeOff
                | FactKind::WriteOff
                | FactKind::Sale => output.others += 1,
                FactKind::Withdrawal => {}
            }
        }
        Ok(())
    }

    /// The row in the form in which it came, as its hash tells: with or without what the format lets one leave out.
    /// So an import knows it again.
    fn as_it_came<R: PortfolioRow>(stored: &StoredFact, mut forms: Vec<R>) -> R {
        let known = forms.iter().position(|row| row.content_hash() == stored.content_hash);
        forms.swap_remove(known.unwrap_or(0))
    }

    /// Nothing, or the agreement's currency: the column is only a check.
    fn currencies(&self) -> [Option<Currency>; 2] {
        [None, Some(self.currency)]
    }

    fn purchase(&self, stored: &StoredFact) -> Result<PurchaseRow, StoreError> {
        let fact = &stored.fact;
        let amount = decimal(fact.amount)?;
        let form = |currency| PurchaseRow {
            purchase_id: fact.reference.clone(),
            agreement_id: self.agreement.to_owned(),
            purchased_on: fact.value_on,
            amount,
            instalment_count: fact.instalment_count,
            merchant: (!stored.note.is_empty()).then(|| stored.note.clone()),
            currency,
        };
        Ok(Self::as_it_came(stored, self.currencies().map(form).into()))
    }

    fn obligation(&self, stored: &StoredFact) -> Result<ObligationRow, StoreError> {
        let fact = &stored.fact;
        let amount = decimal(fact.amount)?;
        let form = |currency| ObligationRow {
            obligation_id: fact.reference.clone(),
            agreement_id: self.agreement.to_owned(),
            component: fact.component,
            due_on: fact.due_on.unwrap_or(fact.value_on),
            amount,
            currency,
        };
        Ok(Self::as_it_came(stored, self.currencies().map(form).into()))
    }

    fn payment(&self, stored: &StoredFact) -> Result<PaymentRow, StoreError> {
        let amount = decimal(stored.fact.amount)?;
        let form = |currency| self.payment_row(&stored.fact, PaymentMovement::Received { amount }, currency);
        Ok(Self::as_it_came(stored, self.currencies().map(form).into()))
    }

    fn reversal(&self, stored: &StoredFact) -> Result<PaymentRow, StoreError> {
        let target = self.target(&stored.fact)?;
        let amounts = [None, Some(decimal(target.amount)?)];
        let forms =
            amounts.into_iter().flat_map(|amount| self.currencies().map(|currency| (amount, currency)));
        let form = |(amount, currency)| {
            let movement = PaymentMovement::Undone { reverses: target.reference.clone(), amount };
            self.payment_row(&stored.fact, movement, currency)
        };
        Ok(Self::as_it_came(stored, forms.map(form).collect()))
    }

    fn payment_row(&self, fact: &Fact, movement: PaymentMovement, currency: Option<Currency>) -> PaymentRow {
        PaymentRow {
            payment_id: fact.reference.clone(),
            agreement_id: self.agreement.to_owned(),
            paid_on: fact.value_on,
            movement,
            currency,
        }
    }

    fn refund(&self, stored: &StoredFact) -> Result<RefundRow, StoreError> {
        let fact = &stored.fact;
        let (amount, purchase) = (decimal(fact.amount)?, self.target(fact)?);
        let form = |currency| RefundRow {
            refund_id: fact.reference.clone(),
            agreement_id: self.agreement.to_owned(),
            purchase_id: purchase.reference.clone(),
            refunded_on: fact.value_on,
            amount,
            currency,
        };
        Ok(Self::as_it_came(stored, self.currencies().map(form).into()))
    }

    /// The fact that `fact` acts on.
    fn target(&self, fact: &Fact) -> Result<&'f Fact, StoreError> {
        let found = fact.target.and_then(|target| self.by_id.get(&target));
        found.map(|stored| &stored.fact).ok_or_else(|| missing("fact", fact.id, "fact that it acts on"))
    }
}

/// A contact that was made, before Dunlin or by it.
struct Contact {
    message: MessageRow,
    /// What the lender called it, or our id.
    contact_id: String,
    channel: Channel,
    sent_at: Timestamp,
    /// What became of it, if the format has a word for it.
    outcome: Option<PastOutcome>,
}

impl Contact {
    /// The contact behind a message; nothing if it never left the house.
    fn of(message: MessageRow, tries: &HashMap<MessageId, Vec<Try>>) -> Result<Option<Self>, StoreError> {
        let Some(channel) = message.channel else { return Ok(None) };
        // An imported contact keeps the lender's word for the outcome, and the lender's id of it.
        if crate::verify::is_imported(&message) {
            let told = message.state_detail.split_once(':').and_then(|(word, contact_id)| {
                let outcome = PastOutcome::ALL.iter().find(|outcome| outcome.code() == word)?;
                Some((*outcome, contact_id.to_owned()))
            });
            let (outcome, contact_id) = told.ok_or_else(|| missing("message", message.id, "outcome"))?;
            // One that was about all agreements stands under each of them, and is written once.
            let is_first = message.id == MessageId::of_import(message.customer, &contact_id);
            if message.row == message::ABOUT_ALL && !is_first {
                return Ok(None);
            }
            let sent_at = message.state_at;
            return Ok(Some(Self { message, contact_id, channel, sent_at, outcome: Some(outcome) }));
        }
        let is_call = channel == Channel::Voice;
        let outcome = match message.state {
            MessageState::Delivered if is_call => Some(PastOutcome::Effective),
            MessageState::Delivered => Some(PastOutcome::Delivered),
            MessageState::Failed if is_call => Some(PastOutcome::Unanswered),
            MessageState::Failed => Some(PastOutcome::Failed),
            // The format has no call of which nobody knows what became.
            MessageState::Accepted | MessageState::Unknown if is_call => None,
            MessageState::Accepted | MessageState::Unknown => Some(PastOutcome::Unknown),
            MessageState::Planned
            | MessageState::Held
            | MessageState::Queued
            | MessageState::Sending
            | MessageState::Expired
            | MessageState::Replaced
            | MessageState::Cancelled => return Ok(None),
        };
        let last = tries.get(&message.id).and_then(|tries| tries.last());
        let Some(sent_at) = last.map(|attempt| attempt.started_at) else { return Ok(None) };
        let contact_id = message.id.to_string();
        Ok(Some(Self { message, contact_id, channel, sent_at, outcome }))
    }

    fn row(&self, customer: &str, agreement: &str, point: Option<&String>) -> Option<PastContactRow> {
        let is_about_all =
            crate::verify::is_imported(&self.message) && self.message.row == message::ABOUT_ALL;
        Some(PastContactRow {
            contact_id: self.contact_id.clone(),
            customer_id: customer.to_owned(),
            agreement_id: (!is_about_all).then(|| agreement.to_owned()),
            channel: self.channel,
            sent_at: self.sent_at,
            outcome: self.outcome?,
            contact_point_id: point.cloned(),
        })
    }
}

//! The sale of claims (债权转让) to one buyer: what is sold, the second person, the notice to each customer.
//!
//! A sale is written agreement by agreement, each in a transaction of its own, so that one of many customers stops no
//! other; the same command again goes on where it was left. An assignment that the debtor was not told of has no
//! effect against them (Civil Code art. 546), so that each agreement's notice goes into the outbox in the transaction
//! of its sale.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::collections::BTreeSet;

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{FactError, FactKind};
use dunlin_domain::id::hash_parts;
use dunlin_domain::money::Money;
use dunlin_domain::recording;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::loss::{self, LossRow, SaleRow};
use dunlin_store::message::{self, MessageRow};
use dunlin_store::{Tx, audit};

use super::decision::{approved, check_note, check_second, rejected};
use super::notice::is_notice_of;
use super::{Loss, audit_loss, is_recorded, loss_id, refused};
use crate::payment::record::{Recorded, Told};
use crate::payment::{Caller, Context};
use crate::{Engine, EngineError, text_id};

/// Agreements of one sale at most.
const LINE_COUNT_MAX: usize = 200_000;

/// One agreement of a sale that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSaleLine {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// What the buyer pays for it, decimal.
    pub price: String,
}

/// A sale that is asked for.
#[derive(Clone, Debug)]
pub struct NewSale {
    /// The lender's reference; the same one with the same content goes on with the same sale.
    pub reference: String,
    /// The buyer's name.
    pub buyer_zh: String,
    /// The buyer's name in English.
    pub buyer_en: String,
    /// Where customers reach the buyer.
    pub buyer_contact: String,
    /// The day from which the claims are the buyer's; the day that the books are on if none is given.
    pub sold_on: Option<Date>,
    /// Why, in words.
    pub note: String,
    /// What is sold.
    pub lines: Vec<NewSaleLine>,
}

/// A sale and what became of each of its agreements.
#[derive(Clone, Debug)]
pub struct Sale {
    /// What was asked for.
    pub row: SaleRow,
    /// Its agreements.
    pub lines: Vec<SoldLine>,
}

/// One agreement of a sale.
#[derive(Clone, Debug)]
pub struct SoldLine {
    /// The agreement with the loss.
    pub loss: Loss,
    /// The last notice to its customer; `None` where there is none yet.
    pub notice: Option<MessageRow>,
}

impl Sale {
    /// The text form of its id.
    #[must_use]
    pub fn id(&self) -> String {
        text_id::text_of("sal", self.row.id)
    }

    /// `pending`, `recorded`, `approved`, `rejected` or `expired`; `partly_recorded` where a command was cut off.
    #[must_use]
    pub fn state(&self) -> &str {
        let states: BTreeSet<&str> = self.lines.iter().map(|line| line.loss.row.state.as_str()).collect();
        match states.iter().next() {
            Some(state) if states.len() == 1 => state,
            Some(_) => "partly_recorded",
            None => "pending",
        }
    }
}

/// A sale that was checked, before anything is written.
struct Checked {
    row: SaleRow,
    lines: Vec<(AgreementRow, LossRow)>,
}

impl Engine {
    /// Sells claims; above the limit the sale waits for a second person.
    ///
    /// # Errors
    /// `sale` for a sale that cannot be (no agreements, one twice, no buyer), `reference_conflict`, `sold`,
    /// `nothing_owed`, and those of every fact; each names the agreement.
    pub fn sell(&self, new: &NewSale, caller: Caller<'_>) -> Result<Sale, EngineError> {
        check_request(new)?;
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        let id = hash_parts("sal", &[new.reference.as_bytes()]);
        let known = self.db.read(|tx| loss::find_sale(tx, id))?;
        match &known {
            Some(known) if known.content_hash != content_hash(new) => {
                let recorded = format!("a sale to {} on {}", known.buyer_zh, known.sold_on);
                let reference = new.reference.clone();
                return Err(recording::Refusal::ReferenceConflict { reference, recorded }.into());
            }
            Some(_) | None => {}
        }
        let checked = self.db.read_as(|tx| self.check_sale(tx, new, id, known.as_ref(), context))?;
        self.db.write_as(|tx| {
            if loss::insert_sale(tx, &checked.row)? {
                audit_sale(tx, &checked, caller)?;
            }
            Ok::<(), EngineError>(())
        })?;
        for (agreement, line) in &checked.lines {
            self.db.write_as(|tx| self.sell_line(tx, agreement, line, &checked.row, context))?;
        }
        self.sale(&text_id::text_of("sal", id))
    }

    /// Checks the sale as a whole and each agreement of it.
    fn check_sale(
        &self,
        tx: &mut Tx<'_>,
        new: &NewSale,
        id: [u8; 16],
        known: Option<&SaleRow>,
        context: Context<'_>,
    ) -> Result<Checked, EngineError> {
        let Caller { actor, now } = context.caller;
        let today = self.books_today(tx, now)?;
        let row = known.cloned().unwrap_or_else(|| SaleRow {
            id,
            reference: new.reference.clone(),
            buyer_zh: new.buyer_zh.clone(),
            buyer_en: new.buyer_en.clone(),
            buyer_contact: new.buyer_contact.clone(),
            sold_on: new.sold_on.unwrap_or(today),
            content_hash: content_hash(new),
            note: new.note.clone(),
            requested_by: actor.to_owned(),
            requested_at: now,
        });
        let mut lines = Vec::with_capacity(new.lines.len());
        for line in &new.lines {
            let agreement = self.find_agreement(tx, &line.agreement)?;
            let checked = self.check_line(tx, &agreement, line, &row, context);
            let loss = checked.map_err(|error| in_agreement(&agreement.external_id, error))?;
            lines.push((agreement, loss));
        }
        let needs_second = self.sale_needs_second(&lines)?;
        for (_, loss) in &mut lines {
            if loss.state.is_empty() {
                loss.state = if needs_second { "pending" } else { "recorded" }.to_owned();
            }
        }
        check_distinct(&lines)?;
        Ok(Checked { row, lines })
    }

    /// The loss of one agreement: the one that is there, or a new one whose state is still empty.
    fn check_line(
        &self,
        tx: &mut Tx<'_>,
        agreement: &AgreementRow,
        line: &NewSaleLine,
        sale: &SaleRow,
        context: Context<'_>,
    ) -> Result<LossRow, EngineError> {
        let reference = format!("{}:{}", sale.reference, agreement.external_id);
        recording::check_reference(&reference)?;
        let id = loss_id(agreement, &reference);
        if let Some(known) = loss::find(tx, agreement.part, id)? {
            return Ok(known);
        }
        let price = read_price(&line.price, agreement)?;
        let ground = self.loss_ground(tx, agreement, sale.sold_on, context)?;
        let claim = ground.position.claim;
        if let Some(on) = claim.sold_on {
            return Err(FactError::Sold { on }.into());
        }
        if !ground.owed.is_positive() && claim.written_off_on.is_none() {
            return refused(
                "nothing_owed",
                wording!("{} 没有欠款可供转让", "nothing is owed on {} that could be sold", sale.sold_on),
            );
        }
        let now = context.caller.now;
        Ok(LossRow {
            part: agreement.part,
            id,
            agreement: agreement.id,
            kind: FactKind::Sale,
            owed: ground.owed,
            price,
            value_on: sale.sold_on,
            reason: "sale".to_owned(),
            note: sale.buyer_zh.clone(),
            reference,
            sale: Some(sale.id),
            requested_by: sale.requested_by.clone(),
            requested_at: now,
            expires_at: self.loss_expiry(now),
            state: String::new(),
            decided_by: None,
            decided_at: None,
            decision_note: None,
        })
    }

    /// Whether what is owed on all agreements of a currency together needs a second person.
    fn sale_needs_second(&self, lines: &[(AgreementRow, LossRow)]) -> Result<bool, EngineError> {
        let mut currencies: Vec<_> = lines.iter().map(|(agreement, _)| agreement.currency).collect();
        currencies.dedup();
        for currency in currencies {
            let alone_max = i128::from(Money::parse(&self.payments.losses.alone_max, currency)?.minor());
            let of_currency = lines.iter().filter(|(agreement, _)| agreement.currency == currency);
            let owed: i128 = of_currency.map(|(_, loss)| i128::from(loss.owed.minor())).sum();
            if owed > alone_max {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes one agreement of a sale: its request, and where nobody else has to agree the sale itself.
    fn sell_line(
        &self,
        tx: &mut Tx<'_>,
        agreement: &AgreementRow,
        line: &LossRow,
        sale: &SaleRow,
        context: Context<'_>,
    ) -> Result<(), EngineError> {
        dunlin_store::payment::lock_agreement(tx, agreement.part, agreement.id)?;
        let is_new = loss::insert(tx, line)?;
        if is_new && line.state == "pending" {
            audit_loss(tx, agreement, line, "loss.request", "pending", context.caller)?;
        }
        if is_recorded(line) {
            self.record_sale(tx, agreement, line, sale, context)?;
        }
        Ok(())
    }

    /// Records the sale of one agreement, and puts the notice to its customer into the outbox.
    fn record_sale(
        &self,
        tx: &mut Tx<'_>,
        agreement: &AgreementRow,
        line: &LossRow,
        sale: &SaleRow,
        context: Context<'_>,
    ) -> Result<Recorded, EngineError> {
        let told = Told::new(FactKind::Sale, line.price, line.value_on, &line.reference, &line.note);
        let recorded = self
            .record_fact(tx, agreement, &told, context)
            .map_err(|error| in_agreement(&agreement.external_id, error))?;
        self.plan_notice(tx, agreement, sale, context)?;
        Ok(recorded)
    }

    /// A second person agrees: every agreement of the sale is recorded.
    ///
    /// # Errors
    /// `same_person`, `not_pending`, `expired`; and the refusals of a fact, which name the agreement: what was recorded
    /// before it stands, and the same command again goes on with the others.
    pub fn approve_sale(&self, id: &str, note: &str, caller: Caller<'_>) -> Result<Sale, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        let sale = self.sale(id)?;
        let pending: Vec<&SoldLine> = pending_of(&sale)?;
        for line in &pending {
            check_second(&line.loss.row, caller)?;
        }
        for line in pending {
            self.db.write_as(|tx| {
                let agreement = self.find_agreement(tx, &line.loss.row.agreement.to_string())?;
                dunlin_store::payment::lock_agreement(tx, agreement.part, agreement.id)?;
                let loss = approved(tx, &agreement, line.loss.row.clone(), note, caller)?;
                self.record_sale(tx, &agreement, &loss, &sale.row, context).map(|_| ())
            })?;
        }
        self.sale(id)
    }

    /// A sale that waits is refused; the one who asked may withdraw it so.
    ///
    /// # Errors
    /// `not_pending`; `reason` without words.
    pub fn reject_sale(&self, id: &str, note: &str, caller: Caller<'_>) -> Result<Sale, EngineError> {
        check_note(note)?;
        let sale = self.sale(id)?;
        for line in pending_of(&sale)? {
            self.db.write_as(|tx| {
                let agreement = self.find_agreement(tx, &line.loss.row.agreement.to_string())?;
                rejected(tx, &agreement, line.loss.row.clone(), note, caller).map(|_| ())
            })?;
        }
        self.sale(id)
    }

    /// Sends the notice again to customers whom it did not reach: it was refused, failed, expired, or nobody could be
    /// addressed. Tells how many were put into the outbox.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; what the database says.
    pub fn notify_sale(&self, id: &str, caller: Caller<'_>) -> Result<(Sale, u64), EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        let sale = self.sale(id)?;
        let mut planned = 0;
        for line in sale.lines.iter().filter(|line| line.loss.is_recorded()) {
            let is_new = self.db.write_as(|tx| {
                let agreement = self.find_agreement(tx, &line.loss.row.agreement.to_string())?;
                self.plan_notice(tx, &agreement, &sale.row, context)
            })?;
            planned += u64::from(is_new);
        }
        Ok((self.sale(id)?, planned))
    }

    /// A sale by its id (`sal_…`) or its reference.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; what the database says.
    pub fn sale(&self, id: &str) -> Result<Sale, EngineError> {
        let bytes = text_id::parse("sal", id).unwrap_or_else(|| hash_parts("sal", &[id.as_bytes()]));
        self.db.read_as(|tx| {
            let row = loss::find_sale(tx, bytes)?
                .ok_or_else(|| EngineError::NotFound { what: "sale", name: id.to_owned() })?;
            self.sale_of(tx, row)
        })
    }

    /// All sales, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn sales(&self) -> Result<Vec<Sale>, EngineError> {
        self.db.read_as(|tx| {
            let rows = loss::sales(tx)?;
            rows.into_iter().map(|row| self.sale_of(tx, row)).collect()
        })
    }

    fn sale_of(&self, tx: &mut Tx<'_>, row: SaleRow) -> Result<Sale, EngineError> {
        let mut lines = Vec::new();
        for loss in loss::of_sale(tx, row.id)? {
            let agreement = self.find_agreement(tx, &loss.agreement.to_string())?;
            let messages = message::of_agreement(tx, agreement.part, agreement.id)?;
            let notice = messages.into_iter().filter(is_notice_of(&row)).max_by_key(|notice| notice.state_at);
            let loss = Loss { agreement: agreement.external_id, row: loss, recorded: None };
            lines.push(SoldLine { loss, notice });
        }
        lines.sort_by(|left, right| left.loss.agreement.cmp(&right.loss.agreement));
        Ok(Sale { row, lines })
    }
}

fn check_request(new: &NewSale) -> Result<(), EngineError> {
    recording::check_reference(&new.reference)?;
    let missing = [
        (
            new.buyer_zh.trim().is_empty() || new.buyer_en.trim().is_empty(),
            wording!("没有写明受让方；请填写名称", "names no buyer; give the name"),
        ),
        (
            new.buyer_contact.trim().is_empty(),
            wording!(
                "没有写明客户如何联系受让方；债权转让通知须写明（民法典第 546 条）",
                "says not where customers reach the buyer; the notice must tell them (Civil Code art. 546)"
            ),
        ),
        (
            new.note.trim().is_empty(),
            wording!("没有写明理由；请填写备注", "has no reason in words; give a note"),
        ),
        (new.lines.is_empty(), wording!("没有写明合约；至少写一份", "names no agreement; give at least one")),
        (
            new.lines.len() > LINE_COUNT_MAX,
            wording!("超过 200000 份合约；请拆分", "has more than 200000 agreements; split it"),
        ),
    ];
    match missing.into_iter().find(|(is_missing, _)| *is_missing) {
        Some((_, complaint)) => {
            let Wording { zh, en } = complaint;
            refused("sale", Wording { zh: format!("债权转让{zh}"), en: format!("the sale {en}") })
        }
        None => Ok(()),
    }
}

fn check_distinct(lines: &[(AgreementRow, LossRow)]) -> Result<(), EngineError> {
    let mut seen = BTreeSet::new();
    for (agreement, _) in lines {
        if !seen.insert(agreement.id) {
            let complaint = wording!(
                "转让清单中合约“{}”出现两次；请去掉一个",
                "the sale names agreement {:?} twice; leave one out",
                agreement.external_id
            );
            return refused("sale", complaint);
        }
    }
    Ok(())
}

/// What the buyer pays: an amount that may be zero.
fn read_price(text: &str, agreement: &AgreementRow) -> Result<Money, EngineError> {
    let price = Money::parse(text, agreement.currency)?;
    if price.minor() < 0 {
        return Err(FactError::AmountNotPositive { amount: price }.into());
    }
    if price.minor() > recording::AMOUNT_MINOR_MAX {
        let largest = Money::new(recording::AMOUNT_MINOR_MAX, agreement.currency);
        return Err(recording::Refusal::AmountTooLarge { largest }.into());
    }
    Ok(price)
}

fn pending_of(sale: &Sale) -> Result<Vec<&SoldLine>, EngineError> {
    let pending: Vec<&SoldLine> = sale.lines.iter().filter(|line| line.loss.row.state == "pending").collect();
    if pending.is_empty() {
        return refused(
            "not_pending",
            wording!("债权转让 {} 已处理（{}）", "sale {} is {} already", sale.id(), sale.state()),
        );
    }
    Ok(pending)
}

/// An error with the agreement that it is about.
fn in_agreement(agreement: &str, error: EngineError) -> EngineError {
    match error {
        EngineError::Fact(error) => EngineError::Refused {
            code: error.code(),
            complaint: about_agreement(agreement, error.wording()),
        },
        EngineError::Refused { code, complaint } => {
            EngineError::Refused { code, complaint: about_agreement(agreement, complaint) }
        }
        other => other,
    }
}

fn about_agreement(agreement: &str, complaint: Wording) -> Wording {
    let Wording { zh, en } = complaint;
    Wording { zh: format!("合约“{agreement}”：{zh}"), en: format!("agreement {agreement:?}: {en}") }
}

fn content_hash(new: &NewSale) -> [u8; 16] {
    let sold_on = new.sold_on.map_or_else(String::new, |sold_on| sold_on.to_string());
    let head = [&new.reference, &new.buyer_zh, &new.buyer_en, &new.buyer_contact, &sold_on, &new.note];
    let lines = new.lines.iter().flat_map(|line| [&line.agreement, &line.price]);
    let parts: Vec<&[u8]> = head.into_iter().chain(lines).map(|text| text.as_bytes()).collect();
    hash_parts("claim sale", &parts)
}

fn audit_sale(tx: &mut Tx<'_>, checked: &Checked, caller: Caller<'_>) -> Result<(), EngineError> {
    let sale = &checked.row;
    let after = format!(
        "{} agreements to {} on {}, reference {}",
        checked.lines.len(),
        sale.buyer_zh,
        sale.sold_on,
        sale.reference
    );
    let entry = audit::Entry {
        at: caller.now,
        actor: caller.actor,
        action: "sale.request",
        subject: &text_id::text_of("sal", sale.id),
        before: None,
        after: Some(&after),
        cause: &sale.note,
    };
    audit::append(tx, dunlin_domain::id::Part::new(0), &entry)?;
    Ok(())
}

/// The moment at which a sale lapses if nobody agrees; the earliest of its agreements.
#[must_use]
pub fn lapses_at(sale: &Sale) -> Option<Timestamp> {
    sale.lines.iter().map(|line| line.loss.row.expires_at).min()
}

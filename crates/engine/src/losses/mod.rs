//! Losses: an agreement is charged off (转呆账), written off (核销) or sold (债权转让).
//!
//! Each is one fact on the path of [`crate::payment::record`]. Above a sum that the lender sets, it waits for a second
//! person. What comes in after a write-off is a payment like any other; [`Engine::recoveries`] shows what it recovered.

mod decision;
mod notice;
pub mod sale;
mod sale_file;

use dunlin_domain::amounts::Amounts;
use dunlin_domain::contact::Language;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{FactError, FactKind};
use dunlin_domain::id::{Part, hash_parts};
use dunlin_domain::money::{Money, MoneyError};
use dunlin_domain::position::{Position, fold};
use dunlin_domain::recording;
use dunlin_domain::trace::Event;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::loss::{self, LossRow};
use dunlin_store::{Tx, audit};

use crate::payment::record::{Recorded, Told};
use crate::payment::{Caller, Context};
use crate::{Engine, EngineError, text_id};

pub(crate) use notice::{Assignment, NOTICE, SALE_TEMPLATE};

/// When a loss needs a second person, and how long it may wait for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossPolicy {
    /// The most that is owed of what one person may charge off, write off or sell, decimal, in the currency of the
    /// agreement; for a sale over all its agreements.
    pub alone_max: String,
    /// Days after which one that waits lapses.
    pub expiry_days: i32,
}

impl Default for LossPolicy {
    fn default() -> Self {
        Self { alone_max: "0.00".to_owned(), expiry_days: 7 }
    }
}

/// Why an agreement is charged off or written off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossReason {
    /// It is overdue for longer than the lender's rules allow.
    LongOverdue,
    /// The debtor died.
    Deceased,
    /// The debtor is bankrupt.
    Bankrupt,
    /// It was taken out by fraud.
    Fraud,
    /// Collecting costs more than it brings in.
    Cost,
    /// A court or settlement left no more to claim.
    Settlement,
    /// Another reason, which the note tells.
    Other,
}

impl LossReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::LongOverdue,
        Self::Deceased,
        Self::Bankrupt,
        Self::Fraud,
        Self::Cost,
        Self::Settlement,
        Self::Other,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::LongOverdue => "long_overdue",
            Self::Deceased => "deceased",
            Self::Bankrupt => "bankrupt",
            Self::Fraud => "fraud",
            Self::Cost => "cost",
            Self::Settlement => "settlement",
            Self::Other => "other",
        }
    }

    /// Reads [`LossReason::code`].
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// In words.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::LongOverdue => ("长期逾期", "long overdue"),
            Self::Deceased => ("债务人死亡", "debtor deceased"),
            Self::Bankrupt => ("债务人破产", "debtor bankrupt"),
            Self::Fraud => ("欺诈", "fraud"),
            Self::Cost => ("追偿成本过高", "collecting costs too much"),
            Self::Settlement => ("裁判或和解终结", "ended by court or settlement"),
            Self::Other => ("其他", "other"),
        };
        match language {
            Language::Zh => zh,
            Language::En => en,
        }
    }
}

/// What an agreement can be lost by, without a buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossKind {
    /// Charged off (转呆账): still owed, no longer counted on.
    ChargeOff,
    /// Written off (核销): what comes in afterwards is recovery.
    WriteOff,
}

impl LossKind {
    fn fact(self) -> FactKind {
        match self {
            Self::ChargeOff => FactKind::ChargeOff,
            Self::WriteOff => FactKind::WriteOff,
        }
    }
}

/// A charge-off or write-off that is asked for.
#[derive(Clone, Debug)]
pub struct NewLoss {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// Which of them.
    pub kind: LossKind,
    /// The day from which it counts; the day that the books are on if none is given.
    pub value_on: Option<Date>,
    /// Why.
    pub reason: LossReason,
    /// The reason in words.
    pub note: String,
    /// The caller's reference; without one every request is a new one.
    pub reference: Option<String>,
}

/// A charge-off, write-off or sale of one agreement and what became of it.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// What was asked for, and what a second person said.
    pub row: LossRow,
    /// What was recorded; `None` while it waits, and when it was refused.
    pub recorded: Option<Recorded>,
}

impl Loss {
    /// The text form of its id.
    #[must_use]
    pub fn id(&self) -> String {
        text_id::text_of("los", self.row.id)
    }

    /// Whether its fact is recorded.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        is_recorded(&self.row)
    }
}

/// What came in for an agreement after it was written off.
#[derive(Clone, Debug)]
pub struct Recoveries {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The day through which payments count.
    pub on: Date,
    /// The day of the write-off.
    pub written_off_on: Date,
    /// What was written off, by component.
    pub written_off: Amounts,
    /// What came in of it since.
    pub recovered: Money,
    /// What did not.
    pub open: Money,
    /// Each payment: its day, reference, and the part that recovered.
    pub payments: Vec<(Date, String, Money)>,
}

pub(super) fn is_recorded(row: &LossRow) -> bool {
    matches!(row.state.as_str(), "recorded" | "approved")
}

pub(super) fn refused<T>(code: &'static str, complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code, complaint })
}

/// The id of a loss: hashed from agreement and reference, with the part in its first two bytes.
pub(super) fn loss_id(row: &AgreementRow, reference: &str) -> [u8; 16] {
    let mut id = hash_parts("los", &[&row.id.0, reference.as_bytes()]);
    id[..2].copy_from_slice(&row.part.number().to_be_bytes());
    id
}

/// The part in an id's first two bytes.
pub(super) fn part_in(id: [u8; 16]) -> Option<Part> {
    let part = u16::from_be_bytes([id[0], id[1]]);
    (part < dunlin_domain::id::PART_COUNT).then(|| Part::new(part))
}

/// The agreement on the day from which a loss counts.
pub(super) struct Ground {
    pub position: Position,
    pub owed: Money,
}

impl Engine {
    /// Charges an agreement off or writes it off; above the limit it waits for a second person.
    ///
    /// # Errors
    /// `nothing_owed`, `charged_off`, `reason` without words for it, `reference_conflict`, `written_off`, `sold`, and
    /// those of every fact.
    pub fn lose(&self, new: &NewLoss, caller: Caller<'_>) -> Result<Loss, EngineError> {
        if new.note.trim().is_empty() {
            return refused(
                "reason",
                wording!(
                    "转呆账、核销须写明理由；请填写备注",
                    "a loss needs its reason in words; give a note"
                ),
            );
        }
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.write_as(|tx| {
            let row = self.find_agreement(tx, &new.agreement)?;
            dunlin_store::payment::lock_agreement(tx, row.part, row.id)?;
            self.lose_in(tx, &row, new, context)
        })
    }

    fn lose_in(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        new: &NewLoss,
        context: Context<'_>,
    ) -> Result<Loss, EngineError> {
        let Caller { actor, now } = context.caller;
        let kind = new.kind.fact();
        let value_on = match new.value_on {
            Some(value_on) => value_on,
            None => self.books_today(tx, now)?.max(row.opened_on),
        };
        let made = format!("{kind}:{}", now.micros());
        let reference = new.reference.clone().unwrap_or(made);
        recording::check_reference(&reference)?;
        let id = loss_id(row, &reference);
        if let Some(known) = loss::find(tx, row.part, id)? {
            let is_same = known.kind == kind
                && new.value_on.is_none_or(|value_on| value_on == known.value_on)
                && known.reason == new.reason.code()
                && known.note == new.note;
            if !is_same {
                let recorded = format!("a {} on {}", known.kind, known.value_on);
                return Err(recording::Refusal::ReferenceConflict { reference, recorded }.into());
            }
            let recorded =
                if is_recorded(&known) { Some(self.record_loss(tx, row, &known, context)?) } else { None };
            return Ok(Loss { agreement: row.external_id.clone(), row: known, recorded });
        }
        let ground = self.loss_ground(tx, row, value_on, context)?;
        check_claim(&ground, new.kind, value_on)?;
        let alone_max = Money::parse(&self.payments.losses.alone_max, row.currency)?;
        let needs_second = ground.owed.minor() > alone_max.minor();
        let loss = LossRow {
            part: row.part,
            id,
            agreement: row.id,
            kind,
            owed: ground.owed,
            price: Money::zero(row.currency),
            value_on,
            reason: new.reason.code().to_owned(),
            note: new.note.clone(),
            reference,
            sale: None,
            requested_by: actor.to_owned(),
            requested_at: now,
            expires_at: self.loss_expiry(now),
            state: if needs_second { "pending" } else { "recorded" }.to_owned(),
            decided_by: None,
            decided_at: None,
            decision_note: None,
        };
        loss::insert(tx, &loss)?;
        let recorded = if needs_second {
            audit_loss(tx, row, &loss, "loss.request", "pending", context.caller)?;
            None
        } else {
            Some(self.record_loss(tx, row, &loss, context)?)
        };
        Ok(Loss { agreement: row.external_id.clone(), row: loss, recorded })
    }

    pub(super) fn loss_expiry(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(i64::from(self.payments.losses.expiry_days) * 86_400)
    }

    /// Records the fact of a loss, or finds it recorded.
    pub(super) fn record_loss(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        loss: &LossRow,
        context: Context<'_>,
    ) -> Result<Recorded, EngineError> {
        let note = format!("{}: {}", loss.reason, loss.note);
        let told = Told::new(loss.kind, loss.price, loss.value_on, &loss.reference, &note);
        self.record_fact(tx, row, &told, context)
    }

    /// The agreement on a day, and what is owed on it.
    pub(super) fn loss_ground(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        on: Date,
        context: Context<'_>,
    ) -> Result<Ground, EngineError> {
        let latest = self.latest_value_date(context.caller.now, self.wake_date(tx)?);
        if on < row.opened_on {
            return Err(FactError::BeforeAgreement { value_on: on, opened_on: row.opened_on }.into());
        }
        if on > latest {
            return Err(FactError::InFuture { value_on: on, latest }.into());
        }
        let facts = self.facts(tx, row)?;
        let terms = context.policies.terms(&row.product, row.product_version, row.statement_day, on)?;
        let position = fold(&terms, row.opened_on, &facts, on, &mut |_| {})?;
        let owed = position.owed(&terms)?;
        Ok(Ground { position, owed })
    }

    /// What came in for an agreement after it was written off, through `on` or the last closed day.
    ///
    /// # Errors
    /// `not_written_off`; [`EngineError::NotFound`]; what the database says.
    pub fn recoveries(&self, agreement: &str, on: Option<Date>) -> Result<Recoveries, EngineError> {
        let policies = self.policies()?;
        let closed = self.last_closed_day()?.map(|day| day.0);
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, agreement)?;
            let facts = self.facts(tx, &row)?;
            let last_fact = facts.iter().map(|fact| fact.value_on).max();
            let on = on.or(closed.max(last_fact)).unwrap_or(row.opened_on);
            let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
            let mut payments: Vec<(Date, String, Money)> = Vec::new();
            let position = fold(&terms, row.opened_on, &facts, on, &mut |event| {
                if let Event::Recovered { fact, on, amount } = event {
                    let payment = facts.iter().find(|known| known.id == fact);
                    let reference = payment.map_or_else(String::new, |payment| payment.reference.clone());
                    payments.push((on, reference, amount));
                }
            })?;
            let Some(written_off_on) = position.claim.written_off_on else {
                let complaint = wording!(
                    "合约“{}”在 {on} 并未核销；收到的款项按普通还款入账",
                    "agreement {:?} is not written off on {on}; what comes in for it is a payment",
                    row.external_id
                );
                return refused("not_written_off", complaint);
            };
            payments.retain(|(.., amount)| amount.is_positive());
            let totals = position.totals;
            Ok(Recoveries {
                agreement: row.external_id.clone(),
                on,
                written_off_on,
                written_off: totals.written_off,
                recovered: totals.recovered,
                open: open_of(&position)?,
                payments,
            })
        })
    }

    /// The losses of one agreement, oldest first, whatever became of them.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; what the database says.
    pub fn losses_of(&self, agreement: &str) -> Result<Vec<Loss>, EngineError> {
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, agreement)?;
            let losses = loss::of_agreement(tx, row.part, row.id)?;
            let name = || row.external_id.clone();
            Ok(losses.into_iter().map(|row| Loss { agreement: name(), row, recorded: None }).collect())
        })
    }
}

/// What of a write-off did not come in.
fn open_of(position: &Position) -> Result<Money, MoneyError> {
    position.totals.written_off.total()?.try_sub(position.totals.recovered)
}

/// Whether an agreement can be lost so on a day.
fn check_claim(ground: &Ground, kind: LossKind, value_on: Date) -> Result<(), EngineError> {
    let claim = ground.position.claim;
    if let Some(on) = claim.sold_on {
        return Err(FactError::Sold { on }.into());
    }
    if let Some(on) = claim.written_off_on {
        return Err(FactError::WrittenOff { on }.into());
    }
    if let (LossKind::ChargeOff, Some(on)) = (kind, claim.charged_off_on) {
        let complaint =
            wording!("该合约自 {on} 起已转呆账", "the agreement is charged off already, since {on}");
        return refused("charged_off", complaint);
    }
    if !ground.owed.is_positive() {
        let complaint = wording!(
            "{value_on} 没有欠款可供转呆账或核销",
            "nothing is owed on {value_on} that could be lost"
        );
        return refused("nothing_owed", complaint);
    }
    Ok(())
}

pub(super) fn audit_loss(
    tx: &mut Tx<'_>,
    row: &AgreementRow,
    loss: &LossRow,
    action: &str,
    after: &str,
    caller: Caller<'_>,
) -> Result<(), EngineError> {
    let subject = format!("{} {}", row.external_id, text_id::text_of("los", loss.id));
    let before = format!("{} of {:?}, asked for by {}", loss.kind, loss.owed, loss.requested_by);
    let cause = format!("{}: {}", loss.reason, loss.decision_note.as_deref().unwrap_or(&loss.note));
    let entry = audit::Entry {
        at: caller.now,
        actor: caller.actor,
        action,
        subject: &subject,
        before: Some(&before),
        after: Some(after),
        cause: &cause,
    };
    audit::append(tx, row.part, &entry)?;
    Ok(())
}

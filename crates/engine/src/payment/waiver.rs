//! Waivers (减免): what is owed is given up, for a reason, and above a limit only when a second person agrees.
//!
//! Nothing is ever waived implicitly: each waiver is a fact that names who asked, why, and who agreed.

use dunlin_domain::contact::Language;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{Fact, FactDetail, FactError, FactKind};
use dunlin_domain::id::hash_parts;
use dunlin_domain::money::Money;
use dunlin_domain::position::fold;
use dunlin_domain::recording;
use dunlin_domain::terms::Component;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::waiver::{self, WaiverRow};
use dunlin_store::{Tx, audit};

use super::record::{Recorded, Told};
use super::{Caller, Context};
use crate::second_person::is_same_person;
use crate::{Engine, EngineError, text_id};

/// Days over which what one agreement was waived without a second person counts towards the limit: a large waiver in
/// small pieces is a large waiver.
const LIMIT_WINDOW_DAYS: i32 = 30;

/// When a waiver needs a second person, and how long it may wait for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverPolicy {
    /// The most that one person may give up, decimal, in the currency of the agreement.
    pub alone_max: String,
    /// Days after which one that waits lapses.
    pub expiry_days: i32,
}

impl Default for WaiverPolicy {
    fn default() -> Self {
        Self { alone_max: "100.00".to_owned(), expiry_days: 7 }
    }
}

/// Why something is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaiverReason {
    /// The customer cannot pay.
    Hardship,
    /// The lender made a mistake.
    LenderMistake,
    /// A system or channel failed.
    Fault,
    /// As an answer to a complaint.
    Complaint,
    /// As part of a settlement.
    Settlement,
    /// Illness, death or disaster.
    ForceMajeure,
    /// Goodwill.
    Goodwill,
}

impl WaiverReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Hardship,
        Self::LenderMistake,
        Self::Fault,
        Self::Complaint,
        Self::Settlement,
        Self::ForceMajeure,
        Self::Goodwill,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Hardship => "hardship",
            Self::LenderMistake => "lender_mistake",
            Self::Fault => "fault",
            Self::Complaint => "complaint",
            Self::Settlement => "settlement",
            Self::ForceMajeure => "force_majeure",
            Self::Goodwill => "goodwill",
        }
    }

    /// Reads [`WaiverReason::code`].
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// In words.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Hardship => ("客户困难", "hardship"),
            Self::LenderMistake => ("我方差错", "our mistake"),
            Self::Fault => ("系统或渠道故障", "system or channel fault"),
            Self::Complaint => ("投诉处理", "complaint"),
            Self::Settlement => ("协商还款", "settlement"),
            Self::ForceMajeure => ("不可抗力", "force majeure"),
            Self::Goodwill => ("客户关怀", "goodwill"),
        };
        match language {
            Language::Zh => zh,
            Language::En => en,
        }
    }
}

/// A waiver that is asked for.
#[derive(Clone, Debug)]
pub struct NewWaiver {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// A decimal amount, or `all` of what is open of the component.
    pub amount: String,
    /// What is given up.
    pub component: Component,
    /// Only what is due on this date.
    pub due_on: Option<Date>,
    /// The day from which it counts; today if none is given.
    pub value_on: Option<Date>,
    /// Why.
    pub reason: WaiverReason,
    /// The reason in words.
    pub note: String,
    /// The caller's reference; without one every request is a new waiver.
    pub reference: Option<String>,
}

/// A waiver and what became of it.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// What was asked for, and what a second person said.
    pub row: WaiverRow,
    /// What was recorded; `None` while it waits, and when it was refused.
    pub recorded: Option<Recorded>,
}

impl Waiver {
    /// The text form of its id.
    #[must_use]
    pub fn id(&self) -> String {
        waiver_id_text(self.row.id)
    }
}

/// The text form of a waiver's id.
#[must_use]
pub fn waiver_id_text(id: [u8; 16]) -> String {
    text_id::text_of("wvr", id)
}

fn refused<T>(code: &'static str, complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code, complaint })
}

impl Engine {
    /// Gives up a part of what is owed; above the limit it waits for a second person.
    ///
    /// # Errors
    /// `nothing_to_waive`, `waiver_too_large`, `reason` without words for it, `reference_conflict`, and those of every
    /// fact.
    pub fn waive(&self, new: &NewWaiver, caller: Caller<'_>) -> Result<Waiver, EngineError> {
        if new.note.trim().is_empty() {
            return refused(
                "reason",
                wording!("减免须写明理由；请填写备注", "a waiver needs its reason in words; give a note"),
            );
        }
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.write_as(|tx| {
            let row = self.find_agreement(tx, &new.agreement)?;
            dunlin_store::payment::lock_agreement(tx, row.part, row.id)?;
            self.waive_in(tx, &row, new, context)
        })
    }

    fn waive_in(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        new: &NewWaiver,
        context: Context<'_>,
    ) -> Result<Waiver, EngineError> {
        let Caller { actor, now } = context.caller;
        let value_on = match new.value_on {
            Some(value_on) => value_on,
            None => self.books_today(tx, now)?.max(row.opened_on),
        };
        let made = format!("waiver:{}:{}", new.component, now.micros());
        let reference = new.reference.clone().unwrap_or(made);
        recording::check_reference(&reference)?;
        let id = waiver_id(row, &reference);
        if let Some(known) = waiver::find(tx, row.part, id)? {
            return self.known_waiver(tx, row, new, known, context);
        }
        self.check_value_date(tx, row, value_on, now)?;
        let open = self.open_of(tx, row, new, value_on, context)?;
        let amount = match new.amount.as_str() {
            "all" => open,
            text => recording::read_amount(text, None, row.currency)?,
        };
        if !open.is_positive() {
            let complaint = wording!(
                "{value_on} 没有未还的 {} 可供减免",
                "nothing of {} is open on {value_on} that could be waived",
                new.component
            );
            return refused("nothing_to_waive", complaint);
        }
        if amount.minor() > open.minor() {
            let complaint = wording!(
                "{amount} 超过 {value_on} 未还的金额 {open}（{}）；减免额不得超过该数",
                "{amount} is more than the {open} of {} open on {value_on}; waive that or less",
                new.component
            );
            return refused("waiver_too_large", complaint);
        }
        let needs_second = self.needs_second(tx, row, amount, now)?;
        let waiver = WaiverRow {
            part: row.part,
            id,
            agreement: row.id,
            component: new.component,
            amount,
            value_on,
            due_on: new.due_on,
            reason: new.reason.code().to_owned(),
            note: new.note.clone(),
            reference,
            requested_by: actor.to_owned(),
            requested_at: now,
            expires_at: now.plus_seconds(i64::from(self.payments.waiver.expiry_days) * 86_400),
            state: if needs_second { "pending" } else { "recorded" }.to_owned(),
            decided_by: None,
            decided_at: None,
            decision_note: None,
        };
        waiver::insert(tx, &waiver)?;
        let recorded = if needs_second {
            audit_waiver(tx, row, &waiver, "waiver.request", "pending", context.caller)?;
            None
        } else {
            Some(self.record_waiver(tx, row, &waiver, context)?)
        };
        Ok(Waiver { agreement: row.external_id.clone(), row: waiver, recorded })
    }

    /// The answer to a request that was made before.
    fn known_waiver(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        new: &NewWaiver,
        known: WaiverRow,
        context: Context<'_>,
    ) -> Result<Waiver, EngineError> {
        let is_same = known.component == new.component
            && known.due_on == new.due_on
            && new.value_on.is_none_or(|value_on| value_on == known.value_on)
            && known.reason == new.reason.code()
            && known.note == new.note
            && (new.amount == "all"
                || recording::read_amount(&new.amount, None, row.currency)? == known.amount);
        if !is_same {
            let recorded = format!("a waiver of {:?} on {}", known.amount, known.value_on);
            let reference = known.reference;
            return Err(recording::Refusal::ReferenceConflict { reference, recorded }.into());
        }
        let is_recorded = matches!(known.state.as_str(), "recorded" | "approved");
        let recorded = if is_recorded { Some(self.record_waiver(tx, row, &known, context)?) } else { None };
        Ok(Waiver { agreement: row.external_id.clone(), row: known, recorded })
    }

    fn record_waiver(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        waiver: &WaiverRow,
        context: Context<'_>,
    ) -> Result<Recorded, EngineError> {
        let note = format!("{}: {}", waiver.reason, waiver.note);
        let mut told = Told::new(FactKind::Waiver, waiver.amount, waiver.value_on, &waiver.reference, &note);
        told.detail = FactDetail { only: Some(waiver.component), ..FactDetail::default() };
        told.due_on = waiver.due_on;
        self.record_fact(tx, row, &told, context)
    }

    fn check_value_date(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        value_on: Date,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let wake_on = self.wake_date(tx)?;
        let (latest, opened_on) = (self.latest_value_date(now, wake_on), row.opened_on);
        if value_on < opened_on {
            return Err(FactError::BeforeAgreement { value_on, opened_on }.into());
        }
        if value_on > latest {
            return Err(FactError::InFuture { value_on, latest }.into());
        }
        Ok(())
    }

    /// What is open of the component on a day: what a waiver of everything would give up.
    fn open_of(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        new: &NewWaiver,
        on: Date,
        context: Context<'_>,
    ) -> Result<Money, EngineError> {
        let facts: Vec<Fact> = self.facts(tx, row)?;
        let terms = context.policies.terms(&row.product, row.product_version, row.statement_day, on)?;
        let position = fold(&terms, row.opened_on, &facts, on, &mut |_| {})?;
        let mut open = Money::zero(row.currency);
        for statement in &position.statements {
            if new.due_on.is_some_and(|due_on| due_on != statement.due_on) {
                continue;
            }
            open = open.try_add(statement.rest_of(new.component)?)?;
            if new.component == Component::LateFee {
                open = open.try_add(statement.late_fee_rest(&terms, on)?)?;
            }
        }
        Ok(open)
    }

    /// Whether `amount` needs a second person, with what one person gave up alone in the days before.
    fn needs_second(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        amount: Money,
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        let policy = &self.payments.waiver;
        let alone_max = Money::parse(&policy.alone_max, row.currency)?;
        let since = now.plus_seconds(-i64::from(LIMIT_WINDOW_DAYS) * 86_400);
        let mut total = amount;
        for earlier in waiver::of_agreement(tx, row.part, row.id)? {
            if earlier.state == "recorded" && earlier.requested_at >= since {
                total = total.try_add(earlier.amount)?;
            }
        }
        Ok(total.minor() > alone_max.minor())
    }

    /// A second person agrees: the waiver is recorded.
    ///
    /// # Errors
    /// `same_person` for the one who asked, `not_pending`, `expired`; and the refusals of a fact.
    pub fn approve_waiver(&self, id: &str, note: &str, caller: Caller<'_>) -> Result<Waiver, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.write_as(|tx| {
            let (row, waiver) = self.pending_waiver(tx, id)?;
            if is_same_person(&waiver.requested_by, caller.actor) {
                let complaint = wording!(
                    "此项减免由 {} 提出；须由另一人审批",
                    "{} asked for this waiver; somebody else must approve it",
                    caller.actor
                );
                return refused("same_person", complaint);
            }
            if waiver.expires_at <= caller.now {
                let complaint = wording!(
                    "该减免申请已于 {} 失效；如仍需要，请重新提出",
                    "the waiver lapsed at {}; ask for it again if it is still wanted",
                    waiver.expires_at
                );
                return refused("expired", complaint);
            }
            let waiver = decided(tx, waiver, "approved", note, caller)?;
            audit_waiver(tx, &row, &waiver, "waiver.approve", "approved", caller)?;
            let recorded = self.record_waiver(tx, &row, &waiver, context)?;
            Ok(Waiver { agreement: row.external_id.clone(), row: waiver, recorded: Some(recorded) })
        })
    }

    /// A waiver that waits is refused; the one who asked may withdraw it so.
    ///
    /// # Errors
    /// `not_pending`; `reason` without words.
    pub fn reject_waiver(&self, id: &str, note: &str, caller: Caller<'_>) -> Result<Waiver, EngineError> {
        if note.trim().is_empty() {
            return refused(
                "reason",
                wording!(
                    "驳回减免须写明理由；请填写备注",
                    "the refusal of a waiver needs a reason in words; give a note"
                ),
            );
        }
        self.db.write_as(|tx| {
            let (row, waiver) = self.pending_waiver(tx, id)?;
            let waiver = decided(tx, waiver, "rejected", note, caller)?;
            audit_waiver(tx, &row, &waiver, "waiver.reject", "rejected", caller)?;
            Ok(Waiver { agreement: row.external_id.clone(), row: waiver, recorded: None })
        })
    }

    fn pending_waiver(&self, tx: &mut Tx<'_>, id: &str) -> Result<(AgreementRow, WaiverRow), EngineError> {
        let not_found = || EngineError::NotFound { what: "waiver", name: id.to_owned() };
        let (part, bytes) = text_id::parse_with_part("wvr", id).ok_or_else(not_found)?;
        let waiver = waiver::find(tx, part, bytes)?.ok_or_else(not_found)?;
        if waiver.state != "pending" {
            let complaint = wording!("减免 {id} 已处理（{}）", "waiver {id} is {} already", waiver.state);
            return refused("not_pending", complaint);
        }
        let row = self.find_agreement(tx, &waiver.agreement.to_string())?;
        dunlin_store::payment::lock_agreement(tx, row.part, row.id)?;
        Ok((row, waiver))
    }

    /// All waivers that wait for a second person; those that lapsed meanwhile are noted as such and left out.
    ///
    /// # Errors
    /// What the database says.
    pub fn pending_waivers(&self, caller: Caller<'_>) -> Result<Vec<Waiver>, EngineError> {
        self.db.write_as(|tx| {
            let mut waiting = Vec::new();
            for waiver in waiver::pending(tx)? {
                let row = self.find_agreement(tx, &waiver.agreement.to_string())?;
                if waiver.expires_at <= caller.now {
                    let lapsed = decided(tx, waiver, "expired", "nobody decided in time", caller)?;
                    audit_waiver(tx, &row, &lapsed, "waiver.expire", "expired", caller)?;
                } else {
                    waiting.push(Waiver { agreement: row.external_id.clone(), row: waiver, recorded: None });
                }
            }
            Ok(waiting)
        })
    }

    /// The waivers of one agreement, oldest first, whatever became of them.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; what the database says.
    pub fn waivers_of(&self, agreement: &str) -> Result<Vec<Waiver>, EngineError> {
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, agreement)?;
            let waivers = waiver::of_agreement(tx, row.part, row.id)?;
            let name = || row.external_id.clone();
            Ok(waivers.into_iter().map(|row| Waiver { agreement: name(), row, recorded: None }).collect())
        })
    }
}

/// The id of a waiver: hashed from agreement and reference, with the part in its first two bytes.
fn waiver_id(row: &AgreementRow, reference: &str) -> [u8; 16] {
    let mut id = hash_parts("wvr", &[&row.id.0, reference.as_bytes()]);
    id[..2].copy_from_slice(&row.part.number().to_be_bytes());
    id
}

fn decided(
    tx: &mut Tx<'_>,
    waiver: WaiverRow,
    state: &str,
    note: &str,
    caller: Caller<'_>,
) -> Result<WaiverRow, EngineError> {
    if !waiver::decide(tx, waiver.part, waiver.id, state, caller.actor, caller.now, note)? {
        let complaint = wording!(
            "减免 {} 其间已有审批结果",
            "waiver {} was decided meanwhile",
            waiver_id_text(waiver.id)
        );
        return refused("not_pending", complaint);
    }
    Ok(WaiverRow {
        state: state.to_owned(),
        decided_by: Some(caller.actor.to_owned()),
        decided_at: Some(caller.now),
        decision_note: Some(note.to_owned()),
        ..waiver
    })
}

fn audit_waiver(
    tx: &mut Tx<'_>,
    row: &AgreementRow,
    waiver: &WaiverRow,
    action: &str,
    after: &str,
    caller: Caller<'_>,
) -> Result<(), EngineError> {
    let subject = format!("{} {}", row.external_id, waiver_id_text(waiver.id));
    let before = format!("{:?} of {}, asked for by {}", waiver.amount, waiver.component, waiver.requested_by);
    let cause = format!("{}: {}", waiver.reason, waiver.decision_note.as_deref().unwrap_or(&waiver.note));
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

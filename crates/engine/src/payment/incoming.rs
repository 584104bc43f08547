//! What gateways and banks say, whatever becomes of it: applied, waiting for its payment, or kept for somebody to assign.

use dunlin_domain::date::Date;
use dunlin_domain::fact::FactKind;
use dunlin_domain::id::{AgreementId, Key, Part, hash_parts};
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::recording;
use dunlin_domain::wording;
use dunlin_store::incoming::{self, IncomingRow, Settled};
use dunlin_store::{Tx, audit};

use super::record::{Recorded, Told};
use super::{Caller, Context, NewPayment, Undoing};
use crate::{Engine, EngineError, text_id};

/// What became of something that was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is recorded.
    Applied,
    /// It is about a payment that has not come yet.
    Waiting,
    /// It is kept for somebody to look at.
    Unmatched,
    /// Money that went out for other reasons.
    Outgoing,
    /// It came before.
    Known,
    /// Something else came before under its name.
    Conflict,
}

/// What was said, and what became of it.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The row as it stands now.
    pub row: IncomingRow,
    /// What became of it just now.
    pub taken: Taken,
    /// The lender's id of the agreement, once it is applied.
    pub agreement: Option<String>,
    /// What was recorded just now.
    pub recorded: Vec<Recorded>,
}

impl Incoming {
    /// The text form of its id.
    #[must_use]
    pub fn id(&self) -> String {
        format!("ent_{}", self.row.key)
    }
}

/// The key of an entry: hashed from its identity, with the part of its group in the first two bytes.
pub(crate) fn entry_key(group: Key, identity: [u8; 16]) -> Key {
    let mut key = hash_parts("incoming", &[&identity]);
    key[..2].copy_from_slice(&Part::of(&group.0).number().to_be_bytes());
    Key(key)
}

/// What an attempt to apply something came to.
struct Attempt {
    state: &'static str,
    code: String,
    detail: String,
    agreement: Option<AgreementId>,
    recorded: Vec<Recorded>,
}

impl Attempt {
    fn applied(agreement: Option<AgreementId>, recorded: Vec<Recorded>) -> Self {
        Self { state: "applied", code: String::new(), detail: String::new(), agreement, recorded }
    }

    fn open(state: &'static str, code: &str, detail: impl Into<String>) -> Self {
        Self { state, code: code.to_owned(), detail: detail.into(), agreement: None, recorded: Vec::new() }
    }

    /// A refusal keeps what was said; a failure of the database does not.
    fn of_error(error: EngineError) -> Result<Self, EngineError> {
        match error {
            EngineError::Store(_) | EngineError::LeaseLost => Err(error),
            refusal => Ok(Self::open("unmatched", refusal.code(), refusal.to_string())),
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.state, "waiting" | "unmatched")
    }
}

impl Engine {
    /// Takes in something that was said: once, however often it is said.
    pub(crate) fn take_incoming(
        &self,
        tx: &mut Tx<'_>,
        row: IncomingRow,
        context: Context<'_>,
    ) -> Result<Incoming, EngineError> {
        let now = context.caller.now;
        if let Some(known) = incoming::claim(tx, &row)? {
            let is_same = known.content_hash == row.content_hash;
            incoming::note_repeat(tx, row.group, row.key, now, is_same)?;
            let taken = if is_same { Taken::Known } else { Taken::Conflict };
            return self.shown(tx, known, taken, Vec::new());
        }
        let attempt = self.attempt(tx, &row, context)?;
        let came_in = row.kind == "payment" && attempt.state == "applied";
        let (group, taken) = (row.group, taken_of(attempt.state));
        let recorded = self.settle(tx, &row, attempt, context.caller)?;
        if came_in {
            self.apply_waiting(tx, group, context)?;
        }
        let row = incoming::find(tx, row.group, row.key)?.unwrap_or(row);
        self.shown(tx, row, taken, recorded)
    }

    /// What waited for a payment of this group is applied now that it came.
    fn apply_waiting(&self, tx: &mut Tx<'_>, group: Key, context: Context<'_>) -> Result<(), EngineError> {
        for waiting in incoming::of_group(tx, group)? {
            if waiting.is_open && waiting.state == "waiting" {
                let attempt = self.attempt(tx, &waiting, context)?;
                self.settle(tx, &waiting, attempt, context.caller)?;
            }
        }
        Ok(())
    }

    fn attempt(
        &self,
        tx: &mut Tx<'_>,
        row: &IncomingRow,
        context: Context<'_>,
    ) -> Result<Attempt, EngineError> {
        match row.kind.as_str() {
            // A batch that does not add up is nobody's payment.
            "payment" if row.code == "batch_sum" => {
                Ok(Attempt::open("unmatched", &row.code, row.detail.clone()))
            }
            "payment" => self.attempt_payment(tx, row, context),
            "return" | "reversal" | "refund" => self.attempt_undoing(tx, row, context),
            "outgoing" => Ok(Attempt {
                state: "outgoing",
                code: String::new(),
                detail: String::new(),
                agreement: None,
                recorded: Vec::new(),
            }),
            other => {
                let detail = format!("a {other} is not applied by itself; look into it");
                Ok(Attempt::open("unmatched", "not_a_payment", detail))
            }
        }
    }

    fn attempt_payment(
        &self,
        tx: &mut Tx<'_>,
        row: &IncomingRow,
        context: Context<'_>,
    ) -> Result<Attempt, EngineError> {
        let Some(named) = &row.named else {
            return Ok(Attempt::open(
                "unmatched",
                "unknown_agreement",
                "it names no agreement that is known",
            ));
        };
        match self.pay_in(tx, &payment_of(row, named)?, context) {
            Ok(recorded) => {
                let agreement = self.find_agreement(tx, named)?.id;
                Ok(Attempt::applied(Some(agreement), vec![recorded]))
            }
            Err(EngineError::NotFound { .. }) => {
                let detail = format!("agreement {named:?} is unknown");
                Ok(Attempt::open("unmatched", "unknown_agreement", detail))
            }
            Err(error) => Attempt::of_error(error),
        }
    }

    /// Undoes the payment of the same group that has the same amount, or more for a part of it.
    fn attempt_undoing(
        &self,
        tx: &mut Tx<'_>,
        row: &IncomingRow,
        context: Context<'_>,
    ) -> Result<Attempt, EngineError> {
        let group = incoming::of_group(tx, row.group)?;
        let is_partial = row.kind == "refund";
        let money = |row: &IncomingRow| {
            Currency::parse(&row.currency).and_then(|currency| Money::parse(&row.amount, currency))
        };
        let own = money(row)?;
        let fits = |other: &&IncomingRow| {
            other.kind == "payment"
                && row.target.as_ref().is_none_or(|target| *target == other.reference)
                && money(other).is_ok_and(|amount| {
                    amount.currency() == own.currency()
                        && (amount == own || (is_partial && amount.minor() > own.minor()))
                })
        };
        let mut candidates = group.iter().filter(fits).peekable();
        if candidates.peek().is_none() {
            if group.iter().any(|other| other.kind == "payment") {
                let detail = "its payment is there, but with another amount";
                return Ok(Attempt::open("unmatched", "reversal_amount", detail));
            }
            return Ok(Attempt::open("waiting", "no_payment_yet", "its payment has not come yet"));
        }
        let mut last = Attempt::open("waiting", "no_payment_yet", "its payment is not applied yet");
        for payment in candidates {
            if payment.is_open && money(payment)? != own {
                // The rest still belongs to somebody; it is taken off once they are known.
                let detail = "a part of its payment went back, and the payment is not assigned yet";
                last = Attempt::open("waiting", "not_assigned_yet", detail);
                continue;
            }
            if payment.is_open {
                // Money that was never assigned and went back: both are done with.
                let by = context.caller.actor;
                let detail = format!("sent back: {}", row.text);
                let settled = Settled {
                    state: "sent_back",
                    at: context.caller.now,
                    code: "",
                    detail: &detail,
                    by,
                    agreement: None,
                    is_open: false,
                };
                incoming::settle(tx, payment.group, payment.key, &settled)?;
                return Ok(Attempt::applied(None, Vec::new()));
            }
            if payment.state != "applied" {
                continue;
            }
            match self.undo_payment(tx, row, payment, own, context) {
                Ok(recorded) => return Ok(Attempt::applied(payment.agreement, recorded)),
                Err(error) => last = Attempt::of_error(error)?,
            }
        }
        Ok(last)
    }

    fn undo_payment(
        &self,
        tx: &mut Tx<'_>,
        row: &IncomingRow,
        payment: &IncomingRow,
        own: Money,
        context: Context<'_>,
    ) -> Result<Vec<Recorded>, EngineError> {
        let kind = if row.kind == "return" { FactKind::Return } else { FactKind::Reversal };
        let undoing = Undoing {
            payment: payment.reference.clone(),
            agreement: payment.agreement.map(|agreement| agreement.to_string()),
            value_on: Some(row.value_on),
            reference: Some(row.reference.clone()),
            reason: if row.text.is_empty() { row.kind.clone() } else { row.text.clone() },
        };
        let paid = Money::parse(&payment.amount, own.currency())?;
        let mut recorded = self.undo_in(tx, kind, &undoing, context)?;
        let rest = paid.try_sub(own)?;
        if rest.is_positive()
            && let Some(agreement) = payment.agreement
        {
            // A part was paid back: the payment counts as the rest of it, from its own day.
            let agreement = self.find_agreement(tx, &agreement.to_string())?;
            let reference = format!("{}:rest", row.reference);
            let told = Told::new(FactKind::Payment, rest, payment.value_on, &reference, &undoing.reason);
            recorded.push(self.record_fact(tx, &agreement, &told, context)?);
        }
        Ok(recorded)
    }

    fn settle(
        &self,
        tx: &mut Tx<'_>,
        row: &IncomingRow,
        attempt: Attempt,
        caller: Caller<'_>,
    ) -> Result<Vec<Recorded>, EngineError> {
        let settled = Settled {
            state: attempt.state,
            at: caller.now,
            code: &attempt.code,
            detail: &attempt.detail,
            by: caller.actor,
            agreement: attempt.agreement,
            is_open: attempt.is_open(),
        };
        incoming::settle(tx, row.group, row.key, &settled)?;
        Ok(attempt.recorded)
    }

    fn shown(
        &self,
        tx: &mut Tx<'_>,
        row: IncomingRow,
        taken: Taken,
        recorded: Vec<Recorded>,
    ) -> Result<Incoming, EngineError> {
        let agreement = match row.agreement {
            Some(agreement) => Some(self.find_agreement(tx, &agreement.to_string())?.external_id),
            None => None,
        };
        Ok(Incoming { row, taken, agreement, recorded })
    }

    /// All that waits or is unmatched, in the order in which it came.
    ///
    /// # Errors
    /// What the database says.
    pub fn open_incoming(&self) -> Result<Vec<Incoming>, EngineError> {
        self.db.read_as(|tx| {
            let rows = incoming::open(tx)?;
            rows.into_iter()
                .map(|row| {
                    let taken = taken_of(&row.state);
                    self.shown(tx, row, taken, Vec::new())
                })
                .collect()
        })
    }

    /// Somebody says to which agreement an unmatched payment belongs; what waited for it is applied too.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `not_open`, `not_a_payment`; and the refusals of a fact.
    pub fn assign_incoming(
        &self,
        entry: &str,
        agreement: &str,
        caller: Caller<'_>,
    ) -> Result<Incoming, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.write_as(|tx| {
            let row = open_entry(tx, entry)?;
            if row.kind != "payment" {
                let complaint = wording!(
                    "{entry} 的类型是 {}；只有收款才能认领到合约",
                    "{entry} is a {}; only money that came in is assigned to an agreement",
                    row.kind
                );
                return Err(EngineError::Refused { code: "not_a_payment", complaint });
            }
            let found = self.find_agreement(tx, agreement)?;
            let recorded = self.pay_in(tx, &payment_of(&row, &found.external_id)?, context)?;
            let attempt = Attempt::applied(Some(found.id), vec![recorded]);
            audit_entry(tx, &row, "incoming.assign", &found.external_id, caller)?;
            let recorded = self.settle(tx, &row, attempt, caller)?;
            self.apply_waiting(tx, row.group, context)?;
            let row = incoming::find(tx, row.group, row.key)?.unwrap_or(row);
            self.shown(tx, row, Taken::Applied, recorded)
        })
    }

    /// Somebody sent the money back, or settled the entry in another way: it is not open any more.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `not_open`; `reason` without words.
    pub fn send_back_incoming(
        &self,
        entry: &str,
        reason: &str,
        caller: Caller<'_>,
    ) -> Result<Incoming, EngineError> {
        if reason.trim().is_empty() {
            let complaint = wording!("请简要写明退款的理由", "say in a few words why the money went back");
            return Err(EngineError::Refused { code: "reason", complaint });
        }
        self.db.write_as(|tx| {
            let row = open_entry(tx, entry)?;
            let settled = Settled {
                state: "sent_back",
                at: caller.now,
                code: "",
                detail: reason,
                by: caller.actor,
                agreement: None,
                is_open: false,
            };
            incoming::settle(tx, row.group, row.key, &settled)?;
            if row.kind == "payment" {
                // What went back of it before is a part of what went back now.
                let parts = incoming::of_group(tx, row.group)?;
                for part in parts.iter().filter(|part| part.is_open && part.code == "not_assigned_yet") {
                    incoming::settle(tx, part.group, part.key, &settled)?;
                }
            }
            audit_entry(tx, &row, "incoming.send_back", reason, caller)?;
            let row = incoming::find(tx, row.group, row.key)?.unwrap_or(row);
            self.shown(tx, row, Taken::Outgoing, Vec::new())
        })
    }
}

fn taken_of(state: &str) -> Taken {
    match state {
        "applied" => Taken::Applied,
        "waiting" => Taken::Waiting,
        "unmatched" => Taken::Unmatched,
        _ => Taken::Outgoing,
    }
}

fn open_entry(tx: &mut Tx<'_>, entry: &str) -> Result<IncomingRow, EngineError> {
    let not_found = || EngineError::NotFound { what: "entry", name: entry.to_owned() };
    let (part, key) = text_id::parse_with_part("ent", entry).ok_or_else(not_found)?;
    let key = Key(key);
    let row = incoming::find_entry(tx, part, key)?.ok_or_else(not_found)?;
    if !row.is_open {
        let complaint =
            wording!("{entry} 已处理（{}）", "{entry} is {} already", row.state.replace('_', " "));
        return Err(EngineError::Refused { code: "not_open", complaint });
    }
    Ok(row)
}

fn payment_of(row: &IncomingRow, agreement: &str) -> Result<NewPayment, EngineError> {
    let currency = Currency::parse(&row.currency)?;
    Ok(NewPayment {
        agreement: agreement.to_owned(),
        amount: row.amount.clone(),
        currency: Some(currency),
        value_on: row.value_on,
        reference: row.reference.clone(),
        designation: None,
        note: format!("{} {}", row.source, row.source_name).trim().to_owned(),
    })
}

fn audit_entry(
    tx: &mut Tx<'_>,
    row: &IncomingRow,
    action: &str,
    after: &str,
    caller: Caller<'_>,
) -> Result<(), EngineError> {
    let subject = format!("ent_{} {}", row.key, row.reference);
    let before = format!("{} {} {} of {}", row.state, row.amount, row.currency, row.value_on);
    let entry = audit::Entry {
        at: caller.now,
        actor: caller.actor,
        action,
        subject: &subject,
        before: Some(&before),
        after: Some(after),
        cause: "command",
    };
    audit::append(tx, Part::of(&row.group.0), &entry)?;
    Ok(())
}

/// Whether a text is an amount and a currency that can be kept; what is said in others is refused before it is kept.
pub(crate) fn check_amount(amount: &str, currency: &str) -> Result<(), EngineError> {
    let currency = Currency::parse(currency)?;
    recording::read_amount(amount, None, currency)?;
    Ok(())
}

/// A day as it is written in a call-back.
pub(crate) fn day(text: &str) -> Result<Date, EngineError> {
    Date::parse(text).map_err(|error| EngineError::Refused { code: "body", complaint: error.wording() })
}

//! The second person: what waits is approved, rejected, or lapses.

use dunlin_domain::wording;
use dunlin_store::Tx;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::loss::{self, LossRow};

use super::{Loss, audit_loss, part_in, refused};
use crate::payment::{Caller, Context};
use crate::second_person::is_same_person;
use crate::{Engine, EngineError, text_id};

impl Engine {
    /// A second person agrees: the loss is recorded.
    ///
    /// # Errors
    /// `same_person` for the one who asked, `not_pending`, `expired`, `part_of_sale`; and the refusals of a fact.
    pub fn approve_loss(&self, id: &str, note: &str, caller: Caller<'_>) -> Result<Loss, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.write_as(|tx| {
            let (row, loss) = self.pending_loss(tx, id)?;
            let loss = approved(tx, &row, loss, note, caller)?;
            let recorded = self.record_loss(tx, &row, &loss, context)?;
            Ok(Loss { agreement: row.external_id.clone(), row: loss, recorded: Some(recorded) })
        })
    }

    /// One that waits is refused; the one who asked may withdraw it so.
    ///
    /// # Errors
    /// `not_pending`; `reason` without words; `part_of_sale`.
    pub fn reject_loss(&self, id: &str, note: &str, caller: Caller<'_>) -> Result<Loss, EngineError> {
        check_note(note)?;
        self.db.write_as(|tx| {
            let (row, loss) = self.pending_loss(tx, id)?;
            let loss = rejected(tx, &row, loss, note, caller)?;
            Ok(Loss { agreement: row.external_id.clone(), row: loss, recorded: None })
        })
    }

    fn pending_loss(&self, tx: &mut Tx<'_>, id: &str) -> Result<(AgreementRow, LossRow), EngineError> {
        let not_found = || EngineError::NotFound { what: "loss", name: id.to_owned() };
        let bytes = text_id::parse("los", id).ok_or_else(not_found)?;
        let part = part_in(bytes).ok_or_else(not_found)?;
        let loss = loss::find(tx, part, bytes)?.ok_or_else(not_found)?;
        if let Some(sale) = loss.sale {
            let complaint = wording!(
                "{id} 属于债权转让 {}，须整批审批或驳回",
                "{id} is a part of sale {}, which is approved or rejected as a whole",
                text_id::text_of("sal", sale)
            );
            return refused("part_of_sale", complaint);
        }
        if loss.state != "pending" {
            return refused("not_pending", wording!("{id} 已处理（{}）", "{id} is {} already", loss.state));
        }
        let row = self.find_agreement(tx, &loss.agreement.to_string())?;
        dunlin_store::payment::lock_agreement(tx, row.part, row.id)?;
        Ok((row, loss))
    }

    /// All losses that wait for a second person; those that lapsed meanwhile are noted as such and left out.
    ///
    /// # Errors
    /// What the database says.
    pub fn pending_losses(&self, caller: Caller<'_>) -> Result<Vec<Loss>, EngineError> {
        self.db.write_as(|tx| {
            let mut waiting = Vec::new();
            for loss in loss::pending(tx)? {
                let row = self.find_agreement(tx, &loss.agreement.to_string())?;
                if loss.expires_at <= caller.now {
                    let lapsed = decided(tx, loss, "expired", "nobody decided in time", caller)?;
                    audit_loss(tx, &row, &lapsed, "loss.expire", "expired", caller)?;
                } else {
                    waiting.push(Loss { agreement: row.external_id.clone(), row: loss, recorded: None });
                }
            }
            Ok(waiting)
        })
    }
}

pub(super) fn check_note(note: &str) -> Result<(), EngineError> {
    if note.trim().is_empty() {
        return refused(
            "reason",
            wording!("驳回须写明理由；请填写备注", "a refusal needs its reason in words; give a note"),
        );
    }
    Ok(())
}

/// Whether `caller` may agree to it now.
pub(super) fn check_second(loss: &LossRow, caller: Caller<'_>) -> Result<(), EngineError> {
    if is_same_person(&loss.requested_by, caller.actor) {
        let complaint = wording!(
            "此项由 {} 提出；须由另一人审批",
            "{} asked for this; somebody else must approve it",
            caller.actor
        );
        return refused("same_person", complaint);
    }
    if loss.expires_at <= caller.now {
        let complaint = wording!(
            "此项已于 {} 失效；如仍需要，请重新提出",
            "it lapsed at {}; ask for it again if it is still wanted",
            loss.expires_at
        );
        return refused("expired", complaint);
    }
    Ok(())
}

pub(super) fn approved(
    tx: &mut Tx<'_>,
    row: &AgreementRow,
    loss: LossRow,
    note: &str,
    caller: Caller<'_>,
) -> Result<LossRow, EngineError> {
    check_second(&loss, caller)?;
    let loss = decided(tx, loss, "approved", note, caller)?;
    audit_loss(tx, row, &loss, "loss.approve", "approved", caller)?;
    Ok(loss)
}

pub(super) fn rejected(
    tx: &mut Tx<'_>,
    row: &AgreementRow,
    loss: LossRow,
    note: &str,
    caller: Caller<'_>,
) -> Result<LossRow, EngineError> {
    let loss = decided(tx, loss, "rejected", note, caller)?;
    audit_loss(tx, row, &loss, "loss.reject", "rejected", caller)?;
    Ok(loss)
}

fn decided(
    tx: &mut Tx<'_>,
    loss: LossRow,
    state: &str,
    note: &str,
    caller: Caller<'_>,
) -> Result<LossRow, EngineError> {
    if !loss::decide(tx, loss.part, loss.id, state, caller.actor, caller.now, note)? {
        return refused(
            "not_pending",
            wording!("{} 其间已有审批结果", "{} was decided meanwhile", text_id::text_of("los", loss.id)),
        );
    }
    Ok(LossRow {
        state: state.to_owned(),
        decided_by: Some(caller.actor.to_owned()),
        decided_at: Some(caller.now),
        decision_note: Some(note.to_owned()),
        ..loss
    })
}

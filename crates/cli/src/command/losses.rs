//! `charge-off`, `write-off`, `loss` and `recovery`: what is given up on, the second person, and what came in after all.

use dunlin_domain::contact::Language;
use dunlin_domain::fact::FactKind;
use dunlin_domain::terms::Component;
use dunlin_engine::losses::{Loss, LossKind, NewLoss, Recoveries};
use dunlin_server::api::losses::{LossJson, RecoveriesJson};
use serde_json::{Value, json};

use super::change_words::{component_words, recorded_text};
use super::pay::value;
use crate::answer::Answer;
use crate::args::losses::{Loss as LossCommand, NewLoss as NewLossArgs, Recovery};
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// `charge-off`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn charge_off(session: &Session, args: &NewLossArgs) -> Result<Answer, Failure> {
    lose(session, args, LossKind::ChargeOff)
}

/// `write-off`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn write_off(session: &Session, args: &NewLossArgs) -> Result<Answer, Failure> {
    lose(session, args, LossKind::WriteOff)
}

fn lose(session: &Session, args: &NewLossArgs, kind: LossKind) -> Result<Answer, Failure> {
    let new = NewLoss {
        agreement: args.agreement.clone(),
        kind,
        value_on: args.on,
        reason: args.reason,
        note: args.note.clone(),
        reference: args.reference.clone(),
    };
    Ok(one(session, &session.open()?.lose(&new, session.caller())?))
}

/// `loss`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn run(session: &Session, command: &LossCommand) -> Result<Answer, Failure> {
    let engine = session.open()?;
    match command {
        LossCommand::Approve(decision) => {
            Ok(one(session, &engine.approve_loss(&decision.id, &decision.note, session.caller())?))
        }
        LossCommand::Reject(decision) => {
            Ok(one(session, &engine.reject_loss(&decision.id, &decision.note, session.caller())?))
        }
        LossCommand::Pending => Ok(list(session, &engine.pending_losses(session.caller())?)),
        LossCommand::List(args) => Ok(list(session, &engine.losses_of(&args.agreement)?)),
    }
}

/// `recovery`.
///
/// # Errors
/// `not_written_off`; what the database says.
pub fn recovery(session: &Session, args: &Recovery) -> Result<Answer, Failure> {
    let recoveries = session.open()?.recoveries(&args.agreement, args.on)?;
    Ok(Answer::new(recovery_text(session, &recoveries), value(&RecoveriesJson::new(&recoveries))))
}

fn recovery_text(session: &Session, recoveries: &Recoveries) -> String {
    let Recoveries { agreement, on, written_off_on, recovered, open, .. } = recoveries;
    let parts: Vec<String> = Component::ALL
        .iter()
        .filter(|component| !recoveries.written_off.get(**component).is_zero())
        .map(|component| {
            format!(
                "{} {}",
                component_words(*component, session.language),
                recoveries.written_off.get(*component)
            )
        })
        .collect();
    let parts = parts.join(" + ");
    let head = match session.language {
        Language::Zh => format!(
            "合约 {agreement}：{written_off_on} 核销 {parts}；截至 {on} 已收回 {recovered:?}，未收回 {open:?}"
        ),
        Language::En => format!(
            "{agreement}: written off on {written_off_on}: {parts}; through {on}, {recovered:?} of it came in and {open:?} did not"
        ),
    };
    if recoveries.payments.is_empty() {
        return head;
    }
    let header = match session.language {
        Language::Zh => ["日期", "还款", "收回"],
        Language::En => ["day", "payment", "recovered"],
    };
    let mut rows = table(&header, &[2]);
    for (on, reference, amount) in &recoveries.payments {
        rows.add_row([on.to_string(), reference.clone(), amount.to_string()]);
    }
    format!("{head}\n{}", lines_of(&rows))
}

/// What is done, in words.
pub fn kind_words(kind: FactKind, language: Language) -> &'static str {
    kind.label(language)
}

fn one(session: &Session, loss: &Loss) -> Answer {
    let json = value(&LossJson::new(loss));
    let (id, row, agreement) = (loss.id(), &loss.row, &loss.agreement);
    let (kind, owed) = (kind_words(row.kind, session.language), row.owed);
    let head = match (session.language, row.state.as_str()) {
        (Language::Zh, "pending") => format!(
            "合约 {agreement}：{kind} {owed:?} 超过单人权限，等待他人复核：dunlin loss approve {id}（{} 前有效）",
            row.expires_at
        ),
        (Language::Zh, "rejected") => format!("合约 {agreement}：{kind} {owed:?} 已拒绝"),
        (Language::Zh, _) => format!("合约 {agreement}：{} {kind} {owed:?}（{id}）", row.value_on),
        (Language::En, "pending") => format!(
            "{agreement}: {kind} of {owed:?} is more than one person may do; a second one agrees with `dunlin loss approve {id}` until {}",
            row.expires_at
        ),
        (Language::En, "rejected") => format!("{agreement}: {kind} of {owed:?} is refused"),
        (Language::En, _) => format!("{agreement}: {kind} of {owed:?} on {} ({id})", row.value_on),
    };
    let detail = loss.recorded.as_ref().map(|recorded| recorded_text(recorded, session.language));
    Answer::new(std::iter::once(head).chain(detail).collect::<Vec<_>>().join("\n"), json)
}

fn list(session: &Session, losses: &[Loss]) -> Answer {
    let documents: Vec<Value> = losses.iter().map(|loss| value(&LossJson::new(loss))).collect();
    let json = json!({ "losses": documents });
    if losses.is_empty() {
        let text = match session.language {
            Language::Zh => "没有呆账、核销或转让",
            Language::En => "nothing is charged off, written off or sold",
        };
        return Answer::new(text, json);
    }
    let header = match session.language {
        Language::Zh => ["编号", "合约", "事项", "欠款", "起算日", "原因", "申请人", "状态", "决定人"],
        Language::En => {
            ["id", "agreement", "what", "owed", "from", "reason", "asked for by", "state", "decided by"]
        }
    };
    let mut rows = table(&header, &[3]);
    for loss in losses {
        let row = &loss.row;
        rows.add_row([
            loss.id(),
            loss.agreement.clone(),
            kind_words(row.kind, session.language).to_owned(),
            row.owed.to_string(),
            row.value_on.to_string(),
            format!("{}: {}", row.reason, row.note),
            row.requested_by.clone(),
            row.state.clone(),
            row.decided_by.clone().unwrap_or_default(),
        ]);
    }
    Answer::new(lines_of(&rows), json)
}

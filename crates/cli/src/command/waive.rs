//! `waive`: what is given up, and the second person who agrees.

use dunlin_domain::contact::Language;
use dunlin_domain::wording;
use dunlin_engine::payment::waiver::{NewWaiver, Waiver};
use dunlin_server::api::waivers::WaiverJson;
use serde_json::{Value, json};

use super::change_words::{component_words, recorded_text};
use super::pay::value;
use crate::answer::Answer;
use crate::args::waivers::{Waive, WaiveCommand, WaiveNew};
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// `waive`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn run(session: &Session, args: &Waive) -> Result<Answer, Failure> {
    let engine = session.open()?;
    match &args.command {
        None => {
            let new = new_waiver(&args.new)?;
            Ok(one(session, &engine.waive(&new, session.caller())?))
        }
        Some(WaiveCommand::Approve(decision)) => {
            let waiver = engine.approve_waiver(&decision.waiver, &decision.note, session.caller())?;
            Ok(one(session, &waiver))
        }
        Some(WaiveCommand::Reject(decision)) => {
            let waiver = engine.reject_waiver(&decision.waiver, &decision.note, session.caller())?;
            Ok(one(session, &waiver))
        }
        Some(WaiveCommand::Pending) => Ok(list(session, &engine.pending_waivers(session.caller())?)),
        Some(WaiveCommand::List(args)) => Ok(list(session, &engine.waivers_of(&args.agreement)?)),
    }
}

fn new_waiver(args: &WaiveNew) -> Result<NewWaiver, Failure> {
    let missing = |what: &str| Failure::refused("usage", wording!("缺少 {what}", "{what} is missing"));
    Ok(NewWaiver {
        agreement: args.agreement.clone().ok_or_else(|| missing("AGREEMENT"))?,
        amount: args.amount.clone().ok_or_else(|| missing("AMOUNT"))?,
        component: args.component,
        due_on: args.due_on,
        value_on: args.on,
        reason: args.reason.ok_or_else(|| missing("--reason"))?,
        note: args.note.clone().ok_or_else(|| missing("--note"))?,
        reference: args.reference.clone(),
    })
}

fn one(session: &Session, waiver: &Waiver) -> Answer {
    let json = value(&WaiverJson::new(waiver));
    let (id, amount, row) = (waiver.id(), waiver.row.amount, &waiver.row);
    let component = component_words(row.component, session.language);
    let agreement = &waiver.agreement;
    let head = match (session.language, row.state.as_str()) {
        (Language::Zh, "pending") => {
            format!(
                "合约 {agreement}：减免{component} {amount:?} 超过单人权限，等待他人复核：dunlin waive approve {id}（{} 前有效）",
                row.expires_at
            )
        }
        (Language::Zh, "rejected") => format!("合约 {agreement}：减免{component} {amount:?} 已拒绝"),
        (Language::Zh, _) => format!("合约 {agreement}：已减免{component} {amount:?}（{id}）"),
        (Language::En, "pending") => format!(
            "{agreement}: {amount:?} of {component} is more than one person may waive; a second one agrees with `dunlin waive approve {id}` until {}",
            row.expires_at
        ),
        (Language::En, "rejected") => format!("{agreement}: {amount:?} of {component} is not waived"),
        (Language::En, _) => format!("{agreement}: {amount:?} of {component} is waived ({id})"),
    };
    let detail = waiver.recorded.as_ref().map(|recorded| recorded_text(recorded, session.language));
    Answer::new(std::iter::once(head).chain(detail).collect::<Vec<_>>().join("\n"), json)
}

fn list(session: &Session, waivers: &[Waiver]) -> Answer {
    let documents: Vec<Value> = waivers.iter().map(|waiver| value(&WaiverJson::new(waiver))).collect();
    let json = json!({ "waivers": documents });
    if waivers.is_empty() {
        let text = match session.language {
            Language::Zh => "没有减免",
            Language::En => "there is no waiver",
        };
        return Answer::new(text, json);
    }
    let header = match session.language {
        Language::Zh => ["减免", "合约", "项目", "金额", "原因", "申请人", "状态", "决定人"],
        Language::En => {
            ["waiver", "agreement", "of", "amount", "reason", "asked for by", "state", "decided by"]
        }
    };
    let mut rows = table(&header, &[3]);
    for waiver in waivers {
        let row = &waiver.row;
        rows.add_row([
            waiver.id(),
            waiver.agreement.clone(),
            component_words(row.component, session.language).to_owned(),
            row.amount.to_string(),
            format!("{}: {}", row.reason, row.note),
            row.requested_by.clone(),
            row.state.clone(),
            row.decided_by.clone().unwrap_or_default(),
        ]);
    }
    Answer::new(lines_of(&rows), json)
}

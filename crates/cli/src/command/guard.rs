//! `hold`, `consent`, `promise`, `circumstance`, `call`: what is known of customers besides the debt.

use dunlin_domain::circumstance::{CircumstanceKind, PromiseOutcome};
use dunlin_domain::contact::Language;
use dunlin_engine::calls::{NewCall, NewCallRecord};
use dunlin_engine::circumstances::NewCircumstance;
use dunlin_server::api::guard::{
    CallEntry, CallJson, CallPermitJson, CircumstanceEntry, CircumstanceJson, PromiseJson, call_way,
};
use serde_json::{Value, json};

use super::call_tasks;
use super::pay::value;
use crate::answer::Answer;
use crate::args::guard::{
    Call, CallRecord, Circumstance, CircumstanceAdd, Consent, ConsentChange, Ending, Hold, HoldAdd, Promise,
    PromiseAdd,
};
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// `hold`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn hold(session: &Session, command: &Hold) -> Result<Answer, Failure> {
    match command {
        Hold::Add(args) => {
            let HoldAdd { customer, kind, agreement, days, proof } = args;
            let new = NewCircumstance {
                customer: Some(customer.clone()),
                agreement: agreement.clone(),
                contact_point: None,
                kind: *kind,
                value: String::new(),
                from: days.from,
                through: days.through,
                reason: proof.reason.clone(),
                evidence: proof.evidence.clone(),
            };
            let row = session.open()?.add_circumstance(&new, session.caller())?;
            Ok(added(session, &row))
        }
        Hold::End(args) => end(session, args),
        Hold::List(args) => list(session, &args.customer, &CircumstanceKind::HOLDS),
    }
}

/// `consent`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn consent(session: &Session, command: &Consent) -> Result<Answer, Failure> {
    let (args, kind) = match command {
        Consent::Withdraw(args) => (args, CircumstanceKind::OptOut),
        Consent::Give(args) => (args, CircumstanceKind::OptIn),
    };
    let ConsentChange { customer, channel, proof } = args;
    let engine = session.open()?;
    let mut documents: Vec<Value> = Vec::new();
    let mut lines = Vec::new();
    for channel in channel {
        let new = NewCircumstance {
            customer: Some(customer.clone()),
            agreement: None,
            contact_point: None,
            kind,
            value: channel.code().to_owned(),
            from: None,
            through: None,
            reason: proof.reason.clone(),
            evidence: proof.evidence.clone(),
        };
        let row = engine.change_consent(&new, session.caller())?;
        let entry = &row.entry;
        let channel = crate::words::channel(*channel, session.language);
        lines.push(match (session.language, kind) {
            (Language::Zh, CircumstanceKind::OptOut) => {
                format!("客户 {customer} 自 {} 起不再接收{channel}（{}）", entry.from, entry.id)
            }
            (Language::Zh, _) => {
                format!("客户 {customer} 自 {} 起恢复接收{channel}（{}）", entry.from, entry.id)
            }
            (Language::En, CircumstanceKind::OptOut) => {
                format!("{customer} gets nothing by {channel} from {} on ({})", entry.from, entry.id)
            }
            (Language::En, _) => {
                format!(
                    "{customer} may be contacted by {channel} again from {} on ({})",
                    entry.from, entry.id
                )
            }
        });
        documents.push(value(&CircumstanceJson::new(&row)));
    }
    Ok(Answer::new(lines.join("\n"), json!({ "circumstances": documents })))
}

/// `promise`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn promise(session: &Session, command: &Promise) -> Result<Answer, Failure> {
    match command {
        Promise::Add(args) => add_promise(session, args),
        Promise::End(args) => end(session, args),
        Promise::List(args) => promises(session, &args.agreement),
    }
}

fn add_promise(session: &Session, args: &PromiseAdd) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let currency = engine.currency_of(&args.agreement)?;
    let new = NewCircumstance {
        customer: None,
        agreement: Some(args.agreement.clone()),
        contact_point: None,
        kind: CircumstanceKind::Promise,
        value: format!("{} {currency}", args.amount),
        from: None,
        through: Some(args.by),
        reason: args.proof.reason.clone(),
        evidence: args.proof.evidence.clone(),
    };
    let row = engine.add_circumstance(&new, session.caller())?;
    let (id, amount) = (row.entry.id, row.entry.content.value());
    let text = match session.language {
        Language::Zh => {
            format!("合约 {}：承诺 {} 前还款 {amount}，到期前不再联系（{id}）", args.agreement, args.by)
        }
        Language::En => {
            format!("{}: {amount} promised by {}; contact rests until then ({id})", args.agreement, args.by)
        }
    };
    Ok(Answer::new(text, value(&CircumstanceJson::new(&row))))
}

fn promises(session: &Session, agreement: &str) -> Result<Answer, Failure> {
    let promises = session.open()?.promises(agreement, session.now())?;
    let documents: Vec<Value> = promises.iter().map(|promise| value(&PromiseJson::new(promise))).collect();
    let json = json!({ "promises": documents });
    if promises.is_empty() {
        let text = match session.language {
            Language::Zh => "没有承诺还款",
            Language::En => "there is no promise to pay",
        };
        return Ok(Answer::new(text, json));
    }
    let header = match session.language {
        Language::Zh => ["承诺", "金额", "作出", "期限", "已还", "结果"],
        Language::En => ["promise", "amount", "made", "by", "paid", "outcome"],
    };
    let mut rows = table(&header, &[1, 4]);
    for promise in &promises {
        let outcome = match (session.language, promise.outcome) {
            (Language::Zh, PromiseOutcome::Open) => "未到期",
            (Language::Zh, PromiseOutcome::Kept) => "已履行",
            (Language::Zh, PromiseOutcome::PartlyKept) => "部分履行",
            (Language::Zh, PromiseOutcome::Broken) => "未履行",
            (Language::En, outcome) => outcome.code(),
        };
        let entry = &promise.row.entry;
        let ended = entry.ended_on.map_or_else(String::new, |ended| format!(" ({ended})"));
        rows.add_row([
            entry.id.to_string(),
            promise.amount.to_string(),
            entry.from.to_string(),
            entry.through.map_or_else(String::new, |by| format!("{by}{ended}")),
            promise.paid.to_string(),
            outcome.to_owned(),
        ]);
    }
    Ok(Answer::new(lines_of(&rows), json))
}

/// `circumstance`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn circumstance(session: &Session, command: &Circumstance) -> Result<Answer, Failure> {
    match command {
        Circumstance::Add(args) => {
            let CircumstanceAdd { customer, kind, value, agreement, contact_point, days, proof } = args;
            let new = NewCircumstance {
                customer: Some(customer.clone()),
                agreement: agreement.clone(),
                contact_point: contact_point.clone(),
                kind: *kind,
                value: value.clone(),
                from: days.from,
                through: days.through,
                reason: proof.reason.clone(),
                evidence: proof.evidence.clone(),
            };
            let row = session.open()?.add_circumstance(&new, session.caller())?;
            Ok(added(session, &row))
        }
        Circumstance::End(args) => end(session, args),
        Circumstance::List(args) => list(session, &args.customer, CircumstanceKind::ALL),
    }
}

fn added(session: &Session, row: &CircumstanceEntry) -> Answer {
    let entry = &row.entry;
    let (kind, id) = (entry.content.kind(), entry.id);
    let text = match (session.language, entry.through) {
        (Language::Zh, Some(through)) => {
            format!("已记录{}：{} 至 {through}（{id}）", kind.label(Language::Zh), entry.from)
        }
        (Language::Zh, None) => format!("已记录{}：自 {} 起（{id}）", kind.label(Language::Zh), entry.from),
        (Language::En, Some(through)) => {
            format!("{kind} is recorded from {} through {through} ({id})", entry.from)
        }
        (Language::En, None) => format!("{kind} is recorded from {} on ({id})", entry.from),
    };
    Answer::new(text, value(&CircumstanceJson::new(row)))
}

fn end(session: &Session, args: &Ending) -> Result<Answer, Failure> {
    let row = session.open()?.end_circumstance(args.id, args.on, &args.reason, session.caller())?;
    let (kind, id) = (row.entry.content.kind(), row.entry.id);
    let on = row.entry.ended_on.unwrap_or(row.entry.from);
    let text = match session.language {
        Language::Zh => format!("{kind} 自 {on} 起结束（{id}）；因此未联系的，由下一次日批处理重新判定"),
        Language::En => {
            format!(
                "{kind} has ended on {on} ({id}); what was silent because of it is looked at by the next day's run"
            )
        }
    };
    Ok(Answer::new(text, value(&CircumstanceJson::new(&row))))
}

fn list(session: &Session, customer: &str, kinds: &[CircumstanceKind]) -> Result<Answer, Failure> {
    let mut entries = session.open()?.circumstances(customer)?;
    entries.retain(|row| kinds.contains(&row.entry.content.kind()));
    let documents: Vec<Value> = entries.iter().map(|row| value(&CircumstanceJson::new(row))).collect();
    let json = json!({ "circumstances": documents });
    if entries.is_empty() {
        let text = match session.language {
            Language::Zh => "没有记录",
            Language::En => "there is none",
        };
        return Ok(Answer::new(text, json));
    }
    let header = match session.language {
        Language::Zh => ["编号", "类型", "内容", "自", "至", "结束", "原因", "证据", "记录人"],
        Language::En => ["id", "kind", "value", "from", "through", "ended", "reason", "evidence", "by"],
    };
    let mut rows = table(&header, &[]);
    for row in &entries {
        let entry = &row.entry;
        let day =
            |date: Option<dunlin_domain::date::Date>| date.map_or_else(String::new, |on| on.to_string());
        rows.add_row([
            entry.id.to_string(),
            entry.content.kind().to_string(),
            entry.content.value(),
            entry.from.to_string(),
            day(entry.through),
            day(entry.ended_on),
            row.reason.clone(),
            row.evidence.clone(),
            row.recorded_by.clone(),
        ]);
    }
    Ok(Answer::new(lines_of(&rows), json))
}

/// `call`.
///
/// # Errors
/// What the engine refuses, a denial with all of its grounds among it; what the database says.
pub fn call(session: &Session, command: &Call) -> Result<Answer, Failure> {
    match command {
        Call::Begin(args) => {
            let new = NewCall {
                agreement: args.agreement.clone(),
                contact_point: args.contact_point.clone(),
                by: args.by.clone(),
            };
            let permit = session.open()?.begin_call(&new, session.caller())?;
            let (id, point, until) = (permit.call, permit.contact_point, permit.expires_at);
            let packs = permit.packs.join(", ");
            let text = match session.language {
                Language::Zh => format!(
                    "可以拨打 {point}，{until} 前有效（规则 {packs}）；之后记录结果：dunlin call record --call {id} --outcome …"
                ),
                Language::En => format!(
                    "{point} may be called until {until} (by {packs}); record the outcome with `dunlin call record --call {id} --outcome …`"
                ),
            };
            Ok(Answer::new(text, value(&CallPermitJson::new(&permit))))
        }
        Call::Next(args) => call_tasks::next(session, args),
        Call::Dial(args) => call_tasks::dial(session, args),
        Call::Outcome(args) => call_tasks::outcome(session, args),
        Call::Tasks(args) => call_tasks::tasks(session, args),
        Call::Record(args) => record(session, args),
        Call::List(args) => calls(session, &args.customer),
    }
}

fn record(session: &Session, args: &CallRecord) -> Result<Answer, Failure> {
    let new = NewCallRecord {
        call: args.call,
        customer: args.customer.clone(),
        agreements: args.agreement.clone(),
        at: args.at,
        way: call_way(args.received, &args.outcome)?,
        contact_point: args.contact_point.clone(),
        by: args.by.clone(),
        evidence: args.evidence.clone(),
    };
    let row = session.open()?.record_call(&new, session.caller())?;
    let (id, on, outcome) = (row.id, row.on, row.way.outcome());
    let text = match session.language {
        Language::Zh => format!("已记录 {on} 的通话：{outcome}（{id}）"),
        Language::En => format!("the call of {on} is recorded: {outcome} ({id})"),
    };
    Ok(Answer::new(text, value(&CallJson::new(&row))))
}

fn calls(session: &Session, customer: &str) -> Result<Answer, Failure> {
    let calls: Vec<CallEntry> = session.open()?.calls(customer)?;
    let documents: Vec<Value> = calls.iter().map(|row| value(&CallJson::new(row))).collect();
    let json = json!({ "calls": documents });
    if calls.is_empty() {
        let text = match session.language {
            Language::Zh => "没有通话记录",
            Language::En => "there is no call",
        };
        return Ok(Answer::new(text, json));
    }
    let header = match session.language {
        Language::Zh => ["编号", "日期", "方向", "结果", "号码", "由"],
        Language::En => ["call", "day", "direction", "outcome", "number", "by"],
    };
    let mut rows = table(&header, &[]);
    for row in &calls {
        rows.add_row([
            row.id.to_string(),
            row.on.to_string(),
            row.way.direction().to_owned(),
            row.way.outcome().to_owned(),
            row.contact_point.map_or_else(String::new, |point| point.to_string()),
            row.caller.clone(),
        ]);
    }
    Ok(Answer::new(lines_of(&rows), json))
}

//! What calls that agents place look like to programs.

use dunlin_domain::contact::Language;
use dunlin_engine::call_tasks::{CallReported, CallSheet, CallTaskLine, CallTaskList};
use serde_json::{Value, json};

use super::MoneyJson;

/// What an agent sees of a task; `null` stands for none.
#[must_use]
pub fn sheet_json(sheet: &CallSheet) -> Value {
    let sections = |language: Language| -> Vec<Value> {
        let sections = sheet.sections(language);
        sections
            .iter()
            .map(|section| json!({ "code": section.code, "title": section.title, "lines": section.lines }))
            .collect()
    };
    json!({
        "task": sheet.task.to_string(),
        "call": sheet.call.map(|call| call.to_string()),
        "state": sheet.state.code(),
        "agent": sheet.agent,
        "until": sheet.until.map(|until| until.to_string()),
        "agreement": sheet.agreement,
        "name": sheet.name,
        "number": sheet.number,
        "party": sheet.party.code(),
        "language": sheet.language.code(),
        "call_back": sheet.is_call_back,
        "overdue": MoneyJson::new(sheet.overdue),
        "late_fee": MoneyJson::new(sheet.late_fee),
        "total": MoneyJson::new(sheet.total),
        "due_on": sheet.due_on.map(|on| on.to_string()),
        "days_past_due": sheet.days_past_due,
        "strategy": sheet.strategy,
        "text": sheet.text.reveal(),
        "sections": { "zh": sections(Language::Zh), "en": sections(Language::En) },
    })
}

/// What became of a report.
#[must_use]
pub fn reported_json(reported: &CallReported) -> Value {
    json!({
        "task": reported.task.message.to_string(),
        "state": reported.task.state.code(),
        "result": reported.task.result,
        "call_back": reported.call_back.map(|(task, at)| json!({ "task": task.to_string(), "at": at.to_string() })),
        "recorded": reported.recorded.as_ref().map(|(id, kind)| json!({ "id": id, "kind": kind.code() })),
    })
}

/// The tasks of a day.
#[must_use]
pub fn list_json(list: &CallTaskList) -> Value {
    let line = |line: &CallTaskLine| {
        let task = &line.task;
        json!({
            "task": task.message.to_string(),
            "agreement": line.agreement,
            "name": line.name.reveal(),
            "call_back": task.is_call_back,
            "value": MoneyJson::new(task.value),
            "state": task.state.code(),
            "agent": task.agent,
            "until": task.lease_until.map(|until| until.to_string()),
            "result": task.result,
            "changed_at": task.changed_at.to_string(),
        })
    };
    json!({
        "on": list.on.map(|on| on.to_string()),
        "tasks": list.tasks.iter().map(line).collect::<Vec<_>>(),
    })
}

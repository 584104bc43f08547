//! `call next`, `call dial`, `call outcome`, `call tasks`: calls that agents place.

use dunlin_domain::call_task::CallResult;
use dunlin_domain::contact::Language;
use dunlin_engine::call_tasks::{CallReport, CallSheet, CallTaskState};
use dunlin_server::api::call_tasks::{list_json, reported_json, sheet_json};
use serde_json::json;

use crate::answer::Answer;
use crate::args::guard::{CallDial, CallNext, CallOutcomeArgs, CallTasks};
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// `call next`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn next(session: &Session, args: &CallNext) -> Result<Answer, Failure> {
    let sheet = session.open()?.next_call(&args.agent, session.caller())?;
    let Some(sheet) = sheet else {
        let text = match session.language {
            Language::Zh => "目前没有可以拨打的任务",
            Language::En => "there is no call that may be placed now",
        };
        return Ok(Answer::new(text, json!({ "task": null })));
    };
    Ok(Answer::new(words(&sheet, session.language), json!({ "task": sheet_json(&sheet) })))
}

/// `call dial`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn dial(session: &Session, args: &CallDial) -> Result<Answer, Failure> {
    let sheet = session.open()?.dial_call(args.task, &args.agent, session.caller())?;
    Ok(Answer::new(words(&sheet, session.language), json!({ "task": sheet_json(&sheet) })))
}

/// `call outcome`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn outcome(session: &Session, args: &CallOutcomeArgs) -> Result<Answer, Failure> {
    let new = CallReport {
        task: args.task,
        agent: args.agent.clone(),
        result: args.result,
        note: args.note.clone(),
        evidence: args.evidence.clone(),
        promise: args.amount.clone().zip(args.by),
        call_back_at: args.call_back_at,
    };
    let reported = session.open()?.report_call(&new, session.caller())?;
    let result = args.result.label(session.language);
    let mut lines = vec![match session.language {
        Language::Zh => format!("已登记：{result}（{}）", args.task),
        Language::En => format!("recorded: {result} ({})", args.task),
    }];
    if let Some((id, kind)) = &reported.recorded {
        lines.push(match session.language {
            Language::Zh => format!("另记录{}（{id}）", kind.label(session.language)),
            Language::En => format!("{} is recorded too ({id})", kind.label(session.language)),
        });
    }
    if let Some((task, at)) = &reported.call_back {
        lines.push(match session.language {
            Language::Zh => format!("约定 {at} 回电（{task}）"),
            Language::En => format!("to be called again at {at} ({task})"),
        });
    }
    if args.result == CallResult::NotPlaced {
        lines.push(match session.language {
            Language::Zh => "任务已退回，可由他人领取".to_owned(),
            Language::En => "the task is free again".to_owned(),
        });
    }
    Ok(Answer::new(lines.join("\n"), reported_json(&reported)))
}

/// `call tasks`.
///
/// # Errors
/// What the database says.
pub fn tasks(session: &Session, args: &CallTasks) -> Result<Answer, Failure> {
    let list = session.open()?.call_tasks(args.on)?;
    let json = list_json(&list);
    if list.tasks.is_empty() {
        let text = match session.language {
            Language::Zh => "没有外呼任务",
            Language::En => "there is no call to place",
        };
        return Ok(Answer::new(text, json));
    }
    let header = match session.language {
        Language::Zh => ["任务", "合约", "客户", "应还金额", "状态", "坐席", "结果"],
        Language::En => ["task", "agreement", "customer", "owed", "state", "agent", "result"],
    };
    let mut rows = table(&header, &[3]);
    for line in &list.tasks {
        let task = &line.task;
        let result = task.result.as_deref().and_then(CallResult::parse);
        rows.add_row([
            task.message.to_string(),
            line.agreement.clone(),
            line.name.reveal().to_owned(),
            task.value.to_string(),
            task.state.label(session.language).to_owned(),
            task.agent.clone().unwrap_or_default(),
            result.map_or("", |result| result.label(session.language)).to_owned(),
        ]);
    }
    Ok(Answer::new(lines_of(&rows), json))
}

/// The sheet as an agent reads it, and what to do next.
fn words(sheet: &CallSheet, language: Language) -> String {
    let until = sheet.until.map_or_else(String::new, |until| until.to_string());
    let (task, agent) = (sheet.task, &sheet.agent);
    let mut lines = vec![match language {
        Language::Zh => format!("合约 {}  {}  {}", sheet.agreement, sheet.name, sheet.number),
        Language::En => format!("agreement {}  {}  {}", sheet.agreement, sheet.name, sheet.number),
    }];
    for section in sheet.sections(language) {
        lines.push(String::new());
        lines.push(section.title.to_owned());
        lines.extend(section.lines.iter().map(|line| format!("  {line}")));
    }
    lines.push(String::new());
    lines.push(match (language, sheet.state) {
        (Language::Zh, CallTaskState::Dialled) => {
            format!("请在 {until} 前登记结果：dunlin call outcome {task} --agent {agent} --result …")
        }
        (Language::En, CallTaskState::Dialled) => {
            format!(
                "tell what became of it by {until}: dunlin call outcome {task} --agent {agent} --result …"
            )
        }
        (Language::Zh, _) => format!("{until} 前有效；显示号码：dunlin call dial {task} --agent {agent}"),
        (Language::En, _) => {
            format!("yours until {until}; show the number with: dunlin call dial {task} --agent {agent}")
        }
    });
    lines.join("\n")
}

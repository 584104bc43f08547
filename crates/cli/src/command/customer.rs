//! `customer`: who is one person, merged and split by two people.

use dunlin_domain::contact::{ContactPointKind, Language};
use dunlin_engine::persons::{Duplicate, MergeKind, MergeView, merge_text};
use dunlin_server::api::persons::{duplicate_json, request_json};
use serde_json::json;

use crate::answer::Answer;
use crate::args::people::{Customer, MergeDecision};
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// `customer`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn run(session: &Session, command: &Customer) -> Result<Answer, Failure> {
    let caller = session.caller();
    match command {
        Customer::Merge(args) => {
            let view = session.open()?.ask_merge(&args.person, &args.customer, &args.reason, caller)?;
            Ok(asked(session, &view))
        }
        Customer::Split(args) => {
            Ok(asked(session, &session.open()?.ask_split(&args.customer, &args.reason, caller)?))
        }
        Customer::Approve(args) => approve(session, args),
        Customer::Reject(args) => {
            let view = session.open()?.reject_merge(&args.request, &args.note, caller)?;
            let text = session.language.pick("未获批准，没有变动", "refused; nothing was changed");
            Ok(Answer::new(text.to_owned(), request_json(&view)))
        }
        Customer::Requests => requests(session),
        Customer::Duplicates(args) => duplicates(session, args.most),
        Customer::Show(args) => {
            let same = session.open()?.same_person(&args.customer)?;
            let json = json!({ "customer": args.customer, "same_person": same });
            let text = match (same.len(), session.language) {
                (1, Language::Zh) => "没有其他客户与其为同一人".to_owned(),
                (1, Language::En) => "no other customer is the same person".to_owned(),
                (_, Language::Zh) => format!("同一人：{}", same.join("、")),
                (_, Language::En) => format!("one person: {}", same.join(", ")),
            };
            Ok(Answer::new(text, json))
        }
    }
}

fn asked(session: &Session, view: &MergeView) -> Answer {
    let (id, MergeView { customer, person, .. }) = (merge_text(view.request.id), view);
    let text = match (view.request.kind, session.language) {
        (MergeKind::Merge, Language::Zh) => {
            format!("{customer}将与{person}按同一人处理，须由他人批准：dunlin customer approve {id}")
        }
        (MergeKind::Merge, Language::En) => format!(
            "{customer} would be treated as the same person as {person}; another person must approve it with \
             `dunlin customer approve {id}`"
        ),
        (MergeKind::Split, Language::Zh) => {
            format!("{customer}将不再与{person}按同一人处理，须由他人批准：dunlin customer approve {id}")
        }
        (MergeKind::Split, Language::En) => format!(
            "{customer} would no longer be treated as {person}; another person must approve it with \
             `dunlin customer approve {id}`"
        ),
    };
    Answer::new(text, request_json(view))
}

fn approve(session: &Session, args: &MergeDecision) -> Result<Answer, Failure> {
    let view = session.open()?.approve_merge(&args.request, &args.note, session.caller())?;
    let MergeView { customer, person, .. } = &view;
    let text = match (view.request.kind, session.language) {
        (MergeKind::Merge, Language::Zh) => {
            format!("{customer}与{person}自即日起按同一人处理：联系次数与限制合并计算")
        }
        (MergeKind::Merge, Language::En) => {
            format!("{customer} and {person} are one person from now on: contacts and holds count together")
        }
        (MergeKind::Split, Language::Zh) => format!("{customer}与{person}自即日起分开处理；此前已发送的不变"),
        (MergeKind::Split, Language::En) => {
            format!("{customer} and {person} are two persons from now on; what was sent stays as it is")
        }
    };
    Ok(Answer::new(text, request_json(&view)))
}

fn requests(session: &Session) -> Result<Answer, Failure> {
    let views = session.open()?.merge_requests()?;
    let json = json!({ "requests": views.iter().map(request_json).collect::<Vec<_>>() });
    if views.is_empty() {
        let text = session.language.pick("没有合并或拆分申请", "no merge or split was asked for");
        return Ok(Answer::new(text.to_owned(), json));
    }
    let head = match session.language {
        Language::Zh => ["申请", "类型", "客户", "并入", "状态", "申请人", "原因"],
        Language::En => ["request", "kind", "customer", "person", "state", "by", "why"],
    };
    let mut rows = table(&head, &[]);
    for view in &views {
        let request = &view.request;
        let by = request.decided_by.as_ref();
        rows.add_row([
            merge_text(request.id),
            request.kind.code().to_owned(),
            view.customer.clone(),
            view.person.clone(),
            request.state.clone(),
            by.map_or_else(|| request.author.clone(), |by| format!("{}, {by}", request.author)),
            request.reason.clone(),
        ]);
    }
    Ok(Answer::new(lines_of(&rows), json))
}

fn kind_words(kind: ContactPointKind, language: Language) -> &'static str {
    match kind {
        ContactPointKind::Phone => language.pick("号码", "number"),
        ContactPointKind::Email => language.pick("邮箱", "mail address"),
        ContactPointKind::Push => language.pick("设备", "device"),
        ContactPointKind::Postal => language.pick("地址", "postal address"),
    }
}

fn duplicates(session: &Session, most: usize) -> Result<Answer, Failure> {
    let found = session.open()?.duplicate_customers(most)?;
    let json = json!({
        "duplicates": found
            .iter()
            .map(duplicate_json)
            .collect::<Vec<_>>(),
    });
    let line = |it: &Duplicate| {
        let names = it.customers.join(session.language.pick("、", ", "));
        let shared: Vec<&str> = it.shared.iter().map(|kind| kind_words(*kind, session.language)).collect();
        let shared = shared.join(session.language.pick("、", ", "));
        match (it.has_same_name, session.language) {
            (true, Language::Zh) => format!("{names}：姓名相同，{shared}也相同"),
            (false, Language::Zh) => format!("{names}：{shared}相同，姓名不同"),
            (true, Language::En) => format!("{names}: the same name and {shared}"),
            (false, Language::En) => format!("{names}: the same {shared}, other names"),
        }
    };
    let text = match found.is_empty() {
        true => session.language.pick("没有疑似重复的客户", "no customers look like one person").to_owned(),
        false => found.iter().map(line).collect::<Vec<_>>().join("\n"),
    };
    Ok(Answer::new(text, json).found_if(found.iter().any(|it| it.has_same_name)))
}

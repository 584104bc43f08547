//! `line`: where a credit line stands, and the commands that move it.

use dunlin_domain::contact::Language;
use dunlin_domain::line::state::LineCommand;
use dunlin_engine::line::{HoldLine, LineAction, LineChangeLine, LineView};
use dunlin_server::api::checkout::LineJson;

use crate::answer::Answer;
use crate::args::line::{Line, LineMove};
use crate::command::pay::value;
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// `line`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn run(session: &Session, command: &Line) -> Result<Answer, Failure> {
    let (agreement, reason, action) = match command {
        Line::Show(args) => {
            let view = session.open()?.line(&args.agreement, args.on, session.now())?;
            return Ok(Answer::new(text(&view, session.language), value(&LineJson::new(&view))));
        }
        Line::Open(args) => moved(args, LineCommand::Open),
        Line::Close(args) => moved(args, LineCommand::Close),
        Line::Freeze(args) => moved(args, LineCommand::FreezeRisk),
        Line::Thaw(args) if args.overdue => moved(&args.line, LineCommand::ThawOverdue),
        Line::Thaw(args) => moved(&args.line, LineCommand::ThawRisk),
        Line::Suspend(args) => moved(args, LineCommand::Suspend),
        Line::Resume(args) => moved(args, LineCommand::Resume),
        Line::Limit(args) => (&args.agreement, &args.reason, LineAction::Limit(args.limit.clone())),
    };
    let view = session.open()?.move_line(agreement, &action, reason, session.caller())?;
    Ok(Answer::new(text(&view, session.language), value(&LineJson::new(&view))))
}

fn moved(args: &LineMove, command: LineCommand) -> (&String, &String, LineAction) {
    (&args.agreement, &args.reason, LineAction::Command(command))
}

fn text(view: &LineView, language: Language) -> String {
    let mut parts = vec![head(view, language), derivation(view, language)];
    if !view.holds.is_empty() {
        parts.push(holds_table(&view.holds, language));
    }
    if !view.changes.is_empty() {
        parts.push(changes_table(&view.changes, language));
    }
    parts.join("\n\n")
}

fn head(view: &LineView, language: Language) -> String {
    let (agreement, on) = (&view.agreement, view.on);
    let words: Vec<&str> = view.restrictions.iter().map(|state| state.label(language)).collect();
    let states = if words.is_empty() { view.state.label(language).to_owned() } else { words.join(" + ") };
    match language {
        Language::Zh => format!("{agreement} 在 {on} 的额度：{states}"),
        Language::En => format!("the line of {agreement} on {on}: {states}"),
    }
}

fn derivation(view: &LineView, language: Language) -> String {
    let available = &view.available;
    let rows = [
        ("授信额度", "credit limit", available.limit),
        ("− 已出账本金", "− principal on statements", available.billed),
        ("− 未出账消费", "− unbilled purchases", available.unbilled),
        ("− 分期剩余本金", "− rest of plans", available.plan_rest),
        ("− 授权冻结", "− open holds", available.held),
        ("+ 溢缴款", "+ unapplied credit", available.credit),
        ("= 可用额度", "= available credit", available.amount),
    ];
    let mut shown = table(&["", available.limit.currency().code()], &[1]);
    for (zh, en, amount) in rows {
        let name = match language {
            Language::Zh => zh,
            Language::En => en,
        };
        shown.add_row([name.to_owned(), amount.to_string()]);
    }
    if available.over.is_positive() {
        let name = match language {
            Language::Zh => "超出额度",
            Language::En => "beyond the limit",
        };
        shown.add_row([name.to_owned(), available.over.to_string()]);
    }
    lines_of(&shown)
}

fn holds_table(holds: &[HoldLine], language: Language) -> String {
    let header = match language {
        Language::Zh => ["授权", "商户", "参考号", "状态", "金额", "已请款", "冻结", "有效至"],
        Language::En => ["hold", "merchant", "reference", "state", "amount", "captured", "held", "through"],
    };
    let mut shown = table(&header, &[4, 5, 6]);
    for hold in holds {
        let state = match hold.decline_reason {
            Some(reason) => format!("{} ({reason})", hold.state),
            None => hold.state.to_string(),
        };
        shown.add_row([
            hold.id.clone(),
            hold.merchant.clone(),
            hold.reference.clone(),
            state,
            hold.amount.to_string(),
            hold.captured.to_string(),
            hold.held.to_string(),
            hold.expires_on.to_string(),
        ]);
    }
    lines_of(&shown)
}

fn changes_table(changes: &[LineChangeLine], language: Language) -> String {
    let header = match language {
        Language::Zh => ["日期", "操作", "由", "至", "额度", "原因", "操作人"],
        Language::En => ["on", "command", "from", "to", "limit", "reason", "by"],
    };
    let mut shown = table(&header, &[]);
    for change in changes {
        let limit = if change.limit_before == change.limit_after {
            change.limit_after.to_string()
        } else {
            format!("{} → {}", change.limit_before, change.limit_after)
        };
        shown.add_row([
            change.on.to_string(),
            change.command.to_string(),
            change.state_before.label(language).to_owned(),
            change.state_after.label(language).to_owned(),
            limit,
            change.reason.clone(),
            change.actor.clone(),
        ]);
    }
    lines_of(&shown)
}

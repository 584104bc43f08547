//! `pause`: planned stops of contact.

use dunlin_domain::contact::Language;
use dunlin_domain::date::BusinessDate;
use dunlin_domain::pause::{PauseScope, PauseState};
use dunlin_engine::pauses::{NewPause, PausePreview};
use dunlin_server::api::pauses::{pause_json, preview_json};
use serde_json::json;

use crate::answer::Answer;
use crate::args::pause::{self as args, PauseAdd, PauseDecision, PauseEnd};
use crate::failure::Failure;
use crate::screen::{counted, lines_of, table};
use crate::session::Session;
use crate::words;

/// `pause`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn run(session: &Session, command: &args::Pause) -> Result<Answer, Failure> {
    match command {
        args::Pause::Add(args) => add(session, args),
        args::Pause::Approve(args) => decide(session, args, true),
        args::Pause::Reject(args) => decide(session, args, false),
        args::Pause::End(args) => end(session, args),
        args::Pause::List => list(session),
    }
}

fn add(session: &Session, args: &PauseAdd) -> Result<Answer, Failure> {
    let new = NewPause {
        kind: args.kind,
        scope: PauseScope {
            channels: args.channel.clone(),
            products: args.product.clone(),
            buckets: args.bucket.clone(),
        },
        from: BusinessDate(args.from),
        through: BusinessDate(args.through),
        reason_zh: args.reason_zh.clone(),
        reason_en: args.reason_en.clone(),
        per_hour: args.per_hour,
        customer: args.customer_zh.clone().zip(args.customer_en.clone()),
    };
    let engine = session.open()?;
    if args.preview {
        return Ok(preview(session, &engine.preview_pause(&new)?));
    }
    let pause = engine.add_pause(&new, session.now())?;
    let (scope, id) = (scope_words(&pause.scope, session.language), pause.id);
    let text = match (session.language, pause.state) {
        (Language::Zh, PauseState::Pending) => format!(
            "已申请停催：{scope}，{} 至 {}；须由他人批准后生效：dunlin pause approve {id}",
            pause.from, pause.through
        ),
        (Language::Zh, state) => {
            format!("该停催此前已申请（{id}），状态：{}", words::pause_state(state, Language::Zh))
        }
        (Language::En, PauseState::Pending) => format!(
            "a pause is asked for: {scope}, {} to {}; it is in force when another person approves it with `dunlin pause approve {id}`",
            pause.from, pause.through
        ),
        (Language::En, state) => format!("this pause was asked for before ({id}) and is {state}"),
    };
    Ok(Answer::new(text, pause_json(&pause)))
}

fn preview(session: &Session, preview: &PausePreview) -> Answer {
    let json = preview_json(preview);
    let resumes_on = preview.resumes_on.map_or_else(String::new, |date| date.to_string());
    let mut lines = vec![match session.language {
        Language::Zh => format!(
            "最多保留 {} 条通知，涉及 {} 位客户（假定期间无人还款）；{resumes_on} 恢复联系",
            preview.notices, preview.customers
        ),
        Language::En => format!(
            "at most {} of {} would be held, if nobody paid meanwhile; contact goes on from {resumes_on}",
            counted(preview.notices, "notice"),
            counted(preview.customers, "customer")
        ),
    }];
    for ((product, bucket), notices) in &preview.by_bucket {
        lines.push(format!("  {product} {bucket}: {notices}"));
    }
    for pause in &preview.overlaps {
        let (id, scope) = (pause.id, scope_words(&pause.scope, session.language));
        lines.push(match session.language {
            Language::Zh => format!("  与停催 {id} 重叠：{scope}，{} 至 {}", pause.from, pause.through),
            Language::En => format!("  overlaps {id}: {scope}, {} to {}", pause.from, pause.through),
        });
    }
    Answer::new(lines.join("\n"), json)
}

fn decide(session: &Session, args: &PauseDecision, is_approved: bool) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let pause = if is_approved {
        engine.approve_pause(args.id, &args.note, session.caller())?
    } else {
        engine.reject_pause(args.id, &args.note, session.caller())?
    };
    let (scope, id) = (scope_words(&pause.scope, session.language), pause.id);
    let text = match (session.language, is_approved) {
        (Language::Zh, true) => format!(
            "停催已批准：{scope}，{} 至 {}；提前结束：dunlin pause end {id}",
            pause.from, pause.through
        ),
        (Language::Zh, false) => format!("停催申请 {id} 未获批准"),
        (Language::En, true) => format!(
            "{scope} rests {} to {}; end it early with `dunlin pause end {id}`",
            pause.from, pause.through
        ),
        (Language::En, false) => format!("{id} is refused; contact goes on"),
    };
    Ok(Answer::new(text, pause_json(&pause)))
}

fn end(session: &Session, args: &PauseEnd) -> Result<Answer, Failure> {
    let held = session.open()?.end_pause(args.id, session.now())?;
    let text = match session.language {
        Language::Zh => {
            format!("停催 {} 已结束；有保留通知的 {held} 份合约将在下一次跑批时处理", args.id)
        }
        Language::En => format!(
            "{} is ended; {} with a held notice will be looked at by the next day's run",
            args.id,
            counted(held as u64, "agreement")
        ),
    };
    Ok(Answer::new(text, json!({ "id": args.id.to_string(), "agreements_with_held_notice": held })))
}

fn list(session: &Session) -> Result<Answer, Failure> {
    let language = session.language;
    let pauses = session.open()?.pauses()?;
    let json = json!({ "pauses": pauses.iter().map(pause_json).collect::<Vec<_>>() });
    if pauses.is_empty() {
        return Ok(Answer::new(language.pick("没有停催", "there is no pause"), json));
    }
    let head = match language {
        Language::Zh => ["停催", "类型", "状态", "起", "止", "范围", "理由", "操作人"],
        Language::En => ["pause", "kind", "state", "from", "through", "reaches", "reason", "by"],
    };
    let mut rows = table(&head, &[]);
    for pause in &pauses {
        let through = match pause.ended_on {
            Some(ended) => match language {
                Language::Zh => format!("{}（已于 {ended} 提前结束）", pause.through),
                Language::En => format!("{} (ended {ended})", pause.through),
            },
            None => pause.through.to_string(),
        };
        rows.add_row([
            pause.id.to_string(),
            words::pause_kind(pause.kind, language).to_owned(),
            words::pause_state(pause.state, language).to_owned(),
            pause.from.to_string(),
            through,
            scope_words(&pause.scope, language),
            language.pick(&pause.reason_zh, &pause.reason_en).to_owned(),
            pause
                .decided_by
                .as_ref()
                .map_or_else(|| pause.author.clone(), |by| format!("{}, {by}", pause.author)),
        ]);
    }
    Ok(Answer::new(lines_of(&rows), json))
}

fn scope_words(scope: &PauseScope, language: Language) -> String {
    let channels: Vec<&str> =
        scope.channels.iter().map(|channel| words::channel(*channel, language)).collect();
    let comma = language.pick("、", ", ");
    let channels = match channels.is_empty() {
        true => language.pick("全部触达", "all contact").to_owned(),
        false => channels.join(comma),
    };
    let parts = [
        (language.pick("产品", "products"), &scope.products),
        (language.pick("逾期阶段", "buckets"), &scope.buckets),
    ];
    let narrowed = parts.iter().filter(|(_, names)| !names.is_empty());
    let narrowed: Vec<String> =
        narrowed.map(|(what, names)| format!("{what} {}", names.join(comma))).collect();
    match (narrowed.is_empty(), language) {
        (true, _) => channels,
        (false, Language::Zh) => format!("{channels}（{}）", narrowed.join("；")),
        (false, Language::En) => format!("{channels} ({})", narrowed.join("; ")),
    }
}

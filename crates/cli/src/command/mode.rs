//! `mode`: gentler lines for a part of the portfolio.

use dunlin_domain::contact::Language;
use dunlin_domain::date::BusinessDate;
use dunlin_domain::gentle_mode::{GentleMode, ModeEffect};
use dunlin_domain::pause::PauseState;
use dunlin_engine::modes::NewMode;
use dunlin_server::api::pauses::mode_json;
use serde_json::json;

use crate::answer::Answer;
use crate::args::people::{self, ModeAdd};
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// `mode`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn run(session: &Session, command: &people::Mode) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let caller = session.caller();
    let mode = match command {
        people::Mode::Add(args) => engine.add_mode(&new_mode(args), caller)?,
        people::Mode::Approve(args) => {
            engine.decide_mode(args.id, PauseState::Approved, &args.note, caller)?
        }
        people::Mode::Reject(args) => {
            engine.decide_mode(args.id, PauseState::Rejected, &args.note, caller)?
        }
        people::Mode::End(args) => engine.end_mode(args.id, caller)?,
        people::Mode::List => return Ok(list(session, &engine.modes()?)),
    };
    Ok(Answer::new(words(session.language, &mode), mode_json(&mode)))
}

fn new_mode(args: &ModeAdd) -> NewMode {
    NewMode {
        reason: args.reason,
        effect: args.effect,
        products: args.product.clone(),
        buckets: args.bucket.clone(),
        segments: args.segment.clone(),
        from: BusinessDate(args.from),
        through: args.through.map(BusinessDate),
        note: args.note.clone(),
    }
}

fn words(language: Language, mode: &GentleMode) -> String {
    let (id, scope, from) = (mode.id, scope_words(mode, language), mode.from);
    let effect = effect_words(mode.effect, language);
    match (language, mode.state, mode.ended_on) {
        (Language::Zh, PauseState::Pending, _) => {
            format!("已申请柔性安排：{scope}，自{from}起{effect}；须由他人批准：dunlin mode approve {id}")
        }
        (Language::En, PauseState::Pending, _) => format!(
            "a gentler mode is asked for: {scope}, {effect} from {from}; it is in force when another person approves it with `dunlin mode approve {id}`"
        ),
        (Language::Zh, PauseState::Rejected, _) => format!("柔性安排 {id} 未获批准"),
        (Language::En, PauseState::Rejected, _) => format!("{id} is refused; the strategy goes on as it is"),
        (Language::Zh, PauseState::Approved, Some(on)) => format!("柔性安排 {id} 自{on}起结束"),
        (Language::En, PauseState::Approved, Some(on)) => format!("{id} is ended from {on} on"),
        (Language::Zh, PauseState::Approved, None) => {
            format!("柔性安排已批准：{scope}，自{from}起{effect}；结束：dunlin mode end {id}")
        }
        (Language::En, PauseState::Approved, None) => {
            format!("{scope}: {effect} from {from}; end it with `dunlin mode end {id}`")
        }
    }
}

fn effect_words(effect: ModeEffect, language: Language) -> &'static str {
    match (effect, language) {
        (ModeEffect::Silent, Language::Zh) => "不联系",
        (ModeEffect::Silent, Language::En) => "no contact",
        (ModeEffect::NoCalls, Language::Zh) => "不打电话",
        (ModeEffect::NoCalls, Language::En) => "no calls",
    }
}

fn scope_words(mode: &GentleMode, language: Language) -> String {
    let parts = [
        (("产品", "products"), &mode.products),
        (("阶段", "buckets"), &mode.buckets),
        (("客群", "segments"), &mode.segments),
    ];
    let narrowed = parts.iter().filter(|(_, names)| !names.is_empty());
    let narrowed: Vec<String> = narrowed
        .map(|((zh, en), names)| match language {
            Language::Zh => format!("{zh}{}", names.join("、")),
            Language::En => format!("{en} {}", names.join(", ")),
        })
        .collect();
    match (narrowed.is_empty(), language) {
        (true, Language::Zh) => "全部客户".to_owned(),
        (true, Language::En) => "the whole portfolio".to_owned(),
        (false, Language::Zh) => narrowed.join("，"),
        (false, Language::En) => narrowed.join("; "),
    }
}

fn list(session: &Session, modes: &[GentleMode]) -> Answer {
    let json = json!({ "modes": modes.iter().map(mode_json).collect::<Vec<_>>() });
    if modes.is_empty() {
        return Answer::new(session.language.pick("没有柔性安排", "there is no gentler mode"), json);
    }
    let headings = match session.language {
        Language::Zh => ["编号", "原因", "做法", "状态", "起始日", "截止日", "范围", "说明", "经办"],
        Language::En => ["mode", "reason", "effect", "state", "from", "through", "reaches", "note", "by"],
    };
    let mut rows = table(&headings, &[]);
    for mode in modes {
        let through = match (mode.ended_on, mode.through) {
            (Some(ended), _) => match session.language {
                Language::Zh => format!("自 {ended} 起结束"),
                Language::En => format!("ended {ended}"),
            },
            (None, Some(through)) => through.to_string(),
            (None, None) => "-".to_owned(),
        };
        rows.add_row([
            mode.id.to_string(),
            mode.reason.to_string(),
            effect_words(mode.effect, session.language).to_owned(),
            crate::words::pause_state(mode.state, session.language).to_owned(),
            mode.from.to_string(),
            through,
            scope_words(mode, session.language),
            mode.note.clone(),
            mode.decided_by
                .as_ref()
                .map_or_else(|| mode.author.clone(), |by| format!("{}, {by}", mode.author)),
        ]);
    }
    Answer::new(lines_of(&rows), json)
}

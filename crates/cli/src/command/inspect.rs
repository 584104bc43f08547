//! `explain` and `why`: one agreement, its amounts and its days.

use dunlin_domain::contact::Language;
use dunlin_domain::terms::Tier;
use dunlin_engine::explain::amount_name;
use dunlin_engine::view::Why as WhyView;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::args::{Explain, Why};
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// `explain`.
///
/// # Errors
/// An unknown agreement; what the database says.
pub fn explain(session: &Session, args: &Explain) -> Result<Answer, Failure> {
    let explanation = session.open()?.explain(&args.agreement, args.on)?;
    let language = session.language;
    let (day, on) = match language {
        Language::Zh => ("当日", "截至"),
        Language::En => ("on this day", "on"),
    };
    let mut amounts = table(&[day, ""], &[1]);
    for (name, amount) in &explanation.amounts {
        let amount = match Tier::parse(amount).filter(|_| name.ends_with("tier")) {
            Some(tier) => tier.label(language).to_owned(),
            None => amount.clone(),
        };
        amounts.add_row([amount_name(name, language).replace('_', " "), amount]);
    }
    let lines: Vec<&str> = explanation.lines.iter().map(|line| line.text(language)).collect();
    let text = format!(
        "{} ({}) {on} {}\n\n{}\n\n{}",
        explanation.agreement,
        explanation.product,
        explanation.on,
        lines.join("\n"),
        lines_of(&amounts)
    );
    let amounts: Map<String, Value> =
        explanation.amounts.iter().map(|(name, amount)| ((*name).to_owned(), json!(amount))).collect();
    let json = json!({
        "agreement": explanation.agreement,
        "product": explanation.product,
        "on": explanation.on.to_string(),
        "lines": explanation.lines.iter().map(|line| &line.en).collect::<Vec<_>>(),
        "lines_zh": explanation.lines.iter().map(|line| &line.zh).collect::<Vec<_>>(),
        "amounts": amounts,
    });
    Ok(Answer::new(text, json))
}

/// `why`.
///
/// # Errors
/// An unknown agreement; a day that was not run; what the database says.
pub fn why(session: &Session, args: &Why) -> Result<Answer, Failure> {
    let why = session.open()?.why(&args.agreement, args.on)?;
    if args.reader == "customer" {
        let (zh, en) = &why.customer_sentence;
        let text = match session.language {
            Language::Zh => zh,
            Language::En => en,
        };
        let date = why.date.to_string();
        return Ok(Answer::new(text, json!({ "date": date, "customer_zh": zh, "customer_en": en })));
    }
    Ok(Answer::new(why_text(&why, session.language), why_json(&why)))
}

/// The chain in one language.
#[must_use]
pub fn why_text(why: &WhyView, language: Language) -> String {
    let (head, said) = match language {
        Language::Zh => (format!("{} 在 {}", why.agreement, why.date), "可以告知客户："),
        Language::En => (format!("{} on {}", why.agreement, why.date), "the customer may be told: "),
    };
    let mut lines = vec![head];
    for (number, link) in (1..).zip(&why.links) {
        lines.push(format!("  {number}. {}", link.text_in(language)));
        if !link.evidence.is_empty() {
            lines.push(format!("     [{}]", link.evidence.join(", ")));
        }
    }
    let sentence = match language {
        Language::Zh => &why.customer_sentence.0,
        Language::En => &why.customer_sentence.1,
    };
    lines.push(format!("  {said}{sentence}"));
    lines.join("\n")
}

/// For scripts, in both languages.
#[must_use]
pub fn why_json(why: &WhyView) -> Value {
    let links: Vec<Value> = why
        .links
        .iter()
        .map(|link| json!({ "stage": link.stage, "zh": link.text.0, "en": link.text.1, "evidence": link.evidence }))
        .collect();
    json!({
        "agreement": why.agreement,
        "date": why.date.to_string(),
        "is_overdue": why.is_overdue,
        "reason": why.reason.map(|reason| reason.code()),
        "message": why.message.map(|state| state.code()),
        "links": links,
        "customer_zh": why.customer_sentence.0,
        "customer_en": why.customer_sentence.1,
    })
}

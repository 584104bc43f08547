//! The answer to *why*: the outcome first, then the chain from facts to outcome, then what the customer may hear.

use askama::Template;
use dunlin_engine::view::{Why, WhyLink};

use super::{DayForm, class_of, html};
use crate::family::Family;
use crate::links;
use crate::ui::{Ui, capital};

#[derive(Template)]
#[template(path = "why.html")]
struct WhyPage<'a> {
    ui: &'a Ui,
    id: &'a str,
    days: DayForm,
    day_text: String,
    question: String,
    agreement_href: String,
    class: &'static str,
    label: String,
    family_name: String,
    sentence: String,
    message: String,
    links: Vec<Link<'a>>,
    customer_sentence: &'a str,
}

struct Link<'a> {
    class: &'a str,
    stage: String,
    text: String,
    evidence: &'a [String],
}

/// Why an agreement heard something, or nothing, on a day.
#[must_use]
pub fn render_why(why: &Why, ui: &Ui) -> String {
    let (class, label, family_name, sentence) = match why.reason {
        Some(reason) => (
            class_of(reason),
            ui.day_label(reason, why.message),
            ui.family(Family::of(reason)),
            ui.reason_sentence(reason),
        ),
        None if why.is_overdue => {
            ("f-alarm", ui.t("unexplained"), String::new(), ui.t("unexplained-sentence"))
        }
        None => ("f-none", ui.t("no-verdict"), String::new(), ui.t("no-verdict-sentence")),
    };
    let is_contact = why.reason.is_some_and(dunlin_domain::reason::Reason::is_contact);
    let question = if is_contact { "why-heard" } else { "why-silent" };
    html(&WhyPage {
        ui,
        id: &why.agreement,
        days: DayForm {
            action: format!("{}/why", links::agreement_now(&why.agreement)),
            on: why.date.to_string(),
            previous: Some(links::why(&why.agreement, why.date.plus_days(-1))),
            next: Some(links::why(&why.agreement, why.date.plus_days(1))),
            first: None,
            last: None,
        },
        day_text: ui.date(why.date),
        question: ui.t(question),
        agreement_href: links::agreement(&why.agreement, why.date),
        class,
        label,
        family_name,
        sentence,
        message: why
            .message
            .map(|state| ui.with("message-became", [("state", &ui.state(state))]))
            .unwrap_or_default(),
        links: why.links.iter().map(|link| chain_link(ui, link)).collect(),
        customer_sentence: ui.either(&why.customer_sentence),
    })
}

fn chain_link<'a>(ui: &Ui, link: &'a WhyLink) -> Link<'a> {
    Link {
        class: link.stage,
        stage: ui.word("stage-", link.stage),
        text: capital(ui.either(&link.text)),
        evidence: &link.evidence,
    }
}

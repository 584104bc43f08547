//! `payoff`, `plan`, `reschedule`, `prepay`, `ageing` and `fees`: what changes of an agreement while it runs.

use dunlin_domain::contact::Language;
use dunlin_domain::fact::{FactKind, FreezeReason};
use dunlin_engine::offer::{schedule_text, sheet_text};
use dunlin_engine::servicing::holds::{
    AgeingResume as Resume, FeeResume, Hold, NewAgeingPause, NewFeeFreeze,
};
use dunlin_engine::servicing::payoff::{PayoffQuote, QuoteAsked, QuotePayment, QuoteTaken};
use dunlin_engine::servicing::plan::StatementAsked;
use dunlin_engine::servicing::reschedule::{NewPrepayment, NewReschedule};
use dunlin_engine::servicing::{Change, Mode, payoff_text, rows_text};
use dunlin_server::api::servicing::{
    ChangeJson, HoldsJson, QuoteJson, QuoteTakenJson, StatementOffersJson, StatementPlanJson,
};
use serde_json::{Value, json};

use super::change_words::{recorded_text, report_lines};
use super::pay::value;
use crate::answer::Answer;
use crate::args::payments::Pay;
use crate::args::servicing::{Ageing, Fees, OfAgreement, Payoff, Plan, PlanOffers, Prepay, Reschedule};
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

fn mode(preview: bool) -> Mode {
    if preview { Mode::Preview } else { Mode::Record }
}

/// `payoff`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn payoff(session: &Session, command: &Payoff) -> Result<Answer, Failure> {
    let engine = session.open()?;
    match command {
        Payoff::Quote(args) => {
            let asked = QuoteAsked {
                agreement: args.agreement.clone(),
                plan: args.plan.clone(),
                on: args.on,
                holds_through: args.valid_until,
            };
            let quote = engine.quote_payoff(&asked, session.caller())?;
            Ok(Answer::new(payoff_text(&quote, session.language), value(&QuoteJson::new(&quote))))
        }
        Payoff::Pay(args) => {
            let payment = QuotePayment {
                quote: args.quote.clone(),
                agreement: None,
                amount: args.amount.clone(),
                currency: None,
                value_on: args.on,
                reference: args.reference.clone(),
                note: args.note.clone(),
            };
            taken(session, &engine.pay_quote(&payment, session.caller())?)
        }
        Payoff::List(args) => Ok(quotes(session, args, &engine.quotes_of(&args.agreement)?)),
    }
}

/// `pay --quote`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn pay_quote(session: &Session, quote: &str, args: &Pay) -> Result<Answer, Failure> {
    let payment = QuotePayment {
        quote: quote.to_owned(),
        agreement: Some(args.agreement.clone()),
        amount: Some(args.amount.clone()),
        currency: args.currency,
        value_on: Some(args.on),
        reference: args.reference.clone(),
        note: args.note.clone(),
    };
    taken(session, &session.open()?.pay_quote(&payment, session.caller())?)
}

fn taken(session: &Session, taken: &QuoteTaken) -> Result<Answer, Failure> {
    let mut lines = vec![change_text(&taken.change, session.language)?];
    for given_up in &taken.given_up {
        let amount = given_up.amount;
        lines.push(match session.language {
            Language::Zh => format!("报价有效期内新增的 {amount:?} 免收（减免 {}）", given_up.reference),
            Language::En => {
                format!("{amount:?} accrued since the quote and is given up (waiver {})", given_up.reference)
            }
        });
    }
    Ok(Answer::new(lines.join("\n"), value(&QuoteTakenJson::new(taken))))
}

fn quotes(session: &Session, args: &OfAgreement, quotes: &[PayoffQuote]) -> Answer {
    let documents: Vec<Value> = quotes.iter().map(|quote| value(&QuoteJson::new(quote))).collect();
    let json = json!({ "agreement": args.agreement, "quotes": documents });
    if quotes.is_empty() {
        let text = match session.language {
            Language::Zh => format!("合约 {} 没有结清报价", args.agreement),
            Language::En => format!("{} was given no payoff quote", args.agreement),
        };
        return Answer::new(text, json);
    }
    let header = match session.language {
        Language::Zh => ["报价", "分期", "日期", "有效至", "金额", "报价人"],
        Language::En => ["quote", "plan", "of", "holds through", "amount", "by"],
    };
    let mut rows = table(&header, &[4]);
    for quote in quotes {
        rows.add_row([
            quote.id(),
            quote.plan.clone().unwrap_or_default(),
            quote.row.quoted_on.to_string(),
            quote.row.holds_through.to_string(),
            quote.row.total.to_string(),
            quote.row.quoted_by.clone(),
        ]);
    }
    Answer::new(lines_of(&rows), json)
}

fn statement_asked(args: &PlanOffers) -> StatementAsked {
    StatementAsked {
        agreement: args.agreement.clone(),
        statement: args.statement,
        amount: args.amount.clone(),
        on: args.on,
    }
}

/// `plan`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn plan(session: &Session, command: &Plan) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let language = session.language;
    let name = |language| engine.lender().name(language).to_owned();
    let payee = (name(Language::Zh), name(Language::En));
    let of = |pair: &(String, String)| match language {
        Language::Zh => pair.0.clone(),
        Language::En => pair.1.clone(),
    };
    match command {
        Plan::Offers(args) => {
            let offers = engine.statement_offers(&statement_asked(args), session.caller())?;
            let (cut_off_on, due_on, open, amount) =
                (offers.cut_off_on, offers.due_on, offers.open, offers.amount);
            let mut parts = vec![match language {
                Language::Zh => format!(
                    "{cut_off_on} 账单：未还本金 {open:?}，可分期 {amount:?}，请在 {due_on}（还款日）前选择"
                ),
                Language::En => format!(
                    "statement of {cut_off_on}: {open:?} of principal open, {amount:?} to be split; the choice ends on \
                     {due_on}, its due date"
                ),
            }];
            parts.extend(
                offers
                    .offers
                    .iter()
                    .map(|sheet| sheet_text(sheet, &of(&offers.title), &of(&payee), language)),
            );
            Ok(Answer::new(parts.join("\n\n"), value(&StatementOffersJson::new(&offers, &payee))))
        }
        Plan::Statement(args) => {
            let asked = statement_asked(&args.asked);
            let plan = engine.split_statement(
                &asked,
                args.count,
                &args.reference,
                mode(args.preview),
                session.caller(),
            )?;
            let mut parts = vec![sheet_text(&plan.sheet, &of(&plan.title), &of(&payee), language)];
            if args.preview {
                let (header, rows) = schedule_text(&plan.sheet.schedule, language);
                let mut shown = table(&header, &[0, 3, 4, 5, 6, 7, 8]);
                rows.into_iter().for_each(|row| {
                    shown.add_row(row);
                });
                parts.push(lines_of(&shown));
            }
            parts.push(change_text(&plan.change, language)?);
            Ok(Answer::new(parts.join("\n"), value(&StatementPlanJson::new(&plan, &payee))))
        }
    }
}

/// `reschedule`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn reschedule(session: &Session, args: &Reschedule) -> Result<Answer, Failure> {
    let new = NewReschedule {
        agreement: args.agreement.clone(),
        plan: args.plan.clone(),
        count: args.count,
        first_due_on: args.first_due,
        skip_count: args.skip,
        rate: args.rate.clone(),
        value_on: args.on,
        reason: args.reason.clone(),
        reference: args.reference.clone(),
    };
    answer(session, &session.open()?.reschedule(&new, mode(args.preview), session.caller())?)
}

/// `prepay`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn prepay(session: &Session, args: &Prepay) -> Result<Answer, Failure> {
    let new = NewPrepayment {
        agreement: args.agreement.clone(),
        plan: args.plan.clone(),
        amount: args.amount.clone(),
        mode: args.mode,
        value_on: args.on,
        reference: args.reference.clone(),
        note: args.note.clone(),
    };
    answer(session, &session.open()?.prepay(&new, mode(args.preview), session.caller())?)
}

/// `ageing`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn ageing(session: &Session, command: &Ageing) -> Result<Answer, Failure> {
    let engine = session.open()?;
    match command {
        Ageing::Pause(args) => {
            let new = NewAgeingPause {
                agreement: args.agreement.clone(),
                from: args.from,
                through: args.to,
                reason: args.reason.clone(),
                reference: args.reference.clone(),
            };
            answer(session, &engine.pause_ageing(&new, mode(args.preview), session.caller())?)
        }
        Ageing::Resume(args) => {
            let resume = Resume {
                agreement: args.agreement.clone(),
                on: args.on,
                pause: args.pause.clone(),
                reason: args.reason.clone(),
                reference: args.reference.clone(),
            };
            answer(session, &engine.resume_ageing(&resume, mode(args.preview), session.caller())?)
        }
        Ageing::List(args) => {
            Ok(holds(session, args, FactKind::AgeingPause, engine.holds_of(&args.agreement)?))
        }
    }
}

/// `fees`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn fees(session: &Session, command: &Fees) -> Result<Answer, Failure> {
    let engine = session.open()?;
    match command {
        Fees::Freeze(args) => {
            let new = NewFeeFreeze {
                agreement: args.agreement.clone(),
                from: args.from,
                through: args.to,
                reason: args.reason,
                note: args.note.clone(),
                reference: args.reference.clone(),
            };
            answer(session, &engine.freeze_fees(&new, mode(args.preview), session.caller())?)
        }
        Fees::Resume(args) => {
            let resume = FeeResume {
                agreement: args.agreement.clone(),
                freeze: args.freeze.clone(),
                on: args.on,
                note: args.note.clone(),
                reference: args.reference.clone(),
            };
            answer(session, &engine.resume_fees(&resume, mode(args.preview), session.caller())?)
        }
        Fees::List(args) => Ok(holds(session, args, FactKind::FeeFreeze, engine.holds_of(&args.agreement)?)),
    }
}

fn holds(session: &Session, args: &OfAgreement, kind: FactKind, mut holds: Vec<Hold>) -> Answer {
    holds.retain(|hold| hold.kind == kind);
    let json = value(&HoldsJson::new(&args.agreement, &holds));
    if holds.is_empty() {
        let label = kind.label(session.language);
        let text = match session.language {
            Language::Zh => format!("合约 {} 没有{label}", args.agreement),
            Language::En => format!("{} has no {label}", args.agreement),
        };
        return Answer::new(text, json);
    }
    let header = match session.language {
        Language::Zh => ["编号", "起", "止", "原因", "说明"],
        Language::En => ["reference", "from", "through", "reason", "in words"],
    };
    let mut rows = table(&header, &[]);
    for hold in &holds {
        rows.add_row([
            hold.reference.clone(),
            hold.from.to_string(),
            through_words(hold, session.language),
            hold.freeze.map_or_else(String::new, |freeze| freeze_words(freeze, session.language).to_owned()),
            hold.note.clone(),
        ]);
    }
    Answer::new(lines_of(&rows), json)
}

fn through_words(hold: &Hold, language: Language) -> String {
    match (hold.through, hold.ended_on, language) {
        (None, _, Language::Zh) => "未定".to_owned(),
        (None, _, Language::En) => "open".to_owned(),
        (Some(through), Some(_), Language::Zh) => format!("{through}（提前恢复）"),
        (Some(through), Some(_), Language::En) => format!("{through} (ended early)"),
        (Some(through), None, _) => through.to_string(),
    }
}

fn freeze_words(freeze: FreezeReason, language: Language) -> &'static str {
    let (zh, en) = match freeze {
        FreezeReason::Pause => ("计划暂停", "planned pause"),
        FreezeReason::Dispute => ("异议", "dispute"),
        FreezeReason::Hardship => ("客户困难", "hardship"),
    };
    match language {
        Language::Zh => zh,
        Language::En => en,
    }
}

fn answer(session: &Session, change: &Change) -> Result<Answer, Failure> {
    Ok(Answer::new(change_text(change, session.language)?, value(&ChangeJson::new(change))))
}

/// What was recorded or would be, what it changes, and where it changes what is to be paid, old beside new.
fn change_text(change: &Change, language: Language) -> Result<String, Failure> {
    let mut parts = Vec::new();
    match &change.recorded {
        Some(recorded) => parts.push(recorded_text(recorded, language)),
        None => {
            let (kind, on, agreement) = (change.kind.label(language), change.value_on, &change.agreement);
            parts.push(match language {
                Language::Zh => format!("合约 {agreement}：{kind}（起息日 {on}）将作如下更改，尚未登记"),
                Language::En => {
                    format!("{agreement}: {kind} of {on} would change this; nothing is recorded")
                }
            });
            parts.extend(report_lines(&change.report, language));
        }
    }
    if change.rows.iter().any(|pair| pair.before != pair.after) {
        let (header, rows) = rows_text(&change.rows, language).map_err(dunlin_engine::EngineError::from)?;
        let mut shown = table(&header, &[2, 3, 4, 5, 6, 7, 8]);
        rows.into_iter().for_each(|row| {
            shown.add_row(row);
        });
        parts.push(lines_of(&shown));
    }
    Ok(parts.join("\n"))
}

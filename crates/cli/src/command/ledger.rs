//! `ledger`: the trial balance, ledger cards and the journal.

mod period;

use dunlin_domain::wording;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use comfy_table::Table;
use dunlin_domain::chart::{Account, Side};
use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;
use dunlin_domain::id::Key;
use dunlin_domain::money::Currency;
use dunlin_engine::books::{self, AccountBalance, CardBalance, CardLine, ProvisionLine, TrialBalanceLine};
use dunlin_engine::view::WhyLink;
use dunlin_engine::{Engine, EngineError};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::ledger::{AccountCard, Journal, Ledger, TrialBalance};
use crate::failure::Failure;
use crate::screen::{counted, decimal, lines_of, table};
use crate::session::Session;

/// `ledger`.
///
/// # Errors
/// What the database says; a file that cannot be written.
pub fn run(session: &Session, command: &Ledger) -> Result<Answer, Failure> {
    match command {
        Ledger::TrialBalance(args) => trial_balance(session, args),
        Ledger::Account(args) => card(session, args),
        Ledger::Journal(args) => journal(session, args),
        Ledger::Why(args) => why(session, args.key),
        Ledger::Provisions(args) => provisions(session, args.on),
        Ledger::Close(args) => period::close(session, args),
        Ledger::Reopen(args) => period::reopen(session, args),
        Ledger::Periods => period::list(session),
    }
}

fn trial_balance(session: &Session, args: &TrialBalance) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let on = last_day_unless(&engine, args.on)?;
    let balance = engine.trial_balance(on)?;
    let mut rows = match args.by_product {
        true => product_rows(&balance, session.language),
        false => account_rows(&balance, session.language),
    };
    for (currency, (debit, credit)) in &balance.totals() {
        let mut label = vec![currency.to_string(), String::new(), "all".to_owned()];
        label.extend(args.by_product.then(String::new));
        rows.add_row(amounts_row(label, [*debit, *credit, debit - credit], *currency));
    }
    let is_balanced = balance.is_balanced();
    let verdict = if is_balanced { "both sides are equal" } else { "the sides differ; run `dunlin verify`" };
    let text = match balance.lines.is_empty() {
        true => format!("nothing was posted through {on}"),
        false => format!("trial balance at the end of {on}: {verdict}\n{}", lines_of(&rows)),
    };
    let json = json!({
        "on": on.to_string(),
        "chart": balance.chart,
        "is_balanced": is_balanced,
        "accounts": balance.accounts().iter().map(account_json).collect::<Vec<_>>(),
        "lines": balance.lines.iter().map(line_json).collect::<Vec<_>>(),
    });
    Ok(Answer::new(text, json).found_if(!is_balanced))
}

fn last_day_unless(engine: &Engine, given: Option<Date>) -> Result<Date, EngineError> {
    match given {
        Some(on) => Ok(on),
        None => Ok(engine.last_closed_day()?.ok_or(EngineError::NoDayYet)?.0),
    }
}

fn account_rows(balance: &books::TrialBalance, language: Language) -> Table {
    let mut rows = table(&["currency", "account", "name", "debit", "credit", "balance"], &[3, 4, 5]);
    for sum in balance.accounts() {
        let label = vec![sum.currency.to_string(), sum.code.clone(), name_of(sum.account.as_ref(), language)];
        rows.add_row(amounts_row(
            label,
            [sum.debit_minor, sum.credit_minor, sum.balance_minor],
            sum.currency,
        ));
    }
    rows
}

fn product_rows(balance: &books::TrialBalance, language: Language) -> Table {
    let header = ["currency", "product", "account", "name", "debit", "credit", "balance"];
    let mut rows = table(&header, &[4, 5, 6]);
    for line in &balance.lines {
        let name = name_of(line.account.as_ref(), language);
        let label = vec![line.currency.to_string(), line.product.clone(), line.code().to_owned(), name];
        let amounts = [line.debit_minor, line.credit_minor, line.balance_minor];
        rows.add_row(amounts_row(label, amounts, line.currency));
    }
    rows
}

fn name_of(account: Option<&Account>, language: Language) -> String {
    account.map_or_else(String::new, |account| account.name(language).to_owned())
}

fn amounts_row(label: Vec<String>, amounts: [i128; 3], currency: Currency) -> Vec<String> {
    label.into_iter().chain(amounts.map(|minor| decimal(minor, currency.minor_digits()))).collect()
}

/// Sums are text: over a portfolio they may be larger than the numbers of JSON readers.
fn account_json(sum: &AccountBalance) -> Value {
    json!({
        "currency": sum.currency.code(),
        "account": sum.code,
        "name_zh": sum.account.as_ref().map(|account| &account.name_zh),
        "name_en": sum.account.as_ref().map(|account| &account.name_en),
        "class": sum.account.as_ref().map(|account| account.class.code()),
        "side": sum.account.as_ref().map(|account| account.side.code()),
        "debit_minor": sum.debit_minor.to_string(),
        "credit_minor": sum.credit_minor.to_string(),
        "balance_minor": sum.balance_minor.to_string(),
    })
}

fn line_json(line: &TrialBalanceLine) -> Value {
    json!({
        "currency": line.currency.code(),
        "product": line.product,
        "role": line.role.code(),
        "account": line.code(),
        "debit_minor": line.debit_minor.to_string(),
        "credit_minor": line.credit_minor.to_string(),
        "balance_minor": line.balance_minor.to_string(),
    })
}

fn card(session: &Session, args: &AccountCard) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let through = last_day_unless(&engine, args.through)?;
    let from = args.from.unwrap_or_else(|| Date::from_civil(through.civil().first_of_month()));
    let card = engine.account_card(&args.code, from, through, args.lines)?;
    let mut text = format!(
        "account {} {}, {from} through {through}",
        card.code,
        name_of(card.account.as_ref(), session.language)
    );
    let mut balances =
        table(&["currency", "product", "opening", "debit", "credit", "closing"], &[2, 3, 4, 5]);
    for sum in &card.balances {
        let amounts = [sum.opening_minor, sum.debit_minor, sum.credit_minor, sum.closing_minor];
        let amounts = amounts.map(|minor| decimal(minor, sum.currency.minor_digits()));
        balances.add_row([sum.currency.to_string(), sum.product.clone()].into_iter().chain(amounts));
    }
    match card.balances.is_empty() {
        true => text.push_str("\nnothing ever moved on it"),
        false => text.push_str(&format!("\n{}", lines_of(&balances))),
    }
    let mut lines = table(
        &["date", "agreement", "product", "cause", "against", "debit", "credit", "balance", "posting"],
        &[5, 6, 7],
    );
    for line in &card.lines {
        lines.add_row(card_row(line));
    }
    if !card.lines.is_empty() {
        text.push_str(&format!("\n\n{}", lines_of(&lines)));
    }
    let more = card.line_count - card.lines.len() as u64;
    if more > 0 {
        text.push_str(&format!(
            "\n{} more; show them with --lines, or write them all with `dunlin ledger journal`",
            counted(more, "line")
        ));
    }
    Ok(Answer::new(text, card_json(&card)))
}

fn card_row(line: &CardLine) -> Vec<String> {
    let amount = decimal(i128::from(line.amount_minor), line.currency.minor_digits());
    let (debit, credit) = match line.side {
        Side::Debit => (amount, String::new()),
        Side::Credit => (String::new(), amount),
    };
    vec![
        line.business_date.to_string(),
        line.agreement.clone().unwrap_or_default(),
        line.product.clone(),
        line.cause.clone(),
        line.other_code.clone(),
        debit,
        credit,
        decimal(line.balance_minor, line.currency.minor_digits()),
        line.key.to_string(),
    ]
}

fn card_json(card: &books::AccountCard) -> Value {
    let balance = |sum: &CardBalance| {
        json!({
            "currency": sum.currency.code(),
            "product": sum.product,
            "opening_minor": sum.opening_minor.to_string(),
            "debit_minor": sum.debit_minor.to_string(),
            "credit_minor": sum.credit_minor.to_string(),
            "closing_minor": sum.closing_minor.to_string(),
        })
    };
    let line = |line: &CardLine| {
        json!({
            "business_date": line.business_date.to_string(),
            "key": line.key.to_string(),
            "agreement": line.agreement,
            "product": line.product,
            "side": line.side.code(),
            "other_account": line.other_code,
            "other_role": line.other_role.code(),
            "amount_minor": line.amount_minor,
            "currency": line.currency.code(),
            "balance_minor": line.balance_minor.to_string(),
            "cause": line.cause,
        })
    };
    json!({
        "account": card.code,
        "name_zh": card.account.as_ref().map(|account| &account.name_zh),
        "name_en": card.account.as_ref().map(|account| &account.name_en),
        "chart": card.chart,
        "from": card.from.to_string(),
        "through": card.through.to_string(),
        "balances": card.balances.iter().map(balance).collect::<Vec<_>>(),
        "line_count": card.line_count,
        "lines": card.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

/// Writes under another name first, so that a file under this name is whole.
fn journal(session: &Session, args: &Journal) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let (from, through) = (args.from.unwrap_or(Date::from_days(0)), args.through.unwrap_or(Date::NEVER));
    let partial = partial_of(&args.file);
    let trouble = |error: std::io::Error| {
        let place = args.file.display();
        Failure::environment(
            "journal",
            wording!(
                "无法写入 {place}：{error}；请检查所在文件夹和磁盘",
                "cannot write {place}: {error}; check its folder and the disk"
            ),
        )
    };
    let written = File::create(&partial).map_err(trouble).and_then(|file| {
        let mut output = BufWriter::new(file);
        let count = engine.export_journal(&mut output, from, through, session.language)?;
        output.flush().and_then(|()| output.get_ref().sync_all()).map_err(trouble)?;
        fs::rename(&partial, &args.file).map_err(trouble)?;
        Ok(count)
    });
    let count = match written {
        Ok(count) => count,
        Err(failure) => {
            // Best effort: nobody reads a file of that name.
            let _best_effort = fs::remove_file(&partial);
            return Err(failure);
        }
    };
    let text = format!("wrote {} to {}", counted(count, "posting"), args.file.display());
    Ok(Answer::new(text, json!({ "file": args.file.display().to_string(), "postings": count })))
}

fn partial_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

fn why(session: &Session, key: Key) -> Result<Answer, Failure> {
    let why = session.open()?.why_posting(key)?;
    let mut lines = vec![match &why.agreement {
        Some(agreement) => format!("{key} ({agreement})"),
        None => format!("{key} ({})", why.posting.product),
    }];
    for (number, link) in (1..).zip(&why.links) {
        lines.push(format!("  {number}. {}", link.text_in(session.language)));
        lines.extend(link.evidence.iter().map(|evidence| format!("     [{evidence}]")));
    }
    let link = |link: &WhyLink| json!({ "stage": link.stage, "zh": link.text.0, "en": link.text.1, "evidence": link.evidence });
    let json = json!({
        "key": key.to_string(),
        "business_date": why.posting.business_date.to_string(),
        "agreement": why.agreement,
        "product": why.posting.product,
        "debit_role": why.posting.debit.code(),
        "credit_role": why.posting.credit.code(),
        "amount_minor": why.posting.amount.minor(),
        "currency": why.posting.amount.currency().code(),
        "cause": why.posting.cause,
        "fact_id": why.posting.fact.map(|fact| fact.to_string()),
        "links": why.links.iter().map(link).collect::<Vec<_>>(),
    });
    Ok(Answer::new(lines.join("\n"), json))
}

fn provisions(session: &Session, on: Option<Date>) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let on = last_day_unless(&engine, on)?;
    let report = engine.provisions(on)?;
    let header = ["currency", "product", "stage", "exposed", "rate", "required", "before", "posted"];
    let mut rows = table(&header, &[3, 4, 5, 6, 7]);
    for line in &report.lines {
        let amount = |minor| decimal(minor, line.currency.minor_digits());
        rows.add_row([
            line.currency.to_string(),
            line.product.clone(),
            line.name(session.language).to_owned(),
            amount(line.exposure_minor),
            line.rate.to_string(),
            amount(line.required_minor),
            amount(line.before_minor),
            amount(line.required_minor - line.before_minor),
        ]);
    }
    let text = match report.posted_on {
        Some(posted_on) => format!("provisions of {posted_on}, in force on {on}\n{}", lines_of(&rows)),
        None => format!("no provision was posted through {on}"),
    };
    let line = |line: &ProvisionLine| {
        json!({
            "currency": line.currency.code(),
            "product": line.product,
            "stage": line.stage,
            "name_zh": line.name(Language::Zh),
            "name_en": line.name(Language::En),
            "exposure_minor": line.exposure_minor.to_string(),
            "rate": line.rate.to_string(),
            "required_minor": line.required_minor.to_string(),
            "before_minor": line.before_minor.to_string(),
            "policy": line.policy,
        })
    };
    let json = json!({
        "on": on.to_string(),
        "posted_on": report.posted_on.map(|date| date.to_string()),
        "lines": report.lines.iter().map(line).collect::<Vec<_>>(),
    });
    Ok(Answer::new(text, json))
}

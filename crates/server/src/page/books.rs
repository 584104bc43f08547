//! The pages *Books*: the trial balance of a day, and the card of one account.

use askama::Template;
use dunlin_domain::chart::{Account, Side};
use dunlin_domain::date::Date;
use dunlin_domain::money::Currency;
use dunlin_engine::books::{AccountBalance, AccountCard, CardBalance, CardLine, TrialBalance};
use dunlin_engine::tiers::TierSum;

use super::{DayForm, SilenceSpan, html};
use crate::links;
use crate::number;
use crate::ui::Ui;

/// What the page *Books* shows.
pub struct BooksView {
    /// The trial balance.
    pub balance: TrialBalance,
    /// The last date of the closed periods.
    pub closed_through: Option<Date>,
    /// What is owed by tier, on the last closed day.
    pub tiers: Vec<TierSum>,
    /// The days that were run.
    pub span: SilenceSpan,
}

#[derive(Template)]
#[template(path = "books.html")]
struct BooksPage<'a> {
    ui: &'a Ui,
    day_text: String,
    chart: Option<&'a str>,
    days: DayForm,
    judgement: String,
    closed: String,
    currencies: Vec<Book>,
    tiers: Vec<TierRow>,
}

/// What is owed in one tier.
struct TierRow {
    name: &'static str,
    owed: String,
}

/// The accounts of one currency.
struct Book {
    currency: String,
    rows: Vec<Row>,
    debit: String,
    credit: String,
    balance: String,
}

struct Row {
    href: String,
    code: String,
    name: String,
    class: String,
    debit: String,
    credit: String,
    balance: String,
    side: String,
}

/// The page *Books*.
#[must_use]
pub fn render_books(view: &BooksView, ui: &Ui) -> String {
    let balance = &view.balance;
    let accounts = balance.accounts();
    let book = |(currency, (debit, credit)): (Currency, (i128, i128))| Book {
        currency: currency.to_string(),
        rows: accounts.iter().filter(|row| row.currency == currency).map(|sum| row(ui, sum, view)).collect(),
        debit: number::minor(debit, currency),
        credit: number::minor(credit, currency),
        balance: number::minor(debit - credit, currency),
    };
    html(&BooksPage {
        ui,
        day_text: ui.with("business-date", [("date", &ui.date(balance.on))]),
        chart: balance.chart.as_deref(),
        days: day_form(view),
        judgement: ui.t(if balance.is_balanced() { "sides-equal" } else { "sides-differ" }),
        closed: match view.closed_through {
            Some(closed) => ui.with("closed-through", [("date", &ui.date(closed))]),
            None => ui.t("nothing-closed"),
        },
        currencies: balance.totals().into_iter().map(book).collect(),
        tiers: view.tiers.iter().map(|sum| tier(ui, sum)).collect(),
    })
}

fn tier(ui: &Ui, sum: &TierSum) -> TierRow {
    let owed = format!("{} {}", number::minor(sum.owed_minor, sum.currency), sum.currency);
    TierRow { name: sum.tier.label(ui.language), owed }
}

fn row(ui: &Ui, sum: &AccountBalance, view: &BooksView) -> Row {
    let amount = |minor| number::minor(minor, sum.currency);
    let side = match sum.balance_minor {
        0 => String::new(),
        minor if minor > 0 => ui.t("debit-short"),
        _ => ui.t("credit-short"),
    };
    Row {
        href: links::account(
            &sum.code,
            month_begin(view.balance.on).max(view.span.first_day),
            view.balance.on,
        ),
        code: sum.code.clone(),
        name: name_of(ui, sum.account.as_ref()),
        class: class_of(ui, sum.account.as_ref()),
        debit: amount(sum.debit_minor),
        credit: amount(sum.credit_minor),
        balance: amount(sum.balance_minor.abs()),
        side,
    }
}

fn name_of(ui: &Ui, account: Option<&Account>) -> String {
    account.map_or_else(String::new, |account| account.name(ui.language).to_owned())
}

fn class_of(ui: &Ui, account: Option<&Account>) -> String {
    account.map_or_else(|| ui.t("no-account"), |account| ui.word("class-", account.class.code()))
}

fn month_begin(on: Date) -> Date {
    let (_, _, day) = on.year_month_day();
    on.plus_days(1 - i32::from(day))
}

fn day_form(view: &BooksView) -> DayForm {
    let (on, span) = (view.balance.on, view.span);
    let in_range = |day: Date| (span.first_day <= day && day <= span.last_day).then(|| links::books(day));
    DayForm {
        action: "/books".to_owned(),
        on: on.to_string(),
        previous: in_range(on.plus_days(-1)),
        next: in_range(on.plus_days(1)),
        first: Some(span.first_day.to_string()),
        last: Some(span.last_day.to_string()),
    }
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    ui: &'a Ui,
    back: String,
    action: String,
    code: &'a str,
    name: String,
    class: String,
    chart: Option<&'a str>,
    from: String,
    through: String,
    first: String,
    last: String,
    balances: Vec<Balance>,
    shown: String,
    lines: Vec<Line>,
}

struct Balance {
    product: String,
    currency: String,
    opening: String,
    debit: String,
    credit: String,
    closing: String,
}

struct Line {
    day: String,
    cause: String,
    agreement: String,
    product: String,
    href: Option<String>,
    other: String,
    other_href: String,
    debit: String,
    credit: String,
    balance: String,
}

/// The card of an account.
#[must_use]
pub fn render_account(card: &AccountCard, span: SilenceSpan, ui: &Ui) -> String {
    html(&AccountPage {
        ui,
        back: links::books(card.through),
        action: links::account_form(&card.code),
        code: &card.code,
        name: name_of(ui, card.account.as_ref()),
        class: class_of(ui, card.account.as_ref()),
        chart: card.chart.as_deref(),
        from: card.from.to_string(),
        through: card.through.to_string(),
        first: span.first_day.to_string(),
        last: span.last_day.to_string(),
        balances: card.balances.iter().map(balance).collect(),
        shown: shown(card, ui),
        lines: card.lines.iter().map(|entry| line(ui, card, entry)).collect(),
    })
}

fn shown(card: &AccountCard, ui: &Ui) -> String {
    let count = card.lines.len() as u64;
    match count == card.line_count {
        true => ui.counted("movement-count", count),
        false => ui.with(
            "movements-shown",
            [("shown", &number::count(count)), ("all", &number::count(card.line_count))],
        ),
    }
}

fn balance(sum: &CardBalance) -> Balance {
    let amount = |minor| number::minor(minor, sum.currency);
    Balance {
        product: sum.product.clone(),
        currency: sum.currency.to_string(),
        opening: amount(sum.opening_minor),
        debit: amount(sum.debit_minor),
        credit: amount(sum.credit_minor),
        closing: amount(sum.closing_minor),
    }
}

fn line(ui: &Ui, card: &AccountCard, entry: &CardLine) -> Line {
    let amount = number::minor(i128::from(entry.amount_minor), entry.currency);
    let (debit, credit) = match entry.side {
        Side::Debit => (amount, String::new()),
        Side::Credit => (String::new(), amount),
    };
    Line {
        day: ui.day(entry.business_date),
        cause: ui.word("posting-", &entry.cause),
        agreement: entry.agreement.clone().unwrap_or_default(),
        product: entry.product.clone(),
        href: entry.agreement.as_deref().map(|agreement| links::agreement(agreement, entry.business_date)),
        other: entry.other_code.clone(),
        other_href: links::account(&entry.other_code, card.from, card.through),
        debit,
        credit,
        balance: number::minor(entry.balance_minor, entry.currency),
    }
}

//! Templates: the texts of one message by channel and language, from TOML. See `docs/templates.md`.
//!
//! Promises that what was accepted can be sent: a template knows its variables, has every language for every
//! channel it speaks on, and has one path only (no conditions and loops), so that rendering it once with
//! samples at import proves that it renders.

use std::fmt;

use dunlin_domain::contact::{Channel, Language, Personal};
use dunlin_domain::date::Date;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Deserialize;
use toml::Spanned;

use super::PolicyKind;
use super::error::{Complaints, PolicyError, behind, line_of, named_not_one_of};
use super::header::{Header, read_header};
use super::toml_text::{document_text, read};

/// The variables that a template may use; each is set whenever a message is written.
pub(super) const VARIABLES: [&str; 17] = [
    "lender_name",
    "customer_name",
    "agreement_reference",
    "overdue_amount",
    "amount_due",
    "currency",
    "due_date",
    "days_past_due",
    "late_fee_to_date",
    "minimum_amount",
    "hotline",
    "opt_out_hint",
    "amounts_table",
    "new_creditor",
    "new_creditor_contact",
    "assigned_on",
    "assigned_amount",
];

/// The variables that only the notice of an assignment has, and must say (Civil Code art. 546).
const OF_ASSIGNMENT: [&str; 4] = ["new_creditor", "new_creditor_contact", "assigned_on", "assigned_amount"];

/// The variable that only what is read on a page has: as many lines as there are due dates.
const OF_PAGES: &str = "amounts_table";

/// What a message is for; the template of an assignment is known by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// It tells what is due or overdue.
    Reminder,
    /// It tells that the claim went to somebody else.
    Assignment,
}

/// A version of a template.
#[derive(Clone, Debug)]
pub struct TemplateDocument {
    /// The head; its name is the template's key.
    pub header: Header,
    /// The texts.
    pub template: Template,
}

/// The compiled texts of one message.
#[derive(Clone, Debug)]
pub struct Template {
    key: String,
    channels: Vec<Channel>,
    texts: Environment<'static>,
    places: Vec<TextPlace>,
}

/// Where a text stands in its file.
#[derive(Clone, Debug)]
pub(super) struct TextPlace {
    /// Its name, such as `sms.zh.body`.
    pub name: String,
    /// Its first line in the file, from 1.
    pub line: u32,
    /// Its lines as the file has them.
    pub lines: Vec<String>,
}

impl Template {
    /// The name that strategies call it by.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The channels that it has texts for.
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Its texts, with their places in the file, for searching words in them.
    pub(super) fn sources(&self) -> Vec<(&TextPlace, String)> {
        let source =
            |place: &TextPlace| self.texts.get_template(&place.name).map(|text| text.source().to_owned());
        self.places.iter().filter_map(|place| Some((place, source(place).ok()?))).collect()
    }
}

/// What a message says about the one it is sent to, in the language of the message where words differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variables {
    /// The lender's name.
    pub lender_name: String,
    /// The customer's name in its masked form, such as `张**`.
    pub customer_name: Personal,
    /// The last four characters of the agreement's number.
    pub agreement_reference: String,
    /// What is overdue, late fee included.
    pub overdue_amount: Money,
    /// What is to be paid by the due date.
    pub amount_due: Money,
    /// The due date: of the oldest unpaid amount when overdue, else the coming one.
    pub due_date: Date,
    /// Days past due; 0 when nothing is overdue.
    pub days_past_due: i32,
    /// The late fee so far.
    pub late_fee_to_date: Money,
    /// The minimum payment.
    pub minimum_amount: Money,
    /// The number to call with questions and objections.
    pub hotline: String,
    /// How to stop messages by this channel; see [`opt_out_hint`].
    pub opt_out_hint: String,
    /// What the overdue total is made of, in lines that begin with two blanks; empty where nothing is overdue, and on
    /// channels that have no page.
    pub amounts_table: Personal,
    /// To whom the claim went, for the notice of an assignment; `None` for every other message.
    pub assignment: Option<AssignmentWords>,
}

/// What the notice of an assignment says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignmentWords {
    /// The buyer's name.
    pub new_creditor: String,
    /// Where the customer reaches the buyer.
    pub contact: String,
    /// The day from which the claim is the buyer's.
    pub on: Date,
    /// What was owed.
    pub amount: Money,
}

/// A text that is ready to be cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The subject line; empty for channels without one.
    pub subject: Personal,
    /// The text; never empty.
    pub body: Personal,
}

/// Why a text could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderError {
    /// The template has no text for the channel.
    NoText {
        /// The template's key.
        template: String,
        /// The channel.
        channel: Channel,
        /// The language.
        language: Language,
    },
    /// A text that passed the import cannot be written.
    Failed {
        /// The template's key.
        template: String,
        /// The channel.
        channel: Channel,
        /// What the template engine says; never what the variables hold.
        complaint: Wording,
    },
}

impl RenderError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::NoText { template, channel, language } => {
                wording!(
                    "模板 {template} 没有渠道 {channel}、语言 {language} 的文本；请导入含有该文本的版本",
                    "template {template} has no text for {channel} in {language}; import a version that has"
                )
            }
            Self::Failed { template, channel, complaint } => Wording {
                zh: format!("模板 {template} 无法生成渠道 {channel} 的内容：{}", complaint.zh),
                en: format!("template {template} cannot be written for {channel}: {}", complaint.en),
            },
        }
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for RenderError {}

document_text! {
    struct TemplateText {
        sms: Option<VariantText>,
        voice: Option<VariantText>,
        email: Option<VariantText>,
        push: Option<VariantText>,
        letter: Option<VariantText>,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantText {
    zh: WordsText,
    en: WordsText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsText {
    subject: Option<Spanned<String>>,
    body: Spanned<String>,
}

/// Reads a template. Forbidden words need the contact rules and are found by [`super::PolicySet::check`].
pub(super) fn parse(file: &str, text: &str) -> Result<TemplateDocument, Vec<PolicyError>> {
    let document: TemplateText = read(file, text)?;
    let mut complaints = Complaints::new(file, text);
    let fields = document.header_fields(&complaints);
    let header = read_header(PolicyKind::Template, file, &fields, &mut complaints);
    let variants = [
        (Channel::Sms, &document.sms),
        (Channel::Voice, &document.voice),
        (Channel::Email, &document.email),
        (Channel::Push, &document.push),
        (Channel::Letter, &document.letter),
    ];
    let is_assignment = header.as_ref().is_some_and(|header| header.name == crate::losses::SALE_TEMPLATE);
    let purpose = if is_assignment { Purpose::Assignment } else { Purpose::Reminder };
    let mut texts = Environment::new();
    texts.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut channels = Vec::new();
    // Spans count from behind the mark that some editors put in front.
    let file_text = text;
    let mut places = Vec::new();
    for (channel, variant) in variants {
        let Some(variant) = variant else { continue };
        channels.push(channel);
        for (language, words) in [(Language::Zh, &variant.zh), (Language::En, &variant.en)] {
            let parts = [("subject", words.subject.as_ref()), ("body", Some(&words.body))];
            let stands = parts.into_iter().filter_map(|(part, text)| Some((part, text?)));
            places.extend(
                stands.map(|(part, text)| place_of(text_name(channel, language, part), text, file_text)),
            );
            take_words(purpose, channel, language, words, &mut texts, &mut complaints);
        }
    }
    if channels.is_empty() {
        complaints.add(
            None,
            "",
            wording!(
                "没有任何文本；请添加表，如带 body 的 [sms.zh]",
                "has no text; add a table such as [sms.zh] with a body"
            ),
        );
    }
    let document = header.map(|header| {
        let template = Template { key: header.name.clone(), channels, texts, places };
        TemplateDocument { header, template }
    });
    complaints.finish(document)
}

fn place_of(name: String, text: &Spanned<String>, file: &str) -> TextPlace {
    let span = text.span();
    let lines = file.get(span.clone()).unwrap_or_default().lines().map(str::to_owned).collect();
    TextPlace { name, line: line_of(file, &span), lines }
}

/// Whether messages by the channel have a subject line (the title of a push message or letter).
fn has_subject(channel: Channel) -> bool {
    match channel {
        Channel::Email | Channel::Push | Channel::Letter => true,
        Channel::Sms | Channel::Voice => false,
    }
}

/// What every text by the channel must say: who writes, where to ask or object, how to stop it.
///
/// Source: card rules article 69 for questions and objections, PIPL article 15 for the way out.
fn required_variables(purpose: Purpose, channel: Channel) -> Vec<&'static str> {
    let common: &[&str] = match (purpose, channel) {
        (Purpose::Reminder, Channel::Sms | Channel::Email) => &["lender_name", "hotline", "opt_out_hint"],
        // Of a notice that the law asks for there is no way out.
        (Purpose::Assignment, Channel::Sms | Channel::Email) | (_, Channel::Voice | Channel::Letter) => {
            &["lender_name", "hotline"]
        }
        // A push message comes from the lender's app and opens it; all of it stands there.
        (_, Channel::Push) => &[],
    };
    let own: &[&str] = match purpose {
        Purpose::Reminder => &[],
        Purpose::Assignment => &OF_ASSIGNMENT,
    };
    common.iter().chain(own).copied().collect()
}

fn text_name(channel: Channel, language: Language, part: &str) -> String {
    format!("{channel}.{language}.{part}")
}

/// Compiles the texts of one channel and language into `texts`.
fn take_words(
    purpose: Purpose,
    channel: Channel,
    language: Language,
    words: &WordsText,
    texts: &mut Environment<'static>,
    complaints: &mut Complaints<'_>,
) {
    let subject_name = text_name(channel, language, "subject");
    match &words.subject {
        Some(subject) if has_subject(channel) => {
            take_text((purpose, channel), &subject_name, subject, &[], texts, complaints);
        }
        Some(subject) => {
            complaints.add_at(
                subject,
                &subject_name,
                wording!("渠道 {channel} 没有标题；请去掉", "{channel} has no subject line; leave it out"),
            );
        }
        None if has_subject(channel) => {
            complaints.add_at(
                &words.body,
                &subject_name,
                wording!("缺失；渠道 {channel} 须有标题", "is missing; {channel} has a subject line"),
            );
        }
        None => {}
    }
    let body_name = text_name(channel, language, "body");
    let required = required_variables(purpose, channel);
    take_text((purpose, channel), &body_name, &words.body, &required, texts, complaints);
}

fn take_text(
    (purpose, channel): (Purpose, Channel),
    name: &str,
    place: &Spanned<String>,
    required: &[&str],
    texts: &mut Environment<'static>,
    complaints: &mut Complaints<'_>,
) {
    let source = place.as_ref().trim();
    if source.is_empty() {
        complaints.add_at(place, name, wording!("为空", "is empty"));
        return;
    }
    if source.contains("{%") || source.contains("{#") {
        complaints.add_at(
            place,
            name,
            wording!(
                "含有条件、循环或注释；只允许 {{{{ variable }}}} 形式的变量",
                "has a condition, loop or remark; only {{{{ variable }}}} is allowed"
            ),
        );
        return;
    }
    if let Err(error) = texts.add_template_owned(name.to_owned(), source.to_owned()) {
        complaints.add_at(place, name, behind(wording!("无法读取", "cannot be read"), words_of(&error)));
        return;
    }
    let compiled = match texts.get_template(name) {
        Ok(compiled) => compiled,
        Err(error) => return complaints.add_at(place, name, words_of(&error)),
    };
    let mut used: Vec<String> = compiled.undeclared_variables(true).into_iter().collect();
    used.sort_unstable();
    let known: Vec<&str> = VARIABLES
        .into_iter()
        .filter(|variable| purpose == Purpose::Assignment || !OF_ASSIGNMENT.contains(variable))
        .filter(|variable| matches!(channel, Channel::Letter | Channel::Email) || *variable != OF_PAGES)
        .collect();
    let unknown: Vec<&String> = used.iter().filter(|name| !known.contains(&name.as_str())).collect();
    for variable in &unknown {
        complaints.add_at(
            place,
            name,
            named_not_one_of(wording!("变量", "variable"), variable, known.iter().copied()),
        );
    }
    for variable in required.iter().filter(|variable| !used.iter().any(|name| name == *variable)) {
        complaints.add_at(
            place,
            name,
            wording!("须写明 {{{{ {variable} }}}}", "must say {{{{ {variable} }}}}"),
        );
    }
    if unknown.is_empty()
        && let Err(error) = compiled.render(context_of(&samples(), Language::Zh))
    {
        complaints.add_at(place, name, behind(wording!("无法生成", "cannot be written"), words_of(&error)));
    }
}

/// What the template engine says; never what the variables hold.
fn words_of(error: &minijinja::Error) -> Wording {
    Wording::quoted(error.detail().map_or_else(|| error.kind().to_string(), str::to_owned))
}

fn samples() -> Variables {
    let amount = Money::new(123_450, Currency::CNY);
    Variables {
        lender_name: "示例银行".to_owned(),
        customer_name: Personal::new("张**"),
        agreement_reference: "0001".to_owned(),
        overdue_amount: amount,
        amount_due: amount,
        due_date: Date::from_days(20_000),
        days_past_due: 1,
        late_fee_to_date: amount,
        minimum_amount: amount,
        hotline: "400-000-0000".to_owned(),
        opt_out_hint: "回复T退订".to_owned(),
        amounts_table: Personal::new("  合计：1,234.50元"),
        assignment: Some(AssignmentWords {
            new_creditor: "示例资产管理公司".to_owned(),
            contact: "400-000-0001".to_owned(),
            on: Date::from_days(20_000),
            amount,
        }),
    }
}

fn context_of(variables: &Variables, language: Language) -> minijinja::Value {
    let assignment = variables.assignment.as_ref();
    context! {
        lender_name => &variables.lender_name,
        customer_name => variables.customer_name.reveal(),
        agreement_reference => &variables.agreement_reference,
        overdue_amount => grouped(variables.overdue_amount),
        amount_due => grouped(variables.amount_due),
        currency => currency_word(variables.overdue_amount.currency(), language),
        due_date => date_words(variables.due_date, language),
        days_past_due => variables.days_past_due,
        late_fee_to_date => grouped(variables.late_fee_to_date),
        minimum_amount => grouped(variables.minimum_amount),
        hotline => &variables.hotline,
        opt_out_hint => &variables.opt_out_hint,
        amounts_table => variables.amounts_table.reveal(),
        new_creditor => assignment.map(|assignment| assignment.new_creditor.clone()),
        new_creditor_contact => assignment.map(|assignment| assignment.contact.clone()),
        assigned_on => assignment.map(|assignment| date_words(assignment.on, language)),
        assigned_amount => assignment.map(|assignment| grouped(assignment.amount)),
    }
}

/// `1,234.50`
pub(crate) fn grouped(amount: Money) -> String {
    let plain = amount.to_string();
    let (whole, fraction) = plain.split_once('.').map_or((plain.as_str(), None), |(w, f)| (w, Some(f)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut text = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    fraction.map_or(text.clone(), |fraction| format!("{text}.{fraction}"))
}

/// What stands after the amount in Chinese, and before it in English.
pub(crate) fn currency_word(currency: Currency, language: Language) -> String {
    let word = match (language, currency.code()) {
        (Language::Zh, "CNY") => "元",
        (Language::Zh, "TWD") => "新台币元",
        (Language::Zh, "HKD") => "港元",
        (Language::Zh, "USD") => "美元",
        (Language::Zh | Language::En, code) => code,
    };
    word.to_owned()
}

/// `2026年3月5日`, `5 March 2026`
pub(crate) fn date_words(date: Date, language: Language) -> String {
    let (year, month, day) = date.year_month_day();
    match language {
        Language::Zh => format!("{year}年{month}月{day}日"),
        Language::En => date.civil().strftime("%-d %B %Y").to_string(),
    }
}

/// The usual way out of messages by `channel`, for [`Variables::opt_out_hint`]; empty for voice and letters,
/// where the text names the hotline for it.
#[must_use]
pub const fn opt_out_hint(channel: Channel, language: Language) -> &'static str {
    match (channel, language) {
        (Channel::Sms, Language::Zh) => "回复T可停收此类短信",
        (Channel::Sms, Language::En) => "Reply T to stop these texts",
        (Channel::Email, Language::Zh) => "如不希望再以邮件接收此类提醒，请直接回复本邮件告知",
        (Channel::Email, Language::En) => "To stop these e-mails, reply to this one and say so",
        (Channel::Push, Language::Zh) => "可在App的通知设置中关闭此类提醒",
        (Channel::Push, Language::En) => "You can switch these off in the app's notification settings",
        (Channel::Voice | Channel::Letter, Language::Zh | Language::En) => "",
    }
}

/// Writes the text for one person.
///
/// # Errors
/// [`RenderError::NoText`] when the template does not speak on the channel; anything else was ruled out when
/// the template was read.
pub fn render(
    template: &Template,
    channel: Channel,
    language: Language,
    variables: &Variables,
) -> Result<Rendered, RenderError> {
    if !template.channels.contains(&channel) {
        return Err(RenderError::NoText { template: template.key.clone(), channel, language });
    }
    let context = context_of(variables, language);
    let write = |part: &str| {
        let text = template.texts.get_template(&text_name(channel, language, part));
        let written = text.and_then(|text| text.render(&context));
        written.map_err(|error| RenderError::Failed {
            template: template.key.clone(),
            channel,
            complaint: words_of(&error),
        })
    };
    let subject = if has_subject(channel) { write("subject")? } else { String::new() };
    Ok(Rendered { subject: Personal::new(subject), body: Personal::new(write("body")?) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn amounts_and_dates_are_written_as_people_write_them() {
        let cny = |minor| grouped(Money::new(minor, Currency::CNY));
        let written = [cny(5), cny(99_999), cny(123_450), cny(1_234_567_890), cny(-100_000)];
        expect!["0.05 999.99 1,234.50 12,345,678.90 -1,000.00"].assert_eq(&written.join(" "));
        let yen = Currency::parse("JPY").expect("a known currency");
        assert_eq!(grouped(Money::new(12_345, yen)), "12,345");
        let date = Date::parse("2026-03-05").expect("a day of the calendar");
        assert_eq!(date_words(date, Language::Zh), "2026年3月5日");
        assert_eq!(date_words(date, Language::En), "5 March 2026");
    }
}

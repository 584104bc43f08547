//! Templates: strict at import, and so certain at sending.

use dunlin_domain::contact::{Channel, Language, Personal};
use dunlin_domain::date::Date;
use dunlin_domain::money::{Currency, Money};
use expect_test::expect;

use super::*;

#[test]
fn a_template_is_strict() {
    check(
        "templates/due_today.toml",
        &[
            ("{{ lender_name }}：今天", "{{ lender }}：今天"),
            ("{{ due_date }}）", "{{ due_date.year }}）"),
            ("{{ due_date }}）", "{{ due_date"),
            ("{{ due_date }}）", "{{ due_date|pretty }}）"),
            ("请今天", "{% if days_past_due %}请{% endif %}今天"),
            ("有异议请致电{{ hotline }}。{{ opt_out_hint }}。\"", "请告知。\""),
            ("[push.en]", "[push.fr]"),
            ("[sms.en]", "[voice.zh]"),
            (
                "body = \"本期应还{{ amount_due }}{{ currency }}，今天到期。点开可还款；如已还清，请忽略。\"",
                "body = \" \"",
            ),
            ("subject = \"{{ lender_name }}：今天是还款日\"\n", ""),
            ("[sms.zh]\n", "[sms.zh]\nsubject = \"还款\"\n"),
        ],
        expect![[r#"
            due_today.toml:11: push.zh.subject: variable "lender" is unknown; use one of lender_name, customer_name, agreement_reference, overdue_amount, amount_due, currency, due_date, days_past_due, late_fee_to_date, minimum_amount, hotline, opt_out_hint
            due_today.toml:19: sms.zh.body: variable "due_date.year" is unknown; use one of lender_name, customer_name, agreement_reference, overdue_amount, amount_due, currency, due_date, days_past_due, late_fee_to_date, minimum_amount, hotline, opt_out_hint
            due_today.toml:19: sms.zh.body: cannot be read: unexpected character
            due_today.toml:19: sms.zh.body: cannot be written: filter pretty is unknown
            due_today.toml:19: sms.zh.body: has a condition, loop or remark; only {{ variable }} is allowed
            due_today.toml:19: sms.zh.body: must say {{ hotline }}
            due_today.toml:19: sms.zh.body: must say {{ opt_out_hint }}
            due_today.toml:14: unknown field `fr`, expected `zh` or `en`
            due_today.toml:18: missing field `en`
            due_today.toml:12: push.zh.body: is empty
            due_today.toml:11: push.zh.subject: is missing; push has a subject line
            due_today.toml:19: sms.zh.subject: sms has no subject line; leave it out"#]],
    );
}

fn variables() -> Variables {
    let amount = |minor| Money::new(minor, Currency::CNY);
    Variables {
        lender_name: "示例消费金融".to_owned(),
        customer_name: Personal::new("张**"),
        agreement_reference: "8812".to_owned(),
        overdue_amount: amount(123_456),
        amount_due: amount(120_000),
        due_date: Date::parse("2026-03-10").expect("a day of the calendar"),
        days_past_due: 9,
        late_fee_to_date: amount(540),
        minimum_amount: amount(12_000),
        hotline: "400-800-1234".to_owned(),
        amounts_table: Personal::new("  合计：1,234.56元"),
        assignment: None,
        opt_out_hint: opt_out_hint(Channel::Sms, Language::Zh).to_owned(),
    }
}

#[test]
fn a_text_is_written_for_one_person() {
    let set = shipped_set();
    let template = |key: &str| {
        let found = set.templates.iter().find(|document| document.header.name == key);
        &found.expect("a shipped template").template
    };
    let reminder = template("overdue_reminder");
    let text = render(reminder, Channel::Sms, Language::Zh, &variables()).expect("a text for sms");
    expect!["【示例消费金融】张**您好，您尾号8812的账户已逾期9天，待还1,234.56元（含违约金5.40元），原还款日2026年3月10日。请在App“还款”中支付。如已还清请忽略。还款有困难可来电协商，咨询或有异议请致电400-800-1234。回复T可停收此类短信。"].assert_eq(text.body.reveal());
    let text = render(reminder, Channel::Email, Language::En, &variables()).expect("a text for email");
    expect![[r#"
        Overdue: CNY 1,234.56

        Dear 张**,

        Your account ending 8812 is past due:

          Outstanding: CNY 1,234.56
          Late fee included: CNY 5.40
          Due date: 10 March 2026
          Days past due: 9

        How to pay: open the app and choose Repay; you may pay all of it, or a part first.

        If paying is difficult, call 400-800-1234 and ask for an arrangement. If you have a question or an objection about the amount, call us too; we will check and answer you. If you have paid already, please ignore this message.

        示例消费金融

        回复T可停收此类短信."#]].assert_eq(&format!("{}\n\n{}", text.subject.reveal(), text.body.reveal()));
    let missing = render(reminder, Channel::Letter, Language::Zh, &variables());
    expect!["template overdue_reminder has no text for letter in zh; import a version that has"]
        .assert_eq(&missing.expect_err("it has no letter").to_string());
}

#[test]
fn no_rule_forbids_a_shipped_text_once_it_is_written() {
    let set = shipped_set();
    let rules = &set.contact_rules[0].rules;
    for document in &set.templates {
        for channel in document.template.channels() {
            for language in [Language::Zh, Language::En] {
                let text = render(&document.template, *channel, language, &variables()).expect("a text");
                let found =
                    [rules.forbidden_in(text.subject.reveal()), rules.forbidden_in(text.body.reveal())];
                assert!(
                    found.iter().all(Vec::is_empty),
                    "{} {channel} {language}: {found:?}",
                    document.header.name
                );
            }
        }
    }
}

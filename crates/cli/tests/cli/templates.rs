//! A template is written by one person, read with real data, and approved by another before anybody gets it.

use expect_test::expect;
use serde_json::{Value, json};

use crate::support::Place;

/// The shipped notice of the first day as version 2, with other words in its text message.
fn second_version(place: &Place, zh: &str) {
    let text = include_str!("../../../../policies/templates/day1_notice.toml");
    let text = text.replacen("version = 1", "version = 2", 1);
    let (before, rest) = text.split_once("[sms.zh]\nbody = ").expect("a text message in Chinese");
    let (_, after) = rest.split_once('\n').expect("a line");
    place.write("day1.toml", format!("{before}[sms.zh]\nbody = \"{zh}\"\n{after}"));
}

const WORDS: &str = "【{{ lender_name }}】{{ customer_name }}您好，尾号{{ agreement_reference }}的账单已逾期{{ overdue_amount }}{{ currency }}。如有疑问请致电{{ hotline }}。{{ opt_out_hint }}。";

#[test]
fn a_template_is_used_only_when_a_second_person_approved_it() {
    for place in Place::imported_on_both() {
        second_version(&place, WORDS);
        let code = |args: &[&str]| place.json(args)["error"]["code"].clone();
        assert_eq!(code(&["policy", "import", "day1.toml"]), "template_approval", "two names by one hand");
        assert_eq!(place.json(&["template", "submit", "day1.toml"])["state"], "pending");
        assert_eq!(code(&["template", "submit", "day1.toml"]), "not_rejected");
        assert_eq!(code(&["template", "approve", "day1_notice@2"]), "same_person");
        place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
        let in_force = |place: &Place| {
            let list = place.json(&["policy", "list", "--on", "2026-01-25"]);
            let documents = list["documents"].as_array().cloned().unwrap_or_default();
            let found = documents.into_iter().find(|document| document["name"] == "day1_notice");
            let found = found.unwrap_or(Value::Null);
            (found["version"].clone(), found["author"].clone(), found["approver"].clone())
        };
        assert_eq!(in_force(&place).0, 1, "what waits is not used");
        let rejected = place.json(&["template", "reject", "day1_notice@2", "--note", "too long"]);
        assert_eq!((&rejected["state"], &rejected["note"]), (&json!("rejected"), &json!("too long")));
        place.run(&["template", "submit", "day1.toml"]).check_exit(0);
        place.run(&["template", "approve", "day1_notice@2", "--actor", "second"]).check_exit(0);
        assert_eq!(in_force(&place), (json!(2), json!("tester"), json!("second")));
        assert_eq!(code(&["template", "approve", "day1_notice@2", "--actor", "third"]), "not_pending");
        assert_eq!(code(&["template", "submit", "day1.toml"]), "version_exists");
        assert_eq!(code(&["template", "approve", "day1_notice@7", "--actor", "second"]), "not_found");
    }
}

#[test]
fn a_preview_shows_real_amounts_and_what_the_text_costs() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-26"]).check_exit(0);
    second_version(&place, WORDS);
    place.run(&["template", "submit", "day1.toml"]).check_exit(0);
    let preview = ["template", "preview", "day1_notice@2", "--agreement", "A-1", "--channel", "sms"];
    place.run(&[&preview[..], &["--lang", "zh"]].concat()).check(expect![[r#"
        exit 0
        【示例消金】王**您好，尾号A-1的账单已逾期556.56元。如有疑问请致电400-000-0000。回复T可停收此类短信。

        day1_notice@2 短信：62字，1条短信（ucs2）
    "#]]);
    place.run(&[&preview[..], &["--in", "en"]].concat()).check(expect![[r#"
        exit 0
        Sample Finance: 王**, CNY 556.56 on your account ending A-1 was due on 24 January 2026 and has not reached us. It may have slipped your mind: pay in the app under Repay to keep late fees low. Ignore this if you have paid. Trouble paying, questions or objections: 400-000-0000. Reply T to stop these texts.

        day1_notice@2 sms: 304 letters, 5 text messages (ucs2)
    "#]]);
    let fields = place.json(&preview);
    assert_eq!((&fields["alphabet"], &fields["language"]), (&json!("ucs2"), &json!("zh")));
    let letter = ["template", "preview", "day1_notice", "--agreement", "A-1", "--channel", "letter"];
    assert_eq!(place.json(&letter)["error"]["code"], "template");
}

#[test]
fn an_email_that_asks_to_be_answered_warns_where_nobody_reads_the_answers() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-26"]).check_exit(0);
    let preview = ["template", "preview", "day1_notice", "--agreement", "A-1", "--lang", "en", "--channel"];
    let said = |channel: &str, more: &str| {
        let provider = "[[provider]]\nname = \"mail\"\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = 9\n\
            security = \"plain\"\nsender = \"noreply@lender.example\"\n";
        place.write("dunlin-data/dunlin.toml", format!("{provider}{more}"));
        place.run(&[&preview[..], &[channel]].concat()).check_exit(0).stderr()
    };
    expect![[r#"
        warning: provider mail has no reply_to, and e-mails say "To stop these e-mails, reply to this one and say so": answers go to the sender noreply@lender.example; set reply_to to a mailbox that is read
    "#]]
    .assert_eq(&said("email", ""));
    assert_eq!(said("email", "reply_to = \"care@lender.example\"\n"), "");
    assert_eq!(said("sms", ""), "");
}

#[test]
fn a_text_without_what_the_law_asks_for_is_not_even_submitted() {
    let place = Place::imported();
    second_version(&place, "{{ customer_name }}您好，请还款。");
    place.run(&["template", "submit", "day1.toml"]).check(expect![[r#"
        exit 2
        error[policy]: day1.toml:19: sms.zh.body: must say {{ lender_name }}
        error[policy]: day1.toml:19: sms.zh.body: must say {{ hotline }}
        error[policy]: day1.toml:19: sms.zh.body: must say {{ opt_out_hint }}
    "#]]);
    place.run(&["template", "list"]).check(expect![[r#"
        exit 0
        no template was submitted; `dunlin policy list` shows those in force
    "#]]);
}

//! One channel takes the place of another by the strategy's rule: once, lawfully, and never when the first one arrived.

use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{PART_COUNT, Part};
use dunlin_domain::message::MessageState;
use dunlin_domain::pause::PauseState;
use dunlin_engine::circumstances::NewCircumstance;
use dunlin_engine::delivery::ProviderConfig;
use dunlin_engine::payment::Caller;
use dunlin_engine::policy::shipped;
use dunlin_engine::portfolio::{ContactPointRow, CustomerRow};
use dunlin_engine::{Config, Engine};
use dunlin_store::message::{self, MessageRow};
use expect_test::{Expect, expect};

use crate::answers::{DAY, on_both};
use crate::ground::{FIRST_DAY, Ground, agreement, date, grounds, moment, run_days};
use crate::pauses::{approve, new_pause, silent_mode};

/// How a customer of a case is reached.
#[derive(Clone, Copy)]
struct Reached {
    phone: bool,
    email: bool,
    no_email: bool,
}

const BOTH: Reached = Reached { phone: true, email: true, no_email: false };

/// The shipped strategy with the row of its first overdue day exchanged.
pub fn strategy_with(day1: &str) -> String {
    let document = shipped().iter().find(|document| document.text.contains("# name: standard\n"));
    let mut lines: Vec<String> = Vec::new();
    for line in document.expect("the standard strategy is shipped").text.lines() {
        lines.push(match line {
            "# version: 1" => "# version: 2".to_owned(),
            line if line.starts_with("id,") => line.replace(",note", ",fallback"),
            line if line.starts_with("day1,") => day1.to_owned(),
            line if line.starts_with('#') => line.to_owned(),
            line => format!("{},", line.rsplit_once(',').expect("a row has cells").0),
        });
    }
    lines.join("\n") + "\n"
}

/// The same with the channels and the rule of that day.
fn strategy(channels: &str, fallback: &str) -> String {
    strategy_with(&format!("day1,M1,1,-,-,-,contact,\"{channels}\",day1_notice,friendly,2,\"{fallback}\""))
}

/// One customer with one agreement, whose message of [`DAY`] is decided by a strategy with this rule.
fn decided(ground: &Ground, reached: Reached, channels: &str, fallback: &str) -> Engine {
    decided_by(ground, ground.engine("first"), reached, channels, fallback)
}

/// The same by an engine with providers of its own.
fn decided_by(ground: &Ground, engine: Engine, reached: Reached, channels: &str, fallback: &str) -> Engine {
    let text = strategy(channels, fallback);
    crate::ground::in_force(&engine, "v2.csv", &text, moment(FIRST_DAY, 0));
    ground.import(&engine, moment("2026-12-31", 0), |writer| {
        let row = CustomerRow {
            customer_id: "C-1".to_owned(),
            name: Personal::new("王示例"),
            language: Language::Zh,
            zone: "Asia/Shanghai".to_owned(),
            segment: "standard".to_owned(),
            opt_out_channels: if reached.no_email { vec![Channel::Email] } else { Vec::new() },
        };
        writer.write(&row).expect("a row");
        let mut point = |kind: ContactPointKind, value: &str| {
            let row = ContactPointRow {
                contact_point_id: format!("CP-{kind}"),
                customer_id: "C-1".to_owned(),
                kind,
                value: Personal::new(value),
                party: Party::Borrower,
                state: ContactPointState::Active,
                priority: 1,
            };
            writer.write(&row).expect("a row");
        };
        if reached.phone {
            point(ContactPointKind::Phone, "10000000001");
        }
        if reached.email {
            point(ContactPointKind::Email, "c1@example.com");
        }
        agreement(writer, 1, 1);
    });
    run_days(&engine, FIRST_DAY, 4);
    engine
}

fn messages(engine: &Engine) -> Vec<MessageRow> {
    messages_of(engine, DAY)
}

/// The messages of a day, in the order in which they were made.
pub fn messages_of(engine: &Engine, day: &str) -> Vec<MessageRow> {
    let mut rows = Vec::new();
    let read = engine.db().read(|tx| {
        for part in (0..PART_COUNT).map(Part::new) {
            message::each_of_part(tx, part, |row| {
                rows.push(row);
                Ok(())
            })?;
        }
        Ok(())
    });
    read.expect("messages are read");
    rows.retain(|row| row.business_date == date(day));
    rows.sort_by_key(|row| (row.expires_at, row.channel));
    rows
}

/// The messages with their states, and what the day came to by *why*.
fn check(ground: &Ground, engine: &Engine, expected: &Expect) {
    let rows = messages(engine);
    let states: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", row.channel.map_or("none", Channel::code), row.state))
        .collect();
    let why = engine.why("A-1", date(DAY)).expect("the day was run");
    let links = why.links.iter().filter(|link| link.stage == "fallback");
    let told: Vec<&str> = links.map(|link| link.text.1.as_str()).collect();
    let reason = why.reason.expect("the day has its verdict");
    expected.assert_eq(&format!("{}; {reason}; {}", states.join(", "), told.join(" / ")));
    let report = engine.verify(&|_| {}).expect("it can be verified");
    assert!(report.is_clean(), "{}: {report:?}", ground.name);
    let coverage = engine.coverage(date(DAY), date(DAY)).expect("the day is covered");
    assert_eq!((coverage.overdue_days, coverage.unexplained), (1, 0), "{}", ground.name);
    assert_eq!(coverage.by_reason.first().map(|count| count.reason), Some(reason), "{}", ground.name);
    assert_eq!(coverage.contacted, u64::from(reason.is_contact()), "{}", ground.name);
}

/// A receipt of the spool about a message, taken in at `now`.
fn receipt(ground: &Ground, engine: &Engine, channel: Channel, state: &str, now: Timestamp) {
    let of_channel = messages(engine).into_iter().find(|row| row.channel == Some(channel));
    let row = of_channel.expect("a message by the channel");
    let folder = ground.folder.join("spool/receipts");
    std::fs::create_dir_all(&folder).expect("a folder");
    let text = format!("message_id,state,at,code\n{},{state},2026-02-11T11:00:00+08:00,X1\n", row.id);
    std::fs::write(folder.join(format!("{channel}-{state}.csv")), text).expect("a file of receipts");
    let report = engine.collect_receipts(now).expect("receipts are taken in");
    assert_eq!(report.unmatched + report.rejected, 0, "{}", ground.name);
}

const NINE: i8 = 9;

#[test]
fn a_text_without_a_receipt_is_followed_by_an_e_mail_after_the_wait_and_not_before() {
    on_both(|ground| {
        let engine = decided(ground, BOTH, "sms", "sms no_receipt_after 10m: email");
        engine.dispatch(moment(DAY, 10)).expect("a round");
        engine.dispatch(moment(DAY, 10).plus_seconds(599)).expect("a round");
        check(ground, &engine, &expect!["sms accepted; contact.sent; "]);
        engine.dispatch(moment(DAY, 10).plus_seconds(600)).expect("a round");
        let sent = expect![
            "sms accepted, email accepted; contact.sent; 2026-02-11 10:10: the text message had no receipt in time; the next channel took its place by rule"
        ];
        check(ground, &engine, &sent);
        // The late receipt of the first: both are told, and nothing is sent once more.
        receipt(ground, &engine, Channel::Sms, "delivered", moment(DAY, 11));
        engine.dispatch(moment(DAY, 12)).expect("a round");
        let late = expect![
            "sms delivered, email accepted; contact.sent; 2026-02-11 10:10: the text message had no receipt in time; the next channel took its place by rule"
        ];
        check(ground, &engine, &late);
        assert_eq!(ground.spooled().len(), 2, "{}", ground.name);
    });
}

#[test]
fn nothing_follows_on_a_text_that_arrived_in_time() {
    on_both(|ground| {
        let engine = decided(ground, BOTH, "sms", "sms no_receipt_after 10m: email");
        engine.dispatch(moment(DAY, 10)).expect("a round");
        receipt(ground, &engine, Channel::Sms, "delivered", moment(DAY, 10).plus_seconds(300));
        engine.dispatch(moment(DAY, 11)).expect("a round");
        check(ground, &engine, &expect!["sms delivered; contact.sent; "]);
    });
}

#[test]
fn what_failed_is_followed_at_once_and_a_first_that_arrives_meanwhile_takes_the_second_back() {
    on_both(|ground| {
        let engine = decided(ground, BOTH, "sms", "failed: email");
        engine.dispatch(moment(DAY, 10)).expect("a round");
        receipt(ground, &engine, Channel::Sms, "failed", moment(DAY, 10).plus_seconds(60));
        std::fs::write(ground.folder.join("spool/closed-email"), "").expect("a file");
        engine.dispatch(moment(DAY, 10).plus_seconds(90)).expect("a round");
        let waiting = expect![
            "sms failed, email queued; contact.sent; 2026-02-11 10:01: the text message did not arrive; the next channel took its place by rule"
        ];
        check(ground, &engine, &waiting);
        std::fs::remove_file(ground.folder.join("spool/closed-email")).expect("the file");
        receipt(ground, &engine, Channel::Sms, "delivered", moment(DAY, 11));
        engine.dispatch(moment(DAY, 15)).expect("a round");
        let taken_back = expect![
            "sms delivered, email cancelled; contact.sent; 2026-02-11 10:01: the text message did not arrive; the next channel took its place by rule"
        ];
        check(ground, &engine, &taken_back);
        assert_eq!(ground.spooled().len(), 1, "{}: the mail was never handed over", ground.name);
    });
}

#[test]
fn a_day_whose_fallback_may_not_be_used_is_silent_for_the_last_obstacle() {
    on_both(|ground| {
        let reached = Reached { no_email: true, ..BOTH };
        let engine = decided(ground, reached, "sms", "failed: email");
        engine.dispatch(moment(DAY, 10)).expect("a round");
        receipt(ground, &engine, Channel::Sms, "failed", moment(DAY, 10).plus_seconds(60));
        engine.dispatch(moment(DAY, 11)).expect("a round");
        let silent = expect![
            "sms failed; voice.opted_out; 2026-02-11 11:00: the text message did not arrive; no other channel could be used: cn@2 PIPL-15: the customer opted out of email (voice.opted_out)"
        ];
        check(ground, &engine, &silent);
    });
}

#[test]
fn who_has_no_phone_gets_a_mail_on_the_day_itself_where_the_rule_says_so() {
    on_both(|ground| {
        let engine = decided(ground, Reached { phone: false, ..BOTH }, "sms", "no_contact_point: email");
        engine.dispatch(moment(DAY, 10)).expect("a round");
        let told = expect![
            "email accepted; contact.sent; no number or address for text message, so by rule e-mail took its place"
        ];
        check(ground, &engine, &told);
    });
    on_both(|ground| {
        let reached = Reached { email: false, phone: false, no_email: false };
        let engine = decided(ground, reached, "sms", "no_contact_point: email");
        check(ground, &engine, &expect!["; contact_data.none; "]);
    });
}

#[test]
fn a_paid_debt_is_not_told_of_once_more() {
    on_both(|ground| {
        let engine = decided(ground, BOTH, "sms", "failed: email");
        engine.dispatch(moment(DAY, 10)).expect("a round");
        receipt(ground, &engine, Channel::Sms, "failed", moment(DAY, 10).plus_seconds(60));
        ground.import(&engine, moment("2026-12-31", 1), |writer| {
            crate::ground::pay(writer, 1, 0, DAY, "3000.00");
        });
        engine.dispatch(moment(DAY, 11)).expect("a round");
        let paid = expect![
            "sms failed; account.paid_meanwhile; 2026-02-11 11:00: the text message did not arrive; no other channel could be used: nothing is due any more (account.paid_meanwhile)"
        ];
        let states: Vec<MessageState> = messages(&engine).iter().map(|row| row.state).collect();
        assert_eq!(states, [MessageState::Failed], "{}", ground.name);
        let why = engine.why("A-1", date(DAY)).expect("the day was run");
        let told = why.links.iter().find(|link| link.stage == "fallback").map(|link| link.text.1.clone());
        let reason = why.reason.expect("a verdict");
        paid.assert_eq(&format!("sms failed; {reason}; {}", told.unwrap_or_default()));
    });
}

#[test]
fn two_workers_at_once_make_one_message() {
    on_both(|ground| {
        let engine = decided(ground, BOTH, "sms", "no_receipt_after 10m: email");
        engine.dispatch(moment(DAY, 10)).expect("a round");
        let engines: Vec<Engine> = (0..4).map(|index| ground.engine(&format!("worker-{index}"))).collect();
        std::thread::scope(|scope| {
            for engine in &engines {
                scope.spawn(|| engine.dispatch(moment(DAY, 11)).expect("a round"));
            }
        });
        let once = expect![
            "sms accepted, email accepted; contact.sent; 2026-02-11 11:00: the text message had no receipt in time; the next channel took its place by rule"
        ];
        check(ground, &engine, &once);
        assert_eq!(ground.spooled().len(), 2, "{}", ground.name);
    });
}

#[test]
fn a_worker_that_ends_between_the_decision_and_the_sending_leaves_one_message() {
    on_both(|ground| {
        let engine = decided(ground, BOTH, "sms", "no_receipt_after 10m: email");
        engine.dispatch(moment(DAY, 10)).expect("a round");
        let closed = ground.folder.join("spool/closed-email");
        std::fs::write(&closed, "").expect("a file");
        engine.dispatch(moment(DAY, 11)).expect("a round");
        drop(engine);
        std::fs::remove_file(&closed).expect("the file");
        let engine = ground.engine("second");
        // As if the first had ended before its moment was taken away: the decision stands, and makes no second message.
        let sql = "update message set next_attempt_at = ?1 where part >= 0 and channel = 'sms' and state = 'accepted'";
        let now = moment(DAY, 12);
        let again = engine.db().write(|tx| {
            tx.execute(sql, &[dunlin_store::Param::Int(now.micros())])?;
            tx.execute(
                "insert into outbox (part, due_at, message_id) select part, next_attempt_at, message_id from message \
                 where part >= 0 and channel = 'sms' and state = 'accepted'",
                &[],
            )
        });
        assert_eq!(again.expect("the moment is set"), 1);
        engine.dispatch(now).expect("a round");
        let once = expect![
            "sms accepted, email accepted; contact.sent; 2026-02-11 11:00: the text message had no receipt in time; the next channel took its place by rule"
        ];
        check(ground, &engine, &once);
        assert_eq!(ground.spooled().len(), 2, "{}", ground.name);
    });
}

#[test]
fn a_fallback_waits_for_lawful_hours_like_any_message() {
    on_both(|ground| {
        let engine = decided(ground, BOTH, "sms", "no_receipt_after 30m: email");
        engine.dispatch(moment(DAY, 21).plus_seconds(45 * 60)).expect("a round");
        engine.dispatch(moment(DAY, 23)).expect("a round");
        let rows = messages(&engine);
        let mail = rows.iter().find(|row| row.channel == Some(Channel::Email)).expect("the mail is decided");
        assert_eq!((mail.state, mail.next_attempt_at), (MessageState::Queued, Some(moment("2026-02-12", 8))));
        engine.dispatch(moment("2026-02-12", NINE)).expect("a round");
        let sent = expect![
            "sms accepted, email accepted; contact.sent; 2026-02-11 23:00: the text message had no receipt in time; the next channel took its place by rule"
        ];
        check(ground, &engine, &sent);
    });
}

/// Contact rests on the day after [`DAY`], by a pause or by a gentler mode, as a second person agrees in the evening before.
fn rest_tomorrow(engine: &Engine, by_pause: bool) {
    let tomorrow = "2026-02-12";
    if by_pause {
        approve(engine, &new_pause(tomorrow, tomorrow, None), moment(DAY, 23));
        return;
    }
    let asking = Caller { actor: "manager", now: moment(DAY, 23) };
    let agreeing = Caller { actor: "second person", now: moment(DAY, 23) };
    let new = silent_mode(tomorrow, Some(tomorrow));
    let mode = engine.add_mode(&new, asking).expect("a mode is asked for");
    engine.decide_mode(mode.id, PauseState::Approved, "", agreeing).expect("it is approved");
}

#[test]
fn a_fallback_that_waits_for_the_morning_rests_where_the_morning_is_one_of_silence() {
    for by_pause in [true, false] {
        on_both(|ground| {
            let engine = decided(ground, BOTH, "sms", "no_receipt_after 30m: email");
            engine.dispatch(moment(DAY, 21).plus_seconds(45 * 60)).expect("a round");
            engine.dispatch(moment(DAY, 23)).expect("a round");
            rest_tomorrow(&engine, by_pause);
            for hour in [NINE, 22, 23] {
                engine.dispatch(moment("2026-02-12", hour)).expect("a round");
            }
            let rows = messages(&engine);
            let mail = rows.iter().find(|row| row.channel == Some(Channel::Email)).expect("a mail");
            let because = if by_pause { "pause.upgrade: " } else { "policy.reputation: " };
            assert_eq!(mail.state, MessageState::Expired, "{}", ground.name);
            assert!(mail.state_detail.starts_with(because), "{}: {}", ground.name, mail.state_detail);
            assert_eq!(ground.spooled().len(), 1, "{}: the text alone", ground.name);
            let report = engine.verify(&|_| {}).expect("it can be verified");
            assert!(report.is_clean(), "{}: {report:?}", ground.name);
        });
    }
}

/// Records that the customer wants to hear by these channels only.
fn choose_channels(engine: &Engine, channels: &str) {
    let new = NewCircumstance {
        customer: Some("C-1".to_owned()),
        agreement: None,
        contact_point: None,
        kind: CircumstanceKind::ChannelChoice,
        value: channels.to_owned(),
        from: Some(date(FIRST_DAY)),
        through: None,
        reason: "asked for it".to_owned(),
        evidence: "said so in the app".to_owned(),
    };
    let caller = Caller { actor: "staff", now: moment(DAY, 8) };
    engine.add_circumstance(&new, caller).expect("it is recorded");
}

#[test]
fn who_chose_another_channel_is_not_written_to_by_the_one_that_waits() {
    on_both(|ground| {
        let engine = decided(ground, BOTH, "sms", "failed: email");
        choose_channels(&engine, "push");
        engine.dispatch(moment(DAY, 10)).expect("a round");
        let told = expect!["sms expired; voice.other_channel; "];
        check(ground, &engine, &told);
    });
}

/// An engine whose providers serve e-mail only.
fn by_mail_only(ground: &Ground) -> Engine {
    let own = ground.config("mail");
    let mail =
        own.providers.iter().cloned().map(|it| ProviderConfig { channels: vec![Channel::Email], ..it });
    let config = Config { providers: mail.collect(), ..own };
    Engine::open(config, moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens")
}

#[test]
fn a_channel_that_no_provider_serves_gives_way_to_the_next_and_waits_only_where_there_is_none() {
    let told = |reached: Reached, channels: &str, fallback: &str, expected: &Expect| {
        for ground in grounds() {
            let engine = decided_by(&ground, by_mail_only(&ground), reached, channels, fallback);
            check(&ground, &engine, expected);
        }
    };
    let only_phone = Reached { phone: true, email: false, no_email: false };
    let served = expect![
        "email queued; contact.sent; no provider serves: text message; the next channel is used: e-mail; the next contact is planned for 2026-02-13"
    ];
    let waits = expect![
        "sms queued; contact.sent; no provider serves: text message; no other channel can be used, so the message waits; the next contact is planned for 2026-02-13"
    ];
    told(BOTH, "sms,email", "", &served);
    told(BOTH, "sms", "failed: email", &served);
    told(BOTH, "email,sms", "", &expect!["email queued; contact.sent; "]);
    told(only_phone, "sms,email", "failed: email", &waits);
}

#[test]
fn a_strategy_whose_rule_names_a_channel_without_a_text_is_refused() {
    let ground = crate::ground::sqlite();
    let engine = ground.engine("first");
    let text = strategy("sms", "failed: letter");
    let refused = engine.import_policy("v2.csv", &text, moment(FIRST_DAY, 0)).expect_err("it is refused");
    expect![[r#"v2.csv:18: row day1: fallback: template "day1_notice" has no text for letter; add one or take the channel out"#]]
        .assert_eq(&refused.to_string());
    let text = strategy("sms", "sms failed: email; email failed: sms");
    let refused = engine.import_policy("v2.csv", &text, moment(FIRST_DAY, 0)).expect_err("it is refused");
    expect!["v2.csv:18: row day1: fallback: goes round in a circle: sms to email to sms; a channel can take the place of others once"]
        .assert_eq(&refused.to_string());
}

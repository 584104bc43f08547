//! Messages whose worker ended between the handing over and the provider's answer: they are found in state `sending`,
//! and the provider may have them.

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{AttemptId, PART_COUNT, Part, hash_parts};
use dunlin_domain::message::{Counter, MessageState};
use dunlin_engine::delivery::{ProviderConfig, ProviderKind, SmtpConfig, SmtpSecurity};
use dunlin_engine::{Clock, Config, Engine};
use dunlin_store::Param;
use dunlin_store::message::{self, MessageRow, NewAttempt, StateChange};
use expect_test::{Expect, expect};

use crate::ground::{FIRST_DAY, Ground, agreement, customer, grounds, moment, pay, run_days};

/// The day on which the one agreement is overdue and its customer gets a message.
pub const DAY: &str = "2026-02-11";
const DAY_AFTER: &str = "2026-02-12";

/// One customer, whose message of the day is decided.
fn decided(ground: &Ground) -> Engine {
    let engine = ground.engine("first");
    ground.import(&engine, moment("2026-12-31", 0), |writer| {
        customer(writer, 1);
        agreement(writer, 1, 1);
    });
    run_days(&engine, FIRST_DAY, 4);
    engine
}

/// The message of the day.
pub fn found(engine: &Engine) -> MessageRow {
    let mut rows = Vec::new();
    let read = engine.db().read(|tx| {
        for part in (0..PART_COUNT).map(Part::new) {
            message::each_of_part(tx, part, |row| {
                if row.business_date == crate::ground::date(DAY) {
                    rows.push(row);
                }
                Ok(())
            })?;
        }
        Ok(())
    });
    read.expect("messages are read");
    assert_eq!(rows.len(), 1, "one message of {DAY}");
    rows.remove(0)
}

/// What a worker of another machine does when it claims the message at `now`, hands it over by `provider`, and ends.
fn claim_and_end(engine: &Engine, provider: &str, now: Timestamp) {
    let row = found(engine);
    let budget = dunlin_domain::message::BudgetUse {
        customer: row.customer,
        counter: Counter::Sms,
        key: Counter::Sms.key(row.customer, row.contact_point.expect("it has an address")),
        day: now.date_in(&crate::ground::shanghai()),
        cap: 1,
    };
    let claimed = engine.db().write(|tx| {
        assert!(message::take_budget(tx, &budget)?, "the day's budget was free");
        let id = AttemptId(hash_parts("att", &[&row.id.0]));
        let provider = provider.to_owned();
        let attempt = NewAttempt { message: row.id, index: 0, id, provider: provider.clone(), unit_count: 1 };
        message::insert_attempts(tx, &[attempt], now)?;
        let change = StateChange {
            id: row.id,
            from: row.state,
            state: MessageState::Sending,
            since: now,
            detail: String::new(),
            due_at: row.next_attempt_at,
            next_attempt_at: row.next_attempt_at,
            attempt_count: 1,
            provider: Some(provider),
            claimed_by: Some("elsewhere:1".to_owned()),
            claimed_until: Some(now.plus_seconds(600)),
            area: None,
        };
        message::change_states(tx, &[change])
    });
    claimed.expect("the message is claimed");
}

/// What the message is after a round of sending, how often it was tried, the texts counted for each day, and how many
/// files there are.
fn check_round(ground: &Ground, engine: &Engine, now: Timestamp, expected: &Expect) {
    engine.dispatch(now).expect("a round of sending");
    let row = found(engine);
    let sql = "select n from contact_count where part >= 0 order by day";
    let counts = engine.db().read(|tx| tx.query(sql, &[], |row| Ok(row.int(0)))).expect("counts are read");
    let files = if ground.folder.join("spool").exists() { ground.spooled().len() } else { 0 };
    expected.assert_eq(&format!(
        "{} after {} attempts, counted {counts:?}, {files} files; {}",
        row.state, row.attempt_count, row.state_detail
    ));
}

pub fn on_both(check: impl Fn(&Ground)) {
    grounds().iter().for_each(check);
}

#[test]
fn it_is_asked_for_again_once_its_time_is_up_and_uses_no_second_budget() {
    on_both(|ground| {
        let engine = decided(ground);
        claim_and_end(&engine, "spool", moment(DAY, 10));
        let early = expect!["sending after 1 attempts, counted [1], 0 files; "];
        check_round(ground, &engine, moment(DAY, 10).plus_seconds(599), &early);
        let late = expect![
            "accepted after 2 attempts, counted [1], 1 files; sms/00/msg_001dea6993cc004c31a10961280af586.json"
        ];
        check_round(ground, &engine, moment(DAY, 10).plus_seconds(601), &late);
    });
}

#[test]
fn it_is_unknown_and_not_expired_when_it_is_out_of_date() {
    on_both(|ground| {
        let engine = decided(ground);
        claim_and_end(&engine, "spool", moment(DAY, 10));
        check_round(
            ground,
            &engine,
            moment(DAY_AFTER, 9),
            &expect![
                "unknown after 1 attempts, counted [1], 0 files; fault.outcome_unknown: the process ended before the answer was written; not handed over again, rule.too_late: it is out of date"
            ],
        );
    });
}

#[test]
fn it_is_unknown_and_not_cancelled_when_the_debt_is_paid_meanwhile() {
    on_both(|ground| {
        let engine = decided(ground);
        claim_and_end(&engine, "spool", moment(DAY, 10));
        ground.import(&engine, moment("2026-12-31", 1), |writer| pay(writer, 1, 0, DAY, "3000.00"));
        check_round(
            ground,
            &engine,
            moment(DAY, 11),
            &expect![
                "unknown after 1 attempts, counted [1], 0 files; fault.outcome_unknown: the process ended before the answer was written; not handed over again, account.paid_meanwhile: nothing is due any more"
            ],
        );
    });
}

#[test]
fn it_is_unknown_at_a_provider_that_does_not_know_messages_by_their_ids() {
    on_both(|ground| {
        drop(decided(ground));
        let mail = SmtpConfig {
            host: "127.0.0.1".to_owned(),
            port: 9,
            security: SmtpSecurity::Plain,
            extra_root: None,
            credentials: None,
            sender: "a@lender.example".to_owned(),
            reply_to: None,
            unsubscribe: None,
            link_key: None,
            dkim: None,
            bounce_address: None,
            bounces: None,
            connection_count: 1,
            timeout_seconds: 1,
        };
        let provider = ProviderConfig {
            name: "mail".to_owned(),
            channels: vec![Channel::Email],
            kind: ProviderKind::Smtp(mail),
        };
        let own = ground.config("second");
        let providers = [vec![provider], own.providers.clone()].concat();
        let config = Config { providers, clock: Some(Clock::Real), ..own };
        let engine = Engine::open(config, moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens");
        claim_and_end(&engine, "mail", moment(DAY, 10));
        check_round(
            ground,
            &engine,
            moment(DAY, 11),
            &expect![
                "unknown after 1 attempts, counted [1], 0 files; fault.outcome_unknown: the process ended before the answer was written"
            ],
        );
    });
}

#[test]
fn it_stays_open_while_the_provider_takes_nothing() {
    on_both(|ground| {
        let engine = decided(ground);
        claim_and_end(&engine, "spool", moment(DAY, 10));
        let closed = ground.folder.join("spool/closed");
        std::fs::write(&closed, "").expect("a file");
        check_round(
            ground,
            &engine,
            moment(DAY, 11),
            &expect![
                "sending after 2 attempts, counted [1], 0 files; fault.channel: the spool is closed for sms; remove the file closed to open it"
            ],
        );
        std::fs::remove_file(&closed).expect("the file");
        check_round(
            ground,
            &engine,
            moment(DAY, 12),
            &expect![
                "accepted after 3 attempts, counted [1], 1 files; sms/00/msg_001dea6993cc004c31a10961280af586.json"
            ],
        );
    });
}

#[test]
fn it_waits_for_the_end_of_quiet_hours_and_then_uses_the_next_days_budget() {
    on_both(|ground| {
        let engine = decided(ground);
        claim_and_end(&engine, "spool", moment(DAY, 21).plus_seconds(3_540));
        check_round(
            ground,
            &engine,
            moment(DAY, 23),
            &expect![
                "sending after 1 attempts, counted [1], 0 files; rule.quiet_hours: cn@2 CN-1: it is 23:00 there, within 22:00-08:00 ｜ cn@2 CN-1：当地时间23:00，处于休息时段22:00-08:00"
            ],
        );
        check_round(
            ground,
            &engine,
            moment(DAY_AFTER, 8),
            &expect![
                "accepted after 2 attempts, counted [1, 1], 1 files; sms/00/msg_001dea6993cc004c31a10961280af586.json"
            ],
        );
    });
}

#[test]
fn it_is_unknown_when_the_next_days_budget_is_used_up() {
    on_both(|ground| {
        let engine = decided(ground);
        claim_and_end(&engine, "spool", moment(DAY, 21).plus_seconds(3_540));
        engine.dispatch(moment(DAY, 23)).expect("a round of sending");
        let row = found(&engine);
        let sql = "insert into contact_count (part, counter_key, day, n) select part, counter_key, day + 1, 1 \
            from contact_count where part = ?1";
        let copied = engine.db().write(|tx| tx.execute(sql, &[Param::Int(i64::from(row.part.number()))]));
        assert_eq!(copied.expect("the count is set"), 1);
        check_round(
            ground,
            &engine,
            moment(DAY_AFTER, 8),
            &expect![
                "unknown after 1 attempts, counted [1, 1], 0 files; fault.outcome_unknown: the process ended before the answer was written; not handed over again, rule.message_cap: cn@2 LENDER-1: 1 by sms today, at most 1 allowed ｜ cn@2 LENDER-1：当日短信已1次，上限1次"
            ],
        );
    });
}

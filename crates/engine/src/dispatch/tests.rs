//! What an answer makes of a message that may have gone on without it.

use dunlin_delivery::Handover;
use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, CustomerId, MessageId, Part};
use dunlin_domain::message::MessageState;
use dunlin_store::message::MessageRow;
use expect_test::{Expect, expect};

use super::answer::Told;
use super::changed_by;

/// A message that is in `state` after `attempt_count` attempts.
fn message(state: MessageState, attempt_count: u32) -> MessageRow {
    MessageRow {
        part: Part::new(0),
        id: MessageId([0; 16]),
        agreement: AgreementId([1; 16]),
        customer: CustomerId([2; 16]),
        contact_point: None,
        channel: Some(Channel::Sms),
        template: "day1_notice".to_owned(),
        language: Language::Zh,
        strategy: "standard@1".to_owned(),
        row: "day1".to_owned(),
        state,
        state_at: Timestamp::from_micros(0),
        state_detail: String::new(),
        business_date: Date::from_days(0),
        expires_at: Timestamp::from_micros(1_000_000_000),
        next_attempt_at: None,
        attempt_count,
        provider: Some("spool".to_owned()),
        pause: None,
        replaces: None,
        area: None,
    }
}

/// The state before the first attempt's answer, the state and attempts that are found when it comes, the answer.
fn check(before: MessageState, present: (MessageState, u32), answer: &Handover, expected: Expect) {
    let (row, now) = (message(before, 0), Timestamp::from_micros(5_000_000));
    let told = Told::of(answer, &row, now);
    let change = changed_by(&row, &message(present.0, present.1), answer, &told, now);
    let told = change.map_or_else(
        || "left as it is".to_owned(),
        |change| {
            let next = change.next_attempt_at.map(|moment| moment.micros() / 1_000_000);
            assert!(change.from == change.state || change.from.can_become(change.state));
            format!("{} since {}, next at {next:?}", change.state, change.since.micros() / 1_000_000)
        },
    );
    expected.assert_eq(&told);
}

fn accepted() -> Handover {
    Handover::Accepted { references: vec!["1".to_owned()] }
}

fn unavailable() -> Handover {
    Handover::Unavailable { code: "closed".to_owned(), detail: "closed".to_owned() }
}

#[test]
fn an_answer_in_time_moves_the_message() {
    use MessageState as S;
    check(S::Queued, (S::Sending, 1), &accepted(), expect!["accepted since 5, next at None"]);
    check(S::Queued, (S::Sending, 1), &unavailable(), expect!["queued since 5, next at Some(305)"]);
}

#[test]
fn what_was_not_taken_this_time_stays_open_when_an_earlier_answer_was_lost() {
    use MessageState as S;
    check(S::Sending, (S::Sending, 1), &unavailable(), expect!["sending since 0, next at Some(305)"]);
    check(S::Sending, (S::Sending, 1), &accepted(), expect!["accepted since 5, next at None"]);
}

#[test]
fn a_receipt_that_was_faster_than_the_answer_stands() {
    use MessageState as S;
    check(S::Queued, (S::Delivered, 1), &accepted(), expect!["left as it is"]);
    check(S::Queued, (S::Failed, 1), &accepted(), expect!["left as it is"]);
}

#[test]
fn an_answer_that_comes_when_another_worker_took_over_moves_only_what_is_unknown() {
    use MessageState as S;
    check(S::Queued, (S::Sending, 2), &accepted(), expect!["left as it is"]);
    check(S::Queued, (S::Accepted, 2), &unavailable(), expect!["left as it is"]);
    check(S::Queued, (S::Unknown, 1), &unavailable(), expect!["left as it is"]);
    check(S::Queued, (S::Unknown, 1), &accepted(), expect!["accepted since 5, next at None"]);
}

//! What holds of a customer on a day, from dated entries.

use expect_test::{Expect, expect};
use jiff::tz::TimeZone;

use super::*;
use crate::compliance::{
    CallFrequency, Circumstances, Confidence, ContactRules, DayCounts, Ground, PlacedOutcome, Rule, Strength,
    permit,
};
use crate::contact::{ContactPointKind, ContactPointState, Party};
use crate::id::{AttemptId, MessageId};

const PERSON: CustomerId = CustomerId([4; 16]);
const AGREEMENT: AgreementId = AgreementId([3; 16]);
const POINT: ContactPointId = ContactPointId([5; 16]);

fn day(number: i32) -> Date {
    Date::parse("2026-03-01").expect("a day of the calendar").plus_days(number - 1)
}

fn noon(number: i32) -> Timestamp {
    Timestamp::at(day(number), 12, 0, &TimeZone::UTC)
}

/// An entry from the day on, recorded at its noon.
fn entry(kind: CircumstanceKind, value: &str, from: i32) -> Circumstance {
    Circumstance {
        id: CircumstanceId([1; 16]),
        customer: PERSON,
        agreement: None,
        contact_point: None,
        content: Content::parse(kind, value).expect("a value of the kind"),
        from: day(from),
        through: None,
        ended_on: None,
        recorded_at: noon(from),
    }
}

fn through(entry: Circumstance, last: i32) -> Circumstance {
    Circumstance { through: Some(day(last)), ..entry }
}

fn ended(entry: Circumstance, on: i32) -> Circumstance {
    Circumstance { ended_on: Some(day(on)), ..entry }
}

fn rule<P>(id: &str, parameters: P) -> Rule<P> {
    Rule {
        id: id.to_owned(),
        source: String::new(),
        confidence: Confidence::A,
        strength: Strength::MustNot,
        is_enabled: true,
        parameters,
    }
}

fn rules() -> ContactRules {
    ContactRules {
        opt_out: rule("OPT", ()),
        attorney: rule("ATT", ()),
        inconvenient_times: rule("INC", ()),
        number_proof_days: rule("NUM", 60),
        quiet_hours: rule("QUIET", DayWindow { start_minute: 22 * 60, end_minute: 8 * 60 }),
        may_be_told: rule("TOLD", vec![Party::Borrower, Party::Guarantor]),
        call_frequency: rule(
            "FREQ",
            CallFrequency {
                calls_max: 2,
                window_days: 7,
                gap_days: 7,
                consent_days_max: 7,
                counts_texts: false,
            },
        ),
        holds: HoldKind::ALL.iter().map(|kind| rule(kind.code(), *kind)).collect(),
        ..ContactRules::unlimited("test", TimeZone::UTC)
    }
}

fn request(channel: Channel, at: Timestamp) -> ContactRequest {
    ContactRequest {
        message: MessageId([1; 16]),
        attempt: AttemptId([2; 16]),
        agreement: AGREEMENT,
        customer: PERSON,
        channel,
        party: Party::Borrower,
        contact_point: POINT,
        contact_point_kind: if channel == Channel::Email {
            ContactPointKind::Email
        } else {
            ContactPointKind::Phone
        },
        contact_point_state: ContactPointState::Active,
        opted_out: Vec::new(),
        holds: Vec::new(),
        last_contacted_on: None,
        counts: DayCounts::new(at.date_in(&TimeZone::UTC)),
        agreed_windows: Vec::new(),
        zone: TimeZone::UTC,
        valid_until: at.plus_seconds(30 * 86_400),
        circumstances: Circumstances::default(),
    }
}

/// May contact by `channel` be made at noon of the day, in both languages?
fn check(known: &Known, channel: Channel, on: i32, expected: Expect) {
    check_at(known, channel, noon(on), expected);
}

fn check_at(known: &Known, channel: Channel, at: Timestamp, expected: Expect) {
    let mut request = request(channel, at);
    known.fill(&mut request, at.date_in(&TimeZone::UTC));
    expected.assert_eq(&match permit(&[&rules()], &request, at) {
        Ok(_) => "yes".to_owned(),
        Err(denial) => {
            let words = |ground: &Ground| {
                let (zh, en) = (ground.cause.words_zh(), ground.cause.to_string());
                format!("{}: {en} / {zh}", ground.cause.code())
            };
            let grounds: Vec<String> = denial.grounds.iter().map(words).collect();
            let next = denial.next_lawful.map_or("-".to_owned(), |next| next.to_string());
            format!("{}\nnext: {next}", grounds.join("\n"))
        }
    });
}

fn known(entries: Vec<Circumstance>) -> Known {
    Known { entries, ..Known::default() }
}

#[test]
fn a_complaint_rests_contact_from_its_first_day_until_it_is_ended() {
    let open = known(vec![entry(CircumstanceKind::Complaint, "", 3)]);
    check(&open, Channel::Email, 2, expect!["yes"]);
    check(
        &open,
        Channel::Email,
        3,
        expect![[r#"
        voice.complaint: complaint, without an end yet / 投诉处理中，尚无结束日期
        next: -"#]],
    );
    let closed = known(vec![ended(entry(CircumstanceKind::Complaint, "", 3), 6)]);
    check(
        &closed,
        Channel::Email,
        5,
        expect![[r#"
        voice.complaint: complaint, through 2026-03-05 / 投诉处理中，至2026-03-05
        next: 2026-03-06T08:00:00Z"#]],
    );
    check(&closed, Channel::Email, 6, expect!["yes"]);
}

#[test]
fn a_dispute_of_one_agreement_leaves_the_others_alone() {
    let mut dispute = through(entry(CircumstanceKind::Dispute, "", 3), 9);
    dispute.agreement = Some(AgreementId([9; 16]));
    check(&known(vec![dispute.clone()]), Channel::Email, 4, expect!["yes"]);
    dispute.agreement = Some(AGREEMENT);
    check(
        &known(vec![dispute]),
        Channel::Email,
        4,
        expect![[r#"
        voice.dispute: dispute, through 2026-03-09 / 债务异议核实中，至2026-03-09
        next: 2026-03-10T08:00:00Z"#]],
    );
}

#[test]
fn a_promise_to_pay_rests_contact_through_its_day() {
    let promise = known(vec![through(entry(CircumstanceKind::Promise, "500.00 CNY", 3), 8)]);
    check(
        &promise,
        Channel::Email,
        8,
        expect![[r#"
        voice.promise: promise, through 2026-03-08 / 承诺还款期内，至2026-03-08
        next: 2026-03-09T08:00:00Z"#]],
    );
    check(&promise, Channel::Email, 9, expect!["yes"]);
}

#[test]
fn a_hardship_plan_is_named_as_such() {
    let plan = known(vec![through(entry(CircumstanceKind::HardshipPlan, "", 1), 31)]);
    check(
        &plan,
        Channel::Email,
        8,
        expect![[r#"
        voice.hardship_plan: hardship_plan, through 2026-03-31 / 个性化分期履行中，至2026-03-31
        next: 2026-04-01T08:00:00Z"#]],
    );
}

#[test]
fn a_channel_is_used_again_once_the_customer_opts_in_and_not_after_a_later_file_says_no() {
    let out = entry(CircumstanceKind::OptOut, "email", 3);
    check(
        &known(vec![out.clone()]),
        Channel::Email,
        3,
        expect![[r#"
        voice.opted_out: the customer opted out of email / 客户已退订电子邮件
        next: -"#]],
    );
    check(&known(vec![out.clone()]), Channel::Voice, 3, expect!["yes"]);
    let in_again = entry(CircumstanceKind::OptIn, "email", 5);
    check(&known(vec![out, in_again.clone()]), Channel::Email, 5, expect!["yes"]);
    let by_file = |imported_on: i32| Known {
        imported_opt_outs: vec![Channel::Email],
        imported_at: Some(noon(imported_on)),
        ..known(vec![in_again.clone()])
    };
    check(&by_file(2), Channel::Email, 6, expect!["yes"]);
    check(
        &by_file(6),
        Channel::Email,
        6,
        expect![[r#"
        voice.opted_out: the customer opted out of email / 客户已退订电子邮件
        next: -"#]],
    );
}

#[test]
fn the_dead_and_the_bankrupt_are_not_contacted() {
    let state = |value| known(vec![entry(CircumstanceKind::DebtorState, value, 3)]);
    check(
        &state("deceased"),
        Channel::Email,
        3,
        expect![[r#"
        account.deceased: the customer is deceased / 客户已去世
        next: -"#]],
    );
    check(
        &state("incapacitated"),
        Channel::Email,
        3,
        expect![[r#"
        account.incapacitated: the customer is incapacitated / 客户无或限制民事行为能力
        next: -"#]],
    );
    check(
        &state("bankrupt"),
        Channel::Email,
        3,
        expect![[r#"
        account.bankrupt: the customer is bankrupt / 客户已进入破产程序
        next: -"#]],
    );
    check(&state("unreachable"), Channel::Email, 3, expect!["yes"]);
    check(&state("deceased"), Channel::Email, 2, expect!["yes"]);
}

#[test]
fn an_attorney_is_contacted_in_the_customers_place_unless_silent() {
    check(
        &known(vec![entry(CircumstanceKind::Attorney, "", 3)]),
        Channel::Email,
        3,
        expect![[r#"
        rule.attorney: an attorney represents the person / 客户已委托律师
        next: -"#]],
    );
    check(&known(vec![entry(CircumstanceKind::Attorney, "silent", 3)]), Channel::Email, 3, expect!["yes"]);
}

#[test]
fn inconvenient_hours_are_kept_free_and_agreed_hours_are_used() {
    let lunch = known(vec![entry(CircumstanceKind::InconvenientTime, "11:30-14:00", 3)]);
    check(
        &lunch,
        Channel::Email,
        3,
        expect![[r#"
        rule.inconvenient: the person does not want contact within 11:30-14:00 / 客户表示11:30-14:00不便联系
        next: 2026-03-03T14:00:00Z"#]],
    );
    // 2026-03-04 is a Wednesday.
    let mondays = known(vec![entry(CircumstanceKind::InconvenientTime, "mon 11:30-14:00", 3)]);
    check(&mondays, Channel::Email, 4, expect!["yes"]);
    let early = Timestamp::at(day(4), 7, 30, &TimeZone::UTC);
    check_at(
        &Known::default(),
        Channel::Email,
        early,
        expect![[r#"
        rule.quiet_hours: it is 07:30 there, within 22:00-08:00 / 当地时间07:30，处于休息时段22:00-08:00
        next: 2026-03-04T08:00:00Z"#]],
    );
    let agreed = known(vec![entry(CircumstanceKind::AgreedHours, "07:00-08:00", 3)]);
    check_at(&agreed, Channel::Email, early, expect!["yes"]);
}

#[test]
fn texts_go_to_numbers_that_were_proved_within_the_days_of_the_rule() {
    check(
        &Known::default(),
        Channel::Sms,
        10,
        expect![[r#"
        rule.number_proof: nothing within 60 days shows that the number is still the person's / 60天内没有证据表明该号码仍属于客户
        next: -"#]],
    );
    let proof = entry(CircumstanceKind::NumberChecked, "", 1);
    check(&known(vec![proof.clone()]), Channel::Sms, 61, expect!["yes"]);
    check(
        &known(vec![proof.clone()]),
        Channel::Sms,
        62,
        expect![[r#"
        rule.number_proof: nothing within 60 days shows that the number is still the person's / 60天内没有证据表明该号码仍属于客户
        next: -"#]],
    );
    let other = Circumstance { contact_point: Some(ContactPointId([9; 16])), ..proof };
    check(
        &known(vec![other]),
        Channel::Sms,
        10,
        expect![[r#"
        rule.number_proof: nothing within 60 days shows that the number is still the person's / 60天内没有证据表明该号码仍属于客户
        next: -"#]],
    );
}

#[test]
fn calls_of_the_past_count_and_a_consent_frees_from_the_count() {
    let call = |on: i32| CallEvent {
        on: day(on),
        kind: CallEventKind::Placed(PlacedOutcome::Unanswered),
        person: PERSON,
        role: crate::compliance::CallRole::Consumer,
        debts: vec![AGREEMENT],
    };
    let calls = vec![call(2), call(4)];
    let called = Known { calls, ..Known::default() };
    check(
        &called,
        Channel::Voice,
        5,
        expect![[r#"
        rule.call_frequency: 2 calls about this debt in the days counted, the next one not before 2026-03-09 / 统计期内就该债务已通话2次，最早2026-03-09才可再次拨打
        next: 2026-03-09T08:00:00Z"#]],
    );
    check(&called, Channel::Voice, 9, expect!["yes"]);
    let entries = vec![through(entry(CircumstanceKind::CallConsent, "", 5), 6)];
    let consented = Known { entries, ..called };
    check(&consented, Channel::Voice, 6, expect!["yes"]);
    check(
        &consented,
        Channel::Voice,
        7,
        expect![[r#"
        rule.call_frequency: 2 calls about this debt in the days counted, the next one not before 2026-03-09 / 统计期内就该债务已通话2次，最早2026-03-09才可再次拨打
        next: 2026-03-09T08:00:00Z"#]],
    );
}

#[test]
fn values_are_read_and_written_in_one_form() {
    let same = |kind: CircumstanceKind, value: &str| {
        let content = Content::parse(kind, value).expect("a value of the kind");
        assert_eq!((content.kind(), content.value().as_str()), (kind, value));
    };
    use CircumstanceKind as K;
    for (kind, value) in [
        (K::Complaint, ""),
        (K::Promise, "500.00 CNY"),
        (K::OptOut, "sms"),
        (K::AgreedHours, "07:00-08:00"),
        (K::InconvenientTime, "mon,fri 12:00-14:00"),
        (K::InconvenientTime, "22:00-24:00"),
        (K::Attorney, ""),
        (K::Attorney, "silent"),
        (K::DebtorState, "deceased"),
        (K::Place, "US-MA"),
    ] {
        same(kind, value);
    }
    let refused =
        |kind: CircumstanceKind, value: &str| Content::parse(kind, value).expect_err("not of the kind").en;
    expect![[r#"complaint takes no value, not "x""#]].assert_eq(&refused(K::Complaint, "x"));
    expect![[r#"promise takes an amount with its currency, such as "500.00 CNY", not "500""#]]
        .assert_eq(&refused(K::Promise, "500"));
    expect![[r#"agreed_hours takes hours, such as "07:00-08:00", not "7-8""#]]
        .assert_eq(&refused(K::AgreedHours, "7-8"));
    expect![[
        r#"debtor_state takes unreachable, deceased, incapacitated, bankrupt or restricted, not "reachable""#
    ]]
    .assert_eq(&refused(K::DebtorState, "reachable"));
    let told = Content::parse(K::Promise, "500").expect_err("without a currency").zh;
    expect!["promise 的值须为带币种的金额，如“500.00 CNY”，不能写“500”"].assert_eq(&told);
}

#[test]
fn a_promise_is_kept_partly_kept_or_broken_once_its_day_has_passed() {
    let cny = |minor| Money::new(minor, Currency::CNY);
    let outcome = |paid: i64, today: i32| promise_outcome(cny(500), day(8), cny(paid), day(today)).code();
    assert_eq!(outcome(0, 8), "open");
    assert_eq!(outcome(500, 4), "kept");
    assert_eq!(outcome(499, 8), "open");
    assert_eq!(outcome(499, 9), "partly_kept");
    assert_eq!(outcome(0, 9), "broken");
}

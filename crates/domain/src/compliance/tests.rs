//! Plays the Chinese contact rules (regulation sheet, section 1: CN-1 to CN-4 and CN-6) case by case.

use expect_test::{Expect, expect};
use jiff::tz::TimeZone;

use super::*;

fn rule<P>(id: &str, parameters: P) -> Rule<P> {
    let (id, source) = (id.to_owned(), "GB/T 45251-2025".to_owned());
    let (confidence, strength) = (Confidence::B, Strength::MustNot);
    Rule { id, source, confidence, strength, is_enabled: true, parameters }
}

fn shanghai() -> TimeZone {
    TimeZone::get("Asia/Shanghai").expect("a zone of the bundled database")
}

fn rules() -> ContactRules {
    ContactRules {
        quiet_hours: rule("CN-1", DayWindow { start_minute: 22 * 60, end_minute: 8 * 60 }),
        effective_calls: rule("CN-2", 3),
        unanswered_calls: rule("CN-3", 6),
        message_caps: rule("LENDER-1", vec![(Channel::Sms, 1), (Channel::Letter, 0)]),
        may_be_told: rule("CN-4", vec![Party::Borrower, Party::CoBorrower, Party::Guarantor]),
        opt_out: rule("LENDER-2", ()),
        holds: vec![rule("CN-6", HoldKind::HardshipPlan), rule("LENDER-3", HoldKind::Complaint)],
        wording: rule("CN-5", ForbiddenWords::new(vec![ForbiddenWording::new(Language::Zh, "法院已立案")])),
        ..ContactRules::unlimited("cn", shanghai())
    }
}

fn at(text: &str) -> Timestamp {
    let moment: jiff::Timestamp = text.parse().expect("a moment in RFC 3339");
    Timestamp::from_micros(moment.as_microsecond())
}

fn request(channel: Channel, now: Timestamp) -> ContactRequest {
    let kind =
        ContactPointKind::ALL.iter().find(|kind| kind.serves(channel)).expect("a kind for the channel");
    ContactRequest {
        message: MessageId([1; 16]),
        attempt: AttemptId([2; 16]),
        agreement: AgreementId([3; 16]),
        customer: CustomerId([4; 16]),
        channel,
        party: Party::Borrower,
        contact_point: ContactPointId([5; 16]),
        contact_point_kind: *kind,
        contact_point_state: ContactPointState::Active,
        opted_out: Vec::new(),
        holds: Vec::new(),
        last_contacted_on: None,
        counts: DayCounts::new(now.date_in(&shanghai())),
        agreed_windows: Vec::new(),
        zone: shanghai(),
        valid_until: now.plus_seconds(7 * 86_400),
        circumstances: Circumstances::default(),
    }
}

/// Asks for leave at `now` after `change` was made to a plain request; shows the answer in Shanghai's time.
fn check(now: &str, channel: Channel, change: impl Fn(&mut ContactRequest), expected: Expect) {
    let now = at(now);
    let mut request = request(channel, now);
    change(&mut request);
    expected.assert_eq(&match permit(&[&rules()], &request, now) {
        Ok(permit) => format!("allowed until {}", local(permit.expires_at())),
        Err(denial) => {
            let grounds: Vec<String> = denial.grounds.iter().map(Ground::to_string).collect();
            let next = denial.next_lawful.map_or("never by itself".to_owned(), local);
            format!("{}\nnext: {next}", grounds.join("\n"))
        }
    });
}

fn local(moment: Timestamp) -> String {
    moment.civil(&shanghai()).strftime("%m-%d %H:%M:%S").to_string()
}

fn unchanged(_: &mut ContactRequest) {}

/// CN-TIME-1, 2, 4, 5, 7, 8.
#[test]
fn nobody_is_contacted_from_ten_at_night_to_eight_in_the_morning() {
    use Channel::{Sms, Voice};
    check("2026-11-23T21:59:59+08:00", Voice, unchanged, expect!["allowed until 11-23 22:00:00"]);
    check(
        "2026-11-23T22:00:00+08:00",
        Voice,
        unchanged,
        expect![[r#"
            rule.quiet_hours (cn@1 CN-1): it is 22:00 there, within 22:00-08:00
            next: 11-24 08:00:00"#]],
    );
    check(
        "2026-11-24T07:59:59+08:00",
        Voice,
        unchanged,
        expect![[r#"
            rule.quiet_hours (cn@1 CN-1): it is 07:59 there, within 22:00-08:00
            next: 11-24 08:00:00"#]],
    );
    check("2026-11-24T08:00:00+08:00", Voice, unchanged, expect!["allowed until 11-24 22:00:00"]);
    check(
        "2026-11-23T23:10:00+08:00",
        Sms,
        unchanged,
        expect![[r#"
            rule.quiet_hours (cn@1 CN-1): it is 23:10 there, within 22:00-08:00
            next: 11-24 08:00:00"#]],
    );
    check(
        "2026-11-23T14:30:00Z",
        Voice,
        unchanged,
        expect![[r#"
            rule.quiet_hours (cn@1 CN-1): it is 22:30 there, within 22:00-08:00
            next: 11-24 08:00:00"#]],
    );
}

#[test]
fn hours_that_the_person_agreed_to_are_allowed_and_end_on_time() {
    let agree = |request: &mut ContactRequest| {
        request.agreed_windows = vec![DayWindow { start_minute: 20 * 60, end_minute: 23 * 60 }];
    };
    check("2026-11-23T22:30:00+08:00", Channel::Voice, agree, expect!["allowed until 11-23 23:00:00"]);
    check(
        "2026-11-23T23:00:00+08:00",
        Channel::Voice,
        agree,
        expect![[r#"
            rule.quiet_hours (cn@1 CN-1): it is 23:00 there, within 22:00-08:00
            next: 11-24 08:00:00"#]],
    );
    let early = |request: &mut ContactRequest| {
        request.agreed_windows = vec![DayWindow { start_minute: 7 * 60, end_minute: 9 * 60 }];
    };
    check(
        "2026-11-23T22:30:00+08:00",
        Channel::Voice,
        early,
        expect![[r#"
            rule.quiet_hours (cn@1 CN-1): it is 22:30 there, within 22:00-08:00
            next: 11-24 07:00:00"#]],
    );
}

/// CN-FREQ-2, 3, 5, 6: calls of all agencies are counted together, calls that came in are not counted.
#[test]
fn three_calls_taken_are_enough_for_one_day() {
    let taken = |count| {
        move |request: &mut ContactRequest| {
            request.counts = request.counts.with(Counter::VoiceEffective, count);
        }
    };
    check("2026-11-23T10:00:00+08:00", Channel::Voice, taken(2), expect!["allowed until 11-23 22:00:00"]);
    check(
        "2026-11-23T10:00:00+08:00",
        Channel::Voice,
        taken(3),
        expect![[r#"
            rule.call_cap (cn@1 CN-2): 3 calls taken today, at most 3 allowed
            next: 11-24 08:00:00"#]],
    );
    let yesterday = |request: &mut ContactRequest| {
        let day = Date::parse("2026-11-23").expect("a day of the calendar");
        request.counts = DayCounts::new(day).with(Counter::VoiceEffective, 3);
    };
    check("2026-11-24T08:05:00+08:00", Channel::Voice, yesterday, expect!["allowed until 11-24 22:00:00"]);
    check("2026-11-23T10:00:00+08:00", Channel::Sms, taken(3), expect!["allowed until 11-23 22:00:00"]);
}

/// CN-FREQ-7, 8, 9: the count is that of the number asked for, so another number starts from nothing.
#[test]
fn a_number_that_nobody_answers_is_tried_six_times_a_day() {
    let unanswered = |count| {
        move |request: &mut ContactRequest| {
            request.counts = request.counts.with(Counter::VoiceUnanswered, count);
        }
    };
    check(
        "2026-11-23T10:00:00+08:00",
        Channel::Voice,
        unanswered(5),
        expect!["allowed until 11-23 22:00:00"],
    );
    check(
        "2026-11-23T10:00:00+08:00",
        Channel::Voice,
        unanswered(6),
        expect![[r#"
            rule.unanswered_cap (cn@1 CN-3): 6 unanswered calls to this number today, at most 6 allowed
            next: 11-24 08:00:00"#]],
    );
    check(
        "2026-11-23T10:00:00+08:00",
        Channel::Voice,
        unanswered(0),
        expect!["allowed until 11-23 22:00:00"],
    );
}

#[test]
fn the_lenders_own_caps_count_by_channel_and_a_cap_of_nothing_does_not_pass() {
    let sent = |request: &mut ContactRequest| {
        request.counts = request.counts.with(Counter::Sms, 1).with(Counter::Email, 9);
    };
    check(
        "2026-11-23T10:00:00+08:00",
        Channel::Sms,
        sent,
        expect![[r#"
            rule.message_cap (cn@1 LENDER-1): 1 by sms today, at most 1 allowed
            next: 11-24 08:00:00"#]],
    );
    check("2026-11-23T10:00:00+08:00", Channel::Email, sent, expect!["allowed until 11-23 22:00:00"]);
    check(
        "2026-11-23T10:00:00+08:00",
        Channel::Letter,
        unchanged,
        expect![[r#"
            rule.message_cap (cn@1 LENDER-1): 0 by letter today, at most 0 allowed
            next: never by itself"#]],
    );
}

/// CN-4: collecting from a contact person is forbidden whatever else holds; a guarantor may be told.
#[test]
fn only_those_who_answer_for_the_debt_are_told_of_it() {
    let party = |party| move |request: &mut ContactRequest| request.party = party;
    let now = "2026-11-23T10:00:00+08:00";
    check(now, Channel::Voice, party(Party::Guarantor), expect!["allowed until 11-23 22:00:00"]);
    check(
        now,
        Channel::Voice,
        party(Party::ContactPerson),
        expect![[r#"
            rule.third_party (cn@1 CN-4): a contact_person may not be told of the debt
            next: never by itself"#]],
    );
    let mut without_rule = rules();
    without_rule.may_be_told.is_enabled = false;
    let mut request = request(Channel::Voice, at(now));
    request.party = Party::ContactPerson;
    assert!(permit(&[&without_rule], &request, at(now)).is_err(), "no rule pack can allow it");
}

/// CN-6, article 70: after a plan is signed collection stops; CN-PLAN-2: a broken plan is no hold any more.
#[test]
fn a_hold_rests_contact_through_its_last_day() {
    let hold = |kind, through: Option<&str>| {
        let through = through.map(|day| Date::parse(day).expect("a day of the calendar"));
        move |request: &mut ContactRequest| request.holds = vec![Hold { kind, through }]
    };
    let now = "2026-11-23T10:00:00+08:00";
    check(
        now,
        Channel::Voice,
        hold(HoldKind::HardshipPlan, None),
        expect![[r#"
            voice.hardship_plan (cn@1 CN-6): hardship_plan, without an end yet
            next: never by itself"#]],
    );
    check(
        now,
        Channel::Sms,
        hold(HoldKind::Complaint, Some("2026-11-23")),
        expect![[r#"
            voice.complaint (cn@1 LENDER-3): complaint, through 2026-11-23
            next: 11-24 08:00:00"#]],
    );
    check(
        now,
        Channel::Sms,
        hold(HoldKind::Complaint, Some("2026-11-22")),
        expect!["allowed until 11-23 22:00:00"],
    );
    // No rule of this pack makes contact rest for a dispute.
    check(now, Channel::Sms, hold(HoldKind::Dispute, None), expect!["allowed until 11-23 22:00:00"]);
}

#[test]
fn a_refusal_names_every_ground_and_puts_those_without_an_end_first() {
    let much = |request: &mut ContactRequest| {
        request.opted_out = vec![Channel::Sms];
        request.contact_point_state = ContactPointState::Removed;
        request.contact_point_kind = ContactPointKind::Email;
        request.counts = request.counts.with(Counter::Sms, 2);
    };
    check(
        "2026-11-23T23:00:00+08:00",
        Channel::Sms,
        much,
        expect![[r#"
            voice.opted_out (cn@1 LENDER-2): the customer opted out of sms
            contact_data.removed (contact-point): cpt_05050505050505050505050505050505 was removed
            contact_data.wrong_kind (contact-point): sms does not reach a email contact point
            rule.quiet_hours (cn@1 CN-1): it is 23:00 there, within 22:00-08:00
            rule.message_cap (cn@1 LENDER-1): 2 by sms today, at most 1 allowed
            next: never by itself"#]],
    );
}

#[test]
fn a_plan_waits_for_the_next_lawful_moment_if_the_message_is_still_true_then() {
    let night = at("2026-11-23T23:00:00+08:00");
    let mut request = request(Channel::Sms, night);
    let permit = plan(&[&rules()], &request, night).expect("the morning is early enough");
    assert_eq!(local(permit.not_before()), "11-24 08:00:00");
    assert_eq!(local(permit.expires_at()), "11-24 22:00:00");
    assert_eq!(permit.budget()[0].day.to_string(), "2026-11-24");
    request.valid_until = at("2026-11-24T08:00:00+08:00");
    let denial = plan(&[&rules()], &request, night).expect_err("the message goes out of date at eight");
    assert_eq!(denial.at, night);
    request.valid_until = at("2026-11-24T08:00:01+08:00");
    assert!(plan(&[&rules()], &request, night).is_ok());
}

#[test]
fn an_interval_between_contacts_counts_days_when_it_is_switched_on() {
    let now = at("2026-11-23T10:00:00+08:00");
    let mut rules = rules();
    rules.interval_days = rule("CN-2b", 7);
    let mut request = request(Channel::Voice, now);
    request.last_contacted_on = Date::parse("2026-11-17").ok();
    let denial = permit(&[&rules], &request, now).expect_err("six days are too few");
    expect!["msg_01010101010101010101010101010101 may not be sent at 2026-11-23T02:00:00Z; rule.interval (cn@1 CN-2b): last contact on 2026-11-17, the next one not before 2026-11-24; next lawful moment 2026-11-24T00:00:00Z"]
    .assert_eq(&denial.to_string());
    request.last_contacted_on = Date::parse("2026-11-16").ok();
    assert!(permit(&[&rules], &request, now).is_ok());
}

fn content(recipient: &str, body: &str) -> Content {
    let (recipient, body) = (Personal::new(recipient), Personal::new(body));
    Content { recipient, subject: Personal::default(), body, language: Language::Zh, template: String::new() }
}

#[test]
fn a_cleared_message_carries_its_budgets_and_ends_with_its_permit() {
    let now = at("2026-11-23T10:00:00+08:00");
    let request = request(Channel::Voice, now);
    let cleared = clear(&[&rules()], &request, content("13800000000", "您好"), now).expect("a lawful call");
    let budget: Vec<String> = cleared
        .budget()
        .iter()
        .map(|used| format!("{} on {} up to {}", used.counter, used.day, used.cap))
        .collect();
    expect!["voice_effective on 2026-11-23 up to 3, voice_unanswered on 2026-11-23 up to 6"]
        .assert_eq(&budget.join(", "));
    expect![[
        r#"msg_01010101010101010101010101010101 (att_02020202020202020202020202020202) by voice in zh, cleared at 2026-11-23T02:00:00Z, until 2026-11-23T14:00:00Z"#
    ]]
    .assert_eq(&format!("{cleared:?}"));
}

#[test]
fn forbidden_words_and_an_empty_address_are_refused_at_the_last_moment() {
    let now = at("2026-11-23T10:00:00+08:00");
    let mut request = request(Channel::Sms, now);
    let refusal = |request: &ContactRequest, content: Content| {
        let denial = clear(&[&rules()], request, content, now).expect_err("the text or address is wrong");
        denial.grounds.iter().map(Ground::to_string).collect::<Vec<_>>().join("\n")
    };
    expect!["rule.wording (cn@1 CN-5): the text contains 法院已立案"]
        .assert_eq(&refusal(&request, content("13800000000", "法院已立案，请还款")));
    expect!["contact_data.no_address (contact-point): cpt_05050505050505050505050505050505 is empty"]
        .assert_eq(&refusal(&request, content(" ", "请还款")));
    request.valid_until = now;
    expect!["rule.too_late (validity): the message was valid until 2026-11-23T02:00:00Z"]
        .assert_eq(&refusal(&request, content("13800000000", "请还款")));
}

#[test]
fn hours_of_rest_follow_the_zone_of_the_person() {
    let now = at("2026-11-23T15:00:00Z");
    let mut request = request(Channel::Sms, now);
    assert!(permit(&[&rules()], &request, now).is_err(), "it is eleven at night in Shanghai");
    request.zone = TimeZone::get("Europe/Berlin").expect("a zone of the bundled database");
    assert!(permit(&[&rules()], &request, now).is_ok(), "it is four in the afternoon in Berlin");
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone of the bundled database")
}

#[test]
fn hours_of_rest_are_kept_by_all_clocks_of_a_pack() {
    let mut rules = rules();
    rules.applies_to.places = vec![Place::parse("US").expect("a place")];
    rules.applies_to.zones = vec!["America/New_York".to_owned()];
    rules.clocks.otherwise = vec![zone("America/New_York"), zone("Pacific/Honolulu")];
    let california = Place::parse("US-CA").expect("a place");
    rules.clocks.of_places = vec![(california, vec![zone("America/Los_Angeles")])];
    let is_allowed = |rules: &ContactRules, own: &str, place: &str, now: &str| {
        let now = at(now);
        let mut request = request(Channel::Sms, now);
        (request.zone, request.circumstances.place) = (zone(own), Place::parse(place));
        permit(&[rules], &request, now).map_err(|denial| denial.next_lawful)
    };
    let allowed = |own, place, now| is_allowed(&rules, own, place, now).is_ok();
    // 08:30 in New York is 05:30 in Los Angeles.
    assert!(allowed("America/New_York", "US", "2026-07-06T12:30:00Z"));
    let refused = is_allowed(&rules, "America/New_York", "US-CA", "2026-07-06T12:30:00Z");
    assert_eq!(refused, Err(Some(at("2026-07-06T15:00:00Z"))), "until 08:00 in Los Angeles");
    assert!(allowed("America/New_York", "US-CA", "2026-07-06T15:00:00Z"));
    assert!(!allowed("America/New_York", "US-CA", "2026-07-07T02:00:00Z"), "22:00 in New York");
    // 10:00 in Shanghai is 22:00 in New York and 16:00 in Honolulu.
    assert!(!allowed("Asia/Shanghai", "US", "2026-07-06T02:00:00Z"));
    assert!(allowed("Asia/Shanghai", "", "2026-07-06T02:00:00Z"));
    let permit = is_allowed(&rules, "America/New_York", "US-CA", "2026-07-06T16:00:00Z").expect("leave");
    assert_eq!(permit.expires_at(), at("2026-07-07T02:00:00Z"), "until 22:00 in New York");
}

#[test]
fn one_legal_time_holds_in_the_whole_country() {
    let mut rules = rules();
    rules.clocks.always = vec![shanghai()];
    let now = at("2026-11-23T14:30:00Z");
    let mut request = request(Channel::Sms, now);
    request.zone = zone("Asia/Urumqi");
    assert!(permit(&[&rules], &request, now).is_err(), "22:30 in Beijing, 20:30 in Urumqi");
    assert!(permit(&[&rules], &request, at("2026-11-23T00:30:00Z")).is_err(), "06:30 in Urumqi");
    let permit_at =
        |request: &ContactRequest, now| permit(&[&rules], request, at(now)).map(|it| it.expires_at());
    assert_eq!(permit_at(&request, "2026-11-23T06:00:00Z"), Ok(at("2026-11-23T14:00:00Z")));
    // Agreed hours are the person's: 20:00 to 23:00 in Urumqi.
    request.agreed_windows = vec![DayWindow { start_minute: 20 * 60, end_minute: 23 * 60 }];
    assert!(permit_at(&request, "2026-11-23T14:30:00Z").is_ok());
    assert!(permit_at(&request, "2026-11-23T17:30:00Z").is_err(), "23:30 in Urumqi");
}

/// On 2026-03-29 Berlin's clocks go from 02:00 to 03:00.
#[test]
fn hours_of_rest_end_in_the_hour_that_the_clock_skips() {
    let berlin = TimeZone::get("Europe/Berlin").expect("a zone of the bundled database");
    let now = at("2026-03-28T23:30:00Z");
    let mut rules = rules();
    rules.quiet_hours = rule("EU", DayWindow { start_minute: 22 * 60, end_minute: 2 * 60 + 30 });
    let mut request = request(Channel::Sms, now);
    request.zone = berlin;
    let denial = permit(&[&rules], &request, now).expect_err("it is half past midnight");
    assert_eq!(denial.next_lawful, Some(at("2026-03-29T01:30:00Z")));
}

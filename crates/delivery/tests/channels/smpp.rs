//! Text messages, handed to a real message centre of another make over real sockets.

use dunlin_delivery::{
    DeliveryError, Provider, ProviderConfig, ProviderKind, SmppAlphabet, SmppBind, SmppConfig, SmppLongText,
    SmppReceiptId, SmppSecurity,
};
use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::Timestamp;
use dunlin_domain::message::ClearedMessage;
use expect_test::{Expect, expect};
use jiff::tz::TimeZone;

use crate::support::peer::Peer;
use crate::support::{NOW, message_saying, named, told};

fn settings(port: u16) -> SmppConfig {
    SmppConfig {
        host: "127.0.0.1".to_owned(),
        port,
        security: SmppSecurity::Plain,
        extra_root: None,
        system_id: "dunlin".to_owned(),
        password: Some(Personal::new("open")),
        system_type: String::new(),
        sender: "10690001".to_owned(),
        sender_ton: None,
        sender_npi: None,
        bind: SmppBind::Transceiver,
        bind_count: 1,
        window: 10,
        enquire_seconds: 30,
        timeout_seconds: 20,
        alphabet: SmppAlphabet::Gsm,
        long_text: SmppLongText::Concatenated,
        receipt_id: SmppReceiptId::Same,
        zone: TimeZone::fixed(jiff::tz::offset(8)),
    }
}

fn try_open(smpp: SmppConfig) -> Result<Provider, DeliveryError> {
    let kind = ProviderKind::Smpp(smpp);
    Provider::open(&ProviderConfig { name: "carrier".to_owned(), channels: vec![Channel::Sms], kind })
}

fn open(smpp: SmppConfig) -> Provider {
    try_open(smpp).expect("the settings are good")
}

fn peer() -> Peer {
    Peer::start("node", "peers/smpp_peer.mjs", &["0", "dec"])
}

/// A text to the number that ends with `kind`: see the peer.
fn text(kind: &str, body: &str) -> ClearedMessage {
    message_saying(&format!("{kind}{body}"), Channel::Sms, &format!("138000000{kind}"), "", body)
}

fn check(provider: &mut Provider, messages: &[ClearedMessage], expected: Expect) {
    let answers = provider.hand_over(messages, NOW);
    expected.assert_eq(&answers.iter().map(|answer| told(answer) + "\n").collect::<String>());
}

/// What has come in; acknowledged, as after a commit.
fn check_receipts(provider: &mut Provider, expected: Expect) {
    let batch = provider.receipts(NOW).expect("it has a message centre");
    let receipts = batch.receipts().iter();
    let told = receipts.map(|it| format!("{} {:?} at {}\n", named(&it.about), it.state, it.at));
    let rejected = batch.rejected().iter().map(|row| format!("rejected {}: {}\n", row.file, row.reason));
    expected.assert_eq(&told.chain(rejected).collect::<String>());
    batch.acknowledge().expect("it is only told");
}

#[test]
fn a_text_arrives_as_it_was_written_and_its_receipt_comes_back() {
    let mut peer = peer();
    let mut provider = open(settings(peer.port));
    check(
        &mut provider,
        &[text("00", "【示例消金】您的账单¥1,234.56已逾期𠮷")],
        expect![[r#"
        accepted as 4097
    "#]],
    );
    expect![[r#"{"bind":"bind_transceiver","system_id":"dunlin","version":52}"#]]
        .assert_eq(&peer.next().to_string());
    expect![[r#"{"data_coding":8,"esm_class":0,"from":"10690001","id":"4097","payload":false,"registered":1,"text":"【示例消金】您的账单¥1,234.56已逾期𠮷","to":"13800000000","ton":[0,0],"udh":null,"validity":"2026-11-24T02:30:00.000Z"}"#]]
        .assert_eq(&peer.next().to_string());
    check_receipts(
        &mut provider,
        expect![[r#"
        reference 4097 Delivered at 2026-11-24T01:31:00Z
    "#]],
    );
    expect![[r#"{"delivered":"4097","status":0}"#]].assert_eq(&peer.next_with("delivered").to_string());
    check_receipts(&mut provider, expect![""]);
}

#[test]
fn letters_of_the_gsm_alphabet_take_half_the_room() {
    let mut peer = peer();
    check(
        &mut open(settings(peer.port)),
        &[text("00", "Overdue: €12 {ref} ¥3 Ünlü")],
        expect![[r#"
        accepted as 4097
    "#]],
    );
    let seen = peer.next_with("to");
    assert_eq!((&seen["text"], &seen["data_coding"]), (&"Overdue: €12 {ref} ¥3 Ünlü".into(), &0.into()));
    // A message centre with another alphabet is spoken to in UCS-2 alone.
    let mut provider = open(SmppConfig { alphabet: SmppAlphabet::Ucs2, ..settings(peer.port) });
    provider.hand_over(&[text("00", "plain")], NOW);
    let seen = peer.next_with("to");
    assert_eq!((&seen["text"], &seen["data_coding"]), (&"plain".into(), &8.into()));
}

#[test]
fn a_long_text_goes_in_segments_that_belong_together() {
    let mut peer = peer();
    let body = "账单逾期提醒".repeat(24);
    let messages = [text("00", &body)];
    check(
        &mut open(settings(peer.port)),
        &messages,
        expect![[r#"
        accepted as 4097 4098 4099
    "#]],
    );
    let seen: Vec<_> = (0..3).map(|_| peer.next_with("to")).collect();
    assert_eq!(seen.iter().map(|part| part["text"].as_str().expect("text")).collect::<String>(), body);
    let reference = messages[0].id().0[15];
    for (part, number) in seen.iter().zip(1..) {
        assert_eq!(part["udh"], serde_json::json!([0, 3, reference, 3, number]));
        assert_eq!(part["esm_class"], 0x40);
    }
    let mut provider = open(SmppConfig { long_text: SmppLongText::Payload, ..settings(peer.port) });
    check(
        &mut provider,
        &messages,
        expect![[r#"
        accepted as 4100
    "#]],
    );
    let seen = peer.next_with("to");
    assert_eq!((&seen["text"], &seen["payload"]), (&body.into(), &true.into()));
}

#[test]
fn each_refusal_is_told_apart_and_spares_the_other_messages() {
    let peer = peer();
    let mut messages: Vec<_> = ["00", "01", "02", "04"].map(|kind| text(kind, "Overdue")).into();
    messages.push(message_saying("none", Channel::Sms, "li@example.com", "", "Overdue"));
    messages.push(text("00", "Overdue again"));
    check(
        &mut open(settings(peer.port)),
        &messages,
        expect![[r#"
        accepted as 4097
        rejected, bad address, smpp_0b: the message centre refused: recipient is invalid (0x0000000b)
        deferred, smpp_08: the message centre refused: its own system error (0x00000008)
        deferred, smpp_64: the message centre refused: temporary application error (0x00000064)
        rejected, bad address, address: the recipient is not a phone number
        accepted as 4098
    "#]],
    );
}

#[test]
fn a_message_centre_that_asks_for_patience_gets_no_more_of_the_batch() {
    let peer = peer();
    let messages: Vec<_> = ["03", "00", "00", "00"]
        .iter()
        .enumerate()
        .map(|(index, kind)| text(kind, &format!("Overdue {index}")))
        .collect();
    // One request at a time, so that the word comes before the second is sent.
    let mut provider = open(SmppConfig { window: 1, ..settings(peer.port) });
    let answers: Vec<String> = provider.hand_over(&messages, NOW).iter().map(told).collect();
    assert!(answers[0].starts_with("throttled for 5 s"), "{answers:?}");
    assert!(answers[3].starts_with("throttled for 5 s"), "{answers:?}");
    // It holds no grudge.
    check(
        &mut provider,
        &messages[3..],
        expect![[r#"
        accepted as 4098
    "#]],
    );
}

#[test]
fn a_message_of_which_a_segment_is_put_off_is_finished_all_the_same() {
    let peer = peer();
    let messages = [text("11", &"账单逾期提醒".repeat(20))];
    check(
        &mut open(settings(peer.port)),
        &messages,
        expect![[r#"
        accepted as 4097 4098
    "#]],
    );
}

#[test]
fn what_left_and_was_not_answered_is_unknown_and_the_next_message_finds_a_new_connection() {
    let peer = peer();
    let mut provider = open(settings(peer.port));
    check(
        &mut provider,
        &[text("05", "Overdue")],
        expect![[r#"
        unknown, no_answer: the message centre did not answer after the message had been sent
    "#]],
    );
    check(
        &mut provider,
        &[text("00", "Overdue")],
        expect![[r#"
        accepted as 4097
    "#]],
    );
    let mut hasty = open(SmppConfig { timeout_seconds: 1, ..settings(peer.port) });
    check(
        &mut hasty,
        &[text("06", "Overdue")],
        expect![[r#"
        unknown, no_answer: the message centre did not answer after the message had been sent
    "#]],
    );
    check(
        &mut hasty,
        &[text("00", "Overdue again")],
        expect![[r#"
        accepted as 4098
    "#]],
    );
}

#[test]
fn one_message_without_an_answer_holds_up_no_other_one() {
    let peer = peer();
    let kinds = ["00", "06"].into_iter().chain(std::iter::repeat_n("00", 40));
    let messages: Vec<_> =
        kinds.enumerate().map(|(index, kind)| text(kind, &format!("Overdue {index}"))).collect();
    let mut provider = open(SmppConfig { window: 4, timeout_seconds: 2, ..settings(peer.port) });
    let answers: Vec<String> = provider.hand_over(&messages, NOW).iter().map(told).collect();
    assert!(answers[1].starts_with("unknown, no_answer"), "{answers:?}");
    let accepted = answers.iter().filter(|answer| answer.starts_with("accepted")).count();
    assert_eq!(accepted, 41, "{answers:?}");
}

#[test]
fn receipts_come_before_the_answer_twice_and_about_failures() {
    let peer = peer();
    let mut provider = open(settings(peer.port));
    let messages = ["07", "08", "10"].map(|kind| text(kind, "Overdue"));
    check(
        &mut provider,
        &messages,
        expect![[r#"
        accepted as 4097
        accepted as 4098
        accepted as 4099
    "#]],
    );
    let batch = provider.receipts(NOW).expect("it has a message centre");
    let keys: Vec<_> = batch.receipts().iter().map(|receipt| receipt.key).collect();
    assert_eq!(keys[1], keys[2], "a repeat has the same key");
    drop(batch);
    // What was not acknowledged is there again.
    check_receipts(
        &mut provider,
        expect![[r#"
        reference 4097 Delivered at 2026-11-24T01:31:00Z
        reference 4098 Delivered at 2026-11-24T01:31:00Z
        reference 4098 Delivered at 2026-11-24T01:31:00Z
        reference 4099 Failed { code: "UNDELIV:004" } at 2026-11-24T01:31:00Z
    "#]],
    );
}

#[test]
fn ids_are_matched_whatever_their_base() {
    let peer = Peer::start("node", "peers/smpp_peer.mjs", &["0", "hex"]);
    let mut provider = open(SmppConfig { receipt_id: SmppReceiptId::Decimal, ..settings(peer.port) });
    check(
        &mut provider,
        &[text("00", "Overdue")],
        expect![[r#"
        accepted as 1001
    "#]],
    );
    check_receipts(
        &mut provider,
        expect![[r#"
        reference 4097 Delivered at 2026-11-24T01:31:00Z
    "#]],
    );
    assert_eq!(provider.reference_in_receipts("1001"), "4097");
}

#[test]
fn what_a_customer_writes_is_acknowledged_once_it_is_kept() {
    let mut peer = peer();
    let mut provider = open(settings(peer.port));
    provider.hand_over(&[text("09", "Overdue")], NOW);
    let batch = provider.receipts(NOW).expect("deliveries are read");
    let [reply] = batch.replies() else { panic!("one reply: {batch:?}") };
    assert_eq!((reply.text.reveal(), reply.channel), ("STOP", Channel::Sms));
    assert!(batch.receipts().is_empty() && batch.rejected().is_empty());
    // Not acknowledged yet, so it is there again.
    assert_eq!(provider.receipts(NOW).expect("deliveries are read").replies().len(), 1);
    batch.acknowledge().expect("it is told");
    expect![[r#"{"delivered":"4097","status":0}"#]].assert_eq(&peer.next_with("delivered").to_string());
}

#[test]
fn receipts_wait_until_somebody_binds_to_receive() {
    let mut peer = peer();
    let mut provider = open(SmppConfig { bind: SmppBind::Separate, ..settings(peer.port) });
    check(
        &mut provider,
        &[text("00", "Overdue")],
        expect![[r#"
        accepted as 4097
    "#]],
    );
    assert_eq!(peer.next()["bind"], "bind_transmitter");
    check_receipts(
        &mut provider,
        expect![[r#"
        reference 4097 Delivered at 2026-11-24T01:31:00Z
    "#]],
    );
    assert_eq!(peer.next_with("bind")["bind"], "bind_receiver");
}

#[test]
fn a_quiet_connection_is_asked_whether_it_is_alive() {
    let mut peer = peer();
    let mut provider = open(SmppConfig { enquire_seconds: 1, ..settings(peer.port) });
    check(
        &mut provider,
        &[text("00", "Overdue")],
        expect![[r#"
        accepted as 4097
    "#]],
    );
    // Nobody sends, and the questions come all the same, one after the other.
    peer.next_with("enquire_link");
    peer.next_with("enquire_link");
    drop(provider);
    peer.next_with("unbind");
}

#[test]
fn many_texts_over_several_binds_all_arrive_once() {
    let mut peer = peer();
    let messages: Vec<_> = (0..200).map(|number| text("00", &format!("Overdue {number:03}"))).collect();
    let mut provider = open(SmppConfig { bind_count: 3, ..settings(peer.port) });
    let answers = provider.hand_over(&messages, NOW);
    assert!(answers.iter().all(|answer| told(answer).starts_with("accepted")), "{answers:?}");
    let mut texts: Vec<String> =
        (0..200).map(|_| peer.next_with("to")["text"].as_str().expect("text").to_owned()).collect();
    texts.sort();
    assert_eq!(texts, (0..200).map(|number| format!("Overdue {number:03}")).collect::<Vec<_>>());
}

#[test]
fn a_message_centre_that_is_down_or_bars_us_took_nothing() {
    let peer = peer();
    let port = peer.port;
    let barred = SmppConfig { password: Some(Personal::new("guess")), ..settings(port) };
    check(
        &mut open(barred),
        &[text("00", "Overdue")],
        expect![[r#"
        unavailable, smpp_0e: the message centre refused to let us in: password is wrong (0x0000000e)
    "#]],
    );
    drop(peer);
    let answers = open(settings(port)).hand_over(&[text("00", "Overdue")], NOW);
    assert!(told(&answers[0]).starts_with("unavailable, connection"), "{answers:?}");
}

#[test]
fn settings_that_cannot_work_are_refused_with_what_would_be_right() {
    let check = |change: &dyn Fn(&mut SmppConfig), expected: Expect| {
        let mut smpp = settings(2775);
        change(&mut smpp);
        let told = match try_open(smpp) {
            Ok(_) => "accepted\n".to_owned(),
            Err(error) => format!("{}\n{error}\n", error.wording().zh),
        };
        expected.assert_eq(&told);
    };
    check(
        &|_| {},
        expect![[r#"
        accepted
    "#]],
    );
    check(
        &|smpp| smpp.window = 0,
        expect![[r#"
        服务商 carrier，设置 window：须为 1 至 1000
        provider carrier, setting window: must be 1 to 1000
    "#]],
    );
    check(
        &|smpp| smpp.bind_count = 17,
        expect![[r#"
        服务商 carrier，设置 bind_count：须为 1 至 16
        provider carrier, setting bind_count: must be 1 to 16
    "#]],
    );
    check(
        &|smpp| smpp.password = Some(Personal::new("ninechars")),
        expect![[r#"
        服务商 carrier，设置 password：最多 8 个字母和数字
        provider carrier, setting password: must be up to 8 letters and digits
    "#]],
    );
    check(
        &|smpp| smpp.sender = "示例消金".to_owned(),
        expect![[r#"
        服务商 carrier，设置 sender：须为最多 20 位数字的号码，或最多 11 个字母
        provider carrier, setting sender: must be a number of up to 20 digits, or up to 11 letters
    "#]],
    );
    check(
        &|smpp| smpp.sender = "DUNLIN".to_owned(),
        expect![[r#"
        accepted
    "#]],
    );
}

#[test]
fn within_tls_the_message_centre_must_show_a_certificate_that_we_trust_and_that_is_made_out_to_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (pair, root) = crate::smtp::certificate(&folder);
    let mut peer = Peer::start("node", "peers/smpp_peer.mjs", &["0", "dec", &pair]);
    let trusting = SmppConfig {
        host: "localhost".to_owned(),
        security: SmppSecurity::Tls,
        extra_root: Some(root),
        ..settings(peer.port)
    };
    // As long as the peer takes a unit of the protocol: 16 KiB.
    let mut provider = open(SmppConfig { long_text: SmppLongText::Payload, ..trusting.clone() });
    let long = "账单".repeat(3_500);
    let answers = provider.hand_over(&[text("00", &long), text("20", "short")], NOW);
    assert!(answers.iter().all(|answer| told(answer).starts_with("accepted")), "{answers:?}");
    assert_eq!(peer.next_with("to")["text"], long.as_str());
    let batch = provider.receipts(NOW).expect("it has a message centre");
    assert_eq!(batch.receipts().len(), 2);
    drop(provider);
    for wary in [
        SmppConfig { extra_root: None, ..trusting.clone() },
        SmppConfig { host: "127.0.0.1".to_owned(), ..trusting.clone() },
    ] {
        let told = told(&open(wary).hand_over(&[text("00", "short")], NOW)[0]);
        assert!(told.starts_with("unavailable") && told.contains("tls"), "{told}");
    }
}

/// What came back by `seconds` after the first look: acknowledged, as after a commit.
fn replies(provider: &mut Provider, seconds: i64) -> Vec<(String, String)> {
    let batch = provider.receipts(NOW.plus_seconds(seconds)).expect("deliveries are read");
    let replies = batch.replies().iter().map(|reply| (reply.text.reveal().to_owned(), reply.mark.clone()));
    let replies = replies.collect();
    batch.acknowledge().expect("it is only told");
    replies
}

#[test]
fn what_a_customer_writes_in_parts_is_one_reply_whatever_their_order() {
    let mut peer = peer();
    let mut provider = open(settings(peer.port));
    provider.hand_over(&[text("16", "Overdue")], NOW);
    let told = replies(&mut provider, 0);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "我已还款，请查收，谢谢");
    for part in ["4097/3", "4097/1", "4097/2"] {
        assert_eq!(peer.next_with("delivered")["delivered"], part, "each is acknowledged");
    }
    assert_eq!(replies(&mut provider, 3_600), []);
}

#[test]
fn parts_of_which_one_never_comes_are_kept_as_they_are() {
    let peer = peer();
    let mut provider = open(settings(peer.port));
    provider.hand_over(&[text("17", "Overdue")], NOW);
    assert_eq!(replies(&mut provider, 0), [], "the rest may still come");
    let told: Vec<String> = replies(&mut provider, 30).into_iter().map(|(text, _)| text).collect();
    assert_eq!(told, ["谢谢", "我已还款，"]);
    assert_eq!(replies(&mut provider, 60), []);
}

#[test]
fn two_equal_replies_are_two_where_the_phone_numbered_them() {
    let peer = peer();
    let mut provider = open(settings(peer.port));
    provider.hand_over(&[text("19", "Overdue")], NOW);
    let told = replies(&mut provider, 0);
    let marks: std::collections::BTreeSet<&String> = told.iter().map(|(_, mark)| mark).collect();
    assert_eq!((told.len(), marks.len()), (3, 2), "the third is the second once more: {told:?}");
}

#[test]
fn a_message_whose_permit_ends_before_its_turn_is_not_begun() {
    let mut peer = peer();
    let mut provider = open(settings(peer.port));
    let late = [text("00", "late")];
    let last_moment = Timestamp::from_micros(NOW.plus_seconds(3_600).micros() - 1);
    assert_eq!(told(&provider.hand_over(&late, last_moment)[0]), "expired");
    provider.hand_over(&[text("00", "in time")], NOW);
    assert_eq!(peer.next_with("to")["text"], "in time", "nothing went before it");
}

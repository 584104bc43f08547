//! Asking what became of a message, of real servers that remember what they took.

use dunlin_delivery::{
    AliyunConfig, Endpoint, Handover, HttpCommon, HttpConfig, HttpProvider, HttpQuery, HttpSigning, Inquired,
    Inquiries, Inquiry, Provider, ProviderConfig, ProviderKind, QueryState, SmppAlphabet, SmppBind,
    SmppConfig, SmppLongText, SmppReceiptId, SmppSecurity, TencentConfig, TwilioConfig, fingerprint,
};
use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::message::ClearedMessage;
use expect_test::{Expect, expect};
use jiff::tz::TimeZone;
use serde_json::json;

use crate::support::peer::Peer;
use crate::support::{NOW, message_saying};

/// The moment of the questions: ten minutes after the messages.
fn later() -> dunlin_domain::date::Timestamp {
    NOW.plus_seconds(600)
}

fn open(kind: ProviderKind) -> Provider {
    let config = ProviderConfig { name: "p".to_owned(), channels: vec![Channel::Sms], kind };
    Provider::open(&config).expect("the settings are good")
}

fn open_http(provider: HttpProvider) -> Provider {
    let common = HttpCommon { connection_count: 1, timeout_seconds: 20, extra_root: None, callbacks: None };
    open(ProviderKind::Http(common, provider))
}

/// Hands over a text to the number that ends with `kind`, and asks about it.
fn ask(provider: &mut Provider, kind: &str) -> (Handover, String) {
    let message =
        message_saying(kind, Channel::Sms, &format!("138000000{kind}"), "", "【示例消金】¥1,234.56 已逾期");
    let answer = provider.hand_over(std::slice::from_ref(&message), NOW).remove(0);
    let told = ask_about(provider, &message, &answer);
    (answer, told)
}

fn ask_about(provider: &mut Provider, message: &ClearedMessage, answer: &Handover) -> String {
    let references = match answer {
        Handover::Accepted { references } => references.clone(),
        _ => Vec::new(),
    };
    let inquiry = Inquiry {
        message: message.id(),
        recipient: message.recipient().clone(),
        references,
        handed_over_at: NOW,
        fingerprint: Some(fingerprint(&message.id(), message.body().reveal())),
    };
    in_words(&provider.inquire(&[inquiry], later())[0])
}

fn in_words(answer: &Inquired) -> String {
    let at = match answer {
        Inquired::Delivered { at, .. } | Inquired::Failed { at, .. } => {
            at.map_or_else(String::new, |at| format!(" at {at}"))
        }
        Inquired::Underway { .. }
        | Inquired::NeverTaken { .. }
        | Inquired::CannotTell { .. }
        | Inquired::NoAnswer { .. } => String::new(),
    };
    format!("{} {}{at}", answer.word(), answer.code())
}

fn check(provider: &mut Provider, kinds: &[&str], expected: Expect) {
    let lines = kinds.iter().map(|kind| {
        let (answer, told) = ask(provider, kind);
        let answer = match answer {
            Handover::Accepted { .. } => "accepted",
            Handover::Unknown { .. } => "unknown",
            _ => "something else",
        };
        format!("{kind} {answer}: {told}\n")
    });
    expected.assert_eq(&lines.collect::<String>());
}

fn endpoint(peer: &Peer) -> Endpoint {
    Endpoint(format!("http://127.0.0.1:{}", peer.port))
}

#[test]
fn a_message_centre_is_asked_by_its_own_id() {
    let smpp = |peer: &Peer| SmppConfig {
        host: "127.0.0.1".to_owned(),
        port: peer.port,
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
        receipt_id: SmppReceiptId::Decimal,
        zone: TimeZone::UTC,
    };
    // The id goes back as it came, in capitals and hexadecimal, although its receipt is decimal.
    let mut peer = Peer::start("node", "peers/smpp_peer.mjs", &["0", "hex"]);
    let mut provider = open(ProviderKind::Smpp(smpp(&peer)));
    assert_eq!(provider.inquiries(), Inquiries::ByReference);
    check(
        &mut provider,
        &["12", "13", "14", "15"],
        expect![[r#"
            12 accepted: delivered DELIVRD
            13 accepted: underway ENROUTE
            14 accepted: cannot_tell smpp_67
            15 accepted: failed UNDELIV:4
        "#]],
    );
    expect![[r#"{"from":"10690001","query":"1001"}"#]].assert_eq(&peer.next_with("query").to_string());
    assert_eq!(provider.reference_in_receipts("10FF"), "4351");
    // Nobody answers any more.
    let message = message_saying("12", Channel::Sms, "13800000012", "", "text");
    drop(peer);
    let accepted = Handover::Accepted { references: vec!["1001".to_owned()] };
    assert_eq!(ask_about(&mut provider, &message, &accepted), "no_answer connection");
}

#[test]
fn aliyun_lists_what_a_number_got_with_our_own_ids() {
    let mut peer = Peer::start("node", "peers/http_peer.mjs", &["0"]);
    let mut provider = open_http(HttpProvider::Aliyun(Box::new(AliyunConfig {
        endpoint: endpoint(&peer),
        key_id: "id".to_owned(),
        key_secret: Personal::new("secret"),
        sign_name: "示例消金".to_owned(),
        template_code: "SMS_1".to_owned(),
        parameter: "content".to_owned(),
    })));
    check(
        &mut provider,
        &["08", "10", "11", "13", "09"],
        expect![[r#"
            08 unknown: delivered DELIVERED at 2026-11-24T01:30:09Z
            10 accepted: failed MOBILE_NOT_ON_SERVICE at 2026-11-24T01:30:09Z
            11 unknown: never_taken not_listed
            13 accepted: underway waits_for_report
            09 accepted: no_answer isp.RAM_PERMISSION_DENY
        "#]],
    );
    expect![[
        r#"{"asked":{"CurrentPage":"1","PageSize":"50","PhoneNumber":"13800000008","SendDate":"20261124"}}"#
    ]]
    .assert_eq(&peer.next_with("asked").to_string());
}

#[test]
fn tencent_tells_what_carriers_reported_and_nothing_of_the_rest() {
    let mut peer = Peer::start("node", "peers/http_peer.mjs", &["0"]);
    let mut provider = open_http(HttpProvider::Tencent(Box::new(TencentConfig {
        endpoint: endpoint(&peer),
        region: "ap-guangzhou".to_owned(),
        secret_id: "id".to_owned(),
        secret_key: Personal::new("secret"),
        app_id: "1400006666".to_owned(),
        sign_name: "示例消金".to_owned(),
        template_id: "449739".to_owned(),
    })));
    check(
        &mut provider,
        &["08", "10", "13"],
        expect![[r#"
            08 unknown: delivered DELIVRD at 2026-11-24T01:30:09Z
            10 accepted: failed MK:0001 at 2026-11-24T01:30:09Z
            13 accepted: cannot_tell not_reported
        "#]],
    );
    expect![[r#"{"asked":{"BeginTime":1795483680,"EndTime":1795484400,"Limit":100,"Offset":0,"PhoneNumber":"+8613800000008","SmsSdkAppId":"1400006666"}}"#]]
        .assert_eq(&peer.next_with("asked").to_string());
}

#[test]
fn twilio_is_asked_by_sid_and_where_it_was_lost_by_number_and_text() {
    let mut peer = Peer::start("node", "peers/http_peer.mjs", &["0"]);
    let mut provider = open_http(HttpProvider::Twilio(Box::new(TwilioConfig {
        endpoint: endpoint(&peer),
        account: "AC1".to_owned(),
        token: Personal::new("secret"),
        sender: "+15005550006".to_owned(),
        country_code: "86".to_owned(),
        callback_url: None,
    })));
    check(
        &mut provider,
        &["08", "04", "10", "13"],
        expect![[r#"
            08 unknown: delivered delivered at 2026-11-24T01:30:09Z
            04 unknown: never_taken not_listed
            10 accepted: failed 30003 at 2026-11-24T01:30:09Z
            13 accepted: underway queued
        "#]],
    );
    let asked: Vec<String> = (0..4).map(|_| peer.next_with("asked")["asked"].to_string()).collect();
    assert_eq!(asked, [r#""+8613800000008""#, r#""+8613800000004""#, r#""SM10""#, r#""SM13""#]);
    // One whose SID it does not keep any more was taken all the same.
    let message = message_saying("77", Channel::Sms, "13800000077", "", "text");
    let accepted = Handover::Accepted { references: vec!["SM77".to_owned()] };
    assert_eq!(ask_about(&mut provider, &message, &accepted), "cannot_tell http_404");
}

fn described(peer: &Peer, query: Option<HttpQuery>) -> Provider {
    open_http(HttpProvider::Generic(Box::new(HttpConfig {
        url: format!("http://127.0.0.1:{}/send", peer.port),
        method: "POST".to_owned(),
        headers: vec![("X-Key".to_owned(), "key {secret}".to_owned())],
        body: json!({ "to": "{recipient}", "text": "{body}", "ref": ["{id}"] }),
        is_form: false,
        secret: Some(Personal::new("open sesame")),
        signing: HttpSigning::None,
        id_at: Some("/data/0/id".to_owned()),
        status_at: Some("/code".to_owned()),
        accepted: vec!["0".to_owned()],
        deferred: Vec::new(),
        throttled: Vec::new(),
        unavailable: Vec::new(),
        bad_address: Vec::new(),
        query,
    })))
}

#[test]
fn a_provider_that_the_lender_describes_is_asked_at_the_address_that_was_given() {
    let mut peer = Peer::start("node", "peers/http_peer.mjs", &["0"]);
    let query = |url: &str| HttpQuery {
        url: format!("http://127.0.0.1:{}/state?{url}", peer.port),
        state_at: "/data/state".to_owned(),
        states: [
            ("DELIVRD", QueryState::Delivered),
            ("UNDELIV", QueryState::Failed),
            ("SENT", QueryState::Underway),
        ]
        .map(|(word, state)| (word.to_owned(), state))
        .to_vec(),
        never_taken_statuses: vec![404],
    };
    let (by_id, by_reference) = (query("id={id}"), query("ref={reference}"));
    check(
        &mut described(&peer, Some(by_id)),
        &["08", "04", "10", "13"],
        expect![[r#"
            08 unknown: delivered DELIVRD
            04 unknown: never_taken http_404
            10 accepted: failed UNDELIV
            13 accepted: underway SENT
        "#]],
    );
    assert_eq!(peer.next_with("asked")["key"], "key open sesame");
    let mut provider = described(&peer, Some(by_reference));
    assert_eq!(provider.inquiries(), Inquiries::ByReference);
    check(
        &mut provider,
        &["08"],
        expect![[r#"
        08 unknown: cannot_tell no_reference
    "#]],
    );
    assert_eq!(described(&peer, None).inquiries(), Inquiries::None);
}

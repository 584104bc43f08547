//! Text messages over HTTP, asked of a real server that checks what it gets with cryptography of another make.

use dunlin_delivery::{
    AliyunConfig, DeliveryError, Endpoint, FcmConfig, HttpCommon, HttpConfig, HttpProvider, HttpQuery,
    HttpSigning, Inquiry, Provider, ProviderConfig, ProviderKind, QueryState, TencentConfig, TwilioConfig,
    standard_webhooks_key,
};
use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::Timestamp;
use dunlin_domain::message::ClearedMessage;
use expect_test::{Expect, expect};
use serde_json::json;

use crate::support::peer::Peer;
use crate::support::{NOW, message_saying, told};

fn peer() -> Peer {
    Peer::start("node", "peers/http_peer.mjs", &["0"])
}

fn common() -> HttpCommon {
    HttpCommon { connection_count: 1, timeout_seconds: 20, extra_root: None, callbacks: None }
}

fn try_open(common: HttpCommon, provider: HttpProvider) -> Result<Provider, DeliveryError> {
    let kind = ProviderKind::Http(common, provider);
    Provider::open(&ProviderConfig { name: "http".to_owned(), channels: vec![Channel::Sms], kind })
}

fn open(provider: HttpProvider) -> Provider {
    try_open(common(), provider).expect("the settings are good")
}

fn endpoint(peer: &Peer) -> Endpoint {
    Endpoint(format!("http://127.0.0.1:{}", peer.port))
}

fn generic(peer: &Peer) -> HttpConfig {
    HttpConfig {
        url: format!("http://127.0.0.1:{}/send", peer.port),
        method: "POST".to_owned(),
        headers: vec![("X-Key".to_owned(), "key {secret}".to_owned())],
        body: json!({ "to": "{recipient}", "text": "{body}", "ref": ["{id}"], "until": "{expires_at}" }),
        is_form: false,
        secret: Some(Personal::new("open sesame")),
        signing: HttpSigning::None,
        id_at: Some("/data/0/id".to_owned()),
        status_at: Some("/code".to_owned()),
        accepted: vec!["0".to_owned()],
        deferred: Vec::new(),
        throttled: Vec::new(),
        unavailable: Vec::new(),
        bad_address: vec!["bad number".to_owned()],
        query: None,
    }
}

/// A text to the number that ends with `kind`: see the peer.
fn text(kind: &str) -> ClearedMessage {
    let body = "【示例消金】{secret} \"¥1,234.56\"";
    message_saying(kind, Channel::Sms, &format!("138000000{kind}"), "", body)
}

/// Whether these are the seconds of a permit of an hour that are left when its message has its turn.
fn is_left(seconds: &serde_json::Value) -> bool {
    let seconds = seconds.as_str().and_then(|text| text.parse::<u32>().ok());
    seconds.is_some_and(|seconds| (3_480..=3_600).contains(&seconds))
}

fn check(provider: &mut Provider, kinds: &[&str], expected: Expect) {
    let messages: Vec<ClearedMessage> = kinds.iter().map(|kind| text(kind)).collect();
    let answers = provider.hand_over(&messages, NOW);
    expected.assert_eq(&answers.iter().map(|answer| told(answer) + "\n").collect::<String>());
}

#[test]
fn a_provider_that_the_lender_describes_gets_what_was_described() {
    let mut peer = peer();
    check(
        &mut open(HttpProvider::Generic(Box::new(generic(&peer)))),
        &["00"],
        expect![[r#"
        accepted as id-00
    "#]],
    );
    // What a text says is not filled in again, and cannot leave its place.
    expect![[r#"{"key":"key open sesame","ref":["msg_f3e34c011d8295d12dc1ff636145ef59"],"text":"【示例消金】{secret} \"¥1,234.56\"","to":"13800000000","type":"application/json; charset=utf-8","until":"2026-11-24T02:30:00Z"}"#]]
        .assert_eq(&peer.next().to_string());
}

#[test]
fn each_answer_is_told_apart_and_no_number_is_repeated() {
    let peer = peer();
    let open = || open(HttpProvider::Generic(Box::new(generic(&peer))));
    check(
        &mut open(),
        &["01", "04", "05", "07", "00"],
        expect![[r#"
        rejected, bad address, bad_number: the provider answered bad_number with HTTP status 200
        unknown, http_500: the provider answered http_500 with HTTP status 500
        unknown, connection: no answer after the request had been sent: unexpected end of file
        rejected, too_long: the provider answered too_long with HTTP status 422
        accepted as id-00
    "#]],
    );
    check(
        &mut open(),
        &["02", "00", "02", "02", "00"],
        expect![[r#"
        unavailable, http_503: the provider answered http_503 with HTTP status 503
        accepted as id-00
        unavailable, http_503: the provider answered http_503 with HTTP status 503
        unavailable, http_503: the provider answered http_503 with HTTP status 503
        accepted as id-00
    "#]],
    );
    check(
        &mut open(),
        &["02", "02", "02", "00"],
        expect![[r#"
        unavailable, http_503: the provider answered http_503 with HTTP status 503
        unavailable, http_503: the provider answered http_503 with HTTP status 503
        unavailable, http_503: the provider answered http_503 with HTTP status 503
        throttled for 60 s, not_tried: the provider took none of the messages before it
    "#]],
    );
    check(
        &mut open(),
        &["03", "00"],
        expect![[r#"
        throttled for 17 s, http_429: the provider answered http_429 with HTTP status 429
        throttled for 17 s, http_429: the provider answered http_429 with HTTP status 429
    "#]],
    );
}

#[test]
fn an_answer_that_does_not_come_in_time_makes_the_message_unknown() {
    let peer = peer();
    let hasty = HttpCommon { timeout_seconds: 1, ..common() };
    let provider = HttpProvider::Generic(Box::new(generic(&peer)));
    check(
        &mut try_open(hasty, provider).expect("the settings are good"),
        &["06"],
        expect![[r#"
        unknown, timeout: no answer after the request had been sent: it took too long
    "#]],
    );
}

#[test]
fn a_provider_that_is_down_took_nothing() {
    let peer = peer();
    let provider = HttpProvider::Generic(Box::new(generic(&peer)));
    drop(peer);
    check(
        &mut open(provider),
        &["00"],
        expect![[r#"
        unavailable, connection: the provider cannot be reached: connection refused
    "#]],
    );
}

#[test]
fn a_webhook_is_signed_so_that_its_receiver_knows_us() {
    let mut peer = peer();
    let signed = |secret: &str| {
        let key = standard_webhooks_key(secret).expect("a secret");
        HttpConfig { signing: HttpSigning::StandardWebhooks { key }, ..generic(&peer) }
    };
    let good = signed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let wrong = signed("whsec_NfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    check(
        &mut open(HttpProvider::Generic(Box::new(good))),
        &["00"],
        expect![[r#"
        accepted as id-00
    "#]],
    );
    assert_eq!(peer.next()["to"], "13800000000");
    check(
        &mut open(HttpProvider::Generic(Box::new(wrong))),
        &["00"],
        expect![[r#"
        unavailable, http_401: the provider answered http_401 with HTTP status 401
    "#]],
    );
}

fn aliyun(peer: &Peer, key_secret: &str) -> HttpProvider {
    HttpProvider::Aliyun(Box::new(AliyunConfig {
        endpoint: endpoint(peer),
        key_id: "id".to_owned(),
        key_secret: Personal::new(key_secret),
        sign_name: "示例消金".to_owned(),
        template_code: "SMS_1".to_owned(),
        parameter: "content".to_owned(),
    }))
}

#[test]
fn aliyun_gets_a_signed_request_with_our_id_and_answers_by_codes() {
    let mut peer = peer();
    check(
        &mut open(aliyun(&peer, "secret")),
        &["00", "01", "04", "05"],
        expect![[r#"
        accepted as 9006_00
        rejected, bad address, isv.MOBILE_NUMBER_ILLEGAL: the provider answered isv.MOBILE_NUMBER_ILLEGAL with HTTP status 200
        deferred, isv.BUSINESS_LIMIT_CONTROL: the provider answered isv.BUSINESS_LIMIT_CONTROL with HTTP status 200
        unknown, isp.SYSTEM_ERROR: the provider answered isp.SYSTEM_ERROR with HTTP status 200
    "#]],
    );
    expect![[r#"{"OutId":"msg_f3e34c011d8295d12dc1ff636145ef59","PhoneNumbers":"13800000000","SignName":"示例消金","TemplateCode":"SMS_1","TemplateParam":"{\"content\":\"【示例消金】{secret} \\\"¥1,234.56\\\"\"}","action":"SendSms"}"#]]
        .assert_eq(&peer.next().to_string());
    check(
        &mut open(aliyun(&peer, "secret")),
        &["03"],
        expect![[r#"
        throttled for 5 s, Throttling.User: the provider answered Throttling.User with HTTP status 400
    "#]],
    );
    check(
        &mut open(aliyun(&peer, "guess")),
        &["00"],
        expect![[r#"
        unavailable, SignatureDoesNotMatch: the provider answered SignatureDoesNotMatch with HTTP status 400
    "#]],
    );
}

fn tencent(peer: &Peer, secret_key: &str) -> HttpProvider {
    HttpProvider::Tencent(Box::new(TencentConfig {
        endpoint: endpoint(peer),
        region: "ap-guangzhou".to_owned(),
        secret_id: "id".to_owned(),
        secret_key: Personal::new(secret_key),
        app_id: "1400000000".to_owned(),
        sign_name: "示例消金".to_owned(),
        template_id: "1110".to_owned(),
    }))
}

#[test]
fn tencent_cloud_gets_a_signed_request_with_our_id_and_answers_by_codes() {
    let mut peer = peer();
    check(
        &mut open(tencent(&peer, "secret")),
        &["00", "01"],
        expect![[r#"
        accepted as 8:00
        rejected, bad address, InvalidParameterValue.IncorrectPhoneNumber: the provider answered InvalidParameterValue.IncorrectPhoneNumber with HTTP status 200
    "#]],
    );
    expect![[r#"{"PhoneNumberSet":["+8613800000000"],"SessionContext":"msg_f3e34c011d8295d12dc1ff636145ef59","SignName":"示例消金","SmsSdkAppId":"1400000000","TemplateId":"1110","TemplateParamSet":["【示例消金】{secret} \"¥1,234.56\""]}"#]]
        .assert_eq(&peer.next().to_string());
    check(
        &mut open(tencent(&peer, "secret")),
        &["03"],
        expect![[r#"
        throttled for 5 s, RequestLimitExceeded: the provider answered RequestLimitExceeded with HTTP status 200
    "#]],
    );
    check(
        &mut open(tencent(&peer, "secret")),
        &["05", "06"],
        expect![[r#"
        unknown, InternalError.Timeout: the provider answered InternalError.Timeout with HTTP status 200
        deferred, LimitExceeded.DeliveryFrequencyLimit: the provider answered LimitExceeded.DeliveryFrequencyLimit with HTTP status 200
    "#]],
    );
    check(
        &mut open(tencent(&peer, "guess")),
        &["00"],
        expect![[r#"
        unavailable, AuthFailure.SignatureFailure: the provider answered AuthFailure.SignatureFailure with HTTP status 200
    "#]],
    );
}

fn twilio(peer: &Peer, token: &str) -> HttpProvider {
    HttpProvider::Twilio(Box::new(TwilioConfig {
        endpoint: endpoint(peer),
        account: "AC1".to_owned(),
        token: Personal::new(token),
        sender: "+15005550006".to_owned(),
        country_code: "86".to_owned(),
        callback_url: Some("https://lender.example/api/callbacks/receipts/twilio".to_owned()),
    }))
}

#[test]
fn twilio_is_told_where_to_bring_the_receipt_and_until_when_to_try() {
    let mut peer = peer();
    check(
        &mut open(twilio(&peer, "secret")),
        &["00", "01"],
        expect![[r#"
        accepted as SM00
        rejected, bad address, 21211: the provider answered 21211 with HTTP status 400
    "#]],
    );
    let mut seen = peer.next();
    let validity = seen.as_object_mut().and_then(|form| form.remove("ValidityPeriod")).expect("until when");
    expect![[r#"{"Body":"【示例消金】{secret} \"¥1,234.56\"","From":"+15005550006","StatusCallback":"https://lender.example/api/callbacks/receipts/twilio?message=msg_f3e34c011d8295d12dc1ff636145ef59","To":"+8613800000000"}"#]]
        .assert_eq(&seen.to_string());
    assert!(is_left(&validity), "{validity}");
    check(
        &mut open(twilio(&peer, "guess")),
        &["00"],
        expect![[r#"
        unavailable, 20003: the provider answered 20003 with HTTP status 401
    "#]],
    );
}

#[test]
fn a_secret_never_crosses_a_network_in_clear() {
    let peer = peer();
    let config = HttpConfig { url: "http://sms.example/send".to_owned(), ..generic(&peer) };
    let refusal = try_open(common(), HttpProvider::Generic(Box::new(config)));
    let refusal = refusal.map_or_else(|error| error.to_string(), |_| "accepted".to_owned());
    expect!["provider http, setting url: must begin with https://: secrets and numbers would cross the network in clear"]
        .assert_eq(&refusal);
}

#[test]
fn fcm_gets_a_token_for_a_signed_claim_and_then_the_push() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let key = folder.path().join("key.pem");
    let made = std::process::Command::new("openssl")
        .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"])
        .arg(&key)
        .output();
    assert!(made.expect("openssl starts; ./test installs it").status.success());
    let mut peer = Peer::start("node", "peers/http_peer.mjs", &["0", key.to_str().expect("text")]);
    let account = json!({
        "type": "service_account",
        "project_id": "lender-app",
        "private_key_id": "k1",
        "private_key": std::fs::read_to_string(&key).expect("openssl wrote it"),
        "client_email": "push@lender-app.example",
        "token_uri": format!("http://127.0.0.1:{}/token", peer.port),
    });
    let account_file = folder.path().join("account.json");
    std::fs::write(&account_file, account.to_string()).expect("a file");
    let config = FcmConfig { endpoint: endpoint(&peer), account_file };
    let kind = ProviderKind::Http(common(), HttpProvider::Fcm(Box::new(config)));
    let config = ProviderConfig { name: "fcm".to_owned(), channels: vec![Channel::Push], kind };
    let mut provider = Provider::open(&config).expect("the account is good");
    let push =
        |kind: &str| message_saying(kind, Channel::Push, &format!("device-{kind}"), "账单", "已逾期 3 天");
    let answers = provider.hand_over(&[push("00"), push("01"), push("07")], NOW);
    let told: String = answers.iter().map(|answer| told(answer) + "\n").collect();
    expect![[r#"
        accepted as projects/lender-app/messages/1
        rejected, bad address, UNREGISTERED: the provider answered UNREGISTERED with HTTP status 404
        rejected, INVALID_ARGUMENT: the provider answered INVALID_ARGUMENT with HTTP status 400
    "#]]
    .assert_eq(&told);
    // One token is enough for all of them.
    let mut seen = peer.next();
    let claims = seen["claims"].as_object_mut().expect("claims");
    let [issued, until] =
        ["iat", "exp"].map(|name| claims.remove(name).and_then(|at| at.as_i64()).expect(name));
    assert_eq!((until - issued, (0..120).contains(&(issued - 1_795_483_800))), (3_600, true));
    expect![[r#"{"claims":{"aud":true,"iss":"push@lender-app.example","scope":"https://www.googleapis.com/auth/firebase.messaging"}}"#]]
        .assert_eq(&seen.to_string());
    let seen = peer.next();
    assert_eq!(seen["token"], "device-00");
    assert_eq!(seen["notification"], json!({ "title": "账单", "body": "已逾期 3 天" }));
    let left = seen["android"]["ttl"].as_str().and_then(|ttl| ttl.strip_suffix('s')).expect("seconds");
    assert!(is_left(&json!(left)), "{left}");
    assert_eq!(seen["data"], json!({ "message_id": push("00").id().to_string() }));
}

/// Whoever cannot show a certificate that we trust, made out to the name that we asked for, learns nothing: neither the number nor
/// the text nor our key.
#[test]
fn within_https_the_provider_must_show_a_certificate_that_we_trust_and_that_is_made_out_to_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (pair, root) = crate::smtp::certificate(&folder);
    let mut peer = Peer::start("node", "peers/http_peer.mjs", &["0", "-", &pair]);
    let at = |host: &str| HttpConfig {
        url: format!("https://{host}:{}/send", peer.port),
        query: Some(HttpQuery {
            url: format!("https://{host}:{}/state?id={{id}}", peer.port),
            state_at: "/data/state".to_owned(),
            states: vec![("DELIVRD".to_owned(), QueryState::Delivered)],
            never_taken_statuses: vec![404],
        }),
        ..generic(&peer)
    };
    let trusting = || HttpCommon { extra_root: Some(root.clone()), ..common() };
    let open = |common: HttpCommon, host: &str| {
        try_open(common, HttpProvider::Generic(Box::new(at(host)))).expect("the settings are good")
    };
    for (what, mut provider) in
        [("an unknown root", open(common(), "localhost")), ("another name", open(trusting(), "127.0.0.1"))]
    {
        let answer = told(&provider.hand_over(&[text("00")], NOW)[0]);
        assert!(answer.starts_with("unavailable, tls: "), "{what}: {answer}");
        let inquiry = Inquiry {
            message: text("00").id(),
            recipient: Personal::new("13800000000"),
            references: Vec::new(),
            handed_over_at: NOW,
            fingerprint: None,
        };
        let asked = &provider.inquire(&[inquiry], NOW)[0];
        assert_eq!((asked.word(), asked.code()), ("no_answer", "tls"), "{what}");
    }
    let answer = told(&open(trusting(), "localhost").hand_over(&[text("00")], NOW)[0]);
    assert_eq!(answer, "accepted as id-00");
    // It is the first that the provider has heard.
    assert_eq!(peer.next()["to"], "13800000000");
}

#[test]
fn a_message_whose_permit_ends_before_its_turn_is_not_begun() {
    let mut peer = peer();
    let mut provider = open(HttpProvider::Generic(Box::new(generic(&peer))));
    let late = [text("00")];
    let last_moment = Timestamp::from_micros(NOW.plus_seconds(3_600).micros() - 1);
    assert_eq!(told(&provider.hand_over(&late, last_moment)[0]), "expired");
    provider.hand_over(&[message_saying("b", Channel::Sms, "13800000000", "", "in time")], NOW);
    assert_eq!(peer.next()["text"], "in time", "nothing went before it");
}

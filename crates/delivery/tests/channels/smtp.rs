//! E-mail, handed to a real mail server of another make over real sockets.

use std::path::PathBuf;
use std::process::Command;

use crate::support::{BODY, NOW, SUBJECT, message, message_saying, told};
use dunlin_delivery::{
    Credentials, DeliveryError, DkimConfig, Provider, ProviderConfig, ProviderKind, SmtpConfig, SmtpSecurity,
    link_token, read_link_token,
};
use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::Timestamp;
use dunlin_domain::message::ClearedMessage;
use expect_test::{Expect, expect};
use serde_json::Value;
use tempfile::TempDir;

/// The mail server.
struct Peer(crate::support::peer::Peer);

impl Peer {
    fn start(arguments: &[&str]) -> Self {
        let python = std::env::var("DUNLIN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        Self(crate::support::peer::Peer::start(&python, "peers/smtp_peer.py", arguments))
    }

    fn port(&self) -> u16 {
        self.0.port
    }

    /// The next mail that the server accepted.
    fn mail(&mut self) -> Value {
        self.0.next()
    }

    /// The recipients of the next `count` mails, in alphabetical order.
    fn mails(&mut self, count: usize) -> Vec<String> {
        let mut recipients: Vec<String> =
            (0..count).map(|_| self.mail()["to"].as_str().expect("text").to_owned()).collect();
        recipients.sort();
        recipients
    }
}

fn settings(port: u16) -> SmtpConfig {
    SmtpConfig {
        host: "localhost".to_owned(),
        port,
        security: SmtpSecurity::Plain,
        extra_root: None,
        credentials: None,
        sender: "示例消金 <noreply@lender.example>".to_owned(),
        reply_to: Some("care@lender.example".to_owned()),
        unsubscribe: Some("<mailto:stop@lender.example>".to_owned()),
        link_key: None,
        dkim: None,
        bounce_address: None,
        bounces: None,
        connection_count: 2,
        timeout_seconds: 20,
    }
}

fn try_open(smtp: SmtpConfig) -> Result<Provider, DeliveryError> {
    let kind = ProviderKind::Smtp(smtp);
    Provider::open(&ProviderConfig { name: "relay".to_owned(), channels: vec![Channel::Email], kind })
}

fn open(smtp: SmtpConfig) -> Provider {
    try_open(smtp).expect("the settings are good")
}

fn mails_to(recipients: &[&str]) -> Vec<ClearedMessage> {
    recipients.iter().map(|recipient| message(recipient, Channel::Email, recipient)).collect()
}

fn check(provider: &mut Provider, messages: &[ClearedMessage], expected: Expect) {
    let answers = provider.hand_over(messages, NOW);
    expected.assert_eq(&answers.iter().map(|answer| told(answer) + "\n").collect::<String>());
}

#[test]
fn chinese_subject_and_text_arrive_as_they_were_written() {
    let mut peer = Peer::start(&["plain", "0"]);
    check(
        &mut open(settings(peer.port())),
        &mails_to(&["li@example.com"]),
        expect![[r#"
        accepted as <msg_37d7f336ba83f310296ea80455796007@lender.example>
    "#]],
    );
    let mail = peer.mail();
    assert_eq!(mail["subject"], SUBJECT);
    assert_eq!(mail["body"].as_str().map(str::trim_end), Some(BODY.trim_end()));
    let rest = [
        "to",
        "from",
        "header_to",
        "date",
        "message_id",
        "language",
        "unsubscribe",
        "automatic",
        "tls",
        "user",
    ]
    .map(|field| format!("{field}: {}\n", mail[field]));
    expect![[r#"
        to: "li@example.com"
        from: "示例消金 <noreply@lender.example>"
        header_to: "li@example.com"
        date: "Tue, 24 Nov 2026 01:30:00 +0000"
        message_id: "<msg_37d7f336ba83f310296ea80455796007@lender.example>"
        language: "zh-CN"
        unsubscribe: "<mailto:stop@lender.example>"
        automatic: "auto-generated"
        tls: false
        user: null
    "#]]
    .assert_eq(&rest.concat());
}

#[test]
fn a_mail_carries_a_signed_link_by_which_one_click_unsubscribes() {
    let mut peer = Peer::start(&["plain", "0"]);
    let key = [9; 32];
    let config = SmtpConfig {
        unsubscribe: Some("<https://lender.example/u/{token}>".to_owned()),
        link_key: Some(key),
        ..settings(peer.port())
    };
    let messages = [message("one", Channel::Email, "li@example.com")];
    open(config).hand_over(&messages, NOW);
    let token = link_token(&key, &messages[0].id());
    assert_eq!(peer.mail()["unsubscribe"], format!("<https://lender.example/u/{token}>"));
    assert_eq!(read_link_token(&key, &token), Some(messages[0].id()));
}

#[test]
fn a_server_that_offers_delivery_reports_is_asked_for_them_where_they_can_come_back() {
    let check = |server: &str, bounce_address: Option<&str>, expected: &[&str]| {
        let mut peer = Peer::start(&[server, "0"]);
        let bounce_address = bounce_address.map(str::to_owned);
        let mut provider = open(SmtpConfig { bounce_address, ..settings(peer.port()) });
        provider.hand_over(&mails_to(&["li@example.com"]), NOW);
        assert_eq!(peer.mail()["options"], serde_json::json!(expected), "{server}");
    };
    let asked = ["ENVID=msg_37d7f336ba83f310296ea80455796007", "NOTIFY=SUCCESS,FAILURE,DELAY", "RET=HDRS"];
    check("reports", Some("bounces@lender.example"), &asked);
    check("plain", Some("bounces@lender.example"), &[]);
    check("reports", None, &[]);
}

#[test]
fn a_line_with_a_lone_dot_does_not_cut_the_text_off() {
    let mut peer = Peer::start(&["plain", "0"]);
    let body = "Dear customer,\n.\n..\n.your statement is overdue.\nThank you.\n";
    let messages = [message_saying("one", Channel::Email, "li@example.com", "Overdue", body)];
    check(
        &mut open(settings(peer.port())),
        &messages,
        expect![[r#"
        accepted as <msg_03308671cc50d5e7db540b7f9cbeead2@lender.example>
    "#]],
    );
    assert_eq!(peer.mail()["body"].as_str().map(str::trim_end), Some(body.trim_end()));
}

#[test]
fn each_refusal_is_told_apart_and_spares_the_other_mails() {
    let mut peer = Peer::start(&["plain", "0"]);
    let recipients = [
        "first@example.com",
        "gone@example.com",
        "later@example.com",
        "vanish@example.com",
        "spam@example.com",
        "stumble@example.com",
        "not an address",
        "张@example.com",
        "last@example.com",
    ];
    // One connection after the other, so that each has to recover from what the mail before did to it.
    let mut provider = open(SmtpConfig { connection_count: 1, ..settings(peer.port()) });
    check(
        &mut provider,
        &mails_to(&recipients),
        expect![[r#"
        accepted as <msg_47a4da191761580ab53a8486810ce431@lender.example>
        rejected, bad address, 550 5.1.1: the mail server said: 5.1.1 (address) no such user
        deferred, 451 4.7.1: the mail server said: 4.7.1 (address) is greylisted, try again in a while
        unknown, connection: no reply after the text had been sent: incomplete response
        rejected, 554 5.7.1: the mail server said: 5.7.1 refused by content
        deferred, connection: the mail server broke off before the text: incomplete response
        rejected, bad address, address: the recipient is not an e-mail address
        rejected, smtputf8: the mail server takes only addresses in ASCII
        accepted as <msg_ee90d3985fd254a7fd9ff250409965a2@lender.example>
    "#]],
    );
    assert_eq!(peer.mail()["to"], "first@example.com");
    assert_eq!(peer.mail()["to"], "last@example.com");
}

#[test]
fn many_mails_over_few_connections_all_arrive_once() {
    let mut peer = Peer::start(&["plain", "0"]);
    let recipients: Vec<String> = (0..50).map(|number| format!("customer{number:02}@example.com")).collect();
    let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
    let mut provider = open(settings(peer.port()));
    for half in mails_to(&recipients).chunks(25) {
        let answers = provider.hand_over(half, NOW);
        assert!(answers.iter().all(|answer| told(answer).starts_with("accepted")), "{answers:?}");
    }
    assert_eq!(peer.mails(50), recipients);
}

#[test]
fn a_server_that_keeps_breaking_off_is_given_up_for_the_batch() {
    let peer = Peer::start(&["plain", "0"]);
    let mut provider = open(SmtpConfig { connection_count: 1, ..settings(peer.port()) });
    let recipients = ["vanish@1.example", "vanish@2.example", "vanish@3.example", "first@example.com"];
    check(
        &mut provider,
        &mails_to(&recipients),
        expect![[r#"
        unknown, connection: no reply after the text had been sent: incomplete response
        unknown, connection: no reply after the text had been sent: incomplete response
        unknown, connection: no reply after the text had been sent: incomplete response
        unavailable, broken_off: the mail server broke off 3 mails of this batch
    "#]],
    );
}

#[test]
fn a_server_that_is_down_took_nothing_and_is_used_again_when_it_is_back() {
    let first = Peer::start(&["plain", "0"]);
    let port = first.port().to_string();
    let mut provider = open(settings(first.port()));
    let mut words = || {
        let answers = provider.hand_over(&mails_to(&["li@example.com", "wang@example.com"]), NOW);
        let first_words = |answer| told(answer).split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        answers.iter().map(first_words).collect::<Vec<_>>()
    };
    assert_eq!(words(), ["accepted as", "accepted as"]);
    drop(first);
    // Both kept connections belong to a server that is gone, and the one that is back knows nothing of them.
    let mut second = Peer::start(&["plain", &port]);
    assert_eq!(words(), ["accepted as", "accepted as"]);
    assert_eq!(second.mails(2), ["li@example.com", "wang@example.com"]);
    drop(second);
    assert_eq!(words(), ["unavailable, connection:", "unavailable, connection:"]);
    let mut third = Peer::start(&["plain", &port]);
    assert_eq!(words(), ["accepted as", "accepted as"]);
    assert_eq!(third.mails(2), ["li@example.com", "wang@example.com"]);
}

#[test]
fn a_sender_who_is_barred_makes_the_server_useless_and_blames_no_recipient() {
    let peer = Peer::start(&["plain", "0"]);
    let mut provider =
        open(SmtpConfig { sender: "barred@lender.example".to_owned(), ..settings(peer.port()) });
    check(
        &mut provider,
        &mails_to(&["li@example.com"]),
        expect![[r#"
        unavailable, 550 5.7.1: the mail server said: 5.7.1 (address) may not send here
    "#]],
    );
}

#[test]
fn a_subject_cannot_smuggle_in_headers_or_commands() {
    let mut peer = Peer::start(&["plain", "0"]);
    let subject = "账单\r\nBcc: all@lender.example\r\n.\r\nRCPT TO:<all@lender.example>";
    let messages = [message_saying("one", Channel::Email, "li@example.com", subject, BODY)];
    check(
        &mut open(settings(peer.port())),
        &messages,
        expect![[r#"
        accepted as <msg_03308671cc50d5e7db540b7f9cbeead2@lender.example>
    "#]],
    );
    expect!["账单  Bcc: all@lender.example  .  RCPT TO:<all@lender.example>"]
        .assert_eq(peer.mail()["subject"].as_str().unwrap_or(""));
}

/// A certificate for localhost that nobody vouches for, in one PEM file with its key, and alone in another.
pub fn certificate(folder: &TempDir) -> (String, PathBuf) {
    let (key, certificate) = (folder.path().join("key.pem"), folder.path().join("certificate.pem"));
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "3650",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl starts; ./test installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let both = [&key, &certificate].map(|path| std::fs::read_to_string(path).expect("openssl wrote it"));
    let pair = folder.path().join("pair.pem");
    std::fs::write(&pair, both.concat()).expect("a file");
    (pair.display().to_string(), certificate)
}

#[test]
fn with_tls_the_server_must_show_a_certificate_that_we_trust() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (pair, root) = certificate(&folder);
    for (word, security) in [("starttls", SmtpSecurity::StartTls), ("tls", SmtpSecurity::Tls)] {
        let mut peer = Peer::start(&[word, "0", &pair]);
        let trusting = SmtpConfig { security, extra_root: Some(root.clone()), ..settings(peer.port()) };
        let answers = open(trusting.clone()).hand_over(&mails_to(&["li@example.com"]), NOW);
        assert!(told(&answers[0]).starts_with("accepted"), "{word}: {answers:?}");
        assert_eq!(peer.mail()["tls"], true, "{word}");
        let wary = SmtpConfig { extra_root: None, ..trusting };
        let answers = open(wary).hand_over(&mails_to(&["li@example.com"]), NOW);
        assert!(told(&answers[0]).starts_with("unavailable"), "{word}: {answers:?}");
    }
}

#[test]
fn a_server_without_starttls_gets_no_mail_when_it_is_required() {
    let peer = Peer::start(&["plain", "0"]);
    let mut provider = open(SmtpConfig { security: SmtpSecurity::StartTls, ..settings(peer.port()) });
    check(
        &mut provider,
        &mails_to(&["li@example.com"]),
        expect![[r#"
        unavailable, connection: the mail server cannot be used: STARTTLS is not supported on this server
    "#]],
    );
}

#[test]
fn we_say_who_we_are_and_a_wrong_password_is_no_recipients_fault() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (pair, root) = certificate(&folder);
    let mut peer = Peer::start(&["starttls", "0", &pair]);
    let with_password = |password: &str| SmtpConfig {
        security: SmtpSecurity::StartTls,
        extra_root: Some(root.clone()),
        credentials: Some(Credentials { user: "dunlin".to_owned(), password: Personal::new(password) }),
        ..settings(peer.port())
    };
    check(
        &mut open(with_password("guess")),
        &mails_to(&["li@example.com"]),
        expect![[r#"
            unavailable, 535 5.7.8: the mail server said: 5.7.8 Authentication credentials invalid
        "#]],
    );
    let mut provider = open(with_password("open sesame"));
    check(
        &mut provider,
        &mails_to(&["li@example.com"]),
        expect![[r#"
            accepted as <msg_37d7f336ba83f310296ea80455796007@lender.example>
        "#]],
    );
    assert_eq!(peer.mail()["user"], "dunlin");
}

#[test]
fn settings_that_cannot_work_are_refused_with_what_would_be_right() {
    let check = |change: &dyn Fn(&mut SmtpConfig), expected: Expect| {
        let mut smtp = settings(25);
        change(&mut smtp);
        let refusal = try_open(smtp).map_or_else(|error| error.to_string(), |_| "accepted".to_owned());
        expected.assert_eq(&(refusal + "\n"));
    };
    check(
        &|_| {},
        expect![[r#"
        accepted
    "#]],
    );
    check(
        &|smtp| smtp.connection_count = 0,
        expect![[r#"
        provider relay, setting connection_count: must be 1 to 64
    "#]],
    );
    check(
        &|smtp| smtp.connection_count = 65,
        expect![[r#"
        provider relay, setting connection_count: must be 1 to 64
    "#]],
    );
    check(
        &|smtp| smtp.timeout_seconds = 601,
        expect![[r#"
        provider relay, setting timeout_seconds: must be 1 to 600
    "#]],
    );
    check(
        &|smtp| smtp.sender = "示例消金".to_owned(),
        expect![[r#"
        provider relay, setting sender: must be an address, or a name and an address in angle brackets
    "#]],
    );
    check(
        &|smtp| smtp.reply_to = Some("me".to_owned()),
        expect![[r#"
        provider relay, setting reply_to: must be an address, or a name and an address in angle brackets
    "#]],
    );
    check(
        &|smtp| smtp.unsubscribe = Some("<mailto:a@b>\r\nBcc: <c@d>".to_owned()),
        expect![[r#"
        provider relay, setting unsubscribe: must be in angle brackets: <mailto:stop@lender.example>
    "#]],
    );
    let password = Personal::new("secret");
    let credentials = Credentials { user: "dunlin".to_owned(), password };
    check(
        &|smtp| smtp.credentials = Some(credentials.clone()),
        expect![[r#"
        provider relay, setting user: the password would cross the network in clear; use starttls or tls
    "#]],
    );
    let with_root = |smtp: &mut SmtpConfig| {
        smtp.security = SmtpSecurity::Tls;
        smtp.extra_root = Some("/missing.pem".into());
    };
    check(
        &with_root,
        expect![[r#"
        cannot read /missing.pem: No such file or directory (os error 2); check its permissions and the disk
    "#]],
    );
}

#[test]
fn a_mail_server_serves_no_other_channel() {
    let kind = ProviderKind::Smtp(settings(25));
    let channels = vec![Channel::Email, Channel::Sms];
    let refusal = Provider::open(&ProviderConfig { name: "relay".to_owned(), channels, kind });
    let refusal = refusal.err().expect("it is refused").wording();
    expect!["provider relay, setting channels: a mail server cannot serve sms; leave only email"]
        .assert_eq(&refusal.en);
    expect!["服务商 relay，设置 channels：邮件服务器不能承接渠道 sms；请只保留 email"].assert_eq(&refusal.zh);
}

/// A key of its own kind in `folder`, and the public half as DNS would have it.
fn dkim_key(folder: &TempDir) -> (PathBuf, String) {
    let (key, public) = (folder.path().join("dkim.pem"), folder.path().join("dkim.pub"));
    for arguments in [
        vec!["genrsa", "-out", key.to_str().expect("text"), "2048"],
        vec!["rsa", "-in", key.to_str().expect("text"), "-pubout", "-out", public.to_str().expect("text")],
    ] {
        let output = Command::new("openssl").args(arguments).output();
        assert!(output.expect("openssl starts; ./test installs it").status.success());
    }
    let public = std::fs::read_to_string(public).expect("openssl wrote it");
    let base64: String = public.lines().filter(|line| !line.starts_with('-')).collect();
    (key, format!("v=DKIM1; k=rsa; p={base64}"))
}

#[test]
fn a_mail_is_signed_so_that_others_can_tell_that_it_is_ours_and_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (key_file, public) = dkim_key(&folder);
    let mut peer = Peer::start(&["plain", "0", &public]);
    let dkim = DkimConfig { domain: "lender.example".to_owned(), selector: "k1".to_owned(), key_file };
    let mut provider = open(SmtpConfig { dkim: Some(dkim.clone()), ..settings(peer.port()) });
    let long = "x".repeat(300);
    let messages = [
        message("one", Channel::Email, "li@example.com"),
        message_saying("two", Channel::Email, "li@example.com", "Overdue", ".\n\n..\n  two  blanks \n\n\n"),
        message_saying("three", Channel::Email, "li@example.com", &format!("账单 {long}"), "x"),
    ];
    for message in messages {
        provider.hand_over(&[message], NOW);
        let mail = peer.mail();
        assert_eq!(mail["dkim"], serde_json::json!([true, "k1._domainkey.lender.example."]), "{mail}");
    }
    let missing = DkimConfig { key_file: "/missing.pem".into(), ..dkim };
    let refusal = try_open(SmtpConfig { dkim: Some(missing), ..settings(25) });
    let refusal = refusal.err().expect("it is refused").wording();
    expect!["provider relay, setting dkim_key_file: /missing.pem cannot be read: No such file or directory (os error 2)"]
        .assert_eq(&refusal.en);
    expect!["服务商 relay，设置 dkim_key_file：无法读取 /missing.pem：原文“No such file or directory (os error 2)”"]
        .assert_eq(&refusal.zh);
}

#[test]
fn a_customer_can_unsubscribe_by_one_click_and_a_bounce_names_its_mail() {
    let mut peer = Peer::start(&["plain", "0"]);
    let unsubscribe = "<https://lender.example/stop/{id}>, <mailto:stop@lender.example>";
    let mut provider = open(SmtpConfig {
        unsubscribe: Some(unsubscribe.to_owned()),
        link_key: None,
        bounce_address: Some("bounces@lender.example".to_owned()),
        ..settings(peer.port())
    });
    provider.hand_over(&mails_to(&["li@example.com"]), NOW);
    let mail = peer.mail();
    let id = mails_to(&["li@example.com"])[0].id();
    let list = format!("<https://lender.example/stop/{id}>, <mailto:stop@lender.example>");
    assert_eq!(
        (&mail["unsubscribe"], &mail["one_click"]),
        (&list.into(), &"List-Unsubscribe=One-Click".into())
    );
    assert_eq!(mail["envelope_from"], format!("bounces+{id}@lender.example"));
}

#[test]
fn bounces_in_a_maildir_and_in_files_are_receipts_once_they_are_stored() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let id = mails_to(&["li@example.com"])[0].id();
    let report = format!(
        "To: bounces+{id}@lender.example\nContent-Type: multipart/report; boundary=b\n\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
    );
    for (place, put_away) in [
        ("maildir/new/1.x", "maildir/cur/1.x:2,S"),
        ("folder/1.eml", "folder/done/1.eml"),
        ("folder/2.mbox", "folder/done/2.mbox"),
    ] {
        let path = folder.path().join(place);
        let root = folder.path().join(place.split('/').next().expect("a folder"));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let envelope = if place.ends_with("mbox") { "From a Mon\n" } else { "" };
        std::fs::write(&path, format!("{envelope}{report}")).expect("a file");
        let mut provider = open(SmtpConfig { bounces: Some(root.clone()), ..settings(25) });
        for _ in 0..2 {
            let batch = provider.receipts(NOW).expect("the folder can be read");
            let told: Vec<String> = batch
                .receipts()
                .iter()
                .map(|it| {
                    format!("{} {:?} {}", crate::support::named(&it.about), it.state, it.address_is_bad)
                })
                .collect();
            assert_eq!(told, [format!("{id} Failed {{ code: \"5.1.1\" }} true")], "{place}");
        }
        let batch = provider.receipts(NOW).expect("the folder can be read");
        batch.acknowledge().expect("the file can be moved");
        assert!(!path.exists() && folder.path().join(put_away).exists(), "{place}");
        assert!(provider.receipts(NOW).expect("the folder can be read").is_empty());
    }
}

#[test]
fn a_message_whose_permit_ends_before_its_turn_is_not_begun() {
    let mut peer = Peer::start(&["plain", "0"]);
    let mut provider = open(settings(peer.port()));
    let late = mails_to(&["li@example.com"]);
    let last_moment = Timestamp::from_micros(NOW.plus_seconds(3_600).micros() - 1);
    assert_eq!(told(&provider.hand_over(&late, last_moment)[0]), "expired");
    provider.hand_over(&mails_to(&["wang@example.com"]), NOW);
    assert_eq!(peer.mail()["to"], "wang@example.com", "nothing went before it");
}

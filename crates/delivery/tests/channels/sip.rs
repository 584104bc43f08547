//! Automated calls, placed through SIPp, which plays the trunk and the phone behind it. Speech and keys go between our
//! sockets and one of the test, whose address SIPp names in its answer.

use std::path::Path;

use dunlin_delivery::{
    Credentials, DeliveryError, Provider, ProviderConfig, ProviderKind, SipConfig, SipSpeech, SipTransport,
    SipVoicemail,
};
use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::message::ClearedMessage;
use expect_test::{Expect, expect};

use crate::support::peer::Peer;
use crate::support::trunk::{
    Phone, Trunk, answer, ask, challenge, free_port, press, receive, receive_invite, recording, send,
    settings,
};
use crate::support::{NOW, message, message_of, message_saying, named, told};

fn try_open(sip: SipConfig) -> Result<Provider, DeliveryError> {
    let kind = ProviderKind::Sip(sip);
    Provider::open(&ProviderConfig { name: "trunk".to_owned(), channels: vec![Channel::Voice], kind })
}

fn call(name: &str) -> ClearedMessage {
    message(name, Channel::Voice, "138-0000-1234")
}

/// What the calls come to: answers, receipts and keys.
fn check(sip: SipConfig, names: &[&str], expected: Expect) {
    let messages: Vec<ClearedMessage> = names.iter().map(|name| call(name)).collect();
    check_messages(sip, (names, &messages), expected);
}

fn check_messages(sip: SipConfig, (names, messages): (&[&str], &[ClearedMessage]), expected: Expect) {
    let mut provider = try_open(sip).expect("the settings are good");
    let answers = provider.hand_over(messages, NOW);
    let end = provider.told_at_once();
    let receipts = end.receipts.iter().map(|it| {
        let bad = if it.address_is_bad { ", bad number" } else { "" };
        let known = names.iter().find(|name| named(&it.about) == call(name).id().to_string());
        format!("{} {:?}{bad}\n", known.expect("one of them"), it.state)
    });
    let keys = end.keys.iter().map(|(_, key)| format!("key {key}\n"));
    let answers = answers.iter().map(|answer| match told(answer) {
        text if text.starts_with("accepted") => "accepted\n".to_owned(),
        text => text + "\n",
    });
    expected.assert_eq(&answers.chain(receipts).chain(keys).collect::<String>());
}

#[test]
fn the_message_is_spoken_and_a_key_says_that_it_was_heard() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let phone = Phone::start(30, |count, socket, to| {
        if count == 30 {
            press(1, socket, to);
        }
    });
    let steps = [
        receive("INVITE"),
        send("100 Trying"),
        send("180 Ringing"),
        answer(phone.port),
        receive("BYE"),
        send("200 OK"),
    ];
    let trunk = Trunk::start(SipTransport::Udp, 1, &steps);
    check(
        settings(trunk.port, SipTransport::Udp, folder.path()),
        &["a"],
        expect![[r#"
            accepted
            a Delivered
            key 1
        "#]],
    );
    let speech = phone.heard();
    assert_eq!(speech.len(), 30 * 160);
    assert!(speech.iter().all(|byte| *byte == 0xFA), "it is the recording, in A-law: {:?}", &speech[..4]);
    assert!(
        trunk.messages().contains("INVITE sip:13800001234@trunk.example SIP/2.0"),
        "{}",
        trunk.messages()
    );
}

#[test]
fn a_key_by_info_says_that_somebody_else_is_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let phone = Phone::start(1, |_, _, _| {});
    let steps = [
        receive_invite(),
        send("180 Ringing"),
        answer(phone.port),
        ask("INFO", "Signal=2\nDuration=160\n"),
        receive("BYE"),
        send("200 OK"),
    ];
    let trunk = Trunk::start(SipTransport::Udp, 1, &steps);
    check(
        settings(trunk.port, SipTransport::Udp, folder.path()),
        &["a"],
        expect![[r#"
            accepted
            a Failed { code: "wrong_person" }
            key 2
        "#]],
    );
}

#[test]
fn within_tls_the_trunk_must_show_a_certificate_that_we_trust_and_that_is_made_out_to_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (pair, root) = crate::smtp::certificate(&folder);
    let phone = Phone::start(30, |count, socket, to| {
        if count == 30 {
            press(1, socket, to);
        }
    });
    let steps = [receive("INVITE"), send("180 Ringing"), answer(phone.port), receive("BYE"), send("200 OK")];
    let trunk = Trunk::start(SipTransport::Tls, 1, &steps);
    let python = std::env::var("DUNLIN_TEST_PYTHON").expect("DUNLIN_TEST_PYTHON is not set; run ./test");
    let ending = Peer::start(&python, "peers/tls_ending.py", &[&pair, &trunk.port.to_string()]);
    let trusting = SipConfig {
        host: "localhost".to_owned(),
        extra_root: Some(root),
        ..settings(ending.port, SipTransport::Tls, folder.path())
    };
    for wary in [
        SipConfig { extra_root: None, ..trusting.clone() },
        SipConfig { host: "127.0.0.1".to_owned(), ..trusting.clone() },
    ] {
        let told = told(&try_open(wary).expect("the settings are good").hand_over(&[call("a")], NOW)[0]);
        assert!(told.starts_with("unavailable") && told.contains("tls"), "{told}");
    }
    check(
        trusting,
        &["a"],
        expect![[r#"
            accepted
            a Delivered
            key 1
        "#]],
    );
    assert_eq!(phone.heard().len(), 30 * 160);
    let messages = trunk.messages();
    assert!(messages.contains("Via: SIP/2.0/TLS ") && messages.contains(";transport=tls"), "{messages}");
}

#[test]
fn a_template_has_its_own_recording_and_the_others_have_the_providers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let recordings = folder.path().join("recordings");
    std::fs::create_dir(&recordings).expect("a folder");
    recording(&recordings, "day1_notice.zh.wav", 2, 4_000);
    let heard = |template: &str| {
        let phone = Phone::start(5, |_, _, _| {});
        let steps = [receive("INVITE"), answer(phone.port), receive("BYE"), send("200 OK")];
        let trunk = Trunk::start(SipTransport::Udp, 1, &steps);
        let sip = SipConfig {
            recordings: Some(recordings.clone()),
            ..settings(trunk.port, SipTransport::Udp, folder.path())
        };
        let message = message_of(template, "a", Channel::Voice, "138-0000-1234");
        try_open(sip).expect("the settings are good").hand_over(&[message], NOW);
        phone.heard()[0]
    };
    assert_eq!(heard("overdue_reminder"), 0xFA);
    assert_ne!(heard("day1_notice"), 0xFA);
    recording(&recordings, "day1_notice.wav", 1, 1);
    let sip =
        SipConfig { recordings: Some(recordings), ..settings(free_port(), SipTransport::Udp, folder.path()) };
    let refused = try_open(sip).map(|_| ()).expect_err("it says neither for which language");
    expect![[r#"provider trunk, setting recordings: day1_notice.wav is not named as a recording; name it TEMPLATE.zh.wav or TEMPLATE.en.wav"#]]
        .assert_eq(&refused.to_string());
}

/// A message whose text asks who is there before it tells anything, spoken by a program.
fn asking(folder: &Path, port: u16) -> (SipConfig, ClearedMessage) {
    let file = recording(folder, "spoken.wav", 2, 1_000).to_string_lossy().into_owned();
    let speech = SipSpeech { command: vec!["cat".to_owned(), file], ..SipSpeech::default() };
    let sip = settings(port, SipTransport::Udp, folder);
    let body = "请问是王先生本人吗？（确认后继续）您尾号1234的账户已逾期3天。";
    let asked = message_saying("a", Channel::Voice, "138-0000-1234", "", body);
    (SipConfig { zh: speech.clone(), en: speech, ..sip }, asked)
}

#[test]
fn the_debt_is_told_only_after_the_person_said_who_they_are() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let phone = Phone::start(60, |count, socket, to| match count {
        20 => press(1, socket, to),
        60 => press(3, socket, to),
        _ => {}
    });
    let steps = [receive("INVITE"), answer(phone.port), receive("BYE"), send("200 OK")];
    let trunk = Trunk::start(SipTransport::Udp, 1, &steps);
    let (sip, asked) = asking(folder.path(), trunk.port);
    check_messages(
        sip,
        (&["a"], &[asked]),
        expect![[r#"
            accepted
            a Delivered
            key 3
        "#]],
    );
    let phone = Phone::start(1, |_, _, _| {});
    let steps = [receive("INVITE"), answer(phone.port), receive("BYE"), send("200 OK")];
    let trunk = Trunk::start(SipTransport::Udp, 1, &steps);
    let (sip, asked) = asking(folder.path(), trunk.port);
    check_messages(
        sip,
        (&["a"], &[asked]),
        expect![[r#"
            accepted
            a Failed { code: "dropped" }
        "#]],
    );
}

#[test]
fn who_hangs_up_early_has_not_heard_it_and_who_stays_has() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let phone = Phone::start(1, |_, _, _| {});
    let steps = [receive_invite(), answer(phone.port), ask("BYE", "")];
    let trunk = Trunk::start(SipTransport::Udp, 1, &steps);
    check(
        settings(trunk.port, SipTransport::Udp, folder.path()),
        &["a"],
        expect![[r#"
            accepted
            a Failed { code: "dropped" }
        "#]],
    );
    let phone = Phone::start(1, |_, _, _| {});
    let trunk = Trunk::start(
        SipTransport::Tcp,
        1,
        &[receive("INVITE"), send("180 Ringing"), answer(phone.port), receive("BYE"), send("200 OK")],
    );
    check(
        settings(trunk.port, SipTransport::Tcp, folder.path()),
        &["a"],
        expect![[r#"
            accepted
            a Delivered
        "#]],
    );
}

#[test]
fn each_refusal_of_the_trunk_is_told_apart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let told = |line: &str, transport: SipTransport, expected: Expect| {
        let trunk =
            Trunk::start(transport, 1, &[receive("INVITE"), send("100 Trying"), send(line), receive("ACK")]);
        check(settings(trunk.port, transport, folder.path()), &["a"], expected);
    };
    told(
        "486 Busy Here",
        SipTransport::Udp,
        expect![[r#"
        accepted
        a Failed { code: "busy" }
    "#]],
    );
    told(
        "480 Temporarily Unavailable",
        SipTransport::Tcp,
        expect![[r#"
        accepted
        a Failed { code: "unanswered" }
    "#]],
    );
    told(
        "404 Not Found",
        SipTransport::Udp,
        expect![[r#"
        accepted
        a Failed { code: "not_in_service" }, bad number
    "#]],
    );
    told(
        "410 Gone",
        SipTransport::Udp,
        expect![[r#"
        accepted
        a Failed { code: "not_in_service" }, bad number
    "#]],
    );
    told(
        "484 Address Incomplete",
        SipTransport::Udp,
        expect![[r#"
        accepted
        a Failed { code: "not_in_service" }, bad number
    "#]],
    );
    told(
        "603 Decline",
        SipTransport::Udp,
        expect![[r#"
        accepted
        a Failed { code: "declined" }
    "#]],
    );
    told(
        "503 Service Unavailable",
        SipTransport::Udp,
        expect![[r#"
        unavailable, 503: 503 Service Unavailable
    "#]],
    );
}

#[test]
fn a_phone_that_nobody_takes_stops_ringing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cancelled = "<recv request=\"CANCEL\"></recv>\n".to_owned();
    // Both answers name their own request: the one to CANCEL, and the last one to INVITE.
    let end = "<send><![CDATA[\n\nSIP/2.0 487 Request Terminated\n[last_Via:]\n[last_From:]\n[last_To:];tag=[call_number]\n\
        [last_Call-ID:]\nCSeq: 1 INVITE\nContent-Length: 0\n\n]]></send>\n"
        .to_owned();
    let steps = [receive("INVITE"), send("180 Ringing"), cancelled, send("200 OK"), end, receive("ACK")];
    let trunk = Trunk::start(SipTransport::Udp, 1, &steps);
    check(
        settings(trunk.port, SipTransport::Udp, folder.path()),
        &["a"],
        expect![[r#"
            accepted
            a Failed { code: "unanswered" }
        "#]],
    );
}

#[test]
fn the_trunk_is_told_who_we_are_and_believes_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let checked = "<recv request=\"INVITE\"><action>\
        <verifyauth assign_to=\"good\" username=\"dunlin\" password=\"open\"/></action></recv>\n\
        <nop hide=\"true\" test=\"good\" next=\"known\"/>\n"
        .to_owned();
    let known = "<label id=\"known\"/>\n".to_owned();
    let steps = [
        receive("INVITE"),
        challenge(),
        receive("ACK"),
        checked,
        send("403 Forbidden"),
        receive("ACK"),
        known,
        send("486 Busy Here"),
        receive("ACK"),
    ];
    let trunk = Trunk::start(SipTransport::Udp, 1, &steps);
    let credentials =
        |password: &str| Some(Credentials { user: "dunlin".to_owned(), password: Personal::new(password) });
    let sip = settings(trunk.port, SipTransport::Udp, folder.path());
    check(
        SipConfig { credentials: credentials("open"), ..sip },
        &["a"],
        expect![[r#"
            accepted
            a Failed { code: "busy" }
        "#]],
    );
    let trunk = Trunk::start(SipTransport::Udp, 1, &steps);
    let sip = settings(trunk.port, SipTransport::Udp, folder.path());
    check(
        SipConfig { credentials: credentials("shut"), ..sip },
        &["a"],
        expect![[r#"
            unavailable, 403: 403 Forbidden
        "#]],
    );
}

#[test]
fn a_trunk_that_falls_silent_leaves_the_call_unknown_and_one_that_is_not_there_does_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trunk = Trunk::start(SipTransport::Udp, 1, &[receive("INVITE"), send("100 Trying")]);
    let sip = settings(trunk.port, SipTransport::Udp, folder.path());
    let mut provider = try_open(sip).expect("the settings are good");
    let answers = provider.hand_over(&[call("a")], NOW);
    assert!(told(&answers[0]).starts_with("unknown, answer_lost"), "{}", told(&answers[0]));
    assert!(provider.told_at_once().receipts.is_empty());
    let nobody = settings(free_port(), SipTransport::Udp, folder.path());
    let mut provider = try_open(nobody).expect("the settings are good");
    let answers = provider.hand_over(&[call("a"), call("b")], NOW);
    assert!(
        answers.iter().all(|answer| told(answer).starts_with("unavailable, no_connection")),
        "{answers:?}"
    );
}

#[test]
fn a_machine_that_talks_on_is_told_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // It greets at length: loud speech for every packet of silence that it hears.
    let phone = Phone::start(50, |count, socket, to| {
        let mut packet = vec![0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
        packet[3] = count as u8;
        packet.extend([0xAA; 160]);
        socket.send_to(&packet, to).expect("it is sent");
    });
    let steps = [receive("INVITE"), answer(phone.port), receive("BYE"), send("200 OK")];
    let trunk = Trunk::start(SipTransport::Udp, 1, &steps);
    let sip = settings(trunk.port, SipTransport::Udp, folder.path());
    check(
        SipConfig { voicemail: SipVoicemail::HangUp, ..sip },
        &["a"],
        expect![[r#"
            accepted
            a Failed { code: "recorded_message_no_message_left" }
        "#]],
    );
    assert!(phone.heard().iter().all(|byte| *byte == 0xD5), "nothing but silence was said");
}

#[test]
fn settings_that_cannot_work_are_refused_with_their_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let check = |change: &dyn Fn(&mut SipConfig), expected: Expect| {
        let mut sip = settings(5060, SipTransport::Udp, folder.path());
        change(&mut sip);
        let error = try_open(sip).err().expect("it is refused").to_string();
        expected.assert_eq(&error.replace(&folder.path().display().to_string(), "FOLDER"));
    };
    check(&|sip| sip.lines = 0, expect!["provider trunk, setting lines: must be 1 to 100"]);
    check(
        &|sip| sip.caller = "4000>".to_owned(),
        expect!["provider trunk, setting caller: must be letters, digits and .-_+ only"],
    );
    check(
        &|sip| sip.zh.recording = Some(folder.path().join("none.wav")),
        expect![
            "provider trunk, setting recording_zh: cannot read FOLDER/none.wav: No such file or directory (os error 2)"
        ],
    );
    check(
        &|sip| sip.en.recording = None,
        expect![
            "provider trunk, setting recording_en: messages in en need a recording or a command that speaks"
        ],
    );
    check(
        &|sip| sip.voicemail = SipVoicemail::Message,
        expect![r#"provider trunk, setting voicemail_zh: voicemail = "message" needs it"#],
    );
}

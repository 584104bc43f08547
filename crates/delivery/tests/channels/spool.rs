//! The spool, in real folders: what lies there after a handover, and what becomes of receipts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{NOW, message, named, told};
use dunlin_delivery::{
    Provider, ProviderConfig, ProviderKind, ReceiptRow, ReceiptState, SpoolConfig, write_receipts,
};
use dunlin_domain::contact::Channel;
use dunlin_domain::id::MessageId;
use dunlin_domain::message::ClearedMessage;
use expect_test::{Expect, expect};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn open(folder: &Path) -> Provider {
    let spool = SpoolConfig { folder: folder.to_owned(), durable: true };
    Provider::open(&ProviderConfig {
        name: "gateway".to_owned(),
        channels: vec![Channel::Sms, Channel::Email],
        kind: ProviderKind::Spool(spool),
    })
    .expect("the folder can be created")
}

fn hand_over(folder: &Path, messages: &[ClearedMessage]) -> String {
    let answers = open(folder).hand_over(messages, NOW);
    answers.iter().map(|answer| told(answer) + "\n").collect()
}

/// All files in `folder` with their sizes hidden, hidden files included.
fn files(folder: &Path) -> String {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                open.push(entry);
            } else {
                found.push(entry.strip_prefix(folder).expect("below it").display().to_string() + "\n");
            }
        }
    }
    found.sort();
    found.concat()
}

fn put(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("not the root")).expect("a folder");
    fs::write(path, text).expect("a file");
}

#[test]
fn a_message_becomes_a_readable_file_that_only_we_can_open() {
    let folder = folder();
    let answers = hand_over(folder.path(), &[message("one", Channel::Sms, "13800001234")]);
    expect![[r#"
        accepted as sms/03/msg_03308671cc50d5e7db540b7f9cbeead2.json
    "#]]
    .assert_eq(&answers);
    let path = folder.path().join(answers.trim().trim_start_matches("accepted as "));
    expect![[r#"
        {
          "id": "msg_03308671cc50d5e7db540b7f9cbeead2",
          "attempt": "att_3723a4dc9218e5a040be43ec546f791f",
          "channel": "sms",
          "recipient": "13800001234",
          "subject": "您的账单已逾期 3 天",
          "body": "【示例消金】尊敬的客户，您本期账单还有 ¥1,234.56 未还，已逾期 3 天。\n.请于 11 月 25 日前还款；如有困难，请致电 400-000-0000 与我们协商。\n",
          "language": "zh",
          "handed_over_at": "2026-11-24T01:30:00Z",
          "expires_at": "2026-11-24T02:30:00Z"
        }
    "#]].assert_eq(&fs::read_to_string(&path).expect("the file"));
    assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_message_handed_over_again_after_a_crash_is_not_a_second_message() {
    let folder = folder();
    let batch =
        [message("one", Channel::Sms, "13800001234"), message("two", Channel::Email, "li@example.com")];
    let before = hand_over(folder.path(), &batch[..1]);
    let lying_there = files(folder.path());
    assert_eq!(hand_over(folder.path(), &batch[..1]), before);
    assert_eq!(files(folder.path()), lying_there);
    let all = hand_over(folder.path(), &batch);
    assert!(all.starts_with(&before), "{all}");
    assert_eq!(files(folder.path()).lines().count(), 2, "{}", files(folder.path()));
}

#[test]
fn a_file_left_half_written_by_a_crash_is_written_anew() {
    let folder = folder();
    let one = message("one", Channel::Sms, "13800001234");
    let place = folder.path().join(format!("sms/{:02x}", one.id().0[0]));
    put(&place.join(format!(".{}.{}.writing", one.id(), one.attempt())), "{ \"id\": \"msg_");
    put(&place.join(format!("{}.json", one.id())), "");
    hand_over(folder.path(), std::slice::from_ref(&one));
    let text = fs::read_to_string(place.join(format!("{}.json", one.id()))).expect("the file");
    assert!(text.ends_with("}\n") && text.contains(&one.id().to_string()), "{text}");
    assert_eq!(files(folder.path()).lines().count(), 1, "{}", files(folder.path()));
}

#[test]
fn a_closed_channel_takes_nothing_while_the_others_go_on() {
    let folder = folder();
    let batch =
        [message("one", Channel::Sms, "13800001234"), message("two", Channel::Email, "li@example.com")];
    put(&folder.path().join("closed-sms"), "");
    expect![[r#"
        unavailable, closed: the spool is closed for sms; remove the file closed-sms to open it
        accepted as email/0c/msg_0c766337f030efb36dd10a6b25a9c223.json
    "#]]
    .assert_eq(&hand_over(folder.path(), &batch));
    put(&folder.path().join("closed"), "");
    expect![[r#"
        unavailable, closed: the spool is closed for sms; remove the file closed to open it
        unavailable, closed: the spool is closed for email; remove the file closed to open it
    "#]]
    .assert_eq(&hand_over(folder.path(), &batch));
    fs::remove_file(folder.path().join("closed")).expect("it was there");
    fs::remove_file(folder.path().join("closed-sms")).expect("it was there");
    expect![[r#"
        accepted as sms/03/msg_03308671cc50d5e7db540b7f9cbeead2.json
        accepted as email/0c/msg_0c766337f030efb36dd10a6b25a9c223.json
    "#]]
    .assert_eq(&hand_over(folder.path(), &batch));
}

#[test]
fn an_expired_message_and_one_of_a_foreign_channel_stay_here() {
    let folder = folder();
    let batch = [
        message("one", Channel::Sms, "13800001234"),
        message("two", Channel::Push, "token"),
        message("three", Channel::Sms, "13800001234"),
    ];
    let check = |seconds: i64, expected: Expect| {
        let answers = open(folder.path()).hand_over(&batch, NOW.plus_seconds(seconds));
        expected.assert_eq(&answers.iter().map(|answer| told(answer) + "\n").collect::<String>());
    };
    check(
        3600,
        expect![[r#"
        expired
        expired
        expired
    "#]],
    );
    assert_eq!(files(folder.path()), "");
    check(
        3599,
        expect![[r#"
        accepted as sms/03/msg_03308671cc50d5e7db540b7f9cbeead2.json
        unavailable, channel_not_served: provider gateway does not serve push; add it to its channels
        accepted as sms/c4/msg_c4a2f14bc3eb89c74e59383874d0e889.json
    "#]],
    );
}

#[test]
fn a_spool_that_cannot_be_written_takes_nothing() {
    let folder = folder();
    // A file where the channel's folder belongs stops even an administrator.
    put(&folder.path().join("sms"), "");
    expect![[r#"
        unavailable, disk: the spool folder cannot be written: Not a directory (os error 20); check its permissions and the disk
    "#]].assert_eq(&hand_over(folder.path(), &[message("one", Channel::Sms, "13800001234")]));
}

fn receipts(folder: &Path) -> String {
    let batch = open(folder).receipts(NOW).expect("the folder can be read");
    let read = batch
        .receipts()
        .iter()
        .map(|receipt| format!("{} {:?} at {}\n", named(&receipt.about), receipt.state, receipt.at));
    let rejected = batch
        .rejected()
        .iter()
        .map(|row| format!("rejected: {}, line {}: {}\n", row.file, row.line, row.reason));
    let unfinished = batch.unfinished_files().iter().map(|file| format!("unfinished: {file}\n"));
    read.chain(rejected).chain(unfinished).collect()
}

fn acknowledge(folder: &Path) {
    let batch = open(folder).receipts(NOW).expect("the folder can be read");
    batch.acknowledge().expect("the files can be moved");
}

fn row(name: &str, state: ReceiptState) -> ReceiptRow {
    ReceiptRow { message: MessageId::of_external(name), state, at: NOW }
}

#[test]
fn receipts_are_read_again_until_they_are_acknowledged() {
    let folder = folder();
    let rows = [
        row("one", ReceiptState::Delivered),
        row("two", ReceiptState::Failed { code: "UNDELIV:004".to_owned() }),
        row("three", ReceiptState::Read),
    ];
    write_receipts(folder.path(), "1", &rows).expect("the folder can be written");
    let first = receipts(folder.path());
    expect![[r#"
        msg_03308671cc50d5e7db540b7f9cbeead2 Delivered at 2026-11-24T01:30:00Z
        msg_0c766337f030efb36dd10a6b25a9c223 Failed { code: "UNDELIV:004" } at 2026-11-24T01:30:00Z
        msg_c4a2f14bc3eb89c74e59383874d0e889 Read at 2026-11-24T01:30:00Z
    "#]]
    .assert_eq(&first);
    assert_eq!(receipts(folder.path()), first);
    acknowledge(folder.path());
    assert_eq!(receipts(folder.path()), "");
    expect![[r#"
        receipts/done/1.csv
    "#]]
    .assert_eq(&files(folder.path()));
}

#[test]
fn the_same_receipt_twice_has_one_key_and_another_receipt_another() {
    let folder = folder();
    let delivered = row("one", ReceiptState::Delivered);
    let later = ReceiptRow { at: NOW.plus_seconds(1), ..delivered.clone() };
    write_receipts(folder.path(), "1", &[delivered.clone(), row("one", ReceiptState::Read), later])
        .expect("the folder can be written");
    write_receipts(folder.path(), "2", &[delivered]).expect("the folder can be written");
    let batch = open(folder.path()).receipts(NOW).expect("the folder can be read");
    let keys: Vec<_> = batch.receipts().iter().map(|receipt| receipt.key).collect();
    assert_eq!(keys[0], keys[3]);
    let mut distinct = keys.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 3, "{keys:?}");
}

#[test]
fn a_row_that_makes_no_sense_is_set_aside_with_its_reason() {
    let folder = folder();
    let id = MessageId::of_external("one");
    let text = format!(
        "\u{feff}at,code,message_id,state,price\r\n\
         2026-11-24T09:30:00+08:00,,{id},delivered,3\r\n\
         2026-11-24T09:30:00Z,,msg_1,delivered,3\r\n\
         2026-02-30T09:30:00Z,,{id},delivered,3\r\n\
         2026-11-24T09:30:00Z,,{id},gone,3\r\n\
         2026-11-24T09:30:00Z\r\n\
         2026-11-24T09:30:00Z,number is off,{id},failed,3\r\n\
         2026-11-24T09:30:00Z,,{id},failed,3\r\n"
    );
    put(&folder.path().join("receipts/1.csv"), text);
    put(&folder.path().join("receipts/2.csv"), "message_id,at\nmsg_1,2026-11-24T09:30:00Z\n");
    expect![[r#"
        msg_03308671cc50d5e7db540b7f9cbeead2 Delivered at 2026-11-24T01:30:00Z
        msg_03308671cc50d5e7db540b7f9cbeead2 Failed { code: "number_is_off" } at 2026-11-24T09:30:00Z
        msg_03308671cc50d5e7db540b7f9cbeead2 Failed { code: "unspecified" } at 2026-11-24T09:30:00Z
        rejected: 1.csv, line 3: message_id is not msg_ and 32 hexadecimal digits
        rejected: 1.csv, line 4: at is not a moment like 2026-11-24T09:30:00Z
        rejected: 1.csv, line 5: state is not delivered, failed, read, posted or returned
        rejected: 1.csv, line 6: message_id is not msg_ and 32 hexadecimal digits
        rejected: 2.csv, line 1: column state is missing, so no row of the file was read
    "#]]
    .assert_eq(&receipts(folder.path()));
    acknowledge(folder.path());
    expect![[r#"
        receipts/done/1.csv
        receipts/done/2.csv
        receipts/rejects/1.csv
        receipts/rejects/2.csv
    "#]]
    .assert_eq(&files(folder.path()));
    let rejects = fs::read_to_string(folder.path().join("receipts/rejects/1.csv")).expect("the rejects");
    expect![[r#"
        message_id,state,at,code,line,reason
        msg_1,delivered,2026-11-24T09:30:00Z,,3,message_id is not msg_ and 32 hexadecimal digits
        msg_03308671cc50d5e7db540b7f9cbeead2,delivered,2026-02-30T09:30:00Z,,4,at is not a moment like 2026-11-24T09:30:00Z
        msg_03308671cc50d5e7db540b7f9cbeead2,gone,2026-11-24T09:30:00Z,,5,"state is not delivered, failed, read, posted or returned"
        ,,2026-11-24T09:30:00Z,,6,message_id is not msg_ and 32 hexadecimal digits
    "#]].assert_eq(&rejects);
    put(&folder.path().join("receipts/again.csv"), rejects.replace("gone", "delivered"));
    expect![[r#"
        msg_03308671cc50d5e7db540b7f9cbeead2 Delivered at 2026-11-24T09:30:00Z
        rejected: again.csv, line 2: message_id is not msg_ and 32 hexadecimal digits
        rejected: again.csv, line 3: at is not a moment like 2026-11-24T09:30:00Z
        rejected: again.csv, line 5: message_id is not msg_ and 32 hexadecimal digits
    "#]]
    .assert_eq(&receipts(folder.path()));
}

#[test]
fn a_file_that_is_still_being_written_is_left_alone() {
    let folder = folder();
    let id = MessageId::of_external("one");
    let path = folder.path().join("receipts/1.csv");
    put(&path, format!("message_id,state,at,code\n{id},delivered,2026-11-24T09:3"));
    put(&folder.path().join("receipts/.2.csv"), "half\n");
    put(&folder.path().join("receipts/notes.txt"), "for people\n");
    expect![[r#"
        unfinished: 1.csv
    "#]]
    .assert_eq(&receipts(folder.path()));
    put(&path, format!("message_id,state,at,code\n{id},delivered,2026-11-24T09:30:00Z,\n"));
    let batch = open(folder.path()).receipts(NOW).expect("the folder can be read");
    put(
        &path,
        format!(
            "message_id,state,at,code\n{id},delivered,2026-11-24T09:30:00Z,\n{id},read,2026-11-24T09:31:00Z,\n"
        ),
    );
    batch.acknowledge().expect("nothing to move");
    expect![[r#"
        msg_03308671cc50d5e7db540b7f9cbeead2 Delivered at 2026-11-24T09:30:00Z
        msg_03308671cc50d5e7db540b7f9cbeead2 Read at 2026-11-24T09:31:00Z
    "#]]
    .assert_eq(&receipts(folder.path()));
}

#[test]
fn a_name_that_a_gateway_uses_again_does_not_overwrite_what_was_put_away() {
    let folder = folder();
    for name in ["one", "two", "three"] {
        write_receipts(folder.path(), "today", &[row(name, ReceiptState::Delivered)])
            .expect("the folder can be written");
        let error = write_receipts(folder.path(), "today", &[]).expect_err("it was not read yet");
        let text = error.to_string().replace(&folder.path().display().to_string(), "spool");
        expect!["cannot create spool/receipts/today.csv: entity already exists; check its permissions and the disk"]
            .assert_eq(&text);
        acknowledge(folder.path());
    }
    expect![[r#"
        receipts/done/today.2.csv
        receipts/done/today.3.csv
        receipts/done/today.csv
    "#]]
    .assert_eq(&files(folder.path()));
}

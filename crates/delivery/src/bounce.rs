//! Bounces: delivery reports that mail servers send back, as receipts.
//!
//! Promises that only a delivery status notification (RFC 3464) about one of our mails becomes a receipt; automatic
//! answers, spam and whatever else comes to the address are set aside with the reason. What a report is about is told
//! by the address that it comes to, which names the message (`bounces+msg_…@`), or else by the Message-ID of the mail
//! that it returns. A report is put away only after it was acknowledged. Until then its file is locked, so that several
//! workers share a folder's reports and do not each read all.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use dunlin_domain::date::Timestamp;
use dunlin_domain::id::MessageId;

use crate::error::DeliveryError;
use crate::http::sign::from_base64;
use crate::receipt::{About, Acknowledge, Receipt, ReceiptBatch, ReceiptState, RejectedRow, receipt_key};
use crate::spool::create_folder;

/// A batch has so many files at most: each stays open until the batch is acknowledged.
const BATCH_COUNT: usize = 500;
/// After so many bytes no further file is read for a batch, so that memory stays bounded and other workers get a share.
const BATCH_BYTES: usize = 1 << 20;
/// Longer mails are no delivery reports, or return far more than they need to.
const MAIL_BYTES_MAX: u64 = 4 << 20;

/// What a report says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Report {
    message: MessageId,
    state: ReceiptState,
    address_is_bad: bool,
}

/// Reads the reports in `folder`: a maildir, whose new mails become seen ones, or a folder of `.eml` and `.mbox` files,
/// which move to `done/`. Those that another worker has in hand are passed over.
///
/// # Errors
/// A folder or file that cannot be read.
pub(crate) fn read_bounces(
    provider: &str,
    folder: &Path,
    now: Timestamp,
) -> Result<ReceiptBatch, DeliveryError> {
    let maildir = folder.join("new");
    let is_maildir = maildir.is_dir();
    let from = if is_maildir { maildir } else { folder.to_owned() };
    let (mut receipts, mut rejected, mut files) = (Vec::new(), Vec::new(), Vec::new());
    let (mut byte_count, mut is_cut_off) = (0, false);
    for name in mail_files(&from, is_maildir)? {
        if files.len() == BATCH_COUNT || byte_count >= BATCH_BYTES {
            is_cut_off = true;
            break;
        }
        let path = from.join(&name);
        let Some((file, bytes)) = read_alone(&path).map_err(DeliveryError::file("read", &path))? else {
            continue;
        };
        byte_count += bytes.len();
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        for mail in mails_of(&name, &text) {
            match report_of(mail) {
                Ok(Report { message, state, address_is_bad }) => {
                    let key = receipt_key(provider, &message.0, &state, None);
                    receipts.push(Receipt {
                        about: About::Message(message),
                        state,
                        at: now,
                        key,
                        address_is_bad,
                    });
                }
                Err(reason) => rejected.push(RejectedRow::of(&name, reason)),
            }
        }
        files.push((path, file));
    }
    if files.is_empty() {
        return Ok(ReceiptBatch::empty());
    }
    let put_away = PutAway { folder: folder.to_owned(), is_maildir, files };
    Ok(ReceiptBatch::taken(receipts, rejected, Box::new(put_away)).cut_off(is_cut_off))
}

/// Reads a file that nobody else reads, and the file, which is ours until it is closed. `None`: another worker has it in
/// hand, or has put it away since we looked.
fn read_alone(path: &Path) -> std::io::Result<Option<(File, Vec<u8>)>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(None),
        Ok(()) if !path.try_exists()? => return Ok(None),
        // Where the file system knows no locks, two workers may read the same: repeats change nothing.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    let mut bytes = Vec::new();
    (&file).take(MAIL_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(Some((file, bytes)))
}

/// The mails that wait, in order of name.
fn mail_files(folder: &Path, is_maildir: bool) -> Result<Vec<String>, DeliveryError> {
    let mut names = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return Err(DeliveryError::file("list", folder)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(DeliveryError::file("list", folder))?;
        let is_file = entry.file_type().map_err(DeliveryError::file("list", folder))?.is_file();
        if let (true, Ok(name)) = (is_file, entry.file_name().into_string())
            && !name.starts_with('.')
            && (is_maildir || name.ends_with(".eml") || name.ends_with(".mbox"))
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// A file's mails: an mbox (RFC 4155) has several, each behind a line that begins with `From `.
fn mails_of<'t>(name: &str, text: &'t str) -> Vec<&'t str> {
    if !name.ends_with(".mbox") {
        return vec![text];
    }
    let mut starts: Vec<usize> = text
        .match_indices("\nFrom ")
        .map(|(at, _)| at + 1)
        .filter(|at| text[..*at].ends_with("\n\n"))
        .collect();
    if text.starts_with("From ") {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| &text[*start..end]).collect()
}

#[derive(Debug)]
struct PutAway {
    folder: PathBuf,
    is_maildir: bool,
    /// Each with the file itself, which is locked as long as it is open.
    files: Vec<(PathBuf, File)>,
}

impl Acknowledge for PutAway {
    fn acknowledge(self: Box<Self>) -> Result<(), DeliveryError> {
        let to = self.folder.join(if self.is_maildir { "cur" } else { "done" });
        create_folder(&to).map_err(DeliveryError::file("create", &to))?;
        for (file, _) in &self.files {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // Seen, as maildirs write it.
            let name = if self.is_maildir { name + ":2,S" } else { name };
            match fs::rename(file, to.join(name)) {
                // Another worker was faster, where the file system knows no locks.
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(DeliveryError::file("move", file)(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// What a mail reports, or why it reports nothing.
fn report_of(mail: &str) -> Result<Report, &'static str> {
    let (headers, body) = mail.split_once("\n\n").ok_or("it has no text")?;
    let status = delivery_status(headers, body).ok_or("it is no delivery report")?;
    let message = named_in(headers).or_else(|| named_in(body)).ok_or("it names none of our mails")?;
    // The first group is about the report, the others are about one recipient each; ours have one.
    let field = |name: &str| {
        let lines = status.lines().filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(known, _)| known.trim().eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim().to_owned())
    };
    let code = field("status").unwrap_or_default();
    let code = code.split_whitespace().next().unwrap_or_default();
    let action = field("action").unwrap_or_default().to_ascii_lowercase();
    let state = match action.as_str() {
        "failed" => ReceiptState::failed(code),
        "delivered" => ReceiptState::Delivered,
        "delayed" | "relayed" | "expanded" => ReceiptState::underway(&action),
        _ => return Err("its action is none of RFC 3464"),
    };
    // RFC 3463: the mailbox or its domain does not exist, has moved, or is out of use.
    let says_so = matches!(code, "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10" | "5.2.1");
    let address_is_bad = says_so && matches!(state, ReceiptState::Failed { .. });
    Ok(Report { message, state, address_is_bad })
}

/// The text of the part `message/delivery-status`, with its encoding undone.
fn delivery_status(headers: &str, body: &str) -> Option<String> {
    let unfolded = headers.replace("\n ", " ").replace("\n\t", " ");
    let is_report = |line: &&str| line.to_ascii_lowercase().starts_with("content-type:");
    let content_type = unfolded.lines().find(is_report)?;
    if !content_type.to_ascii_lowercase().contains("multipart/report") {
        return None;
    }
    let at = content_type.to_ascii_lowercase().find("boundary=")?;
    let boundary = content_type[at + "boundary=".len()..].trim_start_matches('"');
    let boundary = boundary.split(['"', ';', ' ']).next().filter(|boundary| !boundary.is_empty())?;
    let parts = body.split(&format!("--{boundary}")).map(str::to_owned).collect::<Vec<_>>();
    parts.iter().find_map(|part| {
        let (headers, text) = part.split_once("\n\n")?;
        let headers = headers.to_ascii_lowercase();
        if !headers.contains("message/delivery-status") && !headers.contains("message/global-delivery-status")
        {
            return None;
        }
        if !headers.contains("base64") {
            return Some(text.to_owned());
        }
        let bytes = from_base64(&text.split_whitespace().collect::<String>())?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    })
}

/// The first message id in `text`.
fn named_in(text: &str) -> Option<MessageId> {
    const LENGTH: usize = "msg_".len() + 32;
    text.match_indices("msg_").find_map(|(at, _)| MessageId::parse(text.get(at..at + LENGTH)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    /// The report of RFC 3464, appendix E.1, about a mail of ours.
    fn report(action: &str, status: &str) -> String {
        format!(
            "Date: Thu, 7 Jul 1994 17:16:05 -0400\nFrom: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>\n\
             To: <bounces@lender.example>\nSubject: Returned mail: Cannot send message for 5 days\n\
             MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n\
             \tboundary=\"RAA14128.773615765/CS.UTK.EDU\"\n\n--RAA14128.773615765/CS.UTK.EDU\n\n\
             The original message was received at Sat, 2 Jul 1994 17:10:28 -0400\n\n\
             --RAA14128.773615765/CS.UTK.EDU\ncontent-type: message/delivery-status\n\n\
             Reporting-MTA: dns; cs.utk.edu\n\nOriginal-Recipient: rfc822;louisl@larry.slip.umd.edu\n\
             Final-Recipient: rfc822;louisl@larry.slip.umd.edu\nAction: {action}\nStatus: {status}\n\
             Diagnostic-Code: smtp; 550 no such user\n\n--RAA14128.773615765/CS.UTK.EDU\n\
             content-type: message/rfc822\n\nMessage-ID: <msg_03308671cc50d5e7db540b7f9cbeead2@lender.example>\n\
             Subject: x\n\nYour statement\n--RAA14128.773615765/CS.UTK.EDU--\n"
        )
    }

    fn check(mail: &str, expected: Expect) {
        let told = match report_of(mail) {
            Ok(Report { message, state, address_is_bad }) => {
                format!("{message} {state:?}, bad: {address_is_bad}")
            }
            Err(reason) => reason.to_owned(),
        };
        expected.assert_eq(&told);
    }

    #[test]
    fn a_report_says_what_became_of_a_mail() {
        check(
            &report("failed", "5.1.1"),
            expect![[r#"msg_03308671cc50d5e7db540b7f9cbeead2 Failed { code: "5.1.1" }, bad: true"#]],
        );
        check(
            &report("failed", "4.4.7 (delivery time expired)"),
            expect![[r#"msg_03308671cc50d5e7db540b7f9cbeead2 Failed { code: "4.4.7" }, bad: false"#]],
        );
        check(
            &report("failed", "5.7.1"),
            expect![[r#"msg_03308671cc50d5e7db540b7f9cbeead2 Failed { code: "5.7.1" }, bad: false"#]],
        );
        check(
            &report("delivered", "2.0.0"),
            expect!["msg_03308671cc50d5e7db540b7f9cbeead2 Delivered, bad: false"],
        );
        check(
            &report("delayed", "4.0.0"),
            expect![[r#"msg_03308671cc50d5e7db540b7f9cbeead2 Underway { code: "delayed" }, bad: false"#]],
        );
    }

    #[test]
    fn the_address_that_a_report_comes_to_names_the_mail() {
        let to = "To: <bounces+msg_11118671cc50d5e7db540b7f9cbeead2@lender.example>";
        check(
            &report("failed", "5.1.1").replace("To: <bounces@lender.example>", to),
            expect![[r#"msg_11118671cc50d5e7db540b7f9cbeead2 Failed { code: "5.1.1" }, bad: true"#]],
        );
    }

    #[test]
    fn what_is_no_report_about_our_mails_is_none() {
        check(
            "From: li@example.com\nSubject: Re: msg_03308671cc50d5e7db540b7f9cbeead2\n\nI am on holiday.\n",
            expect!["it is no delivery report"],
        );
        check(&report("failed", "5.1.1").replace("msg_", "mail"), expect!["it names none of our mails"]);
        check(&report("lost", "5.1.1"), expect!["its action is none of RFC 3464"]);
        check("", expect!["it has no text"]);
    }

    fn read(folder: &Path) -> (usize, ReceiptBatch) {
        let batch = read_bounces("mail", folder, Timestamp::from_micros(0)).expect("the folder is read");
        (batch.receipts().len(), batch)
    }

    #[test]
    fn workers_share_the_reports_of_a_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str| {
            fs::write(folder.path().join(name), report("failed", "5.1.1")).expect("a report is written");
        };
        (0..BATCH_COUNT).for_each(|number| write(&format!("a{number}.eml")));
        write("b.eml");
        let (count, first) = read(folder.path());
        assert_eq!((count, first.is_cut_off()), (BATCH_COUNT, true));
        let (count, second) = read(folder.path());
        assert_eq!((count, second.is_cut_off()), (1, false), "what the first has in hand is passed over");
        drop(second);
        let (count, second) = read(folder.path());
        assert_eq!(count, 1, "what was not acknowledged is read again");
        second.acknowledge().expect("they are put away");
        first.acknowledge().expect("they are put away");
        let (count, last) = read(folder.path());
        assert_eq!((count, last.is_empty()), (0, true));
    }

    #[test]
    fn an_mbox_has_several_mails() {
        let text = format!("From a\n{}\nFrom b\n{}", report("failed", "5.1.1"), report("delivered", "2.0.0"));
        let mails = mails_of("x.mbox", &text);
        assert_eq!(mails.len(), 2);
        assert!(mails.iter().all(|mail| report_of(mail).is_ok()));
        assert_eq!(mails_of("x.eml", &text).len(), 1);
    }
}

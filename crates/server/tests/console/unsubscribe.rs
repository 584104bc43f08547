//! The link that mails carry: who clicks is asked, and a mail program's word is enough.

use dunlin_domain::id::MessageId;
use dunlin_domain::reply::ReplyMeaning;

use crate::office::Console;

/// The path of the link of the message that A-1 heard by.
fn link(console: &Console) -> String {
    let why = console.get("/api/agreements/A-1/why?on=2026-01-11", &[]);
    let at = why.body.find("msg_").expect("the answer names the message");
    let message = MessageId::parse(&why.body[at..at + 36]).expect("an id");
    format!("/u/{}", console.engine.link_of(message))
}

fn withdrawals(console: &Console) -> Vec<String> {
    let entries = console.engine.circumstances("C-1").expect("a customer");
    entries.iter().map(|row| format!("{} {}", row.entry.content.kind(), row.entry.content.value())).collect()
}

#[test]
fn looking_at_the_page_changes_nothing_and_the_button_unsubscribes_once() {
    let console = Console::after("2026-01-12");
    let path = link(&console);
    let page = console.get(&path, &[]);
    assert_eq!(page.status, 200, "{}", page.body);
    for words in ["不再接收电子邮件？", "No more e-mails?", &format!("action=\"{path}\"")] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(withdrawals(&console).is_empty(), "programs that check mails follow every link");
    // RFC 8058, section 3.2: a mail program posts this form, without cookies and without reading the page.
    let form = ["Content-Type: application/x-www-form-urlencoded"];
    for _ in 0..2 {
        let done = console.post(&path, &form, "List-Unsubscribe=One-Click");
        assert_eq!(done.status, 200);
        assert!(done.body.contains("已退订") && done.body.contains("You are unsubscribed"), "{}", done.body);
    }
    assert_eq!(withdrawals(&console), ["opt_out sms"]);
    let replies = console.engine.replies(Some("C-1"), 10).expect("replies are read");
    assert_eq!(replies.len(), 1);
    assert_eq!((replies[0].provider.as_str(), replies[0].meaning), ("link", ReplyMeaning::OptOut));
}

#[test]
fn a_link_that_is_not_ours_does_nothing_and_says_so() {
    let console = Console::after("2026-01-12");
    let good = link(&console);
    let forged = format!("{}0", &good[..good.len() - 1]);
    let forged = if forged == good { format!("{}1", &good[..good.len() - 1]) } else { forged };
    for path in [forged.as_str(), "/u/%3Cscript%3E", "/u/0"] {
        for reply in [console.get(path, &[]), console.post(path, &[], "List-Unsubscribe=One-Click")] {
            assert_eq!(reply.status, 404);
            assert!(reply.body.contains("链接无效") && !reply.body.contains("script"), "{}", reply.body);
        }
    }
    assert!(withdrawals(&console).is_empty());
}

//! Asking a provider on the command line and over the API: what can be asked about, and what is answered.

use crate::peer::Peer;
use crate::processes::{request, start, stop};
use crate::support::{Place, TODAY};

/// Debtors with these phones, each of whom a text is decided for; the ids of their messages.
fn with_messages(place: &Place, phones: &[&str]) -> Vec<String> {
    let lines = |header: &str, row: &dyn Fn(usize, &str) -> String| {
        let rows = phones.iter().zip(1..).map(|(phone, number)| row(number, phone) + "\n");
        format!("{header}\n{}", rows.collect::<String>())
    };
    let customers = lines("customer_id,name,language,opt_out_channels", &|number, _| {
        format!("C-{number},Wang Shili,zh,voice")
    });
    let points = lines("contact_point_id,customer_id,kind,value", &|number, phone| {
        format!("P-{number},C-{number},phone,{phone}")
    });
    let agreements = lines(
        "agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day",
        &|number, _| format!("A-{number},C-{number},baitiao,CNY,2026-03-05,8000.00,15"),
    );
    let purchases = lines("purchase_id,agreement_id,purchased_on,amount,instalment_count", &|number, _| {
        format!("B-{number},A-{number},2026-04-08,300.00,0")
    });
    place.write("may/customers.csv", customers);
    place.write("may/contact_points.csv", points);
    place.write("may/agreements.csv", agreements);
    place.write("may/purchases.csv", purchases);
    place.write("may/payments.csv", "payment_id,agreement_id,paid_on,amount,reverses\n");
    place.run(&["import", "may"]).check_exit(0);
    let day = place.run(&["--lang", "en", "day", "--date", TODAY]);
    // The server for tests keeps nothing on its disk at once, and whoever works on it is told so.
    let warnings = day.check_exit(0).warnings();
    let is_told = warnings.starts_with("warning: PostgreSQL runs with fsync, synchronous_commit");
    assert_eq!(is_told, place.is_on_postgres(), "{warnings}");
    (1..=phones.len()).map(|number| message_of(place, &format!("A-{number}"))).collect()
}

fn message_of(place: &Place, agreement: &str) -> String {
    let why = place.json(&["why", agreement, "--on", TODAY]);
    let links = why["links"].as_array().expect("links");
    let evidence = links.iter().flat_map(|link| link["evidence"].as_array().expect("evidence"));
    let mut names = evidence.filter_map(|evidence| evidence.as_str());
    names.find(|name| name.starts_with("msg_")).expect("a message").to_owned()
}

#[test]
fn a_provider_that_knows_messages_by_our_ids_need_not_be_asked() {
    for place in Place::portfolios_on_both() {
        let messages = with_messages(&place, &["10000000001"]);
        let refused = place.run(&["ask", &messages[0]]);
        let words = refused.check_exit(2).stderr();
        assert!(words.contains("cannot be asked about message"), "{words}");
        let unknown = place.run(&["ask", "msg_00"]);
        assert!(unknown.check_exit(2).stderr().contains("msg_00"));
    }
}

/// The message centre brings no receipt for these two numbers; asked, it says that one text is on its way, and that the other
/// arrived.
#[test]
fn a_message_centre_that_is_asked_says_what_became_of_a_text() {
    for place in Place::portfolios_on_both() {
        let carrier = Peer::start("node", "peers/smpp_peer.mjs", &["0", "dec"]);
        let port = carrier.port;
        place.write(
            "dunlin-data/dunlin.toml",
            format!(
                "[[provider]]\nname = \"carrier\"\nkind = \"smpp\"\nhost = \"127.0.0.1\"\nport = {port}\n\
                 user = \"dunlin\"\npassword = \"open\"\nsender = \"10690001\"\nalphabet = \"ucs2\"\n"
            ),
        );
        let messages = with_messages(&place, &["10000000013", "10000000012"]);
        place.run(&["dispatch"]);
        let asked = place.run(&["ask", &messages[0]]);
        let words = asked.check_exit(0).stdout();
        assert!(words.starts_with("carrier: taken, and on its way"), "{words}");
        assert!(words.ends_with(&format!("{} is accepted\n", messages[0])), "{words}");
        let (child, output, first) = start(&place, &["serve", "--port", "0", "--json"]);
        let ask = |name: &str| request(&first, &format!("POST /api/messages/{name}/ask"), "{}");
        let arrived = ask(&messages[1]);
        assert!(arrived.starts_with("HTTP/1.1 200"), "{arrived}");
        let body = arrived.lines().last().expect("a body");
        let told: serde_json::Value = serde_json::from_str(body).expect("one object");
        assert_eq!((&told["answer"], &told["state"]), (&"delivered".into(), &"delivered".into()), "{told}");
        let over = ask(&messages[1]);
        assert!(over.contains("message_state") && !over.starts_with("HTTP/1.1 200"), "{over}");
        assert!(ask("msg_00").starts_with("HTTP/1.1 404"), "a message that does not exist");
        stop(child, output, "-INT");
        let why = place.run(&["why", "A-2", "--on", TODAY]);
        let words = why.check_exit(0).stdout();
        assert!(words.contains("carrier") && words.contains("asked"), "{words}");
        place.run(&["verify"]).check_exit(0);
    }
}

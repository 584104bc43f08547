//! Calls by agents on the command line: a task is taken, dialled and told of, once.

use serde_json::json;

use crate::support::{Place, TODAY};

/// A customer who owes 300 yuan since 25 April, and is to be called.
fn one_is_to_be_called(place: &Place) {
    place.write("may/customers.csv", "customer_id,name,language\nC-1,Wang Shili,zh\n");
    place.write(
        "may/contact_points.csv",
        "contact_point_id,customer_id,kind,value\nP-1,C-1,phone,10000000001\n",
    );
    place.write(
        "may/agreements.csv",
        "agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day\n\
         A-1,C-1,baitiao,CNY,2026-03-05,8000.00,15\n",
    );
    place.write(
        "may/purchases.csv",
        "purchase_id,agreement_id,purchased_on,amount,instalment_count\nB-1,A-1,2026-04-08,300.00,0\n",
    );
    place.write("may/payments.csv", "payment_id,agreement_id,paid_on,amount,reverses\n");
    place.run(&["import", "may"]).check_exit(0);
    place.write(
        "dunlin-data/dunlin.toml",
        "[[provider]]\nname = \"team\"\nkind = \"agents\"\n\n\
         [[provider]]\nname = \"rest\"\nkind = \"spool\"\nchannels = [\"sms\", \"email\", \"push\", \"letter\"]\n",
    );
    place.run(&["day", "--date", TODAY]).check_exit(0);
}

#[test]
fn an_agent_takes_a_call_dials_and_tells_what_became_of_it_once() {
    for place in Place::portfolios_on_both() {
        one_is_to_be_called(&place);
        let open = place.json(&["call", "tasks"]);
        assert_eq!(open["tasks"][0]["state"], "open", "{open}");
        let sheet = place.run(&["call", "next", "--agent", "li"]);
        let words = sheet.check_exit(0).stdout();
        assert!(
            !words.contains("10000000001") && !words.contains("Wang Shili"),
            "nothing before dialling: {words}"
        );
        assert!(words.contains("300.00") && words.contains("words not to use"), "{words}");
        let id = place.json(&["call", "tasks"])["tasks"][0]["task"].as_str().expect("a task").to_owned();
        let nobody_else = place.run(&["call", "next", "--agent", "zhao"]);
        assert_eq!(nobody_else.check_exit(0).stdout().trim(), "there is no call that may be placed now");
        let code = |args: &[&str]| place.json(args)["error"]["code"].clone();
        assert_eq!(code(&["call", "dial", &id, "--agent", "zhao"]), "lease");
        let early = ["call", "outcome", &id, "--agent", "li", "--result", "promise", "--amount", "100.00"];
        let early = place.json(&[&early[..], &["--by", "2026-06-05"]].concat());
        assert_eq!(early["error"]["code"], "call", "nobody was spoken to: {early}");
        let still = place.json(&["call", "tasks"]);
        assert_eq!(still["tasks"][0]["state"], "leased", "{still}");
        let dialled = place.run(&["call", "dial", &id, "--agent", "li"]);
        let words = dialled.check_exit(0).stdout();
        assert!(words.contains("10000000001") && words.contains("请问是Wang Shili本人吗"), "{words}");
        let promise = ["call", "outcome", &id, "--agent", "li", "--result", "promise", "--amount", "100.00"];
        let promise = [&promise[..], &["--by", "2026-06-05", "--evidence", "rec-17"]].concat();
        place.run(&promise).check_exit(0);
        place.run(&promise).check_exit(0);
        let other = ["call", "outcome", &id, "--agent", "li", "--result", "promise", "--amount", "90.00"];
        let other = place.json(&[&other[..], &["--by", "2026-06-05"]].concat());
        assert_eq!(other["error"]["code"], "call_recorded");
        let words = other["error"]["message"].as_str().unwrap_or_default();
        assert!(words.contains("100.00") && words.contains("2026-06-05"), "{other}");
        let promises = place.json(&["promise", "list", "A-1"]);
        assert_eq!(promises["promises"].as_array().map(Vec::len), Some(1), "{promises}");
        let done = place.json(&["call", "tasks"]);
        assert_eq!(
            (&done["tasks"][0]["state"], &done["tasks"][0]["result"]),
            (&json!("done"), &json!("promise"))
        );
        let why = place.json(&["why", "A-1", "--on", TODAY]);
        assert!(why.to_string().contains("contact.sent"), "{why}");
        place.run(&["verify"]).check_exit(0);
    }
}

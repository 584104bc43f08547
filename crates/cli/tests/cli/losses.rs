//! Charge-off, write-off, recovery and sale, from the command to the ledger and the notice.

use serde_json::Value;

use crate::support::Place;

const REASON: [&str; 4] = ["--reason", "long_overdue", "--note", "no answer for months"];

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

/// Both databases, with the portfolio run until A-1 is long overdue.
fn overdue_places() -> [Place; 2] {
    [Place::imported(), Place::imported_on_postgres()].map(|place| {
        place.run(&["day", "--from", "2026-01-20", "--through", "2026-05-20"]).check_exit(0);
        place
    })
}

fn lose(place: &Place, command: &str, further: &[&str]) -> Value {
    place.json(&[&[command, "A-1"], &REASON[..], further].concat())
}

fn amounts(place: &Place) -> Value {
    place.json(&["explain", "A-1"])["amounts"].clone()
}

/// What stands on the account that a role of the ledger is on: debits less credits, in its own direction.
fn on_account(place: &Place, name: &str) -> String {
    let trial = place.json(&["ledger", "trial-balance"]);
    let rows = trial["accounts"].as_array().expect("accounts").iter();
    let found: Vec<&Value> =
        rows.filter(|row| row["name_en"].as_str().is_some_and(|shown| shown.contains(name))).collect();
    found.iter().map(|row| row["balance_minor"].to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_write_off_takes_two_people_and_what_comes_in_later_is_recovery() {
    for place in overdue_places() {
        let owed = amounts(&place)["owed"].clone();
        let asked = lose(&place, "charge-off", &["--reference", "CO-1"]);
        assert_eq!((&asked["state"], &asked["owed"]["amount"]), (&"pending".into(), &owed), "{asked}");
        let id = asked["id"].as_str().expect("an id").to_owned();
        assert_eq!(place.json(&["loss", "pending"])["losses"][0]["id"], id);
        assert_eq!(code(&place.json(&["loss", "approve", &id])), "same_person");
        assert_eq!(place.json(&["loss", "approve", &id, "--actor", "second"])["state"], "approved");
        assert_eq!(code(&place.json(&["loss", "approve", &id, "--actor", "third"])), "not_pending");
        assert_eq!(amounts(&place)["owed"], owed, "what is charged off is owed as before");
        assert_eq!(code(&lose(&place, "charge-off", &[])), "charged_off");
        // The same request again is the same charge-off.
        assert_eq!(lose(&place, "charge-off", &["--reference", "CO-1"])["recorded"]["is_new"], false);
        let other = ["--reference", "CO-1", "--on", "2026-05-01"];
        assert_eq!(code(&lose(&place, "charge-off", &other)), "reference_conflict");

        place.run(&["day", "--through", "2026-05-21"]).check_exit(0);
        let asked = lose(&place, "write-off", &["--reference", "WO-1"]);
        let id = asked["id"].as_str().expect("an id").to_owned();
        assert_eq!(code(&place.json(&["recovery", "A-1"])), "not_written_off");
        place.run(&["loss", "approve", &id, "--actor", "second"]).check_exit(0);
        place.run(&["day", "--through", "2026-05-23"]).check_exit(0);
        assert_eq!(amounts(&place)["owed"], "0.00");
        assert_eq!(code(&lose(&place, "charge-off", &[])), "written_off");
        assert_eq!(code(&lose(&place, "write-off", &[])), "written_off");

        let pay = ["pay", "A-1", "100.00", "--on", "2026-05-24", "--reference", "PAY-9"];
        place.run(&[&pay[..], &["--note", "by telephone"]].concat()).check_exit(0);
        place.run(&["day", "--through", "2026-05-25"]).check_exit(0);
        let recovery = place.json(&["recovery", "A-1"]);
        assert_eq!(recovery["recovered"], "100.00", "{recovery}");
        assert_eq!(recovery["payments"][0]["reference"], "PAY-9");
        assert_ne!(recovery["open"], "0.00");
        assert!(on_account(&place, "ecover").contains("10000"), "{}", on_account(&place, "ecover"));

        // Contact has stopped, and the day says why.
        let why = place.json(&["why", "A-1", "--on", "2026-05-24"]);
        assert_eq!(
            (&why["is_overdue"], &why["reason"]),
            (&false.into(), &"account.written_off".into()),
            "{why}"
        );
        place.run(&["day", "--through", "2026-06-16"]).check_exit(0);
        let statement = place.json(&["statement", "A-1", "--cut-off", "2026-06-15"]);
        let movements = &statement["movements"];
        assert_eq!(
            (&statement["new_balance"], &movements["recovered"]),
            (&"0.00".into(), &"100.00".into()),
            "{statement}"
        );
        assert_eq!(statement["claim"]["state"], "written_off");
        assert_eq!(place.json(&["verify"])["problems"], 0);
    }
}

#[test]
fn what_cannot_be_lost_is_refused_with_its_code() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-20", "--through", "2026-05-20"]).check_exit(0);
    let of_paid = place.json(&[&["write-off", "A-2"], &REASON[..]].concat());
    assert_eq!(code(&of_paid), "nothing_owed");
    assert_eq!(code(&lose(&place, "write-off", &["--on", "2026-06-02"])), "in_future");
    assert_eq!(code(&lose(&place, "write-off", &["--on", "2026-01-04"])), "before_agreement");
    let no_note = place.json(&["write-off", "A-1", "--reason", "cost", "--note", " "]);
    assert_eq!(code(&no_note), "reason");
    assert_eq!(code(&place.json(&["write-off", "A-9", "--reason", "cost", "--note", "x"])), "not_found");
    assert_eq!(code(&place.json(&["loss", "approve", "los_1", "--actor", "second"])), "not_found");
    // Below the limit one person is enough.
    place.write("dunlin-data/dunlin.toml", "[losses]\nalone_max = \"100000.00\"\n");
    assert_eq!(lose(&place, "charge-off", &[])["state"], "recorded");
    place.write("dunlin-data/dunlin.toml", "[losses]\nalone_max = \"much\"\n");
    let told = place.run(&["loss", "pending"]).stderr();
    assert!(told.contains("line 2: alone_max \"much\" is no amount"), "{told}");
}

fn sell(place: &Place, further: &[&str]) -> Value {
    let base = ["sale", "create", "sold.csv", "--buyer", "示例资产管理公司", "--buyer-en", "Sample Assets"];
    let who = ["--contact", "400-000-0001", "--note", "portfolio of May", "--reference", "S-1"];
    place.json(&[&base[..], &who[..], further].concat())
}

/// The text of the spooled message with this id.
fn spooled(place: &Place, id: &str) -> String {
    let found = place.spooled();
    let read = found.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    read.into_iter().find(|text| text.contains(id)).expect("the message is in the spool")
}

#[test]
fn a_sale_takes_two_people_and_each_customer_is_told_with_a_receipt() {
    for place in overdue_places() {
        place.write("sold.csv", "agreement_id,price\nA-1,120.50\n");
        let asked = sell(&place, &[]);
        assert_eq!(asked["state"], "pending", "{asked}");
        let id = asked["id"].as_str().expect("an id").to_owned();
        assert_eq!(asked["agreements"][0]["notice"], Value::Null, "nobody is told of what may not happen");
        assert_eq!(code(&place.json(&["sale", "file", &id, "--out", "x.csv"])), "sale_not_recorded");
        let part = asked["agreements"][0]["id"].as_str().expect("an id").to_owned();
        assert_eq!(code(&place.json(&["loss", "approve", &part, "--actor", "second"])), "part_of_sale");
        assert_eq!(code(&place.json(&["sale", "approve", &id])), "same_person");
        let sold = place.json(&["sale", "approve", &id, "--actor", "second", "--note", "fine"]);
        assert_eq!(sold["state"], "approved", "{sold}");
        assert_eq!(sold["agreements"][0]["notice"]["state"], "queued");
        assert_eq!(code(&place.json(&["sale", "approve", &id, "--actor", "third"])), "not_pending");
        assert_eq!(sell(&place, &[])["state"], "approved", "the same request again is the same sale");
        assert_eq!(code(&sell(&place, &["--on", "2026-05-01"])), "reference_conflict");

        let sent = place.json(&["dispatch"]);
        assert_eq!(sent["accepted"], 1, "{sent}");
        let shown = place.json(&["sale", "show", "S-1"]);
        let notice = &shown["agreements"][0]["notice"];
        assert_eq!((&notice["state"], &notice["channel"]), (&"accepted".into(), &"sms".into()), "{notice}");
        let message = notice["message"].as_str().expect("an id").to_owned();
        let text = spooled(&place, &message);
        for needle in ["示例资产管理公司", "400-000-0001", "债权转让通知"] {
            assert!(text.contains(needle), "{needle}: {text}");
        }
        place.write(
            "dunlin-data/spool/receipts/today.csv",
            format!("message_id,state,at,code\n{message},delivered,2026-06-01T09:30:00+08:00,\n"),
        );
        assert_eq!(place.json(&["receipts"])["delivered"], 1);
        let shown = place.json(&["sale", "show", &id]);
        assert_eq!(shown["agreements"][0]["notice"]["state"], "delivered");
        assert_eq!(place.json(&["sale", "notify", &id])["planned"], 0, "who was told is not told again");

        place.run(&["day", "--through", "2026-05-22"]).check_exit(0);
        assert_eq!(amounts(&place)["owed"], "0.00");
        let why = place.json(&["why", "A-1", "--on", "2026-05-22"]);
        assert_eq!(why["reason"], "account.sold", "{why}");
        let pay = ["pay", "A-1", "1.00", "--on", "2026-05-22", "--reference", "PAY-9"];
        assert_eq!(code(&lose(&place, "write-off", &[])), "sold");
        let paid = place.json(&pay);
        assert!(paid["unapplied"]["amount"] == "1.00" || code(&paid) == "sold", "{paid}");

        place.run(&["sale", "file", &id, "--out", "buyer.csv"]).check_exit(0);
        let file = place.read("buyer.csv");
        let row = file.lines().nth(1).expect("a row");
        assert!(
            file.starts_with("sale,agreement_id,customer_name,") && row.starts_with("S-1,A-1,王示例,"),
            "{file}"
        );
        assert!(row.contains(",120.50,") && row.ends_with(",delivered"), "{row}");
        let trial = place.json(&["ledger", "trial-balance"]);
        assert_eq!(trial["is_balanced"], true, "{trial}");
        assert_eq!(place.json(&["verify"])["problems"], 0);
    }
}

#[test]
fn a_sale_that_cannot_be_is_refused_as_a_whole() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-20", "--through", "2026-05-20"]).check_exit(0);
    let refused = |text: &str, further: &[&str]| {
        place.write("sold.csv", text);
        code(&sell(&place, further)).to_owned()
    };
    assert_eq!(refused("agreement_id,price\n", &[]), "sale");
    assert_eq!(refused("agreement,price\nA-1,1.00\n", &[]), "sale");
    assert_eq!(refused("agreement_id,price\nA-1,1.00,2\n", &[]), "sale");
    assert_eq!(refused("agreement_id,price\nA-1,1.00\nA-1,2.00\n", &[]), "sale");
    assert_eq!(refused("agreement_id,price\nA-9,1.00\n", &[]), "not_found");
    assert_eq!(refused("agreement_id,price\nA-1,-1.00\n", &[]), "amount_not_positive");
    assert_eq!(refused("agreement_id,price\nA-1,1.00\nA-2,1.00\n", &[]), "nothing_owed");
    assert_eq!(refused("agreement_id,price\nA-1,1.00\n", &["--on", "2026-06-02"]), "in_future");
    assert_eq!(place.json(&["sale", "list"])["sales"], Value::Array(Vec::new()), "nothing of them is kept");
    assert_eq!(code(&place.json(&["sale", "show", "S-1"])), "not_found");
    assert_eq!(refused("agreement_id,price\nA-1,1.00\n", &[]), "none");
    let rejected = place.json(&["sale", "reject", "S-1", "--note", "too cheap"]);
    assert_eq!(rejected["state"], "rejected");
    assert_ne!(amounts(&place)["owed"], "0.00");
}

#[test]
fn tiers_follow_days_past_due_and_losses_for_agreement_and_customer() {
    for place in overdue_places() {
        let before = amounts(&place);
        assert_eq!(
            (&before["tier"], &before["customer_tier"]),
            (&"substandard".into(), &"substandard".into())
        );
        // The oldest part fell due on 24 January; 116 days later it is 20 May.
        let days = (&before["days_past_due"], &before["days_after_due_date"], &before["days_from_due_date"]);
        assert_eq!(days, (&"116".into(), &"116".into(), &"117".into()), "{before}");
        let tiers = |place: &Place| {
            let report = place.json(&["report", "tiers"]);
            let lines = report["tiers"].as_array().expect("tiers").iter();
            let line =
                |line: &Value| format!("{} {} {}", line["tier"], line["agreements"], line["customers"]);
            lines.map(line).collect::<Vec<_>>().join("; ").replace('"', "")
        };
        assert_eq!(tiers(&place), "normal 1 1; substandard 1 1");
        place.write("dunlin-data/dunlin.toml", "[losses]\nalone_max = \"100000.00\"\n");
        assert_eq!(lose(&place, "charge-off", &[])["state"], "recorded");
        place.run(&["day", "--through", "2026-05-21"]).check_exit(0);
        assert_eq!(amounts(&place)["tier"], "loss", "what is charged off is a loss at least");
        assert_eq!(tiers(&place), "normal 1 1; loss 1 1");
    }
}

//! Opt-outs: found however the file writes the number, taken once from each customer, and seen where nobody is found.

use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::incident::IncidentCode;
use dunlin_engine::delivery::{
    Endpoint, HttpCommon, HttpProvider, ProviderConfig, ProviderKind, TwilioConfig,
};
use dunlin_engine::portfolio::{ContactPointRow, CustomerRow};
use dunlin_engine::watch::WatchOptions;
use dunlin_engine::{Clock, Config, Engine};
use dunlin_store::contact_request;

use crate::answers::on_both;
use crate::ground::{FIRST_DAY, Ground, date, moment};

/// An engine that sends by Twilio, which puts 1 before numbers without a plus, and hears answers through a spool.
fn engine(ground: &Ground) -> Engine {
    let twilio = TwilioConfig {
        endpoint: Endpoint("http://127.0.0.1:9".to_owned()),
        account: "AC1".to_owned(),
        token: Personal::new("12345"),
        sender: "+15005550006".to_owned(),
        country_code: "1".to_owned(),
        callback_url: None,
    };
    let common = HttpCommon { connection_count: 1, timeout_seconds: 20, extra_root: None, callbacks: None };
    let twilio = ProviderConfig {
        name: "tw".to_owned(),
        channels: vec![Channel::Sms],
        kind: ProviderKind::Http(common, HttpProvider::Twilio(Box::new(twilio))),
    };
    let mut config = Config { clock: Some(Clock::Real), ..ground.config("tw") };
    config.providers.push(twilio);
    Engine::open(config, moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens")
}

fn import(ground: &Ground, engine: &Engine, numbers: &[&str]) {
    ground.import(engine, moment("2026-12-31", 0), |writer| {
        for (index, number) in (0..).zip(numbers) {
            let customer_id = format!("C-{index}");
            let row = CustomerRow {
                customer_id: customer_id.clone(),
                name: Personal::new("A. Sample"),
                language: Language::En,
                zone: "America/New_York".to_owned(),
                segment: "standard".to_owned(),
                opt_out_channels: Vec::new(),
            };
            writer.write(&row).expect("a row");
            let row = ContactPointRow {
                contact_point_id: format!("CP-{index}"),
                customer_id,
                kind: ContactPointKind::Phone,
                value: Personal::new(*number),
                party: Party::Borrower,
                state: ContactPointState::Active,
                priority: 1,
            };
            writer.write(&row).expect("a row");
        }
    });
}

/// What answers from these numbers, a minute apart, come to: how many there are, and how many opt out.
fn answers(ground: &Ground, engine: &Engine, from: &[&str]) -> (u64, u64) {
    let mut text = "channel,from,at,text\n".to_owned();
    for (minute, number) in from.iter().enumerate() {
        text += &format!("sms,{number},2026-02-10T09:{minute:02}:00+08:00,STOP\n");
    }
    std::fs::write(ground.folder.join("spool/replies/a.csv"), text).expect("a file");
    let report = engine.collect_receipts(moment("2026-02-10", 10)).expect("replies are taken in");
    (report.replies, report.opted_out)
}

fn incidents(engine: &Engine, code: IncidentCode) -> Vec<String> {
    let now = moment("2026-02-10", 11);
    let report = engine.watch(&WatchOptions::default(), now).expect("a sweep");
    let open = report.open.iter().filter(|incident| incident.code == code);
    open.map(|incident| format!("{} {:?}", incident.stream, incident.evidence)).collect()
}

#[test]
fn stop_is_heard_from_a_number_that_the_file_says_without_its_country() {
    on_both(|ground| {
        let engine = engine(ground);
        import(ground, &engine, &["212-555-0100", "12125550101", "+1 212 555 0102"]);
        let told = answers(ground, &engine, &["+12125550100", "+12125550101", "2125550102"]);
        assert_eq!(told, (3, 3), "{}", ground.name);
        for customer in ["C-0", "C-1", "C-2"] {
            assert_eq!(engine.circumstances(customer).expect("a customer").len(), 1, "{customer}");
        }
        assert!(incidents(&engine, IncidentCode::OptOutUnmatched).is_empty());
    });
}

#[test]
fn stop_from_a_number_that_nobody_has_is_an_incident() {
    on_both(|ground| {
        let engine = engine(ground);
        import(ground, &engine, &["212-555-0100"]);
        assert_eq!(answers(ground, &engine, &["+12125550199"]), (1, 0), "{}", ground.name);
        let told = incidents(&engine, IncidentCode::OptOutUnmatched);
        assert_eq!(told, ["sms/spool [(\"sender\", \"+12****0199\")]"], "{}", ground.name);
    });
}

#[test]
fn one_customer_who_opts_out_again_and_again_is_one() {
    on_both(|ground| {
        let engine = engine(ground);
        import(ground, &engine, &["212-555-0100"]);
        let (replies, _) = answers(ground, &engine, &["+12125550100"; 14]);
        assert_eq!(replies, 14, "{}: each is kept", ground.name);
        let entries = engine.circumstances("C-0").expect("a customer");
        assert_eq!(entries.len(), 1, "{}", ground.name);
        let all = engine.replies(Some("C-0"), 20).expect("replies are read");
        assert!(all.iter().all(|reply| reply.circumstance == Some(entries[0].entry.id)), "{}", ground.name);
        // No day was run, so that it counts on the day before all.
        let (from, through) = (date("0001-01-01"), date("9999-12-31"));
        let count =
            |tx: &mut dunlin_store::Tx<'_>| contact_request::changed_between(tx, "opted_out", from, through);
        assert_eq!(engine.db().read(count).expect("counted"), 1, "{}", ground.name);
        assert!(incidents(&engine, IncidentCode::ContactData).is_empty(), "{}", ground.name);
    });
}

//! Letters in batches for a print house: one PDF and an index, whole or absent, no letter twice, and what the post says.

use std::path::PathBuf;
use std::process::Command;

use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::id::AgreementId;
use dunlin_domain::pause::{PauseKind, PauseScope};
use dunlin_engine::circumstances::NewCircumstance;
use dunlin_engine::delivery::{LetterConfig, ProviderConfig, ProviderKind, Routing, UnitCost};
use dunlin_engine::pauses::NewPause;
use dunlin_engine::payment::Caller;
use dunlin_engine::portfolio::{ContactPointRow, CustomerRow};
use dunlin_engine::{Clock, Config, Engine, Letters};
use expect_test::{Expect, expect};

use crate::answers::{DAY, on_both};
use crate::fallback::{messages_of, strategy_with};
use crate::ground::{FIRST_DAY, Ground, agreement, date, moment, pay, run_days, shanghai};

/// A row that writes a letter on the first overdue day.
const LETTER_ROW: &str = "day1,M1,1,-,-,-,contact,letter,overdue_firm,friendly,2,-";

/// Customers of whom each has a postal address only: a Chinese one and an English one.
const ADDRESSES: [(&str, Language, &str); 2] = [
    ("王示例", Language::Zh, "北京市示例区示例路1号2单元301室|100000|CN"),
    ("A. Sample", Language::En, "1 Example Street|Sampleton|SW1A 1AA|GB"),
];

fn open(ground: &Ground, worker: &str, cut_off: Option<(i8, i8)>, file_each: bool) -> Engine {
    let letters = LetterConfig {
        folder: ground.folder.join("letters"),
        letters_max: 100,
        cut_off,
        zone: shanghai(),
        file_each,
        mail_class: "standard".to_owned(),
        posted_is_delivered: false,
        printer: None,
    };
    let provider = ProviderConfig {
        name: "print_house".to_owned(),
        channels: vec![Channel::Letter],
        kind: ProviderKind::Letter(letters),
    };
    let mut config = Config { providers: vec![provider], clock: Some(Clock::Real), ..ground.config(worker) };
    config.lender.letters = Letters {
        address_zh: Some("上海市示例路9号".to_owned()),
        address_en: Some("9 Example Road, Shanghai".to_owned()),
        ..Letters::default()
    };
    Engine::open(config, moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens")
}

/// The letters of [`DAY`] are decided.
fn decided(ground: &Ground, addresses: &[(&str, Language, &str)]) {
    decided_by(ground, LETTER_ROW, addresses, &[]);
}

/// The same by a row of one's own, for customers of whom some have an e-mail address besides.
fn decided_by(ground: &Ground, row: &str, addresses: &[(&str, Language, &str)], with_email: &[u32]) {
    let engine = ground.engine("first");
    let text = strategy_with(row);
    crate::ground::in_force(&engine, "v2.csv", &text, moment(FIRST_DAY, 0));
    ground.import(&engine, moment("2026-12-31", 0), |writer| {
        for (index, (name, language, address)) in (0..).zip(addresses) {
            let customer_id = format!("C-{index}");
            let row = CustomerRow {
                customer_id: customer_id.clone(),
                name: Personal::new(*name),
                language: *language,
                zone: "Asia/Shanghai".to_owned(),
                segment: "standard".to_owned(),
                opt_out_channels: Vec::new(),
            };
            writer.write(&row).expect("a row");
            let row = ContactPointRow {
                contact_point_id: format!("CP-{index}"),
                customer_id,
                kind: ContactPointKind::Postal,
                value: Personal::new(*address),
                party: Party::Borrower,
                state: ContactPointState::Active,
                priority: 1,
            };
            writer.write(&row).expect("a row");
            if with_email.contains(&index) {
                let email = ContactPointRow {
                    contact_point_id: format!("CP-{index}-email"),
                    kind: ContactPointKind::Email,
                    value: Personal::new(format!("c{index}@example.com")),
                    priority: 2,
                    ..row
                };
                writer.write(&email).expect("a row");
            }
            agreement(writer, index, index);
        }
    });
    run_days(&engine, FIRST_DAY, 4);
}

fn states(engine: &Engine) -> Vec<String> {
    messages_of(engine, DAY).iter().map(|row| format!("{} {}", row.state, row.state_detail)).collect()
}

fn batches(ground: &Ground) -> Vec<String> {
    let entries = std::fs::read_dir(ground.folder.join("letters/outbox")).expect("the outbox");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names
}

fn batch(ground: &Ground, name: &str) -> PathBuf {
    ground.folder.join("letters/outbox").join(name)
}

/// The index of a batch, row by row, by the columns asked for.
fn index(ground: &Ground, name: &str, columns: &[&str]) -> Vec<Vec<String>> {
    let bytes = std::fs::read(batch(ground, name).join("index.csv")).expect("an index");
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let heads = reader.headers().expect("heads").clone();
    let place = |column: &&str| heads.iter().position(|head| head == *column).expect("a column");
    let places: Vec<usize> = columns.iter().map(place).collect();
    let rows = reader.records().map(|row| {
        let row = row.expect("a row");
        places.iter().map(|place| row[*place].to_owned()).collect()
    });
    rows.collect()
}

/// What an independent reader finds on a page of a PDF, counted from 1.
fn page(pdf: &std::path::Path, number: usize) -> String {
    let python = std::env::var("DUNLIN_TEST_PYTHON").expect("DUNLIN_TEST_PYTHON is not set; run ./test");
    let program = "import sys, pypdf\nr = pypdf.PdfReader(sys.argv[1], strict=True)\n\
        print(r.pages[int(sys.argv[2]) - 1].extract_text())";
    let output = Command::new(python)
        .args(["-X", "utf8", "-c", program])
        .arg(pdf)
        .arg(number.to_string())
        .output()
        .expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn say(ground: &Ground, engine: &Engine, rows: &str, now: Timestamp) -> String {
    let ids = messages_of(engine, DAY);
    let mut text = "message_id,state,at,code\n".to_owned();
    for (row, words) in ids.iter().zip(rows.split(';')) {
        let (state, code) = words.split_once(' ').unwrap_or((words, ""));
        text += &format!("{},{state},2026-02-15T10:00:00+08:00,{code}\n", row.id);
    }
    std::fs::write(ground.folder.join("letters/receipts/a.csv"), text).expect("a file");
    let report = engine.collect_receipts(now).expect("receipts are taken in");
    let dunlin_engine::dispatch::ReceiptReport { posted, delivered, failed, repeated, .. } = report;
    format!("posted {posted}, delivered {delivered}, failed {failed}, repeated {repeated}")
}

#[test]
fn a_letter_follows_where_there_is_no_e_mail() {
    on_both(|ground| {
        let row = "day1,M1,1,-,-,-,contact,\"email,letter\",overdue_firm,friendly,2,-";
        decided_by(ground, row, &ADDRESSES, &[1]);
        let messages = messages_of(&ground.engine("reader"), DAY);
        let channel_of = |index: u32| {
            let agreement = AgreementId::of_external(&format!("A-{index}"));
            let of_agreement: Vec<Option<Channel>> =
                messages.iter().filter(|row| row.agreement == agreement).map(|row| row.channel).collect();
            of_agreement
        };
        assert_eq!(channel_of(0), [Some(Channel::Letter)], "{}", ground.name);
        assert_eq!(channel_of(1), [Some(Channel::Email)], "{}", ground.name);
    });
}

#[test]
fn a_batch_is_one_pdf_whose_pages_are_those_of_the_index() {
    on_both(|ground| {
        decided(ground, &ADDRESSES);
        let engine = open(ground, "second", None, false);
        engine.dispatch(moment(DAY, 10)).expect("a round");
        assert_eq!(batches(ground), ["20260211-001"], "{}", ground.name);
        let columns =
            ["file", "page_from", "page_through", "name", "address_1", "address_2", "postcode", "country"];
        let mut rows = index(ground, "20260211-001", &columns);
        let pdf = batch(ground, "20260211-001").join("letters.pdf");
        for row in &rows {
            let number: usize = row[1].parse().expect("a page");
            let text = page(&pdf, number);
            assert!(text.contains(&row[3]) && text.contains(&row[4]), "{}: {text}", ground.name);
            assert!(text.contains("1 / 1"), "pages are counted anew for each letter: {text}");
            let words = if row[7] == "CN" {
                ["逾期款项催告函", "上海市示例路9号", "2026年2月11日", "元"]
            } else {
                ["Demand for an overdue amount", "9 Example Road", "11 February 2026", "CNY"]
            };
            words.iter().for_each(|word| assert!(text.contains(word), "{word} in {text}"));
        }
        rows.sort();
        rows.iter_mut().for_each(|row| {
            row.remove(1);
            row.remove(1);
        });
        expect![[r#"[["letters.pdf", "A. Sample", "1 Example Street", "Sampleton", "SW1A 1AA", "GB"], ["letters.pdf", "王示例", "北京市示例区示例路1号2单元301室", "", "100000", "CN"]]"#]]
            .assert_eq(&format!("{rows:?}"));
        let hash = index(ground, "20260211-001", &["sha256"]);
        let python = Command::new("sha256sum").arg(&pdf).output().expect("a sum");
        assert!(String::from_utf8_lossy(&python.stdout).starts_with(&hash[0][0]));
        assert!(engine.verify(&|_| {}).expect("it can be verified").is_clean());
    });
}

#[test]
fn a_letter_waits_for_its_hour_and_each_is_a_file_where_that_is_set() {
    let ground = crate::ground::sqlite();
    decided(&ground, &ADDRESSES);
    let engine = open(&ground, "second", Some((16, 0)), true);
    engine.dispatch(moment(DAY, 10)).expect("a round");
    let waits = |state: &String| state.ends_with(" waits for the next batch of letters");
    assert!(states(&engine).iter().all(waits), "{:?}", states(&engine));
    engine.dispatch(moment(DAY, 15)).expect("a round");
    assert!(batches(&ground).is_empty());
    engine.dispatch(moment(DAY, 16)).expect("a round");
    engine.dispatch(moment(DAY, 17)).expect("a round");
    assert!(states(&engine).iter().all(|state| state.starts_with("accepted")));
    assert_eq!(batches(&ground), ["20260211-001"]);
    let rows = index(&ground, "20260211-001", &["message_id", "file", "page_from", "page_through"]);
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row[1..], [format!("{}.pdf", row[0]), "1".to_owned(), "1".to_owned()]);
        assert!(batch(&ground, "20260211-001").join(&row[1]).exists());
    }
}

/// Customers who get a letter, all at one address.
const FIVE: [(&str, Language, &str); 5] = [("王示例", Language::Zh, "北京市示例区示例路1号|100000|CN"); 5];

#[test]
fn a_letter_that_waits_is_asked_about_again_when_its_batch_is_written() {
    on_both(|ground| {
        decided(ground, &FIVE);
        let engine = open(ground, "second", Some((16, 0)), false);
        engine.dispatch(moment(DAY, 10)).expect("a round");
        let noon = moment(DAY, 12);
        let caller = Caller { actor: "clerk", now: noon };
        let said = |customer: u32, kind: CircumstanceKind, value: &str| NewCircumstance {
            customer: Some(format!("C-{customer}")),
            agreement: None,
            contact_point: None,
            kind,
            value: value.to_owned(),
            from: None,
            through: None,
            reason: "as the customer says".to_owned(),
            evidence: "call".to_owned(),
        };
        ground.import(&engine, noon, |writer| pay(writer, 0, 0, "2026-02-11", "7000.00"));
        let complaint = said(1, CircumstanceKind::Complaint, "");
        engine.add_circumstance(&complaint, caller).expect("a complaint");
        engine.change_consent(&said(2, CircumstanceKind::OptOut, "letter"), caller).expect("an opt-out");
        engine
            .remove_contact_points(&[("C-3".to_owned(), "CP-3".to_owned())], "moved", noon)
            .expect("an address goes out of use");
        engine.dispatch(moment(DAY, 16)).expect("a round");
        let rows = index(ground, "20260211-001", &["message_id"]);
        let mut told: Vec<String> = messages_of(&engine, DAY)
            .iter()
            .map(|row| {
                let name =
                    (0..5).find(|index| row.agreement == AgreementId::of_external(&format!("A-{index}")));
                let is_printed = rows.iter().any(|printed| printed[0] == row.id.to_string());
                let reason = row.state_detail.split(':').next().unwrap_or_default();
                format!("{} {} {reason} {is_printed}", name.unwrap_or(9), row.state)
            })
            .collect();
        told.sort_unstable();
        expect![[r#"
            0 cancelled account.paid_meanwhile false
            1 expired voice.complaint false
            2 expired voice.opted_out false
            3 expired contact_data.removed false
            4 accepted 20260211-001 true"#]]
        .assert_eq(&told.join("\n"));
        assert!(engine.verify(&|_| {}).expect("it can be verified").is_clean());
    });
}

#[test]
fn a_letter_that_waits_into_a_pause_rests() {
    let ground = crate::ground::sqlite();
    decided(&ground, &ADDRESSES);
    let engine = open(&ground, "second", Some((8, 30)), false);
    engine.dispatch(moment(DAY, 10)).expect("a round");
    let pause = NewPause {
        kind: PauseKind::Upgrade,
        scope: PauseScope::default(),
        from: BusinessDate(date("2026-02-12")),
        through: BusinessDate(date("2026-02-13")),
        reason_zh: "升级".to_owned(),
        reason_en: "an upgrade".to_owned(),
        per_hour: None,
        customer: None,
    };
    let noon = moment(DAY, 12);
    let asked = engine.add_pause_as(&pause, Caller { actor: "one", now: noon }).expect("a pause");
    engine.approve_pause(asked.id, "agreed", Caller { actor: "two", now: noon }).expect("it is agreed to");
    engine.dispatch(Timestamp::at(date("2026-02-12"), 8, 30, &shanghai())).expect("a round");
    assert!(batches(&ground).is_empty(), "{:?}", states(&engine));
    assert!(
        states(&engine).iter().all(|state| state.ends_with("pause.upgrade: an upgrade ｜ 升级")),
        "{:?}",
        states(&engine)
    );
}

#[test]
fn a_letter_says_what_its_total_is_made_of_and_costs_by_its_pages() {
    on_both(|ground| {
        decided(ground, &ADDRESSES);
        let cost = UnitCost { further_page_micros: 150_000, ..UnitCost::parse("1.20 CNY").expect("a cost") };
        let routing = Routing { cost: Some(cost), ..Routing::default() };
        let engine = open(ground, "second", None, false)
            .with_routing([("print_house".to_owned(), routing)].into_iter().collect());
        engine.dispatch(moment(DAY, 10)).expect("a round");
        let pdf = batch(ground, "20260211-001").join("letters.pdf");
        let text = format!("{}\n{}", page(&pdf, 1), page(&pdf, 2));
        for words in ["2026年2月10日到期", "本金", "应还合计", "Due 10 February 2026", "principal", "Total"]
        {
            assert!(text.contains(words), "{words} in {text}");
        }
        let costs = engine.costs(date(DAY), date(DAY)).expect("costs");
        assert_eq!(
            (costs[0].messages, costs[0].units, costs[0].micros),
            (2, 2, 2_400_000),
            "{}",
            ground.name
        );
    });
}

const BEFORE_THE_LIST: &str = "before the list";
const AFTER_THE_LIST: &str = "after the list";
const FETCHED: &str = "after the print house fetched it";

/// Leaves the box as a crash at `place` does.
fn break_at(ground: &Ground, place: &str) {
    let folder = ground.folder.join("letters");
    let batch = folder.join("outbox/20260211-001");
    if place == FETCHED {
        std::fs::rename(batch, ground.folder.join("fetched")).expect("it is fetched");
        return;
    }
    std::fs::rename(batch, folder.join("outbox/.draft-20260211-001")).expect("a draft");
    if place == BEFORE_THE_LIST {
        std::fs::remove_file(folder.join("batches/20260211-001.csv")).expect("the list");
    }
}

#[test]
fn a_crash_anywhere_leaves_each_letter_in_one_batch() {
    for place in [BEFORE_THE_LIST, AFTER_THE_LIST, FETCHED] {
        let ground = crate::ground::sqlite();
        decided(&ground, &ADDRESSES);
        let engine = open(&ground, "second", None, false);
        engine.dispatch(moment(DAY, 10)).expect("a round");
        let before = std::fs::read(batch(&ground, "20260211-001").join("index.csv")).expect("an index");
        // The letters wait again, as they did when the batch was written, and no answer was stored.
        for row in messages_of(&engine, DAY) {
            let part = i64::from(row.part.number());
            let sql = "delete from attempt_outcome where part = ?1";
            engine.db().write(|tx| tx.execute(sql, &[dunlin_store::Param::Int(part)])).expect("no answers");
            let sql = "update message set state = 'sending', next_attempt_at = ?2, claimed_by = 'elsewhere:1', claimed_until = ?2 \
                where part = ?1";
            let now = dunlin_store::Param::Int(moment(DAY, 11).micros());
            let waiting = engine.db().write(|tx| {
                tx.execute(sql, &[dunlin_store::Param::Int(part), now])?;
                tx.execute(
                    "insert into outbox (part, due_at, message_id) select part, next_attempt_at, message_id from message \
                     where part = ?1 on conflict do nothing",
                    &[dunlin_store::Param::Int(part)],
                )
            });
            waiting.expect("they are open");
        }
        break_at(&ground, place);
        let engine = open(&ground, "third", None, false);
        engine.dispatch(moment(DAY, 12)).expect("a round");
        assert!(
            states(&engine).iter().all(|state| state.starts_with("accepted")),
            "{place}: {:?}",
            states(&engine)
        );
        let (left, folder) = match place {
            FETCHED => (Vec::new(), ground.folder.join("fetched")),
            _ => (vec!["20260211-001".to_owned()], batch(&ground, "20260211-001")),
        };
        assert_eq!(batches(&ground), left, "{place}");
        let after = std::fs::read(folder.join("index.csv")).expect("an index");
        assert_eq!(String::from_utf8_lossy(&before), String::from_utf8_lossy(&after), "{place}");
    }
}

#[test]
fn a_letter_that_the_font_cannot_show_is_refused_and_names_the_sign() {
    let ground = crate::ground::sqlite();
    decided(&ground, &[("王\u{1F600}", Language::Zh, "示例路1号")]);
    let engine = open(&ground, "second", None, false);
    engine.dispatch(moment(DAY, 10)).expect("a round");
    let told = states(&engine);
    assert!(
        told[0].starts_with("failed fault.channel: the font has no picture of the letter U+1F600"),
        "{told:?}"
    );
    assert!(batches(&ground).is_empty());
}

#[test]
fn posted_is_not_delivered_and_what_comes_back_marks_the_address() {
    on_both(|ground| {
        decided(ground, &ADDRESSES);
        let engine = open(ground, "second", None, false);
        engine.dispatch(moment(DAY, 10)).expect("a round");
        let told = say(ground, &engine, "posted;posted", moment("2026-02-15", 11));
        check(&told, expect!["posted 2, delivered 0, failed 0, repeated 0"]);
        let told = say(ground, &engine, "posted;posted", moment("2026-02-15", 11));
        check(&told, expect!["posted 0, delivered 0, failed 0, repeated 2"]);
        let why = engine.why("A-0", date(DAY)).expect("the day was run");
        let told: Vec<&str> = why.links.iter().map(|link| link.text.1.as_str()).collect();
        assert!(told.join("\n").contains("receipt 2026-02-15T02:00:00Z: posted"), "{told:?}");
        assert!(states(&engine).iter().all(|state| state.starts_with("accepted")));
        let told = say(ground, &engine, "returned refused;returned moved", moment("2026-02-15", 12));
        check(&told, expect!["posted 0, delivered 0, failed 2, repeated 0"]);
        let sql = "select count(*) from contact_point where part >= 0 and state = 'invalid'";
        let bad = engine.db().read(|tx| tx.query(sql, &[], |row| Ok(row.int(0)))).expect("counted");
        assert_eq!(bad, [1], "{}", ground.name);
        let told = states(&engine);
        let has = |state: &str| assert!(told.iter().any(|told| told == state), "{told:?}");
        has("failed voice.refused: receipt returned:refused");
        has("failed contact_data.invalid: receipt returned:moved");
        let told = say(ground, &engine, "delivered;returned moved", moment("2026-02-16", 12));
        check(&told, expect!["posted 0, delivered 1, failed 0, repeated 1"]);
    });
}

fn check(told: &str, expected: Expect) {
    expected.assert_eq(told);
}

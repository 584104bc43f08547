//! Bank files: camt.053 and CSV, matched, kept, assigned; taken once; refused whole when they do not add up.

use serde_json::Value;

use crate::support::Place;

fn entry(amount: &str, direction: &str, reference: &str, end_to_end: &str, details: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"CNY\">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts>BOOK</Sts>\
         <BookgDt><Dt>2026-01-27</Dt></BookgDt><ValDt><Dt>2026-01-26</Dt></ValDt><AcctSvcrRef>{reference}</AcctSvcrRef>\
         <NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>{details}</TxDtls></NtryDtls></Ntry>\n"
    )
}

fn balance(code: &str, amount: &str) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{amount}</Amt>\
         <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-27</Dt></Dt></Bal>\n"
    )
}

fn statement(version: &str, id: &str, opening: &str, closing: &str, entries: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.{version}\"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>\n\
         <Stmt><Id>{id}</Id><Acct><Id><IBAN>CN00TEST</IBAN></Id><Ccy>CNY</Ccy></Acct>\n{}{}{entries}</Stmt></BkToCstmrStmt></Document>\n",
        balance("OPBD", opening),
        balance("CLBD", closing)
    )
}

fn strd(reference: &str) -> String {
    format!("<RmtInf><Strd><CdtrRefInf><Ref>{reference}</Ref></CdtrRefInf></Strd></RmtInf>")
}

fn counts(place: &Place, file: &str) -> String {
    let report = place.json(&["bank-file", "import", file]);
    if let Value::String(code) = &report["error"]["code"] {
        return code.clone();
    }
    ["applied", "waiting", "unmatched", "outgoing", "repeated"]
        .map(|name| format!("{name} {}", report[name]))
        .join(", ")
}

fn owed(place: &Place, agreement: &str) -> String {
    let explained = place.json(&["explain", agreement]);
    explained["amounts"]["owed"].as_str().unwrap_or_else(|| panic!("{explained}")).to_owned()
}

/// A place on each kind of database, with some days run.
fn places() -> [Place; 2] {
    Place::imported_on_both().map(|place| {
        place.run(&["day", "--from", "2026-01-20", "--through", "2026-01-27"]).check_exit(0);
        place
    })
}

#[test]
fn a_statement_is_matched_by_reference_then_end_to_end_id_then_text_and_taken_once() {
    let [on_sqlite, on_postgres] = places();
    let [another, _] = places();
    for (place, version) in [(on_sqlite, "001.02"), (on_postgres, "001.08"), (another, "001.13")] {
        let entries = [
            entry("10.00", "CRDT", "S-1", "E-1", &strd("A-1")),
            entry("20.00", "CRDT", "S-2", "A-1", ""),
            entry(
                "30.00",
                "CRDT",
                "S-3",
                "NOTPROVIDED",
                "<RmtInf><Ustrd>还款 合约：A-1，谢谢</Ustrd></RmtInf>",
            ),
            entry("1.00", "CRDT", "S-4", "E-4", "<RmtInf><Ustrd>A-1 or A-2</Ustrd></RmtInf>"),
            entry("2.00", "CRDT", "S-5", "E-5", &strd("RF18A-1")),
            entry("3.00", "CRDT", "S-6", "E-6", &strd("INV-77")),
            entry("5.00", "DBIT", "S-7", "E-7", ""),
        ]
        .concat();
        place.write("stmt.xml", statement(version, "ST-1", "100.00", "161.00", &entries));
        let before = owed(&place, "A-1");
        assert_eq!(
            counts(&place, "stmt.xml"),
            "applied 4, waiting 0, unmatched 2, outgoing 1, repeated 0",
            "{version}"
        );
        assert_ne!(owed(&place, "A-1"), before);
        let after = owed(&place, "A-1");
        assert_eq!(counts(&place, "stmt.xml"), "applied 0, waiting 0, unmatched 0, outgoing 0, repeated 7");
        // The same entries in a statement of another name are the same entries.
        place.write("again.xml", statement(version, "ST-2", "100.00", "161.00", &entries));
        assert_eq!(counts(&place, "again.xml"), "applied 0, waiting 0, unmatched 0, outgoing 0, repeated 7");
        assert_eq!(owed(&place, "A-1"), after);
    }
}

#[test]
fn what_is_unmatched_is_listed_assigned_or_sent_back_and_never_lost() {
    for place in places() {
        let entries =
            [entry("7.00", "CRDT", "S-1", "E-1", &strd("INV-77")), entry("8.00", "CRDT", "S-2", "E-2", "")]
                .concat();
        place.write("stmt.xml", statement("001.08", "ST-1", "0", "15.00", &entries));
        assert_eq!(counts(&place, "stmt.xml"), "applied 0, waiting 0, unmatched 2, outgoing 0, repeated 0");
        let listed = place.json(&["bank-file", "unmatched"]);
        let ids: Vec<&str> = listed["entries"]
            .as_array()
            .expect("entries")
            .iter()
            .map(|entry| entry["id"].as_str().expect("an id"))
            .collect();
        assert_eq!(ids.len(), 2, "{listed}");
        let code = |arguments: &[&str]| place.json(arguments)["error"]["code"].clone();
        assert_eq!(code(&["bank-file", "assign", ids[0], "A-9"]), "not_found");
        assert_eq!(code(&["bank-file", "assign", "ent_1", "A-1"]), "not_found");
        let assigned = place.json(&["bank-file", "assign", ids[0], "A-1"]);
        assert_eq!(
            (&assigned["state"], &assigned["agreement"]),
            (&"applied".into(), &"A-1".into()),
            "{assigned}"
        );
        assert_eq!(code(&["bank-file", "assign", ids[0], "A-1"]), "not_open");
        assert_eq!(code(&["bank-file", "send-back", ids[1], "--reason", " "]), "reason");
        let sent = place.json(&["bank-file", "send-back", ids[1], "--reason", "not ours"]);
        assert_eq!(sent["state"], "sent_back");
        assert_eq!(place.json(&["bank-file", "unmatched"])["entries"], Value::Array(Vec::new()));
        place.run(&["day", "--through", "2026-01-28"]).check_exit(0);
        assert_eq!(place.json(&["verify"])["problems"], 0);
    }
}

#[test]
fn a_debit_with_return_information_undoes_its_payment_whichever_comes_first() {
    let returned = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf>";
    let paid = |id: &str| entry("10.00", "CRDT", &format!("S-{id}"), id, &strd("A-1"));
    let back = |id: &str| entry("10.00", "DBIT", &format!("T-{id}"), id, returned);
    for place in places() {
        let before = owed(&place, "A-1");
        place.write("one.xml", statement("001.08", "ST-1", "0", "10.00", &paid("E-1")));
        assert_eq!(counts(&place, "one.xml"), "applied 1, waiting 0, unmatched 0, outgoing 0, repeated 0");
        assert_ne!(owed(&place, "A-1"), before);
        place.write("two.xml", statement("001.08", "ST-2", "10.00", "0", &back("E-1")));
        assert_eq!(counts(&place, "two.xml"), "applied 1, waiting 0, unmatched 0, outgoing 0, repeated 0");
        assert_eq!(owed(&place, "A-1"), before);
        place.write("three.xml", statement("001.08", "ST-3", "10.00", "0", &back("E-2")));
        assert_eq!(counts(&place, "three.xml"), "applied 0, waiting 1, unmatched 0, outgoing 0, repeated 0");
        place.write("four.xml", statement("001.08", "ST-4", "0", "10.00", &paid("E-2")));
        assert_eq!(counts(&place, "four.xml"), "applied 1, waiting 0, unmatched 0, outgoing 0, repeated 0");
        assert_eq!(owed(&place, "A-1"), before);
        assert_eq!(place.json(&["bank-file", "unmatched"])["entries"], Value::Array(Vec::new()));
    }
}

#[test]
fn a_statement_that_does_not_add_up_is_refused_with_the_difference_and_leaves_nothing() {
    for place in places() {
        let entries = entry("10.00", "CRDT", "S-1", "E-1", &strd("A-1"));
        place.write("stmt.xml", statement("001.08", "ST-1", "100.00", "110.01", &entries));
        let before = owed(&place, "A-1");
        let told = place.run(&["bank-file", "import", "stmt.xml"]).stderr();
        assert!(told.contains("error[balance]") && told.contains("a difference of 0.01"), "{told}");
        assert_eq!(owed(&place, "A-1"), before);
        place.write("stmt.xml", statement("001.08", "ST-1", "100.00", "110.00", &entries));
        assert_eq!(counts(&place, "stmt.xml"), "applied 1, waiting 0, unmatched 0, outgoing 0, repeated 0");
        place.write("stmt.xml", statement("001.08", "ST-1", "100.01", "110.01", &entries));
        assert_eq!(counts(&place, "stmt.xml"), "statement_conflict");
    }
}

#[test]
fn a_batch_is_taken_apart_or_kept_whole() {
    for place in places() {
        let part = |amount: &str, end_to_end: &str| {
            format!(
                "<TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs><Amt Ccy=\"CNY\">{amount}</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd></TxDtls>"
            )
        };
        let batch = |amount: &str, parts: &str| {
            format!(
                "<Ntry><NtryRef>B-{amount}</NtryRef><Amt Ccy=\"CNY\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
             <Sts><Cd>BOOK</Cd></Sts><ValDt><DtTm>2026-01-26T08:00:00</DtTm></ValDt><NtryDtls>{parts}</NtryDtls></Ntry>"
            )
        };
        let parts = part("10.00", "A-1") + &part("5.5", "A-2");
        let pending = "<Ntry><Amt Ccy=\"CNY\">9.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts></Ntry>";
        let entries = batch("15.50", &parts) + &batch("15.60", &parts) + pending;
        place.write("stmt.xml", statement("001.08", "ST-1", "0", "31.10", &entries));
        assert_eq!(counts(&place, "stmt.xml"), "applied 2, waiting 0, unmatched 1, outgoing 0, repeated 0");
        let listed = place.json(&["bank-file", "unmatched"]);
        assert_eq!(listed["entries"][0]["code"], "batch_sum", "{listed}");
    }
}

#[test]
fn a_file_that_is_an_attack_or_a_mistake_is_refused_clearly() {
    let place = Place::imported();
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><Document>&b;</Document>";
    let gbk = b"<?xml version=\"1.0\" encoding=\"GBK\"?><Document></Document>".to_vec();
    let utf16: Vec<u8> = "\u{feff}<Document/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let broken_text =
        b"<Document><BkToCstmrStmt><Stmt><Id>\xff\xfe</Id></Stmt></BkToCstmrStmt></Document>".to_vec();
    let deep = "<a>".repeat(100);
    let long = format!(
        "<Document><BkToCstmrStmt><Stmt><Id>{}</Id></Stmt></BkToCstmrStmt></Document>",
        "x".repeat(2 << 20)
    );
    for (name, content, expected) in [
        ("bomb", bomb.as_bytes().to_vec(), "xml_dtd"),
        ("entity", b"<Document>&secret;</Document>".to_vec(), "xml_entity"),
        ("gbk", gbk, "encoding"),
        ("utf16", utf16, "encoding"),
        ("broken text", broken_text, "encoding"),
        ("deep", deep.into_bytes(), "xml_depth"),
        ("long", long.into_bytes(), "xml_size"),
        ("cut off", b"<Document><BkToCstmrStmt>".to_vec(), "xml"),
        ("wrong end", b"<Document></Dokument>".to_vec(), "xml"),
        ("another message", b"<Document><CstmrCdtTrfInitn/></Document>".to_vec(), "not_camt053"),
        ("no columns", b"a,b\n1,2\n".to_vec(), "bank_file"),
        ("empty", Vec::new(), "bank_file"),
    ] {
        place.write("bad.xml", content);
        assert_eq!(counts(&place, "bad.xml"), expected, "{name}");
    }
    assert_eq!(counts(&place, "nowhere.xml"), "bank_file");
    assert_eq!(counts(&place, "may"), "bank_file", "a folder");
}

#[test]
fn a_csv_file_is_read_by_our_columns_or_the_banks() {
    for place in places() {
        place.write(
        "bank.csv",
        "entry_id,value_on,amount,currency,direction,reference,end_to_end_id,text,is_return,return_reason\n\
         1,2026-01-26,10.00,CNY,credit,A-1,E-1,,,\n2,20260126,-3.00,CNY,,,,fee,,\n3,2026/01/26,4.00,CNY,,,,for A-1,,\n\
         4,2026-01-27,10.00,CNY,debit,,E-1,,1,AC04\n5,2026-01-26,4.00,USD,,A-1,,,,\n",
    );
        assert_eq!(counts(&place, "bank.csv"), "applied 3, waiting 0, unmatched 1, outgoing 1, repeated 0");
        assert_eq!(counts(&place, "bank.csv"), "applied 0, waiting 0, unmatched 0, outgoing 0, repeated 5");
        let listed = place.json(&["bank-file", "unmatched"]);
        assert_eq!(listed["entries"][0]["code"], "currency_mismatch", "{listed}");
        place.write(
            "dunlin-data/dunlin.toml",
            "[bank_file]\nencoding = \"gbk\"\ndelimiter = \";\"\n[bank_file.columns]\nentry_id = \"流水号\"\n\
         value_on = \"起息日\"\namount = \"金额\"\ntext = \"摘要\"\n",
        );
        let (text, _, _) =
            encoding_rs::GBK.encode("流水号;起息日;金额;摘要\n9;2026-01-26;1.50;合约A-1 还款 A-1\n");
        place.write("gbk.csv", text);
        assert_eq!(counts(&place, "gbk.csv"), "applied 1, waiting 0, unmatched 0, outgoing 0, repeated 0");
        place.write("utf8.csv", "流水号;起息日;金额;摘要\n9;2026-01-26;1.50;x\n");
        assert!(["encoding", "bank_file"].contains(&counts(&place, "utf8.csv").as_str()));
        place.write("dunlin-data/dunlin.toml", "");
        for (row, expected) in [
            ("6,2026-02-30,1.00,CNY,,,,,,", "bank_file"),
            ("6,2026-01-26,1.00,CNY,sideways,,,,,", "bank_file"),
            ("6,2026-01-26,-1.00,CNY,credit,,,,,", "bank_file"),
            ("6,2026-01-26,1e5,CNY,,,,,,", "bank_file"),
            ("6,2026-01-26,1.00,XXX,,,,,,", "bank_file"),
            (",2026-01-26,1.00,CNY,,,,,,", "bank_file"),
        ] {
            let header = "entry_id,value_on,amount,currency,direction,reference,end_to_end_id,text,is_return,return_reason\n";
            place.write("bad.csv", format!("{header}{row}\n"));
            assert_eq!(counts(&place, "bad.csv"), expected, "{row}");
            let told = place.run(&["bank-file", "import", "bad.csv"]).stderr();
            assert!(told.contains("bad.csv line 2: "), "{told}");
        }
    }
}

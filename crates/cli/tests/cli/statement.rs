//! Statements on the command line.

use expect_test::expect;

use crate::support::Place;

fn closed() -> Place {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-04-20"]).check_exit(0);
    place
}

#[test]
fn the_list_goes_from_one_balance_to_the_next() {
    let place = closed();
    place.run(&["statement", "list", "A-1"]).check(expect![[r#"
        exit 0
         cut-off      due          previous   corrections   debits   credits   new balance   minimum   overdue
        ───────────────────────────────────────────────────────────────────────────────────────────────────────
         2026-01-15   2026-01-24       0.00          0.00   556.00      0.00        556.00     55.60         –
         2026-02-15   2026-02-24     556.00          0.00   212.12      0.00        768.12     20.60    556.00
         2026-03-15   2026-03-24     768.12          0.00   215.74      0.00        983.86     20.60    762.00
         2026-04-15   2026-04-24     983.86          0.00   220.08      0.00      1,203.94     20.60    968.00
    "#]]);
    let list = place.json(&["statement", "list", "A-2"]);
    assert_eq!(list["statements"][0]["new_balance"], "90.00");
    assert_eq!(list["statements"][1]["movements"]["payments"], "90.00");
}

#[test]
fn a_statement_is_in_its_customers_language_unless_another_is_named() {
    let place = closed();
    let first_lines = |arguments: &[&str]| {
        let text = place.run(&[&["statement", "A-1"], arguments].concat()).stdout();
        text.lines().take(4).collect::<Vec<_>>().join(" | ")
    };
    expect!["示例消金 | 账单 | 合约 A-1，账单日 2026-04-15 | 王示例"].assert_eq(&first_lines(&[]));
    expect!["Sample Finance | Statement | Agreement A-1, 2026-02-15 | 王示例"].assert_eq(&first_lines(&[
        "--lang",
        "en",
        "--cut-off",
        "2026-02-15",
    ]));
    let whole = place.json(&["statement", "A-2", "--cut-off", "2026-01-15"]);
    assert_eq!((&whole["customer"], &whole["language"]), (&"Example Li".into(), &"en".into()));
    assert_eq!(whole["new_balance"], "90.00");
}

#[test]
fn a_file_gets_the_form_of_its_name() {
    let place = closed();
    for name in ["a.html", "a.json", "a.txt", "a.pdf"] {
        place.run(&["statement", "A-1", "--out", name]).check_exit(0);
    }
    assert!(place.read("a.html").starts_with("<!DOCTYPE html>"));
    assert!(place.read("a.json").starts_with("{\"agreement\":\"A-1\""));
    assert!(place.read("a.txt").starts_with("示例消金\n"));
    let pdf = std::fs::read(place.path("a.pdf")).expect("a file");
    assert!(pdf.starts_with(b"%PDF-1."));
    place.run(&["statement", "A-1", "--format", "pdf"]).check(expect![[r#"
        exit 2
        error[usage]: a PDF is no text for a terminal; name a file with --out FILE
    "#]]);
    place.run(&["statement", "A-1", "--out", "no/such/folder/a.pdf"]).check(expect![[r#"
        exit 3
        error[statement_file]: cannot write no/such/folder/a.pdf: No such file or directory (os error 2); check its folder and the disk
    "#]]);
}

#[test]
fn what_has_no_statement_is_refused_with_the_nearest_days() {
    let place = Place::imported();
    place.run(&["statement", "A-1"]).check(expect![[r#"
        exit 2
        error[no_day_yet]: no day has been run yet; run one with `dunlin day --date DATE`
    "#]]);
    place.run(&["day", "--date", "2026-04-20"]).check_exit(0);
    place.run(&["statement", "A-9"]).check(expect![[r#"
        exit 2
        error[not_found]: there is no agreement "A-9"
    "#]]);
    place.run(&["statement", "A-1", "--cut-off", "2026-03-01"]).check(expect![[r#"
        exit 2
        error[no_statement]: agreement "A-1" has no statement of 2026-03-01; the nearest: 2026-02-15 and 2026-03-15; `dunlin statement list` shows all
    "#]]);
    place.run(&["statement", "A-2", "--cut-off", "2026-04-15"]).check(expect![[r#"
        exit 2
        error[no_statement]: agreement "A-2" has no statement of 2026-04-15; the nearest: 2026-02-15; `dunlin statement list` shows all
    "#]]);
    place.run(&["statement"]).check_exit(2);
}

#[test]
fn a_batch_is_a_folder_of_files_with_an_index() {
    let place = closed();
    place.run(&["statement", "batch", "--cut-off", "2026-02-15", "--out", "feb", "--format", "html"]).check(
        expect![[r#"
            exit 0
            wrote 2 statements and index.csv to feb; 0 agreements of that cycle had none
        "#]],
    );
    expect![[r#"
        agreement_id,file,language,kind,due_on,currency,new_balance,minimum_payment,overdue,missing_letters,problem
        A-1,A-1_2026-02-15.html,zh,bill,2026-02-24,CNY,768.12,20.60,556.00,,
        A-2,A-2_2026-02-15.html,en,account,,CNY,0.00,,,,
    "#]].assert_eq(&place.read("feb/index.csv"));
    place.run(&["statement", "batch", "--cut-off", "2026-02-15", "--out", "feb"]).check(expect![[r#"
        exit 2
        error[not_empty]: feb holds a batch already; name another folder, or take its index.csv away to write it again
    "#]]);
    place.run(&["statement", "batch", "--cut-off", "2026-05-15", "--out", "may-batch"]).check(expect![[r#"
        exit 2
        error[day_not_run]: day 2026-05-15 is not closed yet; the last closed day is 2026-04-20
    "#]]);
    place.run(&["statement", "batch", "--cut-off", "2026-02-15", "--out", "may/payments.csv"]).check(expect![[r#"
        exit 3
        error[statement_file]: cannot write may/payments.csv: File exists (os error 17); check its folder and the disk
    "#]]);
}

#[test]
fn a_font_that_is_not_there_is_named_with_the_remedy() {
    let place = closed();
    place.write("dunlin-data/dunlin.toml", "[statement]\nfont = \"no-font.ttf\"\n");
    place.run(&["statement", "A-1", "--out", "a.pdf"]).check(expect![[r#"
        exit 3
        error[font]: font dunlin-data/no-font.ttf cannot be read: No such file or directory (os error 2); install the Debian package fonts-noto-cjk or fonts-wqy-microhei, or name a font file in dunlin.toml as font = "…" under [statement]
    "#]]);
    assert!(!place.path("a.pdf").exists());
}

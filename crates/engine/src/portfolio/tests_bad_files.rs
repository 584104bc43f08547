//! Bad files and folders: each is named with its place, its reason and its remedy.

use dunlin_domain::wording;
use expect_test::{Expect, expect};

use super::testing::{check, check_as, folder};
use super::{
    ContactPointRow, CustomerRow, Encoding, Format, PaymentRow, PortfolioWriter, ProductRow, PurchaseRow,
    RejectsWriter, open_table, survey,
};

#[test]
fn the_header_names_each_column_once_and_no_other() {
    check::<PaymentRow>(
        "payment_id,agreement_id,amount\n",
        expect![
            "payments.csv lacks the column paid_on; it has payment_id, agreement_id, amount; add it to the header row and to each line"
        ],
    );
    check::<PaymentRow>(
        "payment_id,amount\nP1,5\n",
        expect![
            "payments.csv lacks the columns agreement_id, paid_on; it has payment_id, amount; add it to the header row and to each line"
        ],
    );
    check::<PaymentRow>(
        "payment_id;agreement_id;paid_on;amount\n",
        expect![
            "payments.csv lacks the columns payment_id, agreement_id, paid_on; it has payment_id;agreement_id;paid_on;amount; separate columns with commas"
        ],
    );
    check::<PaymentRow>(
        "payment_id,agreement_id,paid_on,ammount\n",
        expect![[
            r#"payments.csv has a column "ammount" that the format does not know; did you mean amount?"#
        ]],
    );
    check::<PaymentRow>(
        "payment_id,agreement_id,Paid On,amount\n",
        expect![[
            r#"payments.csv has a column "Paid On" that the format does not know; did you mean paid_on?"#
        ]],
    );
    check::<PaymentRow>(
        "payment_id,agreement_id,paid_on,amount,teller\n",
        expect![[
            r#"payments.csv has a column "teller" that the format does not know; remove it, or use one of payment_id, agreement_id, paid_on, amount, reverses, currency"#
        ]],
    );
    check::<PaymentRow>(
        "payment_id,agreement_id,paid_on,amount,amount\n",
        expect!["payments.csv has the column amount twice; remove one of them"],
    );
}

#[test]
fn an_empty_file_is_told_from_an_empty_table() {
    check::<PaymentRow>(
        "",
        expect![
            "payments.csv is empty; its first line must name the columns: payment_id,agreement_id,paid_on,amount,reverses,currency"
        ],
    );
    check::<PaymentRow>(
        "\u{feff}",
        expect![
            "payments.csv is empty; its first line must name the columns: payment_id,agreement_id,paid_on,amount,reverses,currency"
        ],
    );
    check::<PaymentRow>("payment_id,agreement_id,paid_on,amount\n", expect![""]);
}

#[test]
fn broken_quoting_stops_the_file_at_its_line() {
    let header = "purchase_id,agreement_id,purchased_on,amount,merchant";
    let check = |rows: &str, expected: Expect| check::<PurchaseRow>(&format!("{header}\n{rows}"), expected);
    let good = "P1,A1,2026-01-08,5,\"say \"\"hi\"\", twice\"\r\n";
    check(good, expect![[r#"2 P1,A1,2026-01-08,5,0,"say ""hi"", twice","#]]);
    check(
        &format!("{good}P2,A1,2026-01-08,5,a \"b\" c\n"),
        expect![[r#"
        2 P1,A1,2026-01-08,5,0,"say ""hi"", twice",
        stop: purchases.csv line 3: a quote stands inside a value that does not begin with one; put the whole value in quotes and double the quotes inside it"#]],
    );
    check(
        &format!("{good}P2,A1,2026-01-08,5,\"a\" b\n"),
        expect![[r#"
        2 P1,A1,2026-01-08,5,0,"say ""hi"", twice",
        stop: purchases.csv line 3: something follows a closing quote; double the quotes inside a quoted value"#]],
    );
    check(
        &format!("{good}P2,A1,2026-01-08,5,\"a\nP3,A1,2026-01-09,7,b\n"),
        expect![[r#"
        2 P1,A1,2026-01-08,5,0,"say ""hi"", twice",
        stop: purchases.csv line 3: a quoted value is never closed; add the closing quote"#]],
    );
    let endless = format!("{good}P2,A1,2026-01-08,5,\"{}", "a line\n".repeat(200_000));
    check(
        &endless,
        expect![[r#"
        2 P1,A1,2026-01-08,5,0,"say ""hi"", twice",
        stop: purchases.csv line 3: the record is longer than 1 MiB; look for a quote that is not closed"#]],
    );
}

#[test]
fn a_wrong_encoding_is_named_with_the_right_one() {
    let text = "customer_id,name\nC1,plain\nC2,客户二\n";
    let (gbk, _, _) = encoding_rs::GBK.encode(text);
    check_as::<CustomerRow>(
        Encoding::Utf8,
        text.as_bytes(),
        expect![[r#"
        2 C1,p****n,zh,Asia/Shanghai,standard,
        3 C2,客****二,zh,Asia/Shanghai,standard,"#]],
    );
    check_as::<CustomerRow>(
        Encoding::Gbk,
        &gbk,
        expect![[r#"
        2 C1,p****n,zh,Asia/Shanghai,standard,
        3 C2,客****二,zh,Asia/Shanghai,standard,"#]],
    );
    check_as::<CustomerRow>(
        Encoding::Utf8,
        &gbk,
        expect![[r#"
        2 C1,p****n,zh,Asia/Shanghai,standard,
        stop: customers.csv line 3: the text is not UTF-8, but it is valid GBK; run again with --encoding gbk"#]],
    );
    check_as::<CustomerRow>(
        Encoding::Gbk,
        text.as_bytes(),
        expect![[r#"
        2 C1,p****n,zh,Asia/Shanghai,standard,
        stop: customers.csv line 3: the text is UTF-8, not GBK; run again without --encoding gbk"#]],
    );
    check_as::<CustomerRow>(
        Encoding::Gbk,
        format!("\u{feff}{text}").as_bytes(),
        expect!["customers.csv line 1: the text is UTF-8, not GBK; run again without --encoding gbk"],
    );
    check_as::<CustomerRow>(
        Encoding::Utf8,
        format!("\u{feff}{text}").as_bytes(),
        expect![[r#"
        2 C1,p****n,zh,Asia/Shanghai,standard,
        3 C2,客****二,zh,Asia/Shanghai,standard,"#]],
    );
    check_as::<CustomerRow>(
        Encoding::Utf8,
        b"customer_id,name\nC1,caf\xe9\n",
        expect!["stop: customers.csv line 2: the text is neither UTF-8 nor GBK; save the file as UTF-8"],
    );
    check_as::<CustomerRow>(
        Encoding::Gbk,
        b"customer_id,name\nC1,caf\xff\n",
        expect!["stop: customers.csv line 2: the text is neither UTF-8 nor GBK; save the file as UTF-8"],
    );
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    check_as::<CustomerRow>(
        Encoding::Utf8,
        &utf16,
        expect!["customers.csv line 1: the text is UTF-16; save the file as UTF-8"],
    );
}

#[test]
fn blank_lines_and_rows_of_commas_say_nothing_and_line_numbers_go_on() {
    check::<PaymentRow>(
        "payment_id,agreement_id,paid_on,amount\r\n\r\n,,,\r\nP1,A1,2026-02-28,5\r\nP2,A1,2026-02-29,5",
        expect![[r#"
            4 P1,A1,2026-02-28,5,,
            payments.csv line 5, paid_on: "2026-02-29" is not a day of the calendar; write it as 2026-02-28
              P2,A1,2026-02-29,5"#]],
    );
}

#[test]
fn a_folder_is_surveyed_before_it_is_read() {
    let check = |files: &[(&str, &[u8])], expected: Expect| {
        let folder = folder(files);
        let path = folder.path().display().to_string();
        let shown = match survey(folder.path()) {
            Ok(found) => format!("{found:?}"),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown.replace(&path, "FOLDER"));
    };
    check(
        &[],
        expect![
            "FOLDER holds no table of the portfolio format; put at least one of customers.csv, agreements.csv, payments.csv … or the same as .parquet there"
        ],
    );
    check(
        &[("payments.csv", b""), ("rejects.csv", b""), ("customers.parquet", b"")],
        expect![[r#"Survey { tables: [(Customers, Parquet), (Payments, Csv)], others: ["rejects.csv"] }"#]],
    );
    check(
        &[("payments.csv", b""), ("payments.parquet", b"")],
        expect!["the folder has payments.csv and payments.parquet; remove one of them"],
    );
    check(
        &[("payments.csv", b""), ("Customer.csv", b"")],
        expect!["Customer.csv is no table of the format; rename it to customers.csv"],
    );
    let missing = survey(std::path::Path::new("/nowhere/at/all")).expect_err("there is no such folder");
    expect!["cannot read /nowhere/at/all: No such file or directory (os error 2); check the path"]
        .assert_eq(&missing.to_string());
}

#[test]
fn a_folder_in_use_is_not_written_into() {
    let folder = folder(&[("refunds.csv", b"")]);
    let error = PortfolioWriter::create(folder.path(), Format::Csv).err().expect("the folder is in use");
    expect!["FOLDER already holds refunds.csv; choose an empty folder"]
        .assert_eq(&error.to_string().replace(&folder.path().display().to_string(), "FOLDER"));
}

#[test]
fn a_writer_that_is_not_finished_leaves_nothing_behind() {
    let folder = folder(&[]);
    let mut writer = PortfolioWriter::create(folder.path(), Format::Csv).expect("an empty folder");
    let row = ProductRow {
        product: "card".to_owned(),
        version: 1,
        effective_from: dunlin_domain::date::Date::from_days(0),
        document: super::ProductDocument::File("products/card.toml".to_owned()),
    };
    writer.write(&row).expect("a row");
    writer.write_document("products/card.toml", "x = 1").expect("a document");
    drop(writer);
    let left = std::fs::read_dir(folder.path()).expect("the folder").filter_map(Result::ok);
    let left: Vec<_> = left.filter(|entry| entry.path().is_file()).map(|entry| entry.file_name()).collect();
    assert_eq!(left, Vec::<std::ffi::OsString>::new());
}

#[test]
fn rejected_rows_are_written_with_place_reason_and_masked_row() {
    let folder = folder(&[(
        "contact_points.csv",
        "contact_point_id,customer_id,kind,value\nCP1,C1,phone,1001234567x\nCP2,C1,phone,10012345678\n"
            .as_bytes(),
    )]);
    let path = folder.path().join("rejects.csv");
    std::fs::write(&path, "of an earlier run").expect("a file");
    let mut rejects = RejectsWriter::create(&path).expect("a rejects file");
    assert!(!path.exists(), "the rejects of an earlier run are gone");
    let mut reader =
        open_table::<ContactPointRow>(folder.path(), Encoding::Utf8).expect("readable").expect("a table");
    while let Some(row) = reader.next() {
        match row {
            Ok((line, row)) => {
                let reason = wording!("客户不在资产组合中", "names a customer that is not in the portfolio");
                let remedy = wording!("请先导入客户", "import customers first");
                let error = reader.reject(line, &row, "customer_id", Some("C1"), reason, remedy);
                rejects.write(&error).expect("a reject");
            }
            Err(super::ReadError::Row(error)) => rejects.write(&error).expect("a reject"),
            Err(super::ReadError::File(error)) => panic!("{error}"),
        }
    }
    assert_eq!(reader.progress().bytes_read, reader.progress().bytes_total);
    assert_eq!(rejects.finish().expect("written"), 2);
    expect![[r#"
        file,line,column,reason,row,reason_zh
        contact_points.csv,2,value,"""100****67x"" is not a phone number; write 3 to 20 digits, with a plus before a country code; spaces and hyphens are dropped","CP1,C1,phone,100****67x",“100****67x”不是电话号码；请写 3 至 20 位数字，国家代码前加 +；空格和连字符会被忽略
        contact_points.csv,3,customer_id,"""C1"" names a customer that is not in the portfolio; import customers first","CP2,C1,phone,100****678,borrower,active,1",“C1”客户不在资产组合中；请先导入客户
    "#]].assert_eq(&std::fs::read_to_string(&path).expect("the rejects file"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_leaves_nothing_behind() {
    for format in Format::ALL {
        let folder = folder(&[]);
        let name = format!("products.{}", format.extension());
        let partial = folder.path().join(format!("{name}.partial"));
        // A device that takes no byte stands in for the full disk.
        std::os::unix::fs::symlink("/dev/full", &partial).expect("a link");
        let mut writer = PortfolioWriter::create(folder.path(), format).expect("an empty folder");
        let row = ProductRow {
            product: "card".to_owned(),
            version: 1,
            effective_from: dunlin_domain::date::Date::from_days(0),
            document: super::ProductDocument::Shipped("card".to_owned()),
        };
        let error = writer.write(&row).and_then(|()| writer.finish()).expect_err("no space");
        let expected = format!(
            "cannot write {name}: No space left on device (os error 28); free some space and run again"
        );
        assert_eq!(error.to_string(), expected);
        assert!(!folder.path().join(&name).exists() && partial.symlink_metadata().is_err());
    }
}

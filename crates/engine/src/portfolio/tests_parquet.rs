//! Parquet files of other tools: the types that are taken, and those that are refused.

use std::path::Path;
use std::sync::Arc;

use expect_test::{Expect, expect};
use parquet::basic::Compression;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::testing::{folder, reading};
use super::{AgreementRow, Encoding, PastContactRow, PaymentRow, PortfolioRow};

/// A column of a foreign file: its declaration, and the values of two rows.
enum Foreign {
    Text(&'static str, [&'static str; 2]),
    Int32(&'static str, [i32; 2]),
    Int64(&'static str, [i64; 2]),
    Double(&'static str, [f64; 2]),
    Bool(&'static str, [bool; 2]),
    Fixed(&'static str, [&'static [u8]; 2]),
}

impl Foreign {
    fn declaration(&self) -> &'static str {
        match self {
            Self::Text(text, _)
            | Self::Int32(text, _)
            | Self::Int64(text, _)
            | Self::Double(text, _)
            | Self::Bool(text, _)
            | Self::Fixed(text, _) => text,
        }
    }
}

fn write_foreign(path: &Path, columns: &[Foreign], compression: Compression) {
    let fields: String =
        columns.iter().map(|column| format!("required {};\n", column.declaration())).collect();
    let schema = parse_message_type(&format!("message foreign {{\n{fields}}}")).expect("a schema");
    let properties = WriterProperties::builder().set_compression(compression).build();
    let file = std::fs::File::create(path).expect("a file");
    let mut writer =
        SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    for column in columns {
        let mut output = group.next_column().expect("a column").expect("as many as declared");
        match column {
            Foreign::Text(_, values) => {
                let values = values.map(ByteArray::from);
                output.typed::<ByteArrayType>().write_batch(&values, None, None)
            }
            Foreign::Int32(_, values) => output.typed::<Int32Type>().write_batch(values, None, None),
            Foreign::Int64(_, values) => output.typed::<Int64Type>().write_batch(values, None, None),
            Foreign::Double(_, values) => output.typed::<DoubleType>().write_batch(values, None, None),
            Foreign::Bool(_, values) => output.typed::<BoolType>().write_batch(values, None, None),
            Foreign::Fixed(_, values) => {
                let values = values.map(|value| FixedLenByteArray::from(value.to_vec()));
                output.typed::<FixedLenByteArrayType>().write_batch(&values, None, None)
            }
        }
        .expect("values");
        output.close().expect("a closed column");
    }
    group.close().expect("a closed group");
    writer.close().expect("a closed file");
}

fn check<R: PortfolioRow>(columns: &[Foreign], expected: Expect) {
    let folder = folder(&[]);
    let path = folder.path().join(format!("{}.parquet", R::TABLE.stem()));
    write_foreign(&path, columns, Compression::SNAPPY);
    expected.assert_eq(&reading::<R>(folder.path(), Encoding::Utf8, R::masked_text));
}

fn check_payments(paid_on: Foreign, amount: Foreign, expected: Expect) {
    let columns = [
        amount,
        Foreign::Int64("INT64 payment_id", [1, 2]),
        Foreign::Text("BYTE_ARRAY agreement_id", ["A1", "A2"]),
        paid_on,
    ];
    check::<PaymentRow>(&columns, expected);
}

const TEXT_AMOUNTS: fn() -> Foreign = || Foreign::Text("BYTE_ARRAY amount (STRING)", ["12.50", "7"]);
const TEXT_DATES: fn() -> Foreign =
    || Foreign::Text("BYTE_ARRAY paid_on (STRING)", ["2026-02-28", "2026-02-30"]);

#[test]
fn dates_may_be_dates_texts_or_timestamps_at_midnight() {
    check_payments(
        TEXT_DATES(),
        TEXT_AMOUNTS(),
        expect![[r#"
        1 1,A1,2026-02-28,12.50,,
        payments.parquet row 2, paid_on: "2026-02-30" is not a day of the calendar; write it as 2026-02-28
          7,2,A2,2026-02-30"#]],
    );
    check_payments(
        Foreign::Int32("INT32 paid_on (DATE)", [20512, -1]),
        TEXT_AMOUNTS(),
        expect![[r#"
        1 1,A1,2026-02-28,12.50,,
        2 2,A2,1969-12-31,7,,"#]],
    );
    check_payments(
        Foreign::Int32("INT32 paid_on (DATE)", [2_932_896, 2_932_897]),
        TEXT_AMOUNTS(),
        expect![[r#"
        1 1,A1,9999-12-31,12.50,,
        payments.parquet row 2, paid_on: "2932897 days since 1970" is not a day of the calendar; write it as 2026-02-28
          7,2,A2,2932897 days since 1970"#]],
    );
    let at = |unit: i64, more: i64| [20512 * 86_400 * unit, 20513 * 86_400 * unit + more];
    check_payments(
        Foreign::Int64("INT64 paid_on (TIMESTAMP(MILLIS,true))", at(1000, 0)),
        TEXT_AMOUNTS(),
        expect![[r#"
            1 1,A1,2026-02-28,12.50,,
            2 2,A2,2026-03-01,7,,"#]],
    );
    check_payments(
        Foreign::Int64("INT64 paid_on (TIMESTAMP(MICROS,false))", at(1_000_000, 0)),
        TEXT_AMOUNTS(),
        expect![[r#"
            1 1,A1,2026-02-28,12.50,,
            2 2,A2,2026-03-01,7,,"#]],
    );
    check_payments(
        Foreign::Int64("INT64 paid_on (TIMESTAMP(NANOS,false))", at(1_000_000_000, 3_600_000_000_000)),
        TEXT_AMOUNTS(),
        expect![[r#"
            1 1,A1,2026-02-28,12.50,,
            payments.parquet row 2, paid_on: "2026-03-01T01:00:00Z" is not a day of the calendar; write it as 2026-02-28
              7,2,A2,2026-03-01T01:00:00Z"#]],
    );
    check_payments(
        Foreign::Int64("INT64 paid_on", [1, 2]),
        TEXT_AMOUNTS(),
        expect![
            "payments.parquet: column paid_on holds values of type INT64; store it as DATE or as text like 2026-02-28"
        ],
    );
}

#[test]
fn amounts_may_be_decimals_texts_or_whole_numbers_and_never_floats() {
    let dates = || Foreign::Int32("INT32 paid_on (DATE)", [20512, 20513]);
    let check = |amount: Foreign, expected: Expect| check_payments(dates(), amount, expected);
    check(
        Foreign::Int32("INT32 amount (DECIMAL(9,2))", [1250, -5]),
        expect![[r#"
        1 1,A1,2026-02-28,12.5,,
        payments.parquet row 2, amount: "-0.05" is negative; give what was undone as a row of its own, without a sign
          -0.05,2,A2,2026-03-01"#]],
    );
    check(
        Foreign::Int64("INT64 amount (DECIMAL(18,4))", [125_000, 700]),
        expect![[r#"
        1 1,A1,2026-02-28,12.5,,
        2 2,A2,2026-03-01,0.07,,"#]],
    );
    check(
        Foreign::Fixed(
            "FIXED_LEN_BYTE_ARRAY (9) amount (DECIMAL(20,2))",
            [&[0, 0, 0, 0, 0, 0, 0, 4, 226], &[1, 0, 0, 0, 0, 0, 0, 0, 0]],
        ),
        expect![[r#"
            1 1,A1,2026-02-28,12.5,,
            payments.parquet row 2, amount: "184467440737095516.16" is larger than 64 bits of minor units; check the number of digits
              184467440737095516.16,2,A2,2026-03-01"#]],
    );
    check(
        Foreign::Int64("INT64 amount", [12, 0]),
        expect![[r#"
        1 1,A1,2026-02-28,12,,
        payments.parquet row 2, amount: "0" is not above zero; leave the row out if no money moved
          0,2,A2,2026-03-01"#]],
    );
    check(
        Foreign::Double("DOUBLE amount", [12.5, 7.0]),
        expect![
            "payments.parquet: column amount holds floating point numbers; store it as DECIMAL(18,2) or text"
        ],
    );
}

#[test]
fn flags_may_be_booleans_and_moments_need_a_zone() {
    let agreements = |reported: Foreign| {
        [
            Foreign::Text("BYTE_ARRAY agreement_id (STRING)", ["A1", "A2"]),
            Foreign::Text("BYTE_ARRAY customer_id (STRING)", ["C1", "C2"]),
            Foreign::Text("BYTE_ARRAY product (STRING)", ["card", "card"]),
            Foreign::Text("BYTE_ARRAY currency (STRING)", ["CNY", "cny"]),
            Foreign::Int32("INT32 opened_on (DATE)", [20512, 20513]),
            Foreign::Int64("INT64 credit_limit (INTEGER(64,true))", [8000, 9000]),
            reported,
        ]
    };
    check::<AgreementRow>(
        &agreements(Foreign::Bool("BOOLEAN reported", [true, false])),
        expect![[r#"
        1 A1,C1,card,CNY,2026-02-28,8000,,yes,active,,none
        agreements.parquet row 2, currency: "cny" is an unknown currency; use an ISO 4217 code such as CNY
          A2,C2,card,cny,2026-03-01,9000,no"#]],
    );
    check::<AgreementRow>(
        &agreements(Foreign::Int32("INT32 reported", [1, 0])),
        expect![
            "agreements.parquet: column reported holds values of type INT32; store it as BOOLEAN, or as yes and no"
        ],
    );

    let contacts = |sent_at: Foreign| {
        [
            Foreign::Text("BYTE_ARRAY contact_id (STRING)", ["K1", "K2"]),
            Foreign::Text("BYTE_ARRAY customer_id (STRING)", ["C1", "C2"]),
            Foreign::Text("BYTE_ARRAY channel (STRING)", ["sms", "email"]),
            sent_at,
            Foreign::Text("BYTE_ARRAY outcome (STRING)", ["delivered", "failed"]),
        ]
    };
    let moments = [1_770_773_400_000_001_000, 0];
    check::<PastContactRow>(
        &contacts(Foreign::Int64("INT64 sent_at (TIMESTAMP(NANOS,true))", moments)),
        expect![[r#"
            1 K1,C1,,sms,2026-02-11T01:30:00.000001Z,delivered,
            2 K2,C2,,email,1970-01-01T00:00:00Z,failed,"#]],
    );
    check::<PastContactRow>(
        &contacts(Foreign::Int64("INT64 sent_at (TIMESTAMP(NANOS,false))", moments)),
        expect![
            "contacts.parquet: column sent_at holds values of type INT64; it has no time zone; store it in UTC, or as text with its offset"
        ],
    );
}

#[test]
fn files_that_cannot_be_read_say_what_to_write_instead() {
    let folder = folder(&[("refunds.parquet", b"PAR1 is not enough")]);
    let read = || reading::<super::RefundRow>(folder.path(), Encoding::Utf8, PortfolioRow::masked_text);
    expect!["refunds.parquet: it cannot be read as Parquet (Parquet error: Invalid Parquet file. Corrupt footer); write the file again"].assert_eq(&read());

    let path = folder.path().join("payments.parquet");
    let read = || reading::<PaymentRow>(folder.path(), Encoding::Utf8, PortfolioRow::masked_text);
    let columns = [
        Foreign::Text("BYTE_ARRAY payment_id (STRING)", ["P1", "P2"]),
        Foreign::Text("BYTE_ARRAY agreement_id (STRING)", ["A1", "A2"]),
        TEXT_DATES(),
        TEXT_AMOUNTS(),
    ];
    write_foreign(&path, &columns, Compression::UNCOMPRESSED);
    let bytes = std::fs::read(&path).expect("the file");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("half of the file");
    expect!["payments.parquet: it cannot be read as Parquet (Parquet error: Invalid Parquet file. Corrupt footer); write the file again"].assert_eq(&read());
    write_foreign(&path, &columns[..3], Compression::UNCOMPRESSED);
    expect![[r#"
        payments.parquet row 1, amount: value is missing; give the amount; only a row that reverses a payment may leave it empty
          P1,A1,2026-02-28
        payments.parquet row 2, paid_on: "2026-02-30" is not a day of the calendar; write it as 2026-02-28
          P2,A2,2026-02-30"#]].assert_eq(&read());
}

#[test]
fn a_damaged_file_is_an_error_and_never_a_panic() {
    let folder = folder(&[]);
    let path = folder.path().join("payments.parquet");
    let columns = [
        Foreign::Text("BYTE_ARRAY payment_id (STRING)", ["P1", "P2"]),
        Foreign::Text("BYTE_ARRAY agreement_id (STRING)", ["A1", "A2"]),
        Foreign::Int32("INT32 paid_on (DATE)", [20512, 20513]),
        TEXT_AMOUNTS(),
    ];
    write_foreign(&path, &columns, Compression::SNAPPY);
    let good = std::fs::read(&path).expect("the file");
    let mut refused_count = 0;
    for position in 0..good.len() {
        let mut bytes = good.clone();
        bytes[position] ^= 0xFF;
        std::fs::write(&path, &bytes).expect("a damaged file");
        let shown = reading::<PaymentRow>(folder.path(), Encoding::Utf8, PortfolioRow::masked_text);
        refused_count += usize::from(shown.contains("payments.parquet"));
    }
    assert!(refused_count > good.len() / 2, "only {refused_count} of {} damages were noticed", good.len());
}

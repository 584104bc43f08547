//! PDFs as another program reads them. They need a Chinese font, which `./test` installs, and Python with pypdf.

use std::process::Command;

use dunlin_domain::contact::Language;
use expect_test::{Expect, expect};

use super::{Pdf, pdf};
use crate::document::{Block, Column, Content, Figure, Font, Row, Table};

fn font() -> Font {
    Font::find(None).expect("a Chinese font; run ./test, which installs one")
}

fn table(row_count: usize, note: &str) -> Table {
    let row = |index: usize| {
        Row::new([
            format!("2026-03-{:02}", index % 28 + 1),
            format!("{note} {index}"),
            "+1,234.50".to_owned(),
        ])
    };
    let mut rows: Vec<Row> = (1..=row_count).map(row).collect();
    rows.push(Row::total([String::new(), "合计".to_owned(), "+74,070.00".to_owned()]));
    let columns = vec![Column::text("日期", 3), Column::text("摘要", 11), Column::number("金额", 3)];
    Table { columns, rows }
}

fn content(name: &str, blocks: Vec<Block>) -> Content {
    Content {
        language: Language::Zh,
        sender: "示例消金".to_owned(),
        title: "账单".to_owned(),
        addressee: name.to_owned(),
        subject: "合约 A-1，账单日 2026-03-01".to_owned(),
        blocks,
        foot: "示例消金　客服热线 400-000-0000".to_owned(),
    }
}

/// What an independent reader finds: a line for each page with its number of lines, then the text asked for.
fn read(pdf: &Pdf, script: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("a.pdf");
    std::fs::write(&file, &pdf.bytes).expect("a file");
    let python = std::env::var("DUNLIN_TEST_PYTHON").expect("DUNLIN_TEST_PYTHON is not set; run ./test");
    let program = format!("import sys, pypdf\nr = pypdf.PdfReader(sys.argv[1], strict=True)\n{script}");
    let output =
        Command::new(python).args(["-X", "utf8", "-c", &program]).arg(&file).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[track_caller]
fn check(pdf: &Pdf, script: &str, expected: Expect) {
    expected.assert_eq(&read(pdf, script));
}

#[test]
fn the_text_can_be_read_by_another_program() {
    let blocks = vec![
        Block::Figures(vec![Figure {
            name: "本期余额".to_owned(),
            value: "1,234.50".to_owned(),
            is_alert: false,
        }]),
        Block::Heading("交易明细".to_owned()),
        Block::Alert("您有 100.00 已逾期 3 天。".to_owned()),
        Block::Table(table(1, "消费 · Corner Shop")),
    ];
    let pdf = pdf(&content("王示例", blocks), &font()).expect("a PDF");
    check(
        &pdf,
        "print(len(r.pages)); print(r.metadata.title); print(r.trailer['/Root']['/Lang']); print(r.pages[0].extract_text())",
        expect![[r#"
            1
            账单 · 合约 A-1，账单日 2026-03-01
            zh-CN
            示例消金 合约 A-1，账单日 2026-03-01
            账单
            王示例
            本期余额
            1,234.50
            交易明细
            您有 100.00 已逾期 3 天。
            日期 摘要 金额
            2026-03-02 消费 · Corner Shop 1 +1,234.50
            合计 +74,070.00
            示例消金　客服热线 400-000-0000 1 / 1
        "#]],
    );
    assert!(pdf.bytes.len() < 60_000, "{} bytes: only the letters in use are in it", pdf.bytes.len());
    assert!(pdf.missing.is_empty());
}

#[test]
fn a_long_table_goes_on_with_its_head_on_every_page() {
    let blocks = vec![Block::Heading("交易明细".to_owned()), Block::Table(table(60, "在街角便利店消费"))];
    let pdf = pdf(&content("王示例", blocks), &font()).expect("a PDF");
    let script = "for p in r.pages:\n    t = p.extract_text()\n    print(t.count('摘要'), t.count('合约 A-1'), t.strip().splitlines()[-1])";
    check(
        &pdf,
        script,
        expect![[r#"
        1 1 示例消金　客服热线 400-000-0000 1 / 2
        1 1 示例消金　客服热线 400-000-0000 2 / 2
    "#]],
    );
    let all = read(&pdf, "print(''.join(p.extract_text() for p in r.pages))");
    for index in 1..=60 {
        assert!(all.contains(&format!("消费 {index} +")), "row {index} is missing:\n{all}");
    }
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let make = || {
        let blocks = vec![Block::Table(table(3, "消费")), Block::Note("计算过程".to_owned())];
        pdf(&content("王示例", blocks), &font()).expect("a PDF")
    };
    assert_eq!(make(), make());
}

#[test]
fn a_letter_that_the_font_lacks_is_shown_as_missing_and_named() {
    let pdf = pdf(&content("王\u{E123}示例", Vec::new()), &font()).expect("a PDF");
    assert_eq!(pdf.missing, ['\u{E123}']);
    assert!(read(&pdf, "print(r.pages[0].extract_text())").contains("王□示例"));
}

#[test]
fn nothing_leaves_the_page_however_long_it_is() {
    let long = "超长商户名称".repeat(40);
    let unbroken = "x".repeat(300);
    let blocks = vec![
        Block::Facts(vec![(long.clone(), unbroken.clone()), ("名".to_owned(), long.clone())]),
        Block::Figures(vec![Figure { name: long.clone(), value: "9".repeat(60), is_alert: true }]),
        Block::Table(table(2, &unbroken)),
        Block::Text(long.clone().repeat(30)),
    ];
    let pdf = pdf(&content(&long, blocks), &font()).expect("a PDF");
    // Where a text ends is not told, but where it begins, and the widest letter has the width of its size.
    let script = "out = 0\nfor p in r.pages:\n    def see(text, cm, tm, font, size):\n        global out\n        if text.strip() and not (45 <= tm[4] <= 545 and 20 <= tm[5] <= 820): out += 1\n    p.extract_text(visitor_text=see)\nprint(out)";
    check(
        &pdf,
        script,
        expect![[r#"
        0
    "#]],
    );
    assert!(pdf.page_count >= 3);
}

#[test]
fn a_file_that_is_no_font_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("font.ttf");
    let refusal = |path: &std::path::Path| match Font::find(Some(path)) {
        Ok(_) => panic!("it is no font"),
        Err(error) => error.to_string().replace(&folder.path().display().to_string(), "FOLDER"),
    };
    expect![[r#"font FOLDER/font.ttf cannot be read: No such file or directory (os error 2); install the Debian package fonts-noto-cjk or fonts-wqy-microhei, or name a font file in dunlin.toml as font = "…" under [statement]"#]].assert_eq(&refusal(&path));
    std::fs::write(&path, "no font").expect("a file");
    expect![[r#"font FOLDER/font.ttf cannot be used: unknown magic; install the Debian package fonts-noto-cjk or fonts-wqy-microhei, or name a font file in dunlin.toml as font = "…" under [statement]"#]].assert_eq(&refusal(&path));
}

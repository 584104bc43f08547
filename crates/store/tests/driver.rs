//! The lower layer on both databases.

mod common;

use common::databases;
use dunlin_store::{Column, Conflict, Param};

#[test]
fn what_is_written_is_read_back() {
    for test in databases() {
        test.db.write(|tx| tx.execute_script(&tx.dialect().schema("
create table thing (
    part BIGINT NOT NULL,
    id BYTEA NOT NULL,
    name TEXT,
    primary key (part, id)
);"))).unwrap();
        let values: Vec<Param<'_>> = (0..3u8).flat_map(|n| [Param::Int(7), Param::Id([n; 16]), if n == 1 {Param::OptText(None)} else {Param::Text("x")}]).collect();
        let columns = [("part", Column::Int), ("id", Column::Bytes), ("name", Column::Text)];
        for expected in [3, 0] {
            let count = test.db.write(|tx| tx.insert_rows("thing", &columns, Conflict::Ignore, &values)).unwrap();
            assert_eq!(count, expected, "{}", test.name);
        }
        let e = test.db.write(|tx| tx.insert_rows("thing", &columns, Conflict::Fail, &values)).unwrap_err();
        println!("{e}");
        let keys = [Param::Int(7), Param::Id([1; 16]), Param::Int(7), Param::Id([2;16]), Param::Int(7), Param::Id([9;16])];
        let got = test.db.read(|tx| tx.query_keys("id, name", "thing", &columns[..2], &keys, |row| Ok((row.id16(0)[0], row.opt_text(1).map(str::to_owned))))).unwrap();
        println!("{got:?}");
        let upd = [Param::Int(7), Param::Id([1; 16]), Param::Text("a"), Param::Int(7), Param::Id([2;16]), Param::Text("b"), Param::Int(8), Param::Id([9;16]), Param::Text("c")];
        println!("{}", test.db.write(|tx| tx.update_rows("thing", &columns[..2], &columns[2..], &upd)).unwrap());
        let got = test.db.read(|tx| tx.query("select id, name, exists(select 1) from thing where part = ?1 and name < ?2 order by id", &[Param::Int(7), Param::Text("c")], |row| Ok((row.id16(0)[0], row.text(1).to_owned(), row.int(2))))).unwrap();
        println!("{got:?}");
    }
}

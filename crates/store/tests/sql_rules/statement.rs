//! What is wrong with a statement.

use crate::rust::Call;
use crate::schema::Schema;
use crate::sql;

/// What reads the server's clock or chance, makes ids inside SQL, or asks for what a distributed server lacks.
const FORBIDDEN: [(&str, &str); 19] = [
    ("now", "the moment is passed in"),
    ("current_timestamp", "the moment is passed in"),
    ("current_date", "the day is passed in"),
    ("current_time", "the moment is passed in"),
    ("localtimestamp", "the moment is passed in"),
    ("clock_timestamp", "the moment is passed in"),
    ("statement_timestamp", "the moment is passed in"),
    ("strftime", "the moment is passed in"),
    ("random", "nothing is left to chance"),
    ("randomblob", "nothing is left to chance"),
    ("gen_random_uuid", "ids come from causes"),
    ("uuid_generate_v4", "ids come from causes"),
    ("nextval", "there is no global sequence"),
    ("serial", "there is no global sequence"),
    ("bigserial", "there is no global sequence"),
    ("autoincrement", "there is no global sequence"),
    ("identity", "there is no global sequence"),
    ("merge", "a distributed server has no MERGE"),
    ("serializable", "a distributed server reports its conflicts at commit"),
];

/// Words that cannot be the name that a statement gives a table.
const KEYWORDS: [&str; 18] = [
    "where",
    "set",
    "on",
    "join",
    "left",
    "inner",
    "cross",
    "order",
    "group",
    "limit",
    "for",
    "select",
    "values",
    "using",
    "union",
    "returning",
    "having",
    "when",
];

/// The forbidden words among `words`, each with the reason.
pub fn forbidden(words: &[String]) -> Vec<String> {
    let is_there = |word: &&(&str, &str)| words.iter().any(|found| found == word.0);
    let mut complaints: Vec<String> =
        FORBIDDEN.iter().filter(is_there).map(|(word, reason)| format!("{word}: {reason}")).collect();
    if words.windows(2).any(|pair| pair[0] == "lock" && pair[1] == "table") {
        complaints.push("lock table: rows are locked, never tables".to_owned());
    }
    complaints
}

/// A table in a statement, and what the statement calls it.
#[derive(Debug)]
struct Named {
    table: String,
    name: String,
}

/// Everything that is wrong with a statement. One that `is_whole_table` may look at all parts.
pub fn judge(schema: &Schema, text: &str, is_whole_table: bool) -> Vec<String> {
    let words = sql::words(text);
    let mut complaints = forbidden(&words);
    complaints.extend(changed_keys(schema, &words));
    if !is_whole_table {
        complaints.extend(unbound(&words));
    }
    complaints
}

/// The tables that are read or changed without saying in which part.
fn unbound(words: &[String]) -> Vec<String> {
    let mut complaints = Vec::new();
    let tables = named_tables(words);
    let is_one = tables.len() == 1;
    // What an update sets is no condition.
    let conditions =
        words.iter().position(|word| word == "set").filter(|_| words[0] == "update").map_or(words, |set| {
            let end = words[set..]
                .iter()
                .position(|word| word == "where" || word == "from")
                .unwrap_or(words.len() - set);
            &words[set + end..]
        });
    for Named { table, name } in &tables {
        // The table of the numbers of parts is there to be walked.
        if table == "part_number" {
            continue;
        }
        let own = format!("{name}.part");
        let is_own = |word: &String| *word == own || (is_one && word == "part");
        let is_bound =
            conditions.windows(3).any(|three| three[1] == "=" && (is_own(&three[0]) || is_own(&three[2])));
        if !is_bound {
            complaints.push(format!("{table} is read or changed in all parts"));
        }
    }
    complaints.extend(insert_without_part(words));
    complaints
}

/// The tables that a statement reads or changes; not the one that rows are inserted into.
fn named_tables(words: &[String]) -> Vec<Named> {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let own: Vec<&str> =
        words.windows(2).filter(|pair| pair[0] == "recursive").map(|pair| pair[1].as_str()).collect();
    let mut found = Vec::new();
    for at in 0..words.len() {
        let before = at.checked_sub(1).map_or("", word);
        let begins = match word(at) {
            "from" => before != "distinct",
            "join" => true,
            "update" => before != "for" && before != "do",
            _ => false,
        };
        let mut next = at + 1;
        while begins && next < words.len() {
            let table = word(next);
            let is_name =
                table != "(" && word(next + 1) != "(" && !own.contains(&table) && !KEYWORDS.contains(&table);
            let alias_at = if word(next + 1) == "as" { next + 2 } else { next + 1 };
            let has_alias = word(alias_at).starts_with(|letter: char| letter.is_alphabetic())
                && !KEYWORDS.contains(&word(alias_at));
            if is_name {
                let name = if has_alias { word(alias_at) } else { table };
                found.push(Named { table: table.to_owned(), name: name.to_owned() });
            }
            let end = if has_alias { alias_at + 1 } else { next + 1 };
            // A list of tables goes on behind a comma.
            if !is_name || word(end) != "," {
                break;
            }
            next = end + 1;
        }
    }
    found
}

/// An insert says which columns it fills, the part first.
fn insert_without_part(words: &[String]) -> Option<String> {
    if words[0] != "insert" {
        return None;
    }
    let head = words.get(3..5).unwrap_or_default();
    let is_generic = words.get(4).is_some_and(|word| word.starts_with('{'));
    (head != ["(", "part"] && !is_generic)
        .then(|| format!("rows of {} are inserted without the part first", words[2]))
}

/// Columns of a table's key that a statement sets.
fn changed_keys(schema: &Schema, words: &[String]) -> Vec<String> {
    let table = match words[0].as_str() {
        "update" => &words[1],
        "insert" => &words[2],
        _ => return Vec::new(),
    };
    let Some(key) = schema.key(table) else { return Vec::new() };
    let Some(set) = words.iter().position(|word| word == "set") else { return Vec::new() };
    let mut depth = 0;
    let mut is_target = true;
    let mut complaints = Vec::new();
    for word in &words[set + 1..] {
        match word.as_str() {
            "where" | "from" | "returning" if depth == 0 => break,
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => is_target = true,
            column if is_target => {
                is_target = false;
                if key.iter().any(|of_key| of_key == column) {
                    complaints.push(format!("{table}.{column} is of the key and never changes"));
                }
            }
            _ => {}
        }
    }
    complaints
}

/// What is wrong with a bulk call.
pub fn judge_call(schema: &Schema, call: &Call) -> Option<String> {
    let Call { method, table, keys, sets, .. } = call;
    let (Some(table), Some(keys)) = (table, keys) else {
        return Some(format!("{method}: the table or its keys are not written where they can be read"));
    };
    let Some(key) = schema.key(table) else { return Some(format!("{method}: there is no table {table}")) };
    if keys.first().map(String::as_str) != Some("part") {
        return Some(format!("{method} of {table} does not begin with part: {}", keys.join(", ")));
    }
    let changed = sets.iter().flatten().find(|column| key.contains(column));
    changed.map(|column| format!("{method}: {table}.{column} is of the key and never changes"))
}

//! The page `build/bench/report.html`: one file without anything beside it.

use super::section::{Section, Table};
use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.45 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}\
h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em}table{border-collapse:collapse;margin:1em 0;font-size:.9em}\
th,td{padding:.25em .7em;border-bottom:1px solid #ddd;text-align:right}th:first-child,td:first-child{text-align:left}\
svg{max-width:100%;height:auto}";

/// The whole page; `on` is what it was measured on, name and value.
pub fn page(on: &[(&str, String)], quick: bool, sections: &[Section]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>What timeouts cost</title>\n\
         <style>{STYLE}</style>\n<h1>What timeouts cost</h1>\n"
    );
    if quick {
        page += "<p><strong>A smoke run: its figures mean little.</strong></p>\n";
    }
    page += "<p>Times depend on this machine and on what else it does; ratios are of medians of blocks that take turns \
             within one run, with the quartiles over the pairs of blocks behind them.</p>\n<table>\n";
    for (name, value) in on {
        let _ = writeln!(page, "<tr><td>{}</td><td>{}</td></tr>", escaped(name), escaped(value));
    }
    page += "</table>\n";
    for section in sections {
        let _ = writeln!(page, "<h2>{}</h2>", escaped(&section.title));
        let _ = writeln!(page, "<p>{}</p>", escaped(&section.what));
        section.tables.iter().for_each(|found| page += &table(found));
        for remark in &section.remarks {
            let _ = writeln!(page, "<p>{}</p>", escaped(remark));
        }
        for plot in &section.plots {
            let _ = writeln!(page, "{plot}");
        }
    }
    page + "</html>\n"
}

fn table(table: &Table) -> String {
    let row = |cells: &Vec<String>, kind: &str| {
        let cells = cells.iter().map(|cell| format!("<{kind}>{}</{kind}>", escaped(cell)));
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let rows: String = table.rows.iter().map(|cells| row(cells, "td")).collect();
    format!("<table>\n{}{rows}</table>\n", row(&table.head, "th"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_on_the_page_and_text_stays_text() {
        let mut section = Section::new("a < b", "what & how");
        let mut found = Table::new(&["kind", "µs"]);
        found.rows.push(vec!["<timed>".into(), "7".into()]);
        section.tables.push(found);
        section.plots.push("<svg/>".into());
        section.remarks.push("none".into());
        let page = page(&[("CPU", "one".into())], false, &[section]);
        for part in
            ["a &lt; b", "what &amp; how", "<td>&lt;timed&gt;</td><td>7</td>", "<svg/>", "one"]
        {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("smoke"));
    }
}

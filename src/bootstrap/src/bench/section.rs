//! What one part found: text, tables and plots, for the terminal and for the page.

/// One part's findings.
#[derive(Default)]
pub struct Section {
    pub title: String,
    /// What was measured and how, in a sentence or two.
    pub what: String,
    pub tables: Vec<Table>,
    /// SVG.
    pub plots: Vec<String>,
    /// What the figures say, or what is missing and why.
    pub remarks: Vec<String>,
}

/// Rows of cells under a head; the first column is text, the others are figures.
pub struct Table {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Section {
    pub fn new(title: &str, what: &str) -> Self {
        Self { title: title.into(), what: what.into(), ..Self::default() }
    }

    /// Says of what no machine but the embedded one counts that it was not counted.
    pub fn not_counted(&mut self) {
        const NONE: &str = "NaN";
        let rows = self.tables.iter_mut().flat_map(|table| &mut table.rows);
        let cells = rows.flat_map(|row| row.iter_mut());
        cells.filter(|cell| cell.contains(NONE)).for_each(|cell| *cell = "not counted".into());
        self.remarks.retain(|remark| !remark.contains(NONE));
    }

    /// For the terminal: everything but the plots.
    pub fn text(&self) -> String {
        let mut text = format!("\n{}\n{}\n", self.title, self.what);
        self.tables.iter().for_each(|table| text += &format!("\n{}", table.text()));
        if !self.remarks.is_empty() {
            text.push('\n');
        }
        self.remarks.iter().for_each(|remark| text += &format!("{remark}\n"));
        text
    }
}

impl Table {
    pub fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(ToString::to_string).collect(), rows: Vec::new() }
    }

    fn text(&self) -> String {
        let rows = || std::iter::once(&self.head).chain(&self.rows);
        let width = |column: usize| {
            let cells = rows().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_string() + "\n"
        };
        rows().map(line).collect()
    }
}

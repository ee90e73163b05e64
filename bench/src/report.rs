//! Samples, interleaved, and what is printed of them.

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// One measurement.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Sample {
    /// Nanoseconds.
    pub ns: f64,
    /// The most memory it took, in KiB.
    pub peak_kib: u64,
}

/// What is measured on each engine.
pub struct Row {
    pub name: String,
    pub reps: usize,
    /// What a sample's nanoseconds are divided by.
    pub per: f64,
}

/// All that was measured.
#[derive(Serialize)]
pub struct Report {
    unit: String,
    engines: Vec<String>,
    rows: Vec<RowReport>,
    /// Rows in which the first engine failed, or any gave a wrong answer.
    pub wrong: usize,
}

#[derive(Serialize)]
struct RowReport {
    name: String,
    cells: Vec<Cell>,
}

/// What one engine gave for one row.
#[derive(Serialize)]
struct Cell {
    engine: String,
    /// Of the samples, in the report's unit.
    median: Option<f64>,
    /// Greatest less least sample, as a part of the median.
    spread: Option<f64>,
    /// Median of the samples' peaks.
    peak_kib: Option<u64>,
    samples: Vec<f64>,
    error: Option<String>,
}

/// Takes samples of all rows, each time of all engines in turn, and prints each row when it is done.
/// An engine that fails is not asked again for that row.
pub fn measure(
    unit: &str,
    engines: &[&str],
    rows: Vec<Row>,
    mut sample: impl FnMut(usize, usize) -> Result<Sample>,
) -> Result<Report> {
    let mut report = Report {
        unit: unit.into(),
        engines: engines.iter().map(|&name| name.to_owned()).collect(),
        rows: Vec::new(),
        wrong: 0,
    };
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(8);
    print!("{unit:width$}");
    for (e, engine) in engines.iter().enumerate() {
        print!("  {engine:>12} spread   peak MiB{}", if e == 0 { "" } else { "  ratio" });
    }
    println!();
    for (r, row) in rows.into_iter().enumerate() {
        let mut taken: Vec<Result<Vec<Sample>>> = engines.iter().map(|_| Ok(Vec::new())).collect();
        for _ in 0..row.reps.max(1) {
            for (e, taken) in taken.iter_mut().enumerate() {
                if let Ok(samples) = taken {
                    match sample(r, e) {
                        Ok(one) => samples.push(one),
                        Err(error) => *taken = Err(error),
                    }
                }
            }
        }
        let cells: Vec<Cell> =
            engines.iter().zip(taken).map(|(engine, taken)| Cell::new(engine, &row, taken)).collect();
        print_row(&row.name, width, &cells);
        let bad = |(i, cell): (usize, &Cell)| {
            cell.error.as_ref().is_some_and(|error| i == 0 || error.starts_with("wrong"))
        };
        report.wrong += cells.iter().enumerate().any(bad) as usize;
        report.rows.push(RowReport { name: row.name, cells });
    }
    Ok(report)
}

fn print_row(name: &str, width: usize, cells: &[Cell]) {
    print!("{name:width$}");
    for (e, cell) in cells.iter().enumerate() {
        match (cell.median, cell.spread, cell.peak_kib) {
            (Some(median), Some(spread), Some(peak)) => {
                print!("  {median:12.3} {:5.1}% {:10.1}", spread * 100.0, peak as f64 / 1024.0)
            }
            _ => print!("  {:>12} {:6} {:10}", "-", "", ""),
        }
        if e > 0 {
            let ratio = cells[0].median.zip(cell.median).map(|(first, own)| format!("{:.3}", first / own));
            print!(" {:>6}", ratio.unwrap_or_default());
        }
    }
    println!();
    for cell in cells {
        if let Some(error) = &cell.error {
            println!("{:width$}    {}: {error}", "", cell.engine);
        }
    }
}

impl Cell {
    fn new(engine: &str, row: &Row, taken: Result<Vec<Sample>>) -> Cell {
        let engine = engine.to_owned();
        let samples = match taken {
            Ok(samples) => samples,
            Err(error) => {
                let error = Some(format!("{error:#}"));
                return Cell {
                    engine,
                    median: None,
                    spread: None,
                    peak_kib: None,
                    samples: Vec::new(),
                    error,
                };
            }
        };
        let mut times: Vec<f64> = samples.iter().map(|sample| sample.ns / row.per).collect();
        let mut peaks: Vec<u64> = samples.iter().map(|sample| sample.peak_kib).collect();
        peaks.sort();
        let as_taken = times.clone();
        times.sort_by(f64::total_cmp);
        let middle = times.len() / 2;
        let median =
            if times.len() % 2 == 1 { times[middle] } else { (times[middle - 1] + times[middle]) / 2.0 };
        Cell {
            engine,
            median: Some(median),
            spread: Some((times[times.len() - 1] - times[0]) / median),
            peak_kib: Some(peaks[middle]),
            samples: as_taken,
            error: None,
        }
    }
}

impl Report {
    /// Prints, for each engine but the first, the geometric mean of first/other over the rows that both could do.
    pub fn print_means(&self) {
        for (e, engine) in self.engines.iter().enumerate().skip(1) {
            let mean = |figure: &dyn Fn(&Cell) -> Option<f64>| {
                let logs: Vec<f64> = (self.rows.iter())
                    .filter_map(|row| Some((figure(&row.cells[0])? / figure(&row.cells[e])?).ln()))
                    .filter(|log| log.is_finite())
                    .collect();
                (logs.len(), (logs.iter().sum::<f64>() / logs.len() as f64).exp())
            };
            let (rows, time) = mean(&|cell| cell.median);
            let (_, peak) = mean(&|cell| cell.peak_kib.map(|kib| kib as f64));
            if rows > 0 {
                println!(
                    "{} / {engine}: time {time:.3}, peak memory {peak:.3} (geometric means of {rows})",
                    self.engines[0]
                );
            }
        }
    }
}

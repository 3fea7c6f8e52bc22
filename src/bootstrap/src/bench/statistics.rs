//! From the lines that a program printed to distributions and ratios.
//!
//! A ratio is measured, not divided at the end: kinds take turns in blocks, each pair of neighbouring blocks gives one
//! ratio of medians, and the median of those is what counts. What slows the whole machine for a while slows both
//! blocks of a pair.

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;

/// Significant figures that a histogram keeps.
const FIGURES: u8 = 3;

/// Samples in nanoseconds, in the order in which they were taken: one label's lines in a row are a block.
#[derive(Default)]
pub struct Samples(Vec<Block>);

struct Block {
    label: String,
    values: Vec<i64>,
}

impl Samples {
    /// Reads lines `LABEL NANOSECONDS`.
    pub fn parse(text: &str) -> Result<Samples> {
        let mut samples = Samples::default();
        for line in text.lines() {
            let sample = line.split_once(' ').and_then(|(label, value)| {
                Some((label, value.parse().ok()?)).filter(|_| !label.is_empty())
            });
            let (label, value) = sample.with_context(|| format!("{line:?} is no sample"))?;
            match samples.0.last_mut() {
                Some(block) if block.label == label => block.values.push(value),
                _ => samples.0.push(Block { label: label.into(), values: vec![value] }),
            }
        }
        Ok(samples)
    }

    /// Adds what another run of the program printed; a block does not go on over the seam.
    pub fn append(&mut self, mut other: Samples) {
        self.0.append(&mut other.0);
    }

    /// How many there are with this label.
    pub fn count(&self, label: &str) -> usize {
        self.blocks(label).map(|block| block.values.len()).sum()
    }

    /// The distribution of one label's samples.
    pub fn distribution(&self, label: &str) -> Result<Distribution> {
        let mut histogram = Histogram::new(FIGURES)?;
        let mut early = 0;
        for &value in self.blocks(label).flat_map(|block| &block.values) {
            match u64::try_from(value) {
                Ok(value) => histogram.record(value)?,
                Err(_) => early += 1,
            }
        }
        ensure!(early + histogram.len() > 0, "there is no sample of {label}");
        Ok(Distribution { histogram, early })
    }

    /// How much slower `this` is than `than`.
    pub fn ratio(&self, this: &str, than: &str) -> Result<Ratio> {
        Ratio::of(self.medians(this), self.medians(than))
            .with_context(|| format!("{this} against {than}"))
    }

    /// The median of each block of a label, in nanoseconds.
    pub fn medians(&self, label: &str) -> Vec<f64> {
        self.blocks(label).map(|block| median(block.values.iter().map(|&v| v as f64))).collect()
    }

    fn blocks(&self, label: &str) -> impl Iterator<Item = &Block> {
        self.0.iter().filter(move |block| block.label == label)
    }
}

/// How the samples of one label lie.
pub struct Distribution {
    histogram: Histogram<u64>,
    /// Samples below 0, which are in no other figure.
    pub early: u64,
}

impl Distribution {
    /// The value, in nanoseconds, that the share `quantile` of the samples does not exceed.
    pub fn quantile(&self, quantile: f64) -> u64 {
        self.histogram.value_at_quantile(quantile)
    }

    /// The largest, in nanoseconds.
    pub fn max(&self) -> u64 {
        self.histogram.max()
    }

    /// How many, without the early ones.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Points `(microseconds, share of the samples that are no larger)`.
    pub fn cumulative(&self) -> Vec<(f64, f64)> {
        let mut seen = 0;
        let mut points = Vec::new();
        for step in self.histogram.iter_recorded() {
            seen += step.count_at_value();
            points
                .push((microseconds(step.value_iterated_to()), seen as f64 / self.count() as f64));
        }
        points
    }

    /// Points `(microseconds, share of the samples)` by classes, each a twentieth wider than the one before.
    pub fn classes(&self) -> Vec<(f64, f64)> {
        const WIDER: f64 = 1.05;
        let mut points: Vec<(i32, u64)> = Vec::new();
        for step in self.histogram.iter_recorded() {
            let class = (step.value_iterated_to().max(1) as f64).log(WIDER) as i32;
            while points.last().is_some_and(|&(last, _)| last + 1 < class) {
                points.push((points[points.len() - 1].0 + 1, 0));
            }
            match points.last_mut() {
                Some((last, count)) if *last == class => *count += step.count_at_value(),
                _ => points.push((class, step.count_at_value())),
            }
        }
        let point = |(class, count): (i32, u64)| {
            (WIDER.powi(class) / 1000.0, count as f64 / self.count() as f64)
        };
        points.into_iter().map(point).collect()
    }
}

/// A ratio of medians, measured in pairs of blocks.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    /// The median of the pairs' ratios.
    pub median: f64,
    /// A quarter of them lies below.
    pub lower: f64,
    /// A quarter of them lies above.
    pub upper: f64,
}

impl Ratio {
    /// The first of these to the second, place by place.
    pub fn of(these: Vec<f64>, those: Vec<f64>) -> Result<Ratio> {
        let pairs = these.iter().zip(&those).filter(|&(_, &that)| that > 0.0);
        let ratios: Vec<f64> = pairs.map(|(this, that)| this / that).collect();
        ensure!(!ratios.is_empty(), "no two blocks to compare");
        let at = |share| quantile(ratios.iter().copied(), share);
        Ok(Ratio { median: at(0.5), lower: at(0.25), upper: at(0.75) })
    }
}

impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3} ({:.3} to {:.3})", self.median, self.lower, self.upper)
    }
}

/// The middle of some values; 0 of none.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    let at = share * last as f64;
    let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

/// Nanoseconds in microseconds.
pub fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests;

//! Plots as SVG: curves over one logarithmic axis.

use anyhow::{Result, anyhow};
use plotters::prelude::*;

const SIZE: (u32, u32) = (720, 320);
const FONT: (&str, i32) = ("sans-serif", 14);
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x1f, 0x5f, 0xa8),
    RGBColor(0xc8, 0x4b, 0x1e),
    RGBColor(0x2e, 0x8b, 0x57),
    RGBColor(0x7a, 0x3e, 0x9d),
    RGBColor(0x8a, 0x6d, 0x1b),
    RGBColor(0x55, 0x55, 0x55),
];

/// Where the names of the curves stand.
pub use plotters::prelude::SeriesLabelPosition as Legend;

/// Points with a name.
pub struct Curve {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// Curves over a logarithmic x axis; y starts at 0. A curve of what was not counted, whose values are no numbers, is left
/// out, and where there is no other curve there is no plot.
pub fn curves(
    title: &str,
    x: &str,
    y: &str,
    legend: Legend,
    curves: &[Curve],
) -> Result<Option<String>> {
    let counted = |curve: &&Curve| curve.points.iter().all(|(_, value)| !value.is_nan());
    let counted: Vec<&Curve> = curves.iter().filter(counted).collect();
    if counted.is_empty() && !curves.is_empty() {
        return Ok(None);
    }
    let mut svg = String::new();
    draw(&mut svg, title, x, y, legend, &counted)
        .map_err(|why| anyhow!("{title} was not drawn: {why}"))?;
    Ok(Some(svg))
}

type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

fn draw(
    svg: &mut String,
    title: &str,
    x: &str,
    y: &str,
    legend: Legend,
    curves: &[&Curve],
) -> Drawn {
    let points = || curves.iter().flat_map(|curve| &curve.points).filter(|point| point.0 > 0.0);
    let left = points().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let right = points().map(|point| point.0).fold(0.0, f64::max);
    let top = points().map(|point| point.1).fold(0.0, f64::max);
    if left > right || top <= 0.0 {
        return Err("there is nothing to draw".into());
    }
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, (FONT.0, 16))
        .margin(8)
        .x_label_area_size(42)
        .y_label_area_size(64)
        .build_cartesian_2d((left * 0.95..right * 1.05).log_scale(), 0.0..top * 1.05)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(BLACK.mix(0.12))
        .label_style(FONT)
        .x_desc(x)
        .y_desc(y)
        .x_label_formatter(&|value| short(*value))
        .y_label_formatter(&|value| short(*value))
        .draw()?;
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        let points = curve.points.iter().copied().filter(|point| point.0 > 0.0);
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(&curve.name)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(legend)
        .label_font(FONT)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

/// A figure without needless digits.
fn short(value: f64) -> String {
    let digits = if value >= 10.0 { 0 } else { 3 };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_in_the_picture_and_nothing_is_an_error() {
        let curve = |points| [Curve { name: "late & early".into(), points }];
        let svg = curves(
            "title",
            "µs",
            "share",
            Legend::UpperLeft,
            &curve(vec![(1.0, 0.1), (1000.0, 1.0)]),
        )
        .unwrap()
        .unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("<polyline"), "{svg}");
        assert!(svg.contains("late &amp; early"), "{svg}");
        assert!(curves("title", "µs", "share", Legend::UpperLeft, &curve(vec![])).is_err());
    }

    #[test]
    fn what_was_not_counted_is_not_drawn() {
        let curve = |name: &str, value| Curve { name: name.into(), points: vec![(1.0, value)] };
        let (counted, not) = (curve("looks", 2.0), curve("absent", f64::NAN));
        let none =
            curves("title", "threads", "calls", Legend::UpperLeft, std::slice::from_ref(&not));
        assert!(none.unwrap().is_none());
        let both = curves("title", "threads", "calls", Legend::UpperLeft, &[counted, not]);
        let svg = both.unwrap().unwrap();
        assert!(svg.contains("looks") && !svg.contains("absent"), "{svg}");
    }

    #[test]
    fn figures_are_short() {
        let shown = [0.0, 0.05, 0.5, 1.0, 10.0, 2500.0].map(short);
        assert_eq!(shown, ["0", "0.05", "0.5", "1", "10", "2500"]);
    }
}

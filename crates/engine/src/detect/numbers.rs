//! The few special functions that the detectors need, exact to about ten digits.

/// The logarithm of the gamma function for `x` above 0, by Lanczos' series.
#[must_use]
pub fn log_gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    const SERIES: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        let reflected = std::f64::consts::PI / (std::f64::consts::PI * x).sin();
        return reflected.abs().ln() - log_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let mut sum = 0.999_999_999_999_809_9;
    let mut place = x;
    for factor in SERIES {
        place += 1.0;
        sum += factor / place;
    }
    let t = x + G + 0.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// The logarithm of the beta function.
#[must_use]
pub fn log_beta(a: f64, b: f64) -> f64 {
    log_gamma(a) + log_gamma(b) - log_gamma(a + b)
}

/// `ln(1 + e^x)` without overflow.
#[must_use]
pub fn log_one_plus_exp(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// The logarithm of the sum of what `logs` are the logarithms of.
#[must_use]
pub fn log_sum(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
}

/// The share of a beta distribution that lies below `x`, by Lentz' continued fraction.
#[must_use]
pub fn beta_share_below(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (a * x.ln() + b * (1.0 - x).ln() - log_beta(a, b)).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(x, a, b) / a
    } else {
        1.0 - front * beta_fraction(1.0 - x, b, a) / b
    }
}

fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let keep = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / keep(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..500 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / keep(1.0 + even * d);
        c = keep(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / keep(1.0 + odd * d);
        c = keep(1.0 + odd / c);
        let change = d * c;
        fraction *= change;
        if (change - 1.0).abs() < 1e-14 {
            break;
        }
    }
    fraction
}

/// The value below which `share` of a beta distribution lies.
#[must_use]
pub fn beta_quantile(share: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if beta_share_below(middle, a, b) < share { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The value below which a twentieth of a chi-squared distribution lies, by Wilson and Hilferty's cube root.
#[must_use]
pub fn chi_squared_lowest_twentieth(degrees: f64) -> f64 {
    const NORMAL: f64 = -1.644_853_626_951_472_7;
    let spread = 2.0 / (9.0 * degrees);
    (degrees * (1.0 - spread + NORMAL * spread.sqrt()).powi(3)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{found} is not {wanted}");
    }

    #[test]
    fn log_gamma_is_that_of_the_tables() {
        close(log_gamma(1.0), 0.0);
        close(log_gamma(11.0), 3_628_800_f64.ln());
        close(log_gamma(0.5), std::f64::consts::PI.sqrt().ln());
        close(log_gamma(0.25), 3.625_609_908_221_908_f64.ln());
    }

    #[test]
    fn beta_quantiles_are_those_of_closed_forms() {
        // Beta(1, b): 1 - (1 - share)^(1/b). Beta(2, 2) is even about a half.
        close(beta_quantile(0.99, 1.0, 20.0), 1.0 - 0.01_f64.powf(0.05));
        close(beta_quantile(0.5, 2.0, 2.0), 0.5);
        close(beta_share_below(0.3, 2.0, 3.0), 0.3483);
    }

    #[test]
    fn sums_of_logarithms_do_not_overflow() {
        close(log_one_plus_exp(1_000.0), 1_000.0);
        close(log_one_plus_exp(f64::NEG_INFINITY), 0.0);
        close(log_sum(&[1_000.0, 1_000.0]), 1_000.0 + 2_f64.ln());
        assert_eq!(log_sum(&[]), f64::NEG_INFINITY);
    }

    #[test]
    fn the_lowest_twentieth_of_chi_squared_is_that_of_the_tables() {
        for (degrees, wanted) in [(10.0, 3.940), (50.0, 34.764), (100.0, 77.929)] {
            let found = chi_squared_lowest_twentieth(degrees);
            assert!((found - wanted).abs() < 0.02, "{found} for {degrees} degrees, not {wanted}");
        }
    }
}

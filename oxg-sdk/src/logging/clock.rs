use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Writes the time, RFC 3339 in UTC to the millisecond; a second is formatted once.
#[derive(Debug, Default)]
pub(super) struct Clock {
    second: u64,
    /// That second up to its dot; empty before the first.
    text: String,
}

impl Clock {
    /// Appends now to `out`.
    pub(super) fn now(&mut self, out: &mut String) {
        self.write(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(), out);
    }

    fn write(&mut self, since_epoch: Duration, out: &mut String) {
        let second = since_epoch.as_secs();
        if self.second != second || self.text.is_empty() {
            self.second = second;
            self.text.clear();
            format(second, &mut self.text);
        }
        out.push_str(&self.text);
        let milli = since_epoch.subsec_millis();
        for digit in [milli / 100, milli / 10 % 10, milli % 10] {
            out.push(char::from_digit(digit, 10).unwrap_or('0'));
        }
        out.push('Z');
    }
}

fn format(seconds: u64, out: &mut String) {
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.");
}

/// The Gregorian date of a day since 1970-01-01, counted in years that start in March, so that the
/// leap day is the last.
fn date(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants_have_their_dates() {
        let mut clock = Clock::default();
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.007Z"),
            (951_782_399, "2000-02-28T23:59:59.007Z"),
            (951_782_400, "2000-02-29T00:00:00.007Z"),
            (1_709_251_199, "2024-02-29T23:59:59.007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.007Z"),
        ] {
            let mut out = String::new();
            clock.write(Duration::from_millis(seconds * 1000 + 7), &mut out);
            assert_eq!(out, text);
        }
    }
}

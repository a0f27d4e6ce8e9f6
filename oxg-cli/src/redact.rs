//! `oxg redact`: a filter.

use std::io::{self, BufRead as _, Read as _, Write};

use oxg_redact::{Policy, Redactor};
use serde_json::Value;

use crate::args::{Preset, RedactArgs};
use crate::error::{CliError, Exit};

/// How much is read at once.
const PIECE: usize = 64 * 1024;
/// Longest JSON line. A longer one is redacted as text.
const LINE_MAX: u64 = 16 * 1024 * 1024;

/// Redacts standard input onto standard output.
pub(crate) fn redact(args: &RedactArgs) -> Result<Exit, CliError> {
    let policy = match args.policy {
        Preset::Default => Policy::Default,
        Preset::Strict => Policy::Strict,
        Preset::LogsOnly => Policy::LogsOnly,
    };
    let redactor = Redactor::builder()
        .policy(policy)
        .build()
        .map_err(|problem| CliError::argument("--policy", problem.to_string()))?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let result = if args.fields.is_empty() {
        text(&redactor, &mut input, &mut output)
    } else {
        json_lines(&redactor, &args.fields, &mut input, &mut output)
    };
    match result {
        // Whoever reads has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(source) => Err(CliError::Machine { what: "redact standard input".to_owned(), source }),
        Ok(()) => Ok(Exit::Done),
    }
}

fn text(redactor: &Redactor, input: &mut impl io::Read, output: &mut impl Write) -> io::Result<()> {
    let mut stream = redactor.stream();
    let mut piece = vec![0; PIECE];
    let mut redacted = Vec::new();
    loop {
        let len = match input.read(&mut piece) {
            Ok(0) => break,
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        stream.push(piece.get(..len).unwrap_or_default(), &mut redacted);
        output.write_all(&redacted)?;
        output.flush()?;
        redacted.clear();
    }
    stream.finish(&mut redacted);
    output.write_all(&redacted)?;
    output.flush()
}

fn json_lines(
    redactor: &Redactor,
    fields: &[String],
    input: &mut impl io::BufRead,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)? == 0 {
            return output.flush();
        }
        match json_line(redactor, fields, &line) {
            Some(redacted) => output.write_all(redacted.as_bytes())?,
            None => output.write_all(&redactor.redact_bytes(&line))?,
        }
        output.flush()?;
    }
}

/// The line with its fields redacted; `None` if it is no JSON object.
fn json_line(redactor: &Redactor, fields: &[String], line: &[u8]) -> Option<String> {
    let Value::Object(mut object) = serde_json::from_slice(line).ok()? else {
        return None;
    };
    for field in fields {
        let Some(value) = object.remove(field) else {
            continue;
        };
        // In an object of its own, so that the name of the field counts too.
        let mut own = Value::from(serde_json::Map::from_iter([(field.clone(), value)]));
        redactor.redact_json(&mut own);
        if let Value::Object(own) = own {
            object.extend(own);
        }
    }
    let mut text = Value::from(object).to_string();
    if line.ends_with(b"\n") {
        text.push('\n');
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_json_line_only_the_named_fields_are_redacted() {
        let fields = ["msg".to_owned(), "token".to_owned()];
        let line =
            br#"{"by":"jo@example.org","msg":"mail jo@example.org","token":"a8f5f167f44f4964"}"#;
        let redacted = json_line(&Redactor::default(), &fields, line);
        assert_eq!(
            redacted.as_deref(),
            Some(
                r#"{"by":"jo@example.org","msg":"mail [REDACTED_EMAIL]","token":"[REDACTED_SECRET]"}"#
            ),
        );
    }

    #[test]
    fn what_is_no_json_object_is_redacted_as_text() {
        let mut output = Vec::new();
        let mut input = &b"jo@example.org\n[\"jo@example.org\"]\n"[..];
        json_lines(&Redactor::default(), &["msg".to_owned()], &mut input, &mut output).unwrap();
        assert_eq!(output, b"[REDACTED_EMAIL]\n[\"[REDACTED_EMAIL]\"]\n");
    }
}

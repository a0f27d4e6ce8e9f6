//! Manifests that are refused, and the whole message that a person reads.

use std::path::Path;

use oxg_manifest::{DiagnosticKind, MAX_MANIFEST_BYTES, Manifest, ManifestError};

const GUIDE: &str = include_str!("data/guide.json");

fn message(text: &str) -> String {
    first_message(text.as_bytes(), "manifest.json")
}

/// The message about what stands first in the text.
fn first_message(bytes: &[u8], file: &str) -> String {
    let checked = Manifest::check(bytes, file);
    match checked.diagnostics.first() {
        Some(first) => first.to_string(),
        None => format!("accepted: {}", String::from_utf8_lossy(bytes)),
    }
}

/// The message about the guide's example after one change.
fn changed(from: &str, to: &str) -> String {
    assert_eq!(GUIDE.matches(from).count(), 1, "{from}");
    message(&GUIDE.replace(from, to))
}

#[test]
fn a_missing_file_is_said_to_be_missing() {
    let error = Manifest::read("plugins/none/manifest.json").unwrap_err();
    assert_eq!(
        error.to_string(),
        "plugins/none/manifest.json: there is no such file; create it, or name the plugin's manifest.json"
    );
    assert!(error.diagnostics().is_empty());
}

#[cfg(unix)]
#[test]
fn a_directory_is_told_from_a_manifest() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    assert_eq!(
        Manifest::read(&path).unwrap_err().to_string(),
        format!("{}: this is a directory; name the manifest.json in it", path.display())
    );
}

#[test]
fn a_message_begins_with_the_path_of_the_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    assert_eq!(
        Manifest::read(&path).unwrap_err().to_string(),
        format!("{}:1:2: [0]: expected a JSON value, found \"package\"", path.display())
    );
}

#[test]
fn a_manifest_of_a_mebibyte_is_read_and_a_larger_one_is_refused() {
    let mut text = GUIDE.to_owned();
    text.push_str(&" ".repeat(MAX_MANIFEST_BYTES - text.len()));
    assert!(text.parse::<Manifest>().is_ok());
    text.push(' ');
    assert_eq!(
        message(&text),
        "manifest.json:1:1: larger than 1048576 bytes; move what is not configuration out of the manifest"
    );
}

#[test]
fn text_that_is_not_json_is_refused_where_it_stops_being_json() {
    for (text, expected) in [
        ("", "manifest.json:1:1: expected a JSON value, found the end of the file"),
        ("name: x\n", "manifest.json:1:1: expected a JSON value, found \"name\""),
        ("{\n  name: 1\n}", "manifest.json:2:3: expected a key in double quotes, found \"name\""),
        ("{\"name\" \"x\"}", "manifest.json:1:9: expected \":\" after the key, found a string"),
        (
            "{\n  \"name\": \"x\"\n  \"version\": 1\n}",
            "manifest.json:3:3: expected \",\" or \"}\", found a string",
        ),
        (
            "{\"name\": \"x\",\n}",
            "manifest.json:1:13: a comma stands after the last item; remove it",
        ),
        ("{\n  // the name\n}", "manifest.json:2:3: JSON has no comments; remove it"),
        (
            "{\"config\": {\"a\": NaN}}",
            "manifest.json:1:18: config.a: JSON has no \"NaN\"; write a number, or leave the key out",
        ),
        (
            "{\"config\": [1, 1e999]}",
            "manifest.json:1:16: config[1]: the number is out of range; write it as a string, or a smaller one",
        ),
        (
            "{\"config\": 007}",
            "manifest.json:1:12: config: expected a number without leading zeros, found a leading zero",
        ),
        (
            "{\"name\": \"x",
            "manifest.json:1:10: name: expected a closing quote for the string that begins here, found the end of the file",
        ),
        (
            "{\"entry\": \"a\\b\\c\"}",
            "manifest.json:1:15: entry: expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX, found \"\\c\"; write \"\\\\\" for a backslash",
        ),
        (
            "{\"name\": \"\\ud800\"}",
            "manifest.json:1:11: name: the lone surrogate \\ud800 is no character; write a whole pair, such as \\ud83d\\ude00",
        ),
        (
            "{} {}",
            "manifest.json:1:4: found \"{\" after the end of the manifest; remove what follows the last \"}\"",
        ),
    ] {
        let checked = Manifest::check(text.as_bytes(), "manifest.json");
        let messages: Vec<_> = checked.diagnostics.iter().map(ToString::to_string).collect();
        assert!(messages.iter().any(|message| message == expected), "{text}: {messages:#?}");
    }
}

#[test]
fn bytes_before_the_text_and_bytes_that_are_no_text_are_refused() {
    let with_mark = [b"\xEF\xBB\xBF", GUIDE.as_bytes()].concat();
    assert_eq!(
        first_message(&with_mark, "manifest.json"),
        "manifest.json:1:1: the file begins with a byte order mark; save it as UTF-8 without one"
    );
    assert_eq!(
        first_message(b"{\n \"n\xE4me\": 1}", "latin1.json"),
        "latin1.json:2:4: the text is not UTF-8 from here on; save the file as UTF-8"
    );
}

#[test]
fn a_misspelled_capability_is_refused_with_the_one_that_was_meant() {
    assert_eq!(
        changed("\"secrets\"", "\"secret\""),
        "manifest.json:10:5: capabilities: unknown field \"secret\"; did you mean \"secrets\"? Known here: \"http\", \"storage\", \"secrets\", \"flows\", \"tasks\", \"findings\""
    );
    assert_eq!(
        changed("\"broker\": true", "\"brokre\": true"),
        "manifest.json:10:18: capabilities.secrets: unknown field \"brokre\"; did you mean \"broker\"? Known here: \"broker\", \"names\", \"hosts\""
    );
}

#[test]
fn an_unknown_field_is_refused_in_every_object() {
    for object in
        ["\"capabilities\": {", "\"http\": {", "\"storage\": {", "\"secrets\": {", "\"sandbox\": {"]
    {
        let text = GUIDE.replace(object, &format!("{object} \"zzzzzzzz\": 1,"));
        let error = text.parse::<Manifest>().unwrap_err();
        let kind = error.diagnostics()[0].kind();
        assert!(matches!(kind, DiagnosticKind::UnknownField { .. }), "{object}: {error}");
    }
    assert_eq!(
        changed("\"user\": \"oxg\"", "\"limits\": { \"gpu\": 1 }"),
        "manifest.json:13:17: sandbox.limits: unknown field \"gpu\"; remove it. Known here: \"cpu_seconds\", \"memory_bytes\", \"wall_seconds\", \"processes\""
    );
}

#[test]
fn a_key_that_differs_only_by_case_is_refused() {
    assert_eq!(
        changed("\"capabilities\"", "\"CAPABILITIES\""),
        "manifest.json:7:3: unknown field \"CAPABILITIES\", which differs from \"capabilities\" only by case; write \"capabilities\""
    );
    assert_eq!(
        changed("\"capabilities\"", "\"capabilitieſ\""),
        "manifest.json:7:3: unknown field \"capabilitieſ\", which differs from \"capabilities\" only by case; write \"capabilities\""
    );
}

#[test]
fn a_duplicate_key_is_refused_at_any_depth() {
    assert_eq!(
        changed("\"entry\"", "\"name\": \"other\",\n  \"entry\""),
        "manifest.json:6:3: duplicate key \"name\", first on line 3; keep one of the two"
    );
    assert_eq!(
        changed("\"broker\": true", "\"broker\": true, \"brok\\u0065r\": false"),
        "manifest.json:10:34: capabilities.secrets: duplicate key \"broker\", first on line 10; keep one of the two"
    );
    assert_eq!(
        changed("\"sandbox\"", "\"config\": { \"a\": [{ \"b\": 1, \"b\": 1 }] },\n  \"sandbox\""),
        "manifest.json:12:31: config.a[0]: duplicate key \"b\", first on line 12; keep one of the two"
    );
}

#[test]
fn nesting_deeper_than_64_is_refused() {
    let config =
        format!("\"config\": {{ \"a\": {}1{} }},\n  \"sandbox\"", "[".repeat(63), "]".repeat(63));
    let error = GUIDE.replace("\"sandbox\"", &config).parse::<Manifest>().unwrap_err();
    let diagnostic = &error.diagnostics()[0];
    assert_eq!(diagnostic.kind(), &DiagnosticKind::TooDeep { limit: 64 });
    assert_eq!(
        diagnostic.kind().to_string(),
        "objects and arrays are nested more than 64 deep; flatten them"
    );
    assert_eq!(diagnostic.path(), format!("config.a{}", "[0]".repeat(62)));
}

#[test]
fn a_field_that_is_missing_is_named_with_an_example() {
    for (text, expected) in [
        ("{}", "manifest.json:1:1: missing field \"name\"; add \"name\": \"my-plugin\""),
        (
            "{ \"name\": \"a\", \"version\": \"1.0.0\", \"entry\": \"./a\" }",
            "manifest.json:1:1: missing field \"capabilities\"; add \"capabilities\": {}",
        ),
    ] {
        assert_eq!(message(text), expected, "{text}");
    }
    assert_eq!(
        changed("\"outbound\": [\"broker\"]", "\"hosts\": []"),
        "manifest.json:8:13: capabilities.http: missing field \"outbound\"; add \"outbound\": [\"broker\"]"
    );
    assert_eq!(
        changed("\"broker\": true", ""),
        "manifest.json:10:16: capabilities.secrets: missing field \"broker\"; add \"broker\": true"
    );
}

#[test]
fn a_value_of_another_type_is_refused() {
    for (from, to, expected) in [
        (
            "{ \"workspace\": true }",
            "true",
            "manifest.json:9:16: capabilities.storage: expected an object, found true",
        ),
        (
            "{ \"workspace\": true }",
            "null",
            "manifest.json:9:16: capabilities.storage: expected an object, found null",
        ),
        (
            "\"workspace\": true",
            "\"workspace\": \"yes\"",
            "manifest.json:9:31: capabilities.storage.workspace: expected true or false, found the string \"yes\"",
        ),
        (
            "[\"broker\"]",
            "\"broker\"",
            "manifest.json:8:27: capabilities.http.outbound: expected an array, found the string \"broker\"",
        ),
        (
            "[\"workspace\"]",
            "[\"workspace\", 7]",
            "manifest.json:14:29: sandbox.mounts[1]: expected a string, found the number 7",
        ),
        (
            "\"oxg-example-plugin\"",
            "[]",
            "manifest.json:3:11: name: expected a plugin name as a string, found an array",
        ),
        (
            "\"isolated\"",
            "false",
            "manifest.json:15:16: sandbox.network: expected \"isolated\" or \"host\", found false",
        ),
        (
            "\"Demonstrates a minimal, sandbox-friendly plugin\"",
            "null",
            "manifest.json:5:18: description: expected a string, found null",
        ),
    ] {
        assert_eq!(changed(from, to), expected);
    }
    assert_eq!(
        message(r#"{ "name": "a", "version": "1.0.0", "entry": "a", "capabilities": "CAP_WS" }"#),
        "manifest.json:1:66: capabilities: expected an object, or a list of the host's capabilities, found the string \"CAP_WS\""
    );
    assert_eq!(message("[]"), "manifest.json:1:1: expected an object, found an array");
}

#[test]
fn a_value_that_breaks_a_rule_is_refused_with_what_to_write_instead() {
    for (from, to, expected) in [
        (
            "[\"broker\"]",
            "[\"broker\", \"direct\"]",
            "manifest.json:8:38: capabilities.http.outbound[1]: unknown value \"direct\"; use another. Known here: \"broker\"",
        ),
        (
            "[\"broker\"]",
            "[\"borker\"]",
            "manifest.json:8:28: capabilities.http.outbound[0]: unknown value \"borker\"; did you mean \"broker\"? Known here: \"broker\"",
        ),
        (
            "[\"broker\"]",
            "[]",
            "manifest.json:8:27: capabilities.http.outbound: the list is empty; write [\"broker\"], or remove \"http\" when the plugin needs no network",
        ),
        (
            "[\"broker\"]",
            "[\"broker\"], \"hosts\": [\"example.com\", \"https://example.com/\"]",
            "manifest.json:8:64: capabilities.http.hosts[1]: \"https://example.com/\" is not a host pattern: it has a scheme; write only the host, and a port if it is not 80 or 443",
        ),
        (
            "[\"broker\"]",
            "[\"broker\"], \"methods\": [\"get\"]",
            "manifest.json:8:51: capabilities.http.methods[0]: \"get\" is not an HTTP method: methods compare by case; write \"GET\"",
        ),
        (
            "\"broker\": true",
            "\"broker\": true, \"hosts\": { \"API\": [] }",
            "manifest.json:10:45: capabilities.secrets.hosts: \"API\" is not a secret name: it contains 'A'; use only a to z, 0 to 9, \".\", \"_\" and \"-\"",
        ),
        (
            "\"broker\": true",
            "\"broker\": true, \"hosts\": { \"db.key\": [\"a b\"] }",
            "manifest.json:10:56: capabilities.secrets.hosts[\"db.key\"][0]: \"a b\" is not a host pattern: it contains ' '; a name is made of letters, digits, \"-\", \"_\" and \".\"",
        ),
        (
            "\"workspace\": true",
            "\"artifacts\": \"readwrite\"",
            "manifest.json:9:31: capabilities.storage.artifacts: unknown value \"readwrite\"; did you mean \"read-write\"? Known here: \"read\", \"write\", \"read-write\"",
        ),
        (
            "\"oxg-example-plugin\"",
            "\"Example Plugin\"",
            "manifest.json:3:11: name: \"Example Plugin\" is not a plugin name: it contains 'E'; use only a to z, 0 to 9 and \"-\"",
        ),
        (
            "\"0.1.0\"",
            "\"0.1\"",
            "manifest.json:4:14: version: \"0.1\" is not a version: write three numbers without leading zeros, such as \"1.0.0\"",
        ),
        (
            "\"./cmd/start.sh\"",
            "\" \"",
            "manifest.json:6:12: entry: \" \" is not a file path: it is blank; write the path of a file",
        ),
        (
            "\"user\": \"oxg\"",
            "\"limits\": { \"processes\": 0 }",
            "manifest.json:13:30: sandbox.limits.processes: a limit of 0 is ambiguous; write 1 or more, or leave the key out",
        ),
        (
            "\"user\": \"oxg\"",
            "\"limits\": { \"processes\": 4294967296 }",
            "manifest.json:13:30: sandbox.limits.processes: the limit is too large; write at most 4194304",
        ),
        (
            "\"user\": \"oxg\"",
            "\"limits\": { \"cpu_seconds\": -1.5 }",
            "manifest.json:13:32: sandbox.limits.cpu_seconds: expected a whole number, found the number -1.5",
        ),
    ] {
        assert_eq!(changed(from, to), expected);
    }
}

#[test]
fn a_hostile_key_cannot_steer_the_terminal_or_flood_it() {
    let key = format!("\\u001b[2J\\n{}", "x".repeat(500));
    let text = GUIDE.replacen('{', &format!("{{ \"{key}\": 1,"), 1);
    let message = message(&text);
    assert!(
        message.starts_with("manifest.json:1:3: unknown field \"\\u{1b}[2J\\nxxx"),
        "{message}"
    );
    assert!(message.len() < 300, "{message}");
}

#[test]
fn a_program_can_tell_the_kinds_of_error_apart() {
    let error = "{".parse::<Manifest>().unwrap_err();
    let ManifestError::Invalid(invalid) = &error else { panic!("{error}") };
    let diagnostic = &invalid.diagnostics()[0];
    assert_eq!(diagnostic.file(), "manifest.json");
    assert_eq!((diagnostic.position().line, diagnostic.position().column), (1, 2));
    assert_eq!(diagnostic.offset(), 1);
    assert!(matches!(diagnostic.kind(), DiagnosticKind::Syntax { .. }));
}

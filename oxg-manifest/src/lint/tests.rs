use super::*;
use crate::report::Level;

fn lints(text: &str) -> Vec<(&'static str, String)> {
    let manifest: Manifest = text.parse().unwrap();
    let notices = lint(&manifest, text.as_bytes(), &[]);
    notices.iter().map(|notice| (notice.code, text[notice.span.clone()].to_owned())).collect()
}

fn guide(capabilities: &str, rest: &str) -> String {
    format!(
        r#"{{ "name": "a", "version": "1.0.0", "entry": "./a", "capabilities": {capabilities}{rest} }}"#
    )
}

/// With limits, so that only what is asked about is found.
fn codes(capabilities: &str, rest: &str) -> Vec<(&'static str, String)> {
    let limits = r#", "sandbox": { "limits": { "processes": 4 } }"#;
    lints(&guide(capabilities, if rest.contains("sandbox") { rest } else { limits }))
}

fn hosts(list: &str) -> Vec<(&'static str, String)> {
    codes(&format!(r#"{{ "http": {{ "outbound": ["broker"], "hosts": [{list}] }} }}"#), "")
}

fn found(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    pairs.iter().map(|(code, place)| (*code, (*place).to_owned())).collect()
}

#[test]
fn broad_hosts_are_found_where_they_stand() {
    for (pattern, code) in [
        ("*", "any-host"),
        ("*:8443", "any-host"),
        ("*.com", "broad-suffix"),
        ("*.co.uk", "broad-suffix"),
        ("*.github.io", "broad-suffix"),
        ("0.0.0.0/0", "broad-network"),
        ("::/0", "broad-network"),
        ("10.0.0.0/15", "broad-network"),
        ("2001:d00::/24", "broad-network"),
        ("10.1.2.3/24", "host-bits"),
        ("[2001:db8::1/64]:8443", "host-bits"),
    ] {
        let quoted = format!("\"{pattern}\"");
        assert_eq!(hosts(&quoted), found(&[(code, &quoted)]), "{pattern}");
    }
    for fine in [
        "shop.test",
        "*.shop.test",
        "*.shop.co.uk",
        "192.0.2.0/24",
        "10.0.0.0/16",
        "2001:db8::/32",
        "[::1]:1",
    ] {
        assert_eq!(hosts(&format!("\"{fine}\"")), found(&[]), "{fine}");
    }
}

#[test]
fn of_two_patterns_that_admit_the_same_the_later_is_redundant() {
    assert_eq!(
        hosts(r#""a.test", "A.test", "*.b.test", "x.b.test:443""#),
        found(&[("redundant-host", "\"A.test\""), ("redundant-host", "\"x.b.test:443\"")])
    );
    assert_eq!(hosts(r#""x.b.test", "*.b.test""#), found(&[("redundant-host", "\"x.b.test\"")]));
    assert_eq!(hosts(r#""x.b.test:8080", "*.b.test""#), found(&[]));
}

#[test]
fn secrets_need_names_hosts_and_a_declaration() {
    let secrets =
        |inside: &str| codes(&format!(r#"{{ "secrets": {{ "broker": true{inside} }} }}"#), "");
    assert_eq!(secrets(""), found(&[("unnamed-secrets", "\"secrets\"")]));
    assert_eq!(secrets(r#", "names": ["a"]"#), found(&[("unbound-secret", "\"a\"")]));
    assert_eq!(secrets(r#", "names": ["a"], "hosts": { "a": ["a.test"] }"#), found(&[]));
    assert_eq!(
        secrets(r#", "names": ["a"], "hosts": { "a": ["a.test"], "b.c": ["a.test"] }"#),
        found(&[("undeclared-secret", "\"b.c\"")])
    );
}

#[test]
fn the_sandbox_is_looked_at() {
    let sandbox = |inside: &str| {
        codes("{}", &format!(r#", "sandbox": {{ "limits": {{ "processes": 4 }}, {inside} }}"#))
    };
    assert_eq!(sandbox(r#""network": "host""#), found(&[("open-network", "\"host\"")]));
    assert_eq!(sandbox(r#""mounts": ["workspace", "/"]"#), found(&[("foreign-mount", "\"/\"")]));
    assert_eq!(sandbox(r#""user": "root""#), found(&[("root-user", "\"root\"")]));
    assert_eq!(lints(&guide("{}", "")), found(&[("no-limits", "{")]));
}

#[test]
fn an_entry_outside_the_folder_is_found() {
    let entry = |entry: &str| {
        let text = guide("{}", r#", "sandbox": { "limits": { "processes": 4 } }"#);
        !lints(&text.replace("./a", entry)).is_empty()
    };
    for outside in ["/bin/sh", "../a", "a/../../b", "./../a", "C:/a", r"\\\\host\\a", r"..\\a"] {
        assert!(entry(outside), "{outside}");
    }
    for inside in ["./a", "a/b", "a/../b", "..a", "a..", "./cmd/../start.sh"] {
        assert!(!entry(inside), "{inside}");
    }
}

#[test]
fn trust_without_a_signature_and_raw_traffic_are_found() {
    let text = guide("{}", r#", "trusted": true, "sandbox": { "limits": { "processes": 4 } }"#);
    assert_eq!(lints(&text), found(&[("trusted-unsigned", "true")]));
    assert_eq!(
        codes(r#"{ "flows": { "passive": true, "raw": true } }"#, ""),
        found(&[("raw-flows", "true")])
    );
}

#[cfg(feature = "validation")]
#[test]
fn settings_that_do_not_match_their_schema_are_an_error() {
    let text = guide(
        "{}",
        r#", "sandbox": { "limits": { "processes": 4 } }, "config": { "a.b": ["x"] },
           "configSchema": { "properties": { "a.b": { "items": { "type": "integer" } } } }"#,
    );
    assert_eq!(lints(&text), found(&[("config-mismatch", "\"x\"")]));
    assert_eq!(Lint::ConfigMismatch.level(), Level::Error);
}

fn many_unbound_secrets(count: usize, rest: &str) -> String {
    let names: Vec<String> = (0..count).map(|index| format!("\"s{index}\"")).collect();
    let names = names.join(", ");
    guide(&format!(r#"{{ "secrets": {{ "broker": true, "names": [{names}] }} }}"#), rest)
}

#[test]
fn what_is_found_often_is_cut_and_says_so() {
    let told = |count| {
        let text = many_unbound_secrets(count, r#", "sandbox": { "limits": { "processes": 4 } }"#);
        let notices = lint(&text.parse().unwrap(), text.as_bytes(), &[]);
        (notices.len(), notices.last().unwrap().message.clone())
    };
    assert_eq!(told(20), (20, "the secret s19 is bound to no host".to_owned()));
    assert_eq!(told(500), (21, "480 more of this kind, beginning here".to_owned()));
}

#[test]
fn what_is_found_often_hides_nothing_graver() {
    let codes = |rest: &str| -> Vec<_> {
        let text = many_unbound_secrets(500, rest);
        let notices = lint(&text.parse().unwrap(), text.as_bytes(), &[]);
        notices.iter().map(|notice| notice.code).collect()
    };
    assert!(codes(r#", "trusted": true"#).contains(&"trusted-unsigned"));
    #[cfg(feature = "validation")]
    assert!(
        codes(r#", "config": { "a": 1 }, "configSchema": { "properties": { "a": false } }"#)
            .contains(&"config-mismatch")
    );
}

#[test]
fn a_lint_is_allowed_by_its_code() {
    let text = guide("{}", "");
    let manifest: Manifest = text.parse().unwrap();
    let allowed: Lint = "no-limits".parse().unwrap();
    assert_eq!(lint(&manifest, text.as_bytes(), &[allowed]), []);
    assert!("none".parse::<Lint>().unwrap_err().to_string().contains("no-limits, "));
}

#[test]
fn every_lint_has_a_code_of_its_own_and_a_reason() {
    let mut codes: Vec<_> = Lint::ALL.iter().map(|lint| lint.code()).collect();
    for lint in Lint::ALL {
        assert_eq!(lint.code().parse(), Ok(*lint));
        assert!(lint.reason().ends_with('.') && lint.level() >= Level::Note);
    }
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Lint::ALL.len());
}

#[test]
fn the_guides_example_has_notes_and_no_warnings() {
    let text = include_str!("../../tests/data/guide.json");
    let notices = lint(&text.parse().unwrap(), text.as_bytes(), &[]);
    assert!(notices.iter().all(|notice| notice.level == Level::Note), "{notices:?}");
}

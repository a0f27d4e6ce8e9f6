use super::*;
use crate::SecretName;

fn read(json: &str) -> Capabilities {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

#[test]
fn only_tasks_and_findings_are_granted_when_nothing_is_declared() {
    let granted: Vec<_> =
        Capability::ALL.iter().filter(|c| read("{}").declares(**c)).map(|c| c.as_str()).collect();
    assert_eq!(granted, ["tasks", "findings"]);
}

#[test]
fn a_capability_that_is_turned_off_is_not_declared() {
    let off = read(
        r#"{"secrets": {"broker": false}, "tasks": {"pull": false}, "findings": {"emit": false}}"#,
    );
    for capability in Capability::ALL {
        assert!(!off.declares(*capability), "{capability}");
    }
    let on = read(r#"{"tasks": {}, "findings": {}}"#);
    assert!(on.declares(Capability::Tasks) && on.declares(Capability::Findings));
}

#[test]
fn the_line_to_add_declares_the_capability_and_is_its_default() {
    for capability in Capability::ALL {
        let capabilities = read(&format!("{{{}}}", capability.manifest_line()));
        assert!(capabilities.declares(*capability), "{capability}");
        match capability {
            Capability::Http => assert_eq!(capabilities.http, Some(Default::default())),
            Capability::Storage => assert_eq!(capabilities.storage, Some(Default::default())),
            Capability::Secrets => assert_eq!(capabilities.secrets, Some(Default::default())),
            Capability::Flows => assert_eq!(capabilities.flows, Some(Default::default())),
            Capability::Tasks => assert_eq!(capabilities.tasks, Some(Default::default())),
            Capability::Findings => assert_eq!(capabilities.findings, Some(Default::default())),
        }
        let key = serde_json::to_value(&capabilities).unwrap();
        assert_eq!(key.as_object().unwrap().keys().collect::<Vec<_>>(), [capability.as_str()]);
    }
}

#[test]
fn storage_without_artifacts_reads_and_writes_them() {
    let access = |json: &str| read(json).storage.unwrap().artifact_access();
    assert_eq!(access(r#"{"storage": {}}"#), ArtifactAccess::ReadWrite);
    let read_only = access(r#"{"storage": {"artifacts": "read"}}"#);
    assert!(read_only.can_read() && !read_only.can_write());
    let write_only = access(r#"{"storage": {"artifacts": "write"}}"#);
    assert!(!write_only.can_read() && write_only.can_write());
    let both = access(r#"{"storage": {"artifacts": "read-write"}}"#);
    assert!(both.can_read() && both.can_write());
    assert!(!read(r#"{"storage": {}}"#).storage.unwrap().workspace);
}

#[test]
fn methods_are_all_allowed_until_some_are_listed() {
    let mut http = HttpCapability::default();
    assert!(http.allows_method("DELETE"));
    http.methods = Some(vec!["GET".parse().unwrap()]);
    assert!(http.allows_method("GET"));
    assert!(!http.allows_method("DELETE") && !http.allows_method("get"));
    assert_eq!(http.methods_line_with(&"HEAD".parse().unwrap()), r#""methods": ["GET", "HEAD"]"#);
    http.methods = Some(Vec::new());
    assert!(!http.allows_method("GET"));
}

#[test]
fn a_line_with_one_more_pattern_names_it_once() {
    let mut http = HttpCapability::default();
    let pattern = "[::1]:8080".parse().unwrap();
    assert_eq!(http.hosts_line_with(&pattern), r#""hosts": ["[::1]:8080"]"#);
    http.hosts = Some(vec![pattern.clone(), "*.a.test".parse().unwrap()]);
    assert_eq!(http.hosts_line_with(&pattern), r#""hosts": ["*.a.test", "[::1]:8080"]"#);
}

#[test]
fn a_secret_is_usable_when_listed_and_sent_only_where_it_is_bound() {
    let secrets = read(
        r#"{"secrets": {"broker": true, "names": ["a"], "hosts": {"a": ["a.test"], "b": ["b.test"]}}}"#,
    )
    .secrets
    .unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| name.parse::<SecretName>().unwrap());
    assert!(secrets.allows(&a) && !secrets.allows(&b) && !secrets.allows(&c));
    assert_eq!(secrets.hosts_for(&a), ["a.test".parse().unwrap()]);
    assert!(secrets.hosts_for(&c).is_empty());
    assert_eq!(secrets.names_line_with(&b), r#""names": ["a", "b"]"#);

    let mut all = SecretsCapability::default();
    assert!(all.allows(&c));
    all.broker = false;
    assert!(!all.allows(&c));
}

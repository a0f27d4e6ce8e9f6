//! The order of keys.

/// The keys of the object at a path, in their order; none where the author's order stays.
pub(super) fn keys(path: &[&str]) -> &'static [&'static str] {
    match path {
        [] => &[
            "$schema",
            "name",
            "version",
            "description",
            "entry",
            "artifact",
            "trusted",
            "capabilities",
            "sandbox",
            "config",
            "configSchema",
            "signature",
        ],
        ["capabilities"] => &["http", "storage", "secrets", "flows", "tasks", "findings"],
        ["capabilities", "http"] => &["outbound", "hosts", "methods", "websocket"],
        ["capabilities", "storage"] => &["workspace", "artifacts"],
        ["capabilities", "secrets"] => &["broker", "names", "hosts"],
        ["capabilities", "flows"] => &["passive", "raw"],
        ["sandbox"] => &["user", "mounts", "network", "limits"],
        ["sandbox", "limits"] => &["cpu_seconds", "memory_bytes", "wall_seconds", "processes"],
        ["signature"] => &["signature", "publicKey", "certificate"],
        _ => &[],
    }
}

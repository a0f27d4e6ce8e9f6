//! The words that names of secrets are made of, and those that make a name harmless.

use super::Sensitivity;

/// Texts one of which every sensitive name holds, in lower case. They decide
/// only where to look; [`classify`](super::classify) judges the name.
#[rustfmt::skip]
pub(crate) const STEMS: &[&str] = &[
    "pass", "pwd", "passwort", "secret", "token", "key", "auth", "cred", "cookie", "session",
    "signature", "sig", "bearer", "jwt", "cvv", "cvc", "mnemonic", "seed", "pin", "otp", "dsn",
    "connectionstring", "connection_string", "sas", "csrf", "xsrf", "login", "webhook", "sessid",
    "crumb", "psk",
];

/// Words that make a name certain.
#[rustfmt::skip]
pub(super) const CERTAIN: &[&str] = &[
    "password", "passwords", "passwd", "passwort", "passphrase", "passcode", "pwd", "pass", "pw",
    "secret", "secrets", "cvv", "cvc", "cvv2", "mnemonic", "pin", "userpass", "secretkey", "mdp",
];

/// Words that make a name suspect.
#[rustfmt::skip]
pub(super) const SUSPECT: &[&str] = &[
    "token", "tokens", "apikey", "apikeys", "auth", "authorization", "cookie", "bearer", "jwt",
    "credential", "credentials", "creds", "crumb", "otp", "psk", "totp", "sas", "sig", "signature", "csrf", "xsrf",
    "dsn", "sessionid", "sessid", "authkey", "accesskey", "privatekey", "appkey", "encryptionkey",
    "signingkey", "masterkey", "accountkey", "connectionstring", "seed", "login",
];

/// Words before `key` (or `keys`) that make a suspect name of both.
#[rustfmt::skip]
pub(super) const KEY_OF: &[&str] = &[
    "api", "access", "secret", "private", "auth", "encryption", "encrypt", "signing", "sign",
    "master", "account", "storage", "subscription", "session", "client", "consumer", "app",
    "application", "shared", "deploy", "webhook", "ssh", "pgp", "gpg", "rsa", "aes", "hmac",
    "license", "licence", "service", "root", "admin", "server", "jwt", "crypto", "cipher", "token",
    "user", "stripe", "aws", "azure", "gcp", "ingest", "integration", "write", "read", "live",
    "test", "production", "prod", "security", "sdk", "unseal", "recovery", "preshared", "psk", "bot",
    "license", "activation", "provision", "device", "stream", "secure", "publishing", "backup",
    "facebook", "twitter", "linkedin", "google", "github", "gitlab", "slack", "heroku", "twilio",
    "sendgrid", "mailgun", "mailchimp", "datadog", "cloudflare", "openai", "snyk", "hubspot", "okta",
    "algolia", "sumo", "sumologic", "postmark", "dropbox", "jira", "zendesk", "pagerduty", "shodan",
];

/// Words after `session` that make a suspect name of both.
pub(super) const SESSION_WITH: &[&str] = &["id", "token", "key", "secret", "cookie"];

/// Last words of names that tell about a secret and do not hold it.
#[rustfmt::skip]
pub(super) const ABOUT: &[&str] = &[
    "algorithm", "alg", "arn", "attempts", "author", "class", "count", "counts", "created", "css",
    "default", "description", "dir", "directory", "enabled", "endpoint", "env", "error", "exists",
    "expiration", "expire", "expired", "expires", "expiry", "field", "file", "filename", "form",
    "format", "go", "header", "hint", "host", "html", "index", "input", "issuer", "java", "js",
    "json", "kind", "label", "length", "len", "level", "limit", "limits", "link", "list",
    "location", "log", "manager", "max", "md", "message", "method", "min", "mode", "name", "names",
    "param", "parameter", "path", "pattern", "placeholder", "policy", "position", "prefix",
    "prompt", "property", "provider", "py", "ref", "regex", "required", "reset", "rotation", "rs",
    "rules", "scheme", "scope", "scopes", "size", "source", "spec", "status", "store", "strength",
    "suffix", "timeout", "title", "toml", "ts", "ttl", "txt", "type", "types", "updated", "uri",
    "url", "usage", "used", "valid", "validation", "validator", "version", "xml", "yaml", "yml",
    "age", "budget", "window", "per", "price", "cost",
];

/// First words of names that count something.
#[rustfmt::skip]
pub(super) const COUNTING: &[&str] = &[
    "max", "min", "num", "total", "count", "input", "output", "prompt", "completion", "cached",
    "is", "has", "use", "no", "requires", "needs", "show", "hide", "forgot", "reset", "change",
    "invalid",
];

/// Ends of words that run together what others write apart.
#[rustfmt::skip]
pub(crate) const ENDS: &[(&str, Sensitivity)] = &[
    ("password", Sensitivity::Certain), ("passwd", Sensitivity::Certain),
    ("passphrase", Sensitivity::Certain), ("secret", Sensitivity::Certain),
    ("secretkey", Sensitivity::Certain), ("pwd", Sensitivity::Certain),
    ("token", Sensitivity::Suspect), ("apikey", Sensitivity::Suspect),
    ("authkey", Sensitivity::Suspect), ("accesskey", Sensitivity::Suspect),
    ("privatekey", Sensitivity::Suspect), ("appkey", Sensitivity::Suspect),
    ("accountkey", Sensitivity::Suspect), ("sessionid", Sensitivity::Suspect),
    ("sessid", Sensitivity::Suspect), ("credentials", Sensitivity::Suspect),
];

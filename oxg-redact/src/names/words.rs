//! The words that names of secrets are made of, and those that make a name harmless.

use super::Sensitivity;

/// Texts one of which every sensitive name holds, in lower case. They decide
/// only where to look; [`classify`](super::classify) judges the name.
#[rustfmt::skip]
pub(crate) const STEMS: &[&str] = &[
    "pass", "pwd", "passwort", "secret", "token", "key", "auth", "cred", "cookie", "session",
    "signature", "sig", "bearer", "jwt", "cvv", "cvc", "mnemonic", "seed", "pin", "otp", "dsn",
    "connectionstring", "connection_string", "sas", "csrf", "xsrf", "login", "webhook", "sessid",
    "crumb", "psk", "_pat", "salt", "sid", "passcode", "kennwort", "contrase", "senha", "wachtwoord",
    "haslo", "parola", "heslo", "salasana", "mot_de_passe", "motdepasse", "passe", "requirepass", "masterauth", "bindpw",
    "keypass", "storepass", "mdp", "clave", "unseal",
    "contraseña", "access_id", "accessid",
    "reporter_id",
];

/// Words that make a name certain.
#[rustfmt::skip]
pub(super) const CERTAIN: &[&str] = &[
    "password", "passwords", "passwd", "passwort", "passphrase", "passcode", "pwd", "pass", "pw",
    "secret", "secrets", "cvv", "cvc", "cvv2", "mnemonic", "pin", "userpass", "secretkey", "mdp",
    "psk", "otp", "totp", "kennwort", "contrasena", "contrase", "senha", "wachtwoord", "haslo",
    "parola", "heslo", "salasana", "motdepasse", "passe", "requirepass", "masterauth", "bindpw",
    "keypass", "storepass", "clave", "dbpass", "rootpass", "adminpass",
];

/// Words that make a name suspect.
#[rustfmt::skip]
pub(super) const SUSPECT: &[&str] = &[
    "token", "tokens", "apikey", "apikeys", "auth", "authorization", "cookie", "bearer", "jwt",
    "credential", "credentials", "creds", "crumb", "sas", "pat", "salt", "sid", "unseal", "sig", "signature", "csrf", "xsrf",
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

/// Words before `key` that say it is no secret.
#[rustfmt::skip]
pub(super) const NO_KEY_OF: &[&str] = &[
    "public", "pub", "primary", "foreign", "cache", "sort", "partition", "object", "routing", "row",
    "hash", "range", "index", "group", "lookup", "map", "etag", "dedup", "idempotency", "message",
    "publishable", "site", "translation", "i18n", "locale", "react", "unique",
];

/// Services whose name alone is often the key of a credential in an example,
/// a configuration or a dump.
#[rustfmt::skip]
pub(crate) const SERVICES: &[&str] = &[
    "adafruit", "adobe", "airtable", "algolia", "alibaba", "amplitude", "anthropic", "artifactory",
    "asana", "atlassian", "auth0", "aws", "azure", "bitbucket", "bitly", "bittrex",
    "braintree", "buildkite", "circleci", "cloudflare", "cloudinary", "codecov",
    "coinbase", "confluent", "contentful", "databricks", "datadog", "digitalocean", "discord",
    "doppler", "dropbox", "dynatrace", "etsy", "facebook", "fastly", "figma", "finicity",
    "firebase", "freshbooks", "github", "gitlab", "gitter", "gocardless", "grafana", "heroku",
    "hubspot", "intercom", "jenkins", "jfrog", "jira", "klaviyo", "kucoin", "launchdarkly",
    "mailchimp", "mailgun", "mandrill", "mapbox", "mattermost",
    "messagebird", "mixpanel", "netlify", "newrelic", "npm", "nytimes", "okta", "openai",
    "opsgenie", "pagerduty", "paypal", "pinecone", "postmark", "posthog", "pusher",
    "rapidapi", "rollbar", "sendbird", "sendgrid", "sendinblue", "sentry", "shippo",
    "shodan", "shopify", "sidekiq", "slack", "snyk", "sonarqube", "sourcegraph", "spotify",
    "squarespace", "stripe", "sumologic", "supabase", "telegram", "trello",
    "twilio", "twitch", "twitter", "typeform", "vercel", "virustotal", "wakatime", "yandex",
    "zendesk",
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
    ("dbpass", Sensitivity::Certain), ("userpass", Sensitivity::Certain),
    ("privkey", Sensitivity::Suspect), ("sshkey", Sensitivity::Suspect),
];

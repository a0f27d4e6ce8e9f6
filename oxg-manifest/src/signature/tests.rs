//! Whole checks on real files, and keys and signatures that `openssl` made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::*;
use crate::{Manifest, SignatureFiles};

const ARTIFACT: &[u8] = include_bytes!("testdata/artifact.txt");
const PRIVATE_KEY: &str = include_str!("testdata/p256.key");
const ENCRYPTED_KEY: &str = include_str!("testdata/p256-encrypted.key");
const PUBLIC_KEY: &str = include_str!("testdata/p256.pub");
const CERTIFICATE: &str = include_str!("testdata/p256.crt");
const SIGNATURE: &str = include_str!("testdata/p256.sig");

/// A repository with a signed and listed plugin in `plugins/sample`.
struct Repository {
    root: tempfile::TempDir,
    manifest: Manifest,
}

impl Repository {
    fn new() -> Self {
        let mut manifest = Manifest::new(
            "sample".parse().unwrap(),
            "0.1.0".parse().unwrap(),
            "./sample".parse().unwrap(),
        );
        manifest.artifact = Some("artifact.txt".parse().unwrap());
        manifest.signature = Some(SignatureFiles::with_public_key(
            "artifact.txt.sig".parse().unwrap(),
            "../../keys/sample.pub".parse().unwrap(),
        ));
        let repository = Self { root: tempfile::tempdir().unwrap(), manifest };
        repository.write("go.mod", "module sample");
        repository.write("keys/sample.pub", PUBLIC_KEY);
        repository.write("plugins/sample/artifact.txt", ARTIFACT);
        repository.write("plugins/sample/artifact.txt.sig", SIGNATURE);
        let line = format!("{} sample/artifact.txt\n", Sha256Digest::of(ARTIFACT));
        repository.write("plugins/ALLOWLIST", line);
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn signed_by(&mut self, name: &str) {
        self.manifest.signature = Some(SignatureFiles::with_public_key(
            "artifact.txt.sig".parse().unwrap(),
            name.parse().unwrap(),
        ));
    }

    fn verify_by(&self, rules: Rules) -> Result<Verified, VerifyError> {
        let manifest = self.path("plugins/sample/manifest.json");
        Verifier::new(manifest).rules(rules).verify(&self.manifest)
    }

    fn verify(&self) -> Result<Verified, VerifyError> {
        self.verify_by(Rules::Strict)
    }
}

#[test]
fn a_signed_and_listed_artifact_is_verified_by_both_rules() {
    let repository = Repository::new();
    for rules in [Rules::Strict, Rules::Host] {
        let verified = repository.verify_by(rules).unwrap();
        assert_eq!(verified.artifact, repository.path("plugins/sample/artifact.txt"));
        assert_eq!(verified.allowlist, Some(repository.path("plugins/ALLOWLIST")));
        assert_eq!(verified.repository.as_deref(), Some(repository.root.path()));
        assert_eq!(verified.key.file, repository.path("keys/sample.pub"));
        assert_eq!(verified.key.source, KeySource::PublicKey);
        assert_eq!(verified.digest, Sha256Digest::of(ARTIFACT));
        assert_eq!(verified.notices, []);
    }
}

#[test]
fn each_of_the_four_curves_is_checked() {
    for (curve, key, signature) in [
        (Curve::P224, include_str!("testdata/p224.pub"), include_str!("testdata/p224.sig")),
        (Curve::P256, PUBLIC_KEY, SIGNATURE),
        (Curve::P384, include_str!("testdata/p384.pub"), include_str!("testdata/p384.sig")),
        (Curve::P521, include_str!("testdata/p521.pub"), include_str!("testdata/p521.sig")),
    ] {
        let repository = Repository::new();
        repository.write("keys/sample.pub", key);
        assert!(
            matches!(repository.verify(), Err(VerifyError::Mismatch { .. }))
                || curve == Curve::P256
        );
        repository.write("plugins/sample/artifact.txt.sig", signature);
        assert_eq!(repository.verify().unwrap().key.curve, curve);
    }
}

#[test]
fn no_bit_of_a_signature_can_be_turned() {
    let key = key::PublicKey::from_pem(PUBLIC_KEY.as_bytes()).unwrap();
    let digest = Sha256Digest::of(ARTIFACT);
    let signature = encoding::base64(SIGNATURE.trim().as_bytes()).unwrap();
    assert!(key.verifies(&digest, &signature));
    for at in 0..signature.len() * 8 {
        let mut turned = signature.clone();
        turned[at / 8] ^= 1 << (at % 8);
        assert!(!key.verifies(&digest, &turned), "bit {at}");
    }
    for length in 0..signature.len() {
        assert!(!key.verifies(&digest, &signature[..length]), "length {length}");
    }
    let longer = [signature.as_slice(), b"\0"].concat();
    assert!(!key.verifies(&digest, &longer));
}

#[test]
fn a_high_s_is_as_good_as_a_low_one() {
    let key = key::PublicKey::from_pem(PUBLIC_KEY.as_bytes()).unwrap();
    let digest = Sha256Digest::of(ARTIFACT);
    let signature = encoding::base64(SIGNATURE.trim().as_bytes()).unwrap();
    let signature = p256::ecdsa::Signature::from_der(&signature).unwrap();
    let (r, s) = signature.split_scalars();
    let other = p256::ecdsa::Signature::from_scalars(*r, -*s).unwrap();
    assert_ne!(signature, other);
    assert!(key.verifies(&digest, signature.to_der().as_bytes()));
    assert!(key.verifies(&digest, other.to_der().as_bytes()));
}

#[test]
fn no_byte_of_an_artifact_can_be_changed() {
    let repository = Repository::new();
    fs::remove_file(repository.path("plugins/ALLOWLIST")).unwrap();
    assert_eq!(repository.verify().unwrap().notices, [Notice::NoAllowlist]);
    for at in 0..ARTIFACT.len() {
        let mut changed = ARTIFACT.to_vec();
        changed[at] ^= 1;
        repository.write("plugins/sample/artifact.txt", changed);
        assert!(matches!(repository.verify(), Err(VerifyError::Mismatch { .. })));
    }
}

#[test]
fn a_changed_artifact_is_told_apart_by_the_allowlist_first() {
    let repository = Repository::new();
    repository.write("plugins/sample/artifact.txt", "changed");
    let error = repository.verify().unwrap_err();
    assert!(matches!(error, VerifyError::DigestMismatch { .. }) && !error.is_unreadable());
}

#[test]
fn a_certificate_goes_before_a_public_key_and_its_dates_are_only_noted() {
    let mut repository = Repository::new();
    repository.write("keys/sample.crt", format!("{PUBLIC_KEY}\n{CERTIFICATE}"));
    repository.write("keys/sample.pub", "not a key");
    let both = serde_json::json!({
        "signature": "artifact.txt.sig",
        "publicKey": "keys/sample.pub",
        "certificate": "keys/sample.crt",
    });
    repository.manifest.signature = Some(serde_json::from_value(both).unwrap());
    let verified = repository.verify().unwrap();
    assert_eq!(verified.key.source, KeySource::Certificate);
    assert_eq!(verified.notices, []);
    let at = |now| {
        Verifier::new(repository.path("plugins/sample/manifest.json"))
            .at(now)
            .verify(&repository.manifest)
            .unwrap()
            .notices
    };
    assert_eq!(at(SystemTime::UNIX_EPOCH), [Notice::CertificateNotYetValid]);
    let later = SystemTime::now() + Duration::from_secs(200 * 365 * 86_400);
    assert_eq!(at(later), [Notice::CertificateExpired]);
}

#[test]
fn a_file_that_is_no_ecdsa_key_is_refused_with_the_reason() {
    let repository = Repository::new();
    // An Ed25519 key: RFC 8410, section 10.1.
    let ed25519 = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    for (text, expected) in [
        ("", "no PEM block"),
        (ed25519, "the host takes ECDSA keys only"),
        (PRIVATE_KEY, "not a public key in PKIX form"),
        (CERTIFICATE, "not a public key in PKIX form"),
    ] {
        repository.write("keys/sample.pub", text);
        let error = repository.verify().unwrap_err();
        assert!(matches!(error, VerifyError::Key { .. }) && !error.is_unreadable());
        assert!(error.to_string().contains(expected), "{error}");
    }
    let relabelled = PUBLIC_KEY.replace("PUBLIC KEY", "ANYTHING");
    repository.write("keys/sample.pub", relabelled);
    assert!(repository.verify().is_ok());
}

#[test]
fn a_signature_file_is_base64_with_padding_and_nothing_else() {
    let repository = Repository::new();
    let text = SIGNATURE.trim();
    let (front, back) = text.split_at(20);
    for good in [format!("\n {text}\u{a0}\n"), format!("{front}\r\n{back}")] {
        repository.write("plugins/sample/artifact.txt.sig", good);
        assert!(repository.verify().is_ok());
    }
    let der = encoding::base64(text.as_bytes()).unwrap();
    for bad in [b"".to_vec(), b" \n".to_vec(), der, format!("{front} {back}").into_bytes()] {
        repository.write("plugins/sample/artifact.txt.sig", bad);
        assert!(matches!(repository.verify(), Err(VerifyError::SignatureEncoding { .. })));
    }
}

#[test]
fn what_is_not_in_the_plugins_folder_is_looked_for_in_the_repository() {
    let mut repository = Repository::new();
    repository.signed_by("keys/sample.pub");
    assert_eq!(repository.verify().unwrap().key.file, repository.path("keys/sample.pub"));
    repository.write("plugins/sample/keys/sample.pub", PUBLIC_KEY);
    let nearer = repository.path("plugins/sample/keys/sample.pub");
    assert_eq!(repository.verify().unwrap().key.file, nearer);
    repository.signed_by("keys/missing.pub");
    let error = repository.verify().unwrap_err();
    assert!(matches!(error, VerifyError::File(FileError::NotFound { .. })));
    assert!(error.is_unreadable());
}

#[test]
fn a_path_out_of_the_repository_is_for_the_host_only() {
    let mut repository = Repository::new();
    let outside = tempfile::tempdir().unwrap();
    let key = outside.path().join("sample.pub");
    fs::write(&key, PUBLIC_KEY).unwrap();

    repository.signed_by(key.to_str().unwrap());
    assert!(matches!(repository.verify(), Err(VerifyError::AbsolutePath { .. })));
    assert!(repository.verify_by(Rules::Host).is_ok());

    let dots = format!("../../../{}/sample.pub", name(outside.path()));
    repository.signed_by(&dots);
    assert!(matches!(repository.verify(), Err(VerifyError::Escapes { .. })));
    assert!(repository.verify_by(Rules::Host).is_ok());

    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&key, repository.path("keys/link.pub")).unwrap();
        repository.signed_by("keys/link.pub");
        assert!(matches!(repository.verify(), Err(VerifyError::Escapes { .. })));
        assert!(repository.verify_by(Rules::Host).is_ok());
    }
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn the_host_needs_a_repository_and_an_allowlist_and_we_say_so() {
    let mut repository = Repository::new();
    repository.signed_by("sample.pub");
    repository.write("plugins/sample/sample.pub", PUBLIC_KEY);
    fs::remove_file(repository.path("plugins/ALLOWLIST")).unwrap();
    assert!(matches!(repository.verify_by(Rules::Host), Err(VerifyError::NoAllowlist(_))));
    fs::remove_file(repository.path("go.mod")).unwrap();
    assert!(matches!(repository.verify_by(Rules::Host), Err(VerifyError::NoRepository(_))));
    let notices = repository.verify().unwrap().notices;
    assert_eq!(notices, [Notice::NoRepository, Notice::NoAllowlist]);
}

#[test]
fn a_repository_without_a_go_mod_is_one_by_our_rules_only() {
    let repository = Repository::new();
    fs::remove_file(repository.path("go.mod")).unwrap();
    assert!(matches!(repository.verify(), Err(VerifyError::Escapes { .. })));
    let verify = |rules| {
        Verifier::new(repository.path("plugins/sample/manifest.json"))
            .repository(repository.root.path())
            .rules(rules)
            .verify(&repository.manifest)
    };
    assert_eq!(verify(Rules::Strict).unwrap().notices, [Notice::NoRepository]);
    assert!(matches!(verify(Rules::Host), Err(VerifyError::NoRepository(_))));
}

#[test]
fn a_trusted_plugin_is_one_whose_check_the_host_may_skip() {
    let mut repository = Repository::new();
    repository.manifest.trusted = Some(true);
    assert_eq!(repository.verify().unwrap().notices, [Notice::HostMaySkip]);
}

#[cfg(unix)]
#[test]
fn a_key_that_everybody_may_change_is_noted() {
    use std::os::unix::fs::PermissionsExt as _;

    let repository = Repository::new();
    let path = repository.path("keys/sample.pub");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let notices = repository.verify().unwrap().notices;
    assert_eq!(notices, [Notice::WritableByOthers { role: FileRole::PublicKey, path }]);
}

#[cfg(unix)]
#[test]
fn a_pipe_and_a_large_key_are_refused_without_reading_them() {
    let repository = Repository::new();
    repository.write("keys/sample.pub", vec![b' '; 64 * 1024 + 1]);
    let error = repository.verify().unwrap_err();
    assert!(matches!(error, VerifyError::File(FileError::TooLarge { limit: 65536, .. })));

    let artifact = repository.path("plugins/sample/artifact.txt");
    fs::remove_file(&artifact).unwrap();
    let made = Command::new("mkfifo").arg(&artifact).status().unwrap();
    assert!(made.success());
    let error = repository.verify().unwrap_err();
    assert!(matches!(error, VerifyError::File(FileError::NotAFile { .. })));
}

#[test]
fn what_is_signed_is_verified_and_the_same_each_time() {
    let repository = Repository::new();
    let artifact = repository.path("plugins/sample/artifact.txt");
    let plain = SigningKey::from_pem(&PRIVATE_KEY.into(), None).unwrap();
    let passphrase = "correct-horse".into();
    let encrypted = SigningKey::from_pem(&ENCRYPTED_KEY.into(), Some(&passphrase)).unwrap();
    let signature = plain.sign_file(&artifact).unwrap();
    assert_eq!(signature, encrypted.sign_file(&artifact).unwrap());
    assert!(signature.ends_with('\n') && signature.lines().count() == 1);
    repository.write("plugins/sample/artifact.txt.sig", &signature);
    assert!(repository.verify().is_ok());

    let der = encoding::base64(signature.trim().as_bytes()).unwrap();
    let made = p256::ecdsa::Signature::from_der(&der).unwrap();
    assert_eq!(made, made.normalize_s());
}

#[test]
fn a_signing_key_belongs_to_the_key_that_the_manifest_names() {
    let repository = Repository::new();
    let key = SigningKey::from_pem(&PRIVATE_KEY.into(), None).unwrap();
    let verifier = Verifier::new(repository.path("plugins/sample/manifest.json"));
    assert!(verifier.check_signing_key(&repository.manifest, &key).is_ok());
    repository.write("keys/sample.pub", include_str!("testdata/p384.pub"));
    let error = verifier.check_signing_key(&repository.manifest, &key).unwrap_err();
    assert!(matches!(error, VerifyError::OtherKey { role: FileRole::PublicKey, .. }));
}

#[test]
fn a_signature_is_placed_where_the_manifest_names_it_and_not_elsewhere() {
    let mut repository = Repository::new();
    let verifier = Verifier::new(repository.path("plugins/sample/manifest.json"));
    let expected = repository.path("plugins/sample/artifact.txt.sig");
    fs::remove_file(&expected).unwrap();
    assert_eq!(verifier.place_signature(&repository.manifest).unwrap(), expected);
    let key = "k.pub".parse().unwrap();
    let outside = "../../../a.sig".parse().unwrap();
    repository.manifest.signature = Some(SignatureFiles::with_public_key(outside, key));
    let error = verifier.place_signature(&repository.manifest).unwrap_err();
    assert!(matches!(error, VerifyError::Escapes { .. }));
    repository.manifest.signature = None;
    assert_eq!(verifier.place_signature(&repository.manifest).unwrap(), expected);
}

#[test]
fn a_key_that_cannot_sign_says_why() {
    let from_pem = |pem: &str, passphrase: Option<&str>| {
        let passphrase = passphrase.map(Into::into);
        SigningKey::from_pem(&pem.into(), passphrase.as_ref()).unwrap_err()
    };
    assert_eq!(from_pem(ENCRYPTED_KEY, None), SigningKeyError::PassphraseMissing);
    assert_eq!(from_pem(ENCRYPTED_KEY, Some("battery-staple")), SigningKeyError::Decryption);
    for other in [
        include_str!("testdata/encrypted-des3.pem"),
        include_str!("testdata/encrypted-sha1.pem"),
        include_str!("testdata/encrypted-pbes1.pem"),
    ] {
        assert_eq!(from_pem(other, Some("pw")), SigningKeyError::Encryption);
    }
    assert_eq!(from_pem(PUBLIC_KEY, None), SigningKeyError::NotPkcs8);
    assert_eq!(from_pem("", None), SigningKeyError::NotPkcs8);
    let key = SigningKey::from_pem(&PRIVATE_KEY.into(), None).unwrap();
    assert_eq!(format!("{key:?}"), "SigningKey(…)");
}

#[test]
fn openssl_verifies_what_is_signed_here_and_the_other_way_round() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let openssl = |arguments: &[&str]| Command::new("openssl").args(arguments).output();
    if openssl(&["version"]).is_err() {
        eprintln!("SKIPPED: there is no openssl on this machine");
        return;
    }
    let run = |arguments: &[&str]| {
        let output = openssl(arguments).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    fs::write(path("artifact"), ARTIFACT).unwrap();
    fs::write(path("public"), PUBLIC_KEY).unwrap();
    let key = SigningKey::from_pem(&PRIVATE_KEY.into(), None).unwrap();
    let signature = key.sign_file(Path::new(&path("artifact"))).unwrap();
    fs::write(path("signature"), encoding::base64(signature.trim().as_bytes()).unwrap()).unwrap();
    let verify = ["dgst", "-sha256", "-verify", &path("public"), "-signature", &path("signature")];
    run(&[&verify[..], &[&path("artifact")]].concat());

    for curve in ["secp224r1", "prime256v1", "secp384r1", "secp521r1"] {
        for (encoding, works) in [("named_curve", true), ("explicit", false)] {
            let curve = format!("ec_paramgen_curve:{curve}");
            let encoding = format!("ec_param_enc:{encoding}");
            let private = path("private");
            let make = ["genpkey", "-algorithm", "EC", "-pkeyopt", &curve, "-pkeyopt", &encoding];
            run(&[&make[..], &["-out", &private]].concat());
            let public = run(&["pkey", "-in", &private, "-pubout"]);
            let signature = run(&["dgst", "-sha256", "-sign", &private, &path("artifact")]);
            match key::PublicKey::from_pem(&public) {
                Ok(key) => assert!(works && key.verifies(&Sha256Digest::of(ARTIFACT), &signature)),
                Err(error) => assert!(!works && error == KeyError::UnknownCurve, "{error}"),
            }
            if works {
                let serial = format!("0x7{}", "f".repeat(49));
                let certify = ["req", "-x509", "-new", "-key", &private, "-subj", "/CN=sample"];
                let certificate = run(&[&certify[..], &["-set_serial", &serial]].concat());
                assert!(key::PublicKey::from_certificate_pem(&certificate).is_ok());
            }
            let compressed =
                run(&["pkey", "-in", &private, "-pubout", "-ec_conv_form", "compressed"]);
            assert!(key::PublicKey::from_pem(&compressed).is_err());
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_refused_as_a_signature_and_as_a_key(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..128),
    ) {
        let key = key::PublicKey::from_pem(PUBLIC_KEY.as_bytes()).unwrap();
        proptest::prop_assert!(!key.verifies(&Sha256Digest::of(ARTIFACT), &bytes));
        let text = format!("-----BEGIN A-----\n{}\n-----END A-----\n", encoding::to_base64(&bytes));
        proptest::prop_assert!(key::PublicKey::from_pem(text.as_bytes()).is_err());
    }
}

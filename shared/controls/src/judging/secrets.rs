use std::sync::LazyLock;

use regex_lite::Regex;

/// What is found in a text that should hold no secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Secret {
    /// What it looks like, e.g. `an AWS access key id`. Never the secret itself, for findings are read by many.
    pub(crate) looks_like: &'static str,
    /// The line that it begins in, counted from 1.
    pub(crate) line: usize,
}

/// Forms that hardly anything but a secret has; a scanner that also guesses by entropy would find more, and be wrong
/// more often. Where a pattern has a group, that is the secret, and a placeholder or a reference in its place is
/// none.
const PATTERNS: &[(&str, &str)] = &[
    ("an AWS access key id", r"\b((?:AKIA|ASIA)[A-Z2-7]{16})\b"),
    (
        "an AWS secret access key",
        r#"(?i)aws_?secret_?access_?key["']?\s*[:=]\s*["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
    ),
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("a GitHub token", r"\b(?:gh[oprsu]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{82})\b"),
    ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20}"),
    ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("a Slack webhook", r"https://hooks\.slack\.com/(?:services|workflows)/T[A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]+"),
    ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}\b"),
    ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{24,}"),
    ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{34,}\b"),
    ("a PyPI token", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a Databricks token", r"\bdapi[0-9a-f]{32}\b"),
    ("an OpenAI key", r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}"),
    ("an Anthropic key", r"\bsk-ant-[a-z0-9]+-[A-Za-z0-9_-]{40,}"),
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
    (
        "a password in a URL",
        r#"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"'`$<>{}\[\]]*:([^\s/:@"'`$<>{}\[\]]{3,})@[A-Za-z0-9]"#,
    ),
    // In quotes, anywhere.
    (
        "a password",
        r#"(?i)(?:password|passwd|api_?key|secret_?key|access_?token|auth_?token)["']?\s*[:=]\s*["']([^\s"'`$<>{}]{8,})["']"#,
    ),
    // Without quotes it is only in a shell's assignment what it says, and in other languages the name of a variable.
    (
        "a password",
        concat!(
            r"(?im)^\s*(?:export\s+)?[A-Z0-9_]*(?:password|passwd|api_?key|secret_?key|access_?token|auth_?token)",
            r#"=([^\s"'`$<>{}()\[\],;&|.]*[0-9][^\s"'`$<>{}()\[\],;&|.]*)\s*(?:$|[;&#])"#,
        ),
    ),
];

/// What stands for a secret in examples, and what names one that is kept elsewhere.
const NO_SECRETS: &[&str] = &[
    "example",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "your-",
    "your_",
    "xxxx",
    "****",
    "arn:",
    "resolve:",
];

/// Every secret in a text, in the order of their lines; at most one of a line and form.
pub(crate) fn secrets(text: &str) -> Vec<Secret> {
    #[allow(clippy::expect_used, reason = "a test compiles every pattern")]
    static COMPILED: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
        let compile = |pattern| Regex::new(pattern).expect("BUG: a pattern of this file is not a regular expression");
        PATTERNS.iter().map(|(looks_like, pattern)| (*looks_like, compile(pattern))).collect()
    });
    let mut found: Vec<Secret> = Vec::new();
    for (looks_like, regex) in COMPILED.iter() {
        for captures in regex.captures_iter(text) {
            let group = captures.get(1).or_else(|| captures.get(0));
            let Some(secret) = group.filter(|secret| !stands_for_one(secret.as_str())) else { continue };
            let line = text.get(..secret.start()).unwrap_or_default().matches('\n').count() + 1;
            let secret = Secret { looks_like, line };
            if !found.contains(&secret) {
                found.push(secret);
            }
        }
    }
    found.sort_by_key(|secret| secret.line);
    found
}

fn stands_for_one(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    NO_SECRETS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks_like(text: &str) -> Vec<&'static str> {
        secrets(text).iter().map(|secret| secret.looks_like).collect()
    }

    /// Put together here, so that no scanner takes this file for one that has secrets.
    #[test]
    fn secrets_of_every_form_are_found() {
        let letters = |count: usize| "aB3dE5gH".repeat(count).chars().take(count).collect::<String>();
        for (expected, text) in [
            ("an AWS access key id", format!("aws configure set aws_access_key_id {}IQ3KZWXYABCD2345", "AKIA")),
            ("an AWS secret access key", format!("export AWS_SECRET_ACCESS_KEY={}", letters(40))),
            ("an AWS secret access key", format!("\"AwsSecretAccessKey\": \"{}\"", letters(40))),
            ("a private key", format!("-----BEGIN RSA {} KEY-----", "PRIVATE")),
            ("a private key", format!("-----BEGIN {} KEY-----", "PRIVATE")),
            ("a GitHub token", format!("git clone https://x:{}_{}@github.com/a/b", "ghp", letters(36))),
            ("a GitHub token", format!("T={}_{}", "github_pat", letters(82))),
            ("a GitLab token", format!("{}-{}", "glpat", letters(20))),
            ("a Slack token", format!("{}-{}", "xoxb", letters(24))),
            ("a Slack webhook", format!("curl https://hooks.slack.com/{}/T0123/B0123/{}", "services", letters(24))),
            ("a Google API key", format!("{}{}", "AIza", letters(35))),
            ("a Stripe key", format!("{}_live_{}", "sk", letters(24))),
            ("a Hugging Face token", format!("huggingface-cli login --token {}_{}", "hf", letters(34))),
            ("a PyPI token", format!("{}-AgEIcHlwaS5vcmc{}", "pypi", letters(60))),
            ("an npm token", format!("//registry.npmjs.org/:_authToken={}_{}", "npm", letters(36))),
            ("a Databricks token", format!("{}{}", "dapi", "0a1b2c3d".repeat(4))),
            ("an OpenAI key", format!("{}-proj-{}", "sk", letters(48))),
            ("an Anthropic key", format!("{}-ant-api03-{}", "sk", letters(48))),
            ("a JSON web token", format!("{}{}.{}{}.{}", "eyJ", letters(12), "eyJ", letters(12), letters(30))),
            ("a password in a URL", "pip install --index-url https://ci:hunter22@pypi.internal/simple x".to_owned()),
            ("a password", "mysql.connect(password = 'hunter22hunter')".to_owned()),
            ("a password", "  DB_PASSWORD: \"hunter22hunter\"".to_owned()),
            ("a password", "export DB_PASSWORD=hunter22hunter".to_owned()),
            ("a password", "MY_API_KEY=0a1b2c3d # of the team".to_owned()),
        ] {
            assert!(looks_like(&text).contains(&expected), "{expected}: {text}: {:?}", secrets(&text));
        }
    }

    #[test]
    fn what_is_no_secret_is_not_found() {
        for text in [
            "",
            "export PASSWORD=$(aws secretsmanager get-secret-value --secret-id db --query SecretString --output text)",
            "PASSWORD=\"${DB_PASSWORD}\"",
            "password = os.environ['DB_PASSWORD']",
            "connect(password=args.password2)",
            "password=getpass.getpass()",
            "read -s PASSWORD",
            "DB_PASSWORD_SECRET_NAME=prod/db/2024",
            "API_KEY=",
            "api_key = '<your key>'",
            "password: 'changeme-please'",
            "SECRET_KEY='arn:aws:secretsmanager:eu-central-1:111111111111:secret:db-0a1b2c'",
            "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN CERTIFICATE-----",
            "wget https://example.com:8443/path@v1",
            "git clone https://${TOKEN}:x@github.com/a/b",
            "TOKEN_URL=https://login.example.com/oauth2/token",
            "jupyter server --ServerApp.token='' --ServerApp.password=''",
            "sudo -u ec2-user -i <<'EOF'\nsource activate python3\npip install --upgrade boto3==1.34.0\nEOF\n",
        ] {
            assert_eq!(secrets(text), [], "{text}");
        }
    }

    #[test]
    fn a_secret_is_named_by_its_line_and_never_by_itself() {
        let text = "#!/bin/bash\nset -e\nexport DB_PASSWORD=hunter22hunter\nexport DB_PASSWORD=hunter23hunter\n";
        assert_eq!(
            secrets(text),
            [Secret { looks_like: "a password", line: 3 }, Secret { looks_like: "a password", line: 4 }]
        );
        assert!(!format!("{:?}", secrets(text)).contains("hunter"));
    }
}

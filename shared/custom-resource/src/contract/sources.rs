//! R4, R10: what the workspace and the template have to say.

use std::fs;
use std::path::Path;

/// Tests run in their package's folder.
fn read(file: &str) -> String {
    fs::read_to_string(Path::new("../..").join(file)).unwrap()
}

#[test]
fn r04_a_panic_unwinds_in_release_builds() {
    let manifest = read("Cargo.toml");
    let release = manifest.lines().map(str::trim).skip_while(|line| *line != "[profile.release]").skip(1);
    let mut settings = release.take_while(|line| !line.starts_with('['));
    assert!(settings.any(|line| line == r#"panic = "unwind""#));
}

/// The template's blocks two spaces in, by name: its resources among others.
fn blocks(template: &str) -> Vec<(&str, Vec<&str>)> {
    let mut blocks: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in template.lines() {
        let name = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':'));
        match name.filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric())) {
            Some(name) => blocks.push((name, Vec::new())),
            None => {
                if let Some((_, lines)) = blocks.last_mut() {
                    lines.push(line.trim());
                }
            }
        }
    }
    blocks
}

fn value<'a>(lines: &[&'a str], key: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}

#[test]
fn r10_cloudformation_waits_a_little_longer_than_the_function_may_take() {
    let template = read("template.yaml");
    let blocks = blocks(&template);
    let mut checked = 0;
    for (name, lines) in &blocks {
        if !value(lines, "Type").is_some_and(|kind| kind.starts_with("Custom::")) {
            continue;
        }
        let token = value(lines, "ServiceToken").and_then(|token| token.strip_prefix("!GetAtt ")?.strip_suffix(".Arn"));
        let function = blocks.iter().find(|(function, _)| Some(*function) == token);
        let seconds = |lines: &[&str], key| value(lines, key).and_then(|text| text.parse::<u32>().ok());
        let patience = seconds(lines, "ServiceTimeout").unwrap_or_else(|| panic!("{name} has no ServiceTimeout"));
        let timeout = function.and_then(|(_, lines)| seconds(lines, "Timeout"));
        let timeout = timeout.unwrap_or_else(|| panic!("the function of {name} has no Timeout"));
        assert!(timeout < patience, "{name} waits {patience} s for a function that may take {timeout} s");
        checked += 1;
    }
    assert!(checked > 0, "the template has no custom resource");
}

//! Every file of `src/control` is a control: adding one is adding a file.

use std::{env, fs, io, path::Path};

const FOLDER: &str = "src/control";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let folder = Path::new(&root).join(FOLDER);
    let mut files: Vec<String> = fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .filter(|name: &io::Result<String>| name.as_ref().map_or(true, |name| name.ends_with(".rs")))
        .collect::<io::Result<_>>()?;
    files.sort();
    let names: Vec<&str> = files.iter().filter_map(|name| name.strip_suffix(".rs")).collect();
    let modules: String =
        names.iter().map(|name| format!("#[path = {:?}]\nmod {name};\n", folder.join(format!("{name}.rs")))).collect();
    let list = |item: fn(&str) -> String| names.iter().map(|name| item(name)).collect::<String>();
    let generated = format!(
        "{modules}\n/// Every control, in the order of their ids.\npub const CONTROLS: &[&Control] = &[{}];\n\n\
         /// What each of them has to say of a resource that is shown to it, in the same order.\n\
         #[cfg(test)]\npub(crate) const CASES: &[&[crate::case::Case]] = &[{}];\n",
        list(|name| format!("&{name}::CONTROL, ")),
        list(|name| format!("{name}::CASES, ")),
    );
    fs::write(Path::new(&out).join("controls.rs"), generated)
}

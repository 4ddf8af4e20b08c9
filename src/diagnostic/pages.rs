//! The build script: packs the pages of the findings into one deflated file.
//!
//! Promises: `$OUT_DIR/pages.bin` holds, for each `explain/<code>.md` in the order of the codes, the code and the text,
//! each ended by a zero byte; the same pages give the same bytes.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a build script: Cargo asks by variables and files, and is told by lines"
)]

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

/// Best: the pages change seldom, and are packed once for each build.
const LEVEL: u8 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("src/diagnostic/explain");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<_> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    let mut pages = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "md")) {
        let code = file.file_stem().ok_or("a page without a name")?;
        pages.extend_from_slice(code.as_encoded_bytes());
        pages.push(0);
        pages.extend(fs::read(file)?);
        pages.push(0);
    }
    let place = Path::new(&env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?).join("pages.bin");
    Ok(fs::write(place, miniz_oxide::deflate::compress_to_vec(&pages, LEVEL))?)
}

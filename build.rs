//! Puts the functions that one check executes side by side in the program.
//!
//! Linked in their usual order they are strewn over four megabytes, most of which the kernel then maps
//! into every process. `src/layout.txt` names them, and `benches/layout` makes that list. A name
//! that no longer fits does no harm; a linker that takes no such script is left alone.

#![allow(clippy::print_stdout, reason = "it is how Cargo is told")]

use std::error::Error;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

const LIST: &str = "src/layout.txt";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={LIST}");
    let optimised = env::var("PROFILE")? == "release";
    let elf = env::var("CARGO_CFG_TARGET_OS")? == "linux";
    if !(optimised && elf) {
        return Ok(());
    }
    let directory = env::var("OUT_DIR")?;
    let directory = Path::new(&directory);
    let script = directory.join("layout.ld");
    fs::write(&script, linker_script(&fs::read_to_string(LIST)?))?;
    let argument = format!("-T{}", script.display());
    if links_with(&argument, directory)? {
        println!("cargo::rustc-link-arg-bin=pgtls={argument}");
    }
    Ok(())
}

/// A section of its own for the functions of the list, beside the one for all others. Compilers put a
/// function `f` into `.text.f`, `.text.unlikely.f` or `.text.startup.f`; assemblers put all of a file
/// into `.text`.
fn linker_script(list: &str) -> String {
    let sections: Vec<String> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| match line.ends_with(".o") {
            true => format!("    {line}(.text)\n"),
            false => format!("    *(.text*.{line})\n"),
        })
        .collect();
    let sections = sections.concat();
    format!("SECTIONS {{\n  .text.check : {{\n{sections}  }}\n}}\nINSERT BEFORE .text;\n")
}

/// Tries it on an empty program, with the compiler, the linker and the flags of this build.
fn links_with(argument: &str, directory: &Path) -> Result<bool, Box<dyn Error>> {
    let source = directory.join("empty.rs");
    fs::write(&source, "fn main() {}\n")?;
    let variable = |name: &str| env::var_os(name).ok_or_else(|| format!("Cargo sets no {name}"));
    let mut compiler = Command::new(variable("RUSTC")?);
    compiler
        .args(["--edition", "2024", "--crate-type", "bin", "--target"])
        .arg(variable("TARGET")?)
        .arg("-o")
        .arg(directory.join("empty"))
        .arg(format!("-Clink-arg={argument}"));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut option = OsString::from("-Clinker=");
        option.push(linker);
        compiler.arg(option);
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    compiler.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    Ok(compiler.arg(source).output()?.status.success())
}

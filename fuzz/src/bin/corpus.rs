//! `corpus targets` lists the targets; `corpus seeds FOLDER` writes their seeds; `corpus fixture` makes keys and proofs
//! again; `corpus replay TARGET PATH..` runs a target on files and on all files of folders.

use std::path::{Path, PathBuf};
use zkseal_fuzz::{fixture, planted, seeds, targets};

fn files(path: &Path) -> Vec<PathBuf> {
    match std::fs::read_dir(path) {
        Ok(entries) => entries.flatten().flat_map(|entry| files(&entry.path())).collect(),
        Err(_) => vec![path.to_owned()],
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["targets"] => targets::TARGETS.iter().chain(&planted::TARGETS).for_each(|(name, _)| println!("{name}")),
        ["seeds", folder] => seeds::write(Path::new(folder)).expect("the folder can be written"),
        ["fixture"] => fixture::write(),
        ["replay", target, paths @ ..] => {
            let target = targets::find(target).expect("the name of a target");
            for path in paths.iter().flat_map(|path| files(Path::new(path))) {
                target(&std::fs::read(&path).expect("a readable file"));
            }
        }
        _ => {
            eprintln!("usage: corpus targets | seeds FOLDER | fixture | replay TARGET PATH..");
            std::process::exit(2);
        }
    }
}

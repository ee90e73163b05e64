//! What an artifact says of itself.

use std::fmt::Write;
use std::path::Path;
use windlass_abi::artifact::{Artifact, FORMAT_VERSION, Section};

/// Header, sections, images.
pub fn describe(artifact: &Artifact<'_>, path: &Path, size: usize) -> String {
    let header = &artifact.header;
    let mut text = format!("{}: {size} bytes, artifact, format {FORMAT_VERSION}\n", path.display());
    // Writing to a string does not fail.
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name}: {value}");
    };
    line("made by", format!("windlass {}", header.version));
    line("target", header.target.clone());
    line("processor needs", header.cpu_features.join(" "));
    let settings: Vec<String> =
        header.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    line("settings", settings.join(" "));
    if let Some(name) = &artifact.facts.names.module {
        line("module", format!("${name}"));
    }
    let own = artifact.facts.defined_functions();
    line("functions", format!("{own} compiled, {} imported", artifact.facts.imported.functions));

    text += "\nsections:\n";
    for section in Section::ALL {
        let _ = writeln!(text, "  {:<20} {:>10} bytes", section.name(), artifact.section(*section).len());
    }
    if !header.images.is_empty() {
        text += "\nimages:\n";
    }
    for image in &header.images {
        let _ = writeln!(text, "  memory[{}] at {:#x}: {} bytes", image.memory, image.at, image.len);
    }
    text
}

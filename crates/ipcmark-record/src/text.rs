//! The text of a document: as it is, or compressed with gzip, as a history keeps it.

use crate::files::{self, MOST_BYTES};
use crate::{Error, Result};
use flate2::read::GzDecoder;
use std::io::{self, Read};
use std::path::Path;

/// First bytes of what gzip writes.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Mark that some editors put in front of a text.
const BOM: char = '\u{feff}';

/// Reads the text of a document, compressed or not.
///
/// # Errors
/// A file that [`files::read`] refuses, or that unpacks to more than 512 MiB.
pub fn read_text(path: &Path) -> Result<String> {
    let bytes = files::read(path).map_err(|e| Error::io("read", path, e))?;
    let text = match bytes.starts_with(&GZIP) {
        true => unpack(&mut GzDecoder::new(&bytes[..])),
        false => String::from_utf8(bytes).map_err(|_| not_text()),
    };
    let mut text = text.map_err(|e| Error::io("read", path, e))?;
    if text.starts_with(BOM) {
        text.drain(..BOM.len_utf8());
    }
    Ok(text)
}

/// Reads a compressed text to its end.
///
/// # Errors
/// Damaged data, or more than 512 MiB.
pub fn unpack(reader: &mut impl Read) -> io::Result<String> {
    unpack_most(reader, MOST_BYTES)
}

fn unpack_most(reader: &mut impl Read, most: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    reader.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let what = format!("it unpacks to more than {most} bytes, which no record has");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    String::from_utf8(bytes).map_err(|_| not_text())
}

fn not_text() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut writer = GzEncoder::new(Vec::new(), Compression::default());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    // F17
    #[test]
    fn a_compressed_text_is_read_like_a_plain_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record");
        let marked = "\u{feff}{\"a\": 1}".as_bytes().to_vec();
        for bytes in [b"{\"a\": 1}".to_vec(), packed(b"{\"a\": 1}"), packed(&marked), marked] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read_text(&path).unwrap(), "{\"a\": 1}");
        }
        let whole = packed(b"{\"a\": 1}");
        for damaged in [&whole[..whole.len() - 3], &[0xff, 0xfe][..], &packed(&[0xff])[..]] {
            std::fs::write(&path, damaged).unwrap();
            let said = read_text(&path).unwrap_err().to_string();
            assert!(said.contains("cannot read"), "{said}");
        }
    }

    #[test]
    fn what_unpacks_to_very_much_is_refused() {
        let packed = packed(&[b' '; 100_000]);
        assert!(packed.len() < 1_000);
        let unpacked = |most| unpack_most(&mut GzDecoder::new(&packed[..]), most);
        assert_eq!(unpacked(100_000).unwrap().len(), 100_000);
        let error = unpacked(99_999).unwrap_err();
        assert!(error.to_string().contains("more than 99999 bytes"), "{error}");
    }
}

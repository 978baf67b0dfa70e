//! Histograms in a record.

use crate::{Error, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::ZlibDecoder;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::Read;

/// The first four bytes of a deflated V2 histogram, big-endian: the format's cookie with its word size.
const COOKIE: u32 = 0x1c84_9314;
/// No histogram of 64-bit values with three digits inflates to more bytes.
const INFLATED_MAX: u64 = 16 << 20;

/// Bytes of an inflated histogram in front of its counts. At 4 is the length of the counts, at 12 the significant digits.
const HEADER: usize = 40;
/// Significant digits of ipcmark's histograms.
const DIGITS: u32 = 3;

/// The histogram type all of ipcmark uses.
pub type Histogram = hdrhistogram::Histogram<u64>;

/// Kind of the values of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// ns for one message there and one back. Half of it is not a one-way latency.
    NsPerRoundTrip,
    /// ps a message, averaged over a block of messages: one value a block. Picoseconds, because a ring moves a
    /// message in a few ns and whole ones would round by tens of percent.
    PsPerMessageBlock,
    /// ns from a message's intended start to its receipt, one way, on one clock for both processes.
    NsOneWay,
    /// ns from a message's intended start to the call that sent it: the sender's own lateness.
    NsLag,
    /// ns from the first message of a burst sent to the answer received.
    NsPerBurst,
    /// ns from the first part of a task sent to its last partial result merged.
    NsPerTask,
    /// ns that one send held its sender: from the claim of a message's space until it was handed over.
    NsPerSend,
}

/// A histogram in the record: HdrHistogram V2, deflated, in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Encoded {
    /// Kind of the values.
    pub unit: Unit,
    /// Values recorded.
    pub count: u64,
    /// Messages (round trips) behind each value: 1, or the length of a block.
    pub messages_per_value: u64,
    /// HdrHistogram V2 (deflate), base64.
    pub hdr_v2_deflate: String,
}

impl Encoded {
    /// Packs a histogram.
    pub fn pack(histogram: &Histogram, unit: Unit, messages_per_value: u64) -> Result<Self> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(histogram, &mut bytes)
            .map_err(|e| Error::Histogram(format!("{e:?}")))?;
        Ok(Encoded {
            unit,
            count: histogram.len(),
            messages_per_value,
            hdr_v2_deflate: STANDARD.encode(bytes),
        })
    }

    /// Unpacks it.
    ///
    /// # Errors
    /// A histogram that was changed on the way is refused: by its checksum, its length, or its count.
    pub fn unpack(&self) -> Result<Histogram> {
        let bytes = inflate(
            &STANDARD
                .decode(&self.hdr_v2_deflate)
                .map_err(|e| Error::Histogram(format!("not base64: {e}")))?,
        )?;
        let histogram: Histogram = Deserializer::new()
            .deserialize(&mut &bytes[..])
            .map_err(|e| Error::Histogram(format!("{e:?}")))?;
        if histogram.len() == self.count {
            Ok(histogram)
        } else {
            Err(Error::Histogram(format!(
                "{} values where {} were announced",
                histogram.len(),
                self.count
            )))
        }
    }
}

/// Inflates a V2 histogram. hdrhistogram can do that, but stops before the checksum at the end, and
/// so takes some damaged histograms for whole ones.
fn inflate(deflated: &[u8]) -> Result<Vec<u8>> {
    let no_histogram = || Error::Histogram("no deflated HdrHistogram V2".into());
    let (cookie, rest) = deflated.split_first_chunk().ok_or_else(no_histogram)?;
    let (length, body) = rest.split_first_chunk().ok_or_else(no_histogram)?;
    if u32::from_be_bytes(*cookie) != COOKIE || u32::from_be_bytes(*length) as usize != body.len() {
        return Err(no_histogram());
    }
    let mut bytes = Vec::new();
    ZlibDecoder::new(body)
        .take(INFLATED_MAX)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::Histogram(format!("damaged: {e}")))?;
    // hdrhistogram reserves memory by these two numbers before it reads on.
    let number =
        |at: usize| -> Option<u32> { Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?)) };
    let length = bytes.len().checked_sub(HEADER).and_then(|length| u32::try_from(length).ok());
    if length.is_none() || number(4) != length || number(12).is_none_or(|digits| digits > DIGITS) {
        return Err(no_histogram());
    }
    Ok(bytes)
}

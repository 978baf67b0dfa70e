//! Histograms come out of a record as they went in, or not at all.

use ipcmark_record::{Encoded, Histogram, Unit};
use proptest::prelude::*;

fn of(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::new(3).unwrap();
    values.iter().for_each(|v| histogram.record(*v).unwrap());
    histogram
}

proptest! {
    #[test]
    fn what_is_packed_is_unpacked(
        values in prop::collection::vec(0u64..10_000_000_000, 0..300), per_value in 1u64..2_000,
    ) {
        let histogram = of(&values);
        let encoded = Encoded::pack(&histogram, Unit::PsPerMessageBlock, per_value).unwrap();
        let json = serde_json::to_string(&encoded).unwrap();
        let back: Encoded = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&back, &encoded);
        prop_assert_eq!((back.count, back.messages_per_value), (values.len() as u64, per_value));
        prop_assert_eq!(back.unpack().unwrap(), histogram);
    }

    #[test]
    fn a_changed_character_never_passes_for_another_histogram(
        values in prop::collection::vec(1u64..1_000_000, 1..100), at: prop::sample::Index, with in "[A-Za-z0-9+/=!]",
    ) {
        let histogram = of(&values);
        let mut encoded = Encoded::pack(&histogram, Unit::NsPerRoundTrip, 1).unwrap();
        let at = at.index(encoded.hdr_v2_deflate.len());
        prop_assume!(encoded.hdr_v2_deflate[at..=at] != with);
        encoded.hdr_v2_deflate.replace_range(at..=at, &with);
        // A few bits of the compressed form are padding: a change of those changes nothing.
        prop_assert!(encoded.unpack().map_or(true, |other| other == histogram));
    }
}

#[test]
fn most_changed_characters_are_refused() {
    let encoded = Encoded::pack(&of(&[100, 200, 300]), Unit::NsPerRoundTrip, 1).unwrap();
    let refused = (0..encoded.hdr_v2_deflate.len()).filter(|at| {
        let mut damaged = encoded.clone();
        let with = if damaged.hdr_v2_deflate[*at..].starts_with('A') { "B" } else { "A" };
        damaged.hdr_v2_deflate.replace_range(*at..=*at, with);
        damaged.unpack().is_err()
    });
    assert!(refused.count() >= encoded.hdr_v2_deflate.len() - 1);
}

#[test]
fn a_count_that_does_not_match_is_refused() {
    let mut encoded = Encoded::pack(&of(&[1, 2, 3]), Unit::NsPerRoundTrip, 1).unwrap();
    encoded.count = 4;
    let error = encoded.unpack().unwrap_err().to_string();
    assert_eq!(error, "histogram: 3 values where 4 were announced");
}

/// reliability 9: 60 bytes asked for 4 GiB.
#[test]
fn a_length_is_compared_with_what_is_there() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use std::io::{Read as _, Write as _};
    let honest = Encoded::pack(&of(&[1, 2, 3]), Unit::NsPerRoundTrip, 1).unwrap();
    let packed = STANDARD.decode(&honest.hdr_v2_deflate).unwrap();
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(&packed[8..]).read_to_end(&mut bytes).unwrap();
    for (at, lie) in [(4, u32::MAX), (4, 1), (12, 5), (12, u32::MAX)] {
        let mut lying = bytes.clone();
        lying[at..at + 4].copy_from_slice(&lie.to_be_bytes());
        let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        deflated.write_all(&lying).unwrap();
        let body = deflated.finish().unwrap();
        let mut packed = packed[..4].to_vec();
        packed.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        packed.extend(body);
        let encoded = Encoded { hdr_v2_deflate: STANDARD.encode(packed), ..honest.clone() };
        let error = encoded.unpack().unwrap_err().to_string();
        assert_eq!(error, "histogram: no deflated HdrHistogram V2", "{at} {lie}");
    }
}

#[test]
fn what_is_no_base64_or_no_histogram_is_refused() {
    let mut encoded = Encoded::pack(&of(&[1]), Unit::NsPerRoundTrip, 1).unwrap();
    encoded.hdr_v2_deflate = "not base64!".into();
    assert!(encoded.unpack().unwrap_err().to_string().contains("not base64"));
    for no_histogram in ["", "AAAA", "aXBjbWFyaw=="] {
        encoded.hdr_v2_deflate = no_histogram.into();
        assert!(encoded.unpack().is_err(), "{no_histogram}");
    }
}

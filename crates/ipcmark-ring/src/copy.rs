//! Moving bytes into shared memory, and asking for its lines beforehand.

use core::ptr::NonNull;

/// Copies `from` to `to`, into the caches or around them. Around, the copy is done and ordered before whatever the caller
/// stores next: it ends with a store fence.
///
/// Around the caches is right where the reader's are far away: the lines need not be fetched from there only to be
/// overwritten. Where both share a cache it is two to three times dearer.
///
/// # Safety
/// `to` is valid for writes of `from.len()` bytes that nobody else touches, and apart from `from`.
#[inline]
pub(crate) unsafe fn to_shared(from: &[u8], to: NonNull<u8>, around: bool) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if around {
        // SAFETY: the caller's promise, passed on.
        return unsafe { around_the_caches(from, to.as_ptr()) };
    }
    let _ = around;
    // SAFETY: the caller's promise.
    unsafe { core::ptr::copy_nonoverlapping(from.as_ptr(), to.as_ptr(), from.len()) };
}

/// Non-temporal stores of 16 B, after ordinary ones up to the first multiple of 16.
#[cfg(all(target_arch = "x86_64", not(miri)))]
unsafe fn around_the_caches(from: &[u8], to: *mut u8) {
    use core::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128};
    const UNIT: usize = 16;
    let opening = to.align_offset(UNIT).min(from.len());
    let (opening, rest) = from.split_at(opening);
    let (units, closing) = rest.as_chunks::<UNIT>();
    // SAFETY: the caller lends as many bytes at `to` as `from` has.
    unsafe { core::ptr::copy_nonoverlapping(opening.as_ptr(), to, opening.len()) };
    for (n, unit) in units.iter().enumerate() {
        // SAFETY: 16 bytes, at any alignment.
        let value = unsafe { _mm_loadu_si128(unit.as_ptr().cast()) };
        // SAFETY: within `from.len()` bytes of `to`.
        let at = unsafe { to.add(opening.len() + n * UNIT) };
        // SAFETY: 16 bytes there are the caller's, and `at` is a multiple of 16.
        unsafe { _mm_stream_si128(at.cast::<__m128i>(), value) };
    }
    // SAFETY: within `from.len()` bytes of `to`.
    let at = unsafe { to.add(from.len() - closing.len()) };
    // SAFETY: the last bytes that the caller lends.
    unsafe { core::ptr::copy_nonoverlapping(closing.as_ptr(), at, closing.len()) };
    // SAFETY: SSE is part of x86-64.
    unsafe { _mm_sfence() };
}

/// Asks for the line at `at` with the right to write it; does nothing else, whatever the address.
#[inline]
pub(crate) fn prepare(at: NonNull<u8>) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a prefetch changes nothing a program can see, and faults nowhere.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) at.as_ptr(), options(nostack, preserves_flags));
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = at;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn around_the_caches_the_same_bytes_arrive() {
        let from: Vec<u8> = (0..200u8).collect();
        for (offset, len) in (0..33).flat_map(|offset| (0..167).map(move |len| (offset, len))) {
            for around in [false, true] {
                let mut to = [0xee; 200];
                let at = NonNull::from(&mut to[offset]);
                // SAFETY: `len` bytes lie behind `offset`, and `from` is apart.
                unsafe { to_shared(&from[..len], at, around) };
                assert_eq!(to[offset..offset + len], from[..len]);
                assert!(to[..offset].iter().chain(&to[offset + len..]).all(|b| *b == 0xee));
            }
        }
    }
}

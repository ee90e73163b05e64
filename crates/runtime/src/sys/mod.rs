//! What the runtime asks of the system: address space, memory images, the page size, the thread's stack, and,
//! for native code, executable memory and signals.
//!
//! Two implementations of one interface: [`linux`](self) with real reservations, and a portable one on
//! the allocator, for Miri and for systems without a port. With the portable one a reservation costs
//! its full size, so callers reserve only what they use at once ([`RESERVES`]).

#[cfg(all(target_os = "linux", not(miri)))]
mod linux;
#[cfg(not(all(target_os = "linux", not(miri))))]
mod portable;

#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) use linux::{Image, RESERVES, Reservation, page_size, protect};
#[cfg(not(all(target_os = "linux", not(miri))))]
pub(crate) use portable::{Image, RESERVES, Reservation, page_size, protect};

mod stack;
pub(crate) use stack::{current_stack, stack_pointer};
#[cfg(feature = "async")]
pub(crate) use stack::{discard, replace_stack};

/// What native code needs besides; see [`crate::native`].
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
pub(crate) mod signals;
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
pub(crate) mod text;

/// `bytes` rounded up to whole pages of the system; `None` on overflow.
pub(crate) fn round_up_to_page(bytes: usize) -> Option<usize> {
    bytes.checked_next_multiple_of(page_size())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_zeroed_bytes() {
        let page = page_size();
        let r = Reservation::new(4 * page).unwrap();
        // SAFETY: the range lies in the reservation, nothing else uses it.
        unsafe {
            r.commit(page, 2 * page).unwrap();
            let p = r.base().add(page);
            assert_eq!(*p.as_ptr(), 0);
            p.as_ptr().write_bytes(7, 2 * page);
            assert_eq!(*p.as_ptr().add(2 * page - 1), 7);
        }
    }

    #[test]
    fn absurd_sizes_are_errors() {
        assert!(Reservation::new(usize::MAX / 2).is_err());
        assert_eq!(round_up_to_page(usize::MAX), None);
    }

    #[test]
    fn images_are_private() {
        let page = page_size();
        let image = Image::new(2 * page);
        assert_eq!(image.is_some(), RESERVES);
        let Some(image) = image else { return };
        image.write(3, b"abc").unwrap();
        image.write(page, b"def").unwrap();
        let a = Reservation::new(2 * page).unwrap();
        let b = Reservation::new(2 * page).unwrap();
        // SAFETY: both are fresh and as long as the image.
        unsafe {
            a.map_image(0, &image).unwrap();
            b.map_image(0, &image).unwrap();
            a.base().as_ptr().add(3).write(b'X');
            let read = |r: &Reservation, at: usize, len: usize| {
                std::slice::from_raw_parts(r.base().as_ptr().add(at), len).to_vec()
            };
            assert_eq!(read(&a, 2, 4), b"\0Xbc");
            assert_eq!(read(&b, 2, 4), b"\0abc");
            assert_eq!(read(&b, page - 1, 5), b"\0def\0");
        }
    }
}

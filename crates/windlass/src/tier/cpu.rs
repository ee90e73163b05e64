//! The processor that compiled code counts on: the third version of x86-64.

macro_rules! features {
    ($($feature:tt)*) => {
        /// What the code needs; artifacts say so, too.
        pub(crate) const FEATURES: &[&str] = &[$($feature),*];

        /// What of it this processor does not have.
        #[cfg(native)]
        pub(super) fn missing_feature() -> Option<&'static str> {
            $( if !std::is_x86_feature_detected!($feature) { return Some($feature); } )*
            None
        }
    };
}

features!("sse4.2" "popcnt" "avx" "avx2" "bmi1" "bmi2" "fma" "lzcnt" "movbe");

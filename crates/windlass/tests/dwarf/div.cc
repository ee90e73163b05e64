namespace shop {
template <typename T> struct Price {
  T cents;
  __attribute__((noinline)) T each(T count) const { return cents / count; }
};
}
__attribute__((export_name("each"))) int each(int cents, int count) {
  shop::Price<int> price{cents};
  return price.each(count) + 1;
}

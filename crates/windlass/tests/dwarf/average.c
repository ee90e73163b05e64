// Compiled to average-4.wasm and average-5.wasm: see README.md. The tests name lines of this file.

#define EXPORT(name) __attribute__((export_name(name)))
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))

static int reads;

INLINE int divided(int sum, int count) {
  return sum / count;
}

INLINE int mean(const int *values, int count) {
  int sum = 0;
  for (int i = 0; i < count; i++) {
    sum += values[i];
  }
  return divided(sum, count);
}

NOINLINE int average(const int *values, int count) {
  reads++;
  return mean(values, count) + reads;
}

EXPORT("run") int run(int count) {
  int values[] = {1, 2, 3, count};
  return 2 * average(values, count);
}

EXPORT("fail") void fail(void) {
  __builtin_trap();
}

// How the pinned Node is started, wherever it is started: what keeps a thousand streams within 300 MB.

/**
 * Quiet about `node:sqlite`; the main thread keeps few new objects, so its young generation can be small; two threads
 * help all others to collect and compile; the heap grows by a fifth before it is collected, not by much more; code that
 * ran at the start and not since is let go.
 */
export const FLAGS = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=2',
  '--heap-growing-percent=20',
  '--v8-pool-size=2',
  '--bytecode-old-age=2',
  '--flush-baseline-code',
];

/**
 * Environment of the program. glibc gives each thread an arena of its own and keeps what is freed; one arena for all costs
 * nothing that could be measured, and what is large is given back as soon as it is free. Stripped and compiled sources are
 * kept between starts, so that no thread loads the compiler for types.
 * @param cache folder for compiled sources
 */
export const environment = (cache) => ({
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '65536',
  MALLOC_MMAP_THRESHOLD_: '32768',
  MALLOC_TOP_PAD_: '0',
  NODE_COMPILE_CACHE: cache,
  ...process.env,
  // The ONNX runtime reports its use to its maker unless told otherwise; nothing here phones home.
  ORT_DISABLE_TELEMETRY: '1',
});

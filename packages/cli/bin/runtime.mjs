// How the pinned Node is started, wherever it is started.

/** V8 keeps its own settings: a thousand streams fit into 512 MB with them, and a smaller heap costs processor time. */
export const FLAGS = ['--disable-warning=ExperimentalWarning'];

/**
 * Environment of the program. glibc gives each thread an arena of its own and keeps what is freed; one arena for all costs
 * nothing that could be measured, and what is large is given back as soon as it is free. Large is what is larger than the
 * 32 KiB that V8 compiles in: those as mappings of their own doubled what a start costs, and took a tenth of each call's
 * time. Stripped and compiled sources are kept between starts, so that no thread loads the compiler for types.
 * @param cache folder for compiled sources
 */
export const environment = (cache) => ({
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '65536',
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_TOP_PAD_: '0',
  NODE_COMPILE_CACHE: cache,
  ...process.env,
  // The ONNX runtime reports its use to its maker unless told otherwise; nothing here phones home.
  ORT_DISABLE_TELEMETRY: '1',
});

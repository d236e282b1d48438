// For every dialect and operation, bodies whose texts are benign random bytes pass byte-identical: as many of each as `SEEDS` says.
process.env['FAITHFUL_SEEDS'] ??= process.env['SEEDS'] ?? '10000';
await import('../packages/server/test/faithful-input.test.ts' as string);

import { basename, extname } from 'node:path';
import { clock, type Severity } from '@sallyport/core';
import type { FileReport } from '../scan-file.ts';
import type { ScanReport } from '../scan-files.ts';
import { TECHNIQUES, type Technique } from '../techniques.ts';

/** Formats that hold a model, and not what lies around one. */
const MODELS: ReadonlySet<string> = new Set(
  (
    'pickle zip tar 7z npy hdf5 gguf safetensors tflite saved-model meta-graph onnx core-ml paddle graph-def tensorrt ' +
    'r-data msgpack openvino pmml trees joblib-zlib zlib gzip bzip2 xz zstd lz4 lzma ggml tensor-bundle sentencepiece'
  ).split(' '),
);
const DATA = /^(?:parquet|arrow|orc|avro|sqlite|data)$/;
const typeOf = ({ format }: FileReport): string =>
  MODELS.has(format) ? 'machine-learning-model' : DATA.test(format) ? 'data' : 'file';
const refOf = (index: number): string => `file-${index + 1}`;
const cwe = (reference: string): number | null =>
  /^CWE-\d+$/.test(reference) ? Number(reference.slice(4)) : null;

function component(file: FileReport, index: number): object {
  const { path, format, verdict, bytes, sha256 } = file;
  return {
    type: typeOf(file),
    'bom-ref': refOf(index),
    name: basename(path),
    ...(sha256 === null ? {} : { hashes: [{ alg: 'SHA-256', content: sha256 }] }),
    ...(typeOf(file) === 'machine-learning-model'
      ? {
          modelCard: {
            modelParameters: { modelArchitecture: format },
            considerations: { technicalLimitations: [`scan verdict: ${verdict}`] },
          },
        }
      : {}),
    evidence: { occurrences: [{ location: path }] },
    properties: [
      { name: 'sallyport:path', value: path },
      { name: 'sallyport:format', value: format },
      { name: 'sallyport:verdict', value: verdict },
      { name: 'sallyport:bytes', value: String(bytes) },
      ...(extname(path) === '' ? [] : [{ name: 'sallyport:extension', value: extname(path) }]),
    ],
  };
}

/** Findings by technique: each with all components that it concerns. */
function vulnerabilities(report: ScanReport): object[] {
  const byTechnique = new Map<
    string,
    { severity: Severity; files: Set<number>; references: readonly string[] }
  >();
  for (const [index, { detections }] of report.files.entries())
    for (const { technique, severity, references } of detections) {
      const known = byTechnique.get(technique) ?? { severity, files: new Set<number>(), references };
      known.files.add(index);
      byTechnique.set(technique, known);
    }
  return [...byTechnique].map(([id, { severity, files, references }]) => {
    const technique = (TECHNIQUES as Readonly<Record<string, Technique>>)[id];
    return {
      'bom-ref': `technique-${id}`,
      id,
      source: { name: 'sallyport scan' },
      ratings: [{ severity: severity, method: 'other', source: { name: 'sallyport scan' } }],
      cwes: references.map(cwe).filter((number) => number !== null),
      description: technique?.about ?? id,
      recommendation: technique?.remedy ?? 'see the report',
      affects: [...files].map((index) => ({ ref: refOf(index) })),
      properties: references.map((reference) => ({ name: 'sallyport:reference', value: reference })),
    };
  });
}

/** A scan as a bill of materials for machine learning, CycloneDX 1.7 (ECMA-424). @param serial a UUID */
export function toCycloneDx(report: ScanReport, version: string, serial: string): object {
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.7.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.7',
    serialNumber: `urn:uuid:${serial}`,
    version: 1,
    metadata: {
      timestamp: clock.nowIso(),
      tools: { components: [{ type: 'application', name: 'sallyport scan', version }] },
      properties: [{ name: 'sallyport:verdict', value: report.summary.verdict }],
    },
    components: report.files.map(component),
    vulnerabilities: vulnerabilities(report),
  };
}

import { basename, extname } from 'node:path';
import { clock, type Severity } from '@sallyport/core';
import type { DependencyReport } from '../dependencies/inspect-dependencies.ts';
import type { Vulnerability } from '../dependencies/judge-packages.ts';
import { packageUrl } from '../dependencies/package-url.ts';
import type { FileReport } from '../scan-file.ts';
import type { JudgedFiles } from '../scan-files.ts';
import { TECHNIQUES, type Technique, type TechniqueName } from '../techniques.ts';
import { isModelFormat } from './model-formats.ts';

const DATA = /^(?:parquet|arrow|orc|avro|sqlite|data)$/;
const typeOf = ({ format }: FileReport): string =>
  isModelFormat(format) ? 'machine-learning-model' : DATA.test(format) ? 'data' : 'file';
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
function vulnerabilities(report: JudgedFiles): object[] {
  const byTechnique = new Map<
    string,
    { severity: Severity; files: Set<number>; references: readonly string[] }
  >();
  for (const [index, { detections }] of report.files.entries())
    for (const { technique, severity, references } of detections) {
      // What is said of a package stands with the package.
      if (isDependencyReport(report) && NAMED_ADVISORIES.has(technique)) continue;
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

const isDependencyReport = (report: JudgedFiles): report is DependencyReport => 'vulnerabilities' in report;
const NAMED_ADVISORIES: ReadonlySet<string> = new Set([
  'malicious-package',
  'exploited-vulnerability',
  'severe-vulnerability',
  'vulnerability',
] satisfies TechniqueName[]);

/** Packages of lock files, each once, and what is known against them. */
function packagesOf({ components, vulnerabilities: known }: DependencyReport) {
  const byUrl = new Map(components.map((one) => [one.purl, one]));
  const byId = new Map<string, { one: Vulnerability; refs: Set<string> }>();
  for (const one of known) {
    const entry = byId.get(one.id) ?? { one, refs: new Set() };
    entry.refs.add(packageUrl(one.ecosystem, one.name, one.version));
    byId.set(one.id, entry);
  }
  return {
    components: [...byUrl.values()].map(({ name, version, purl }) => ({
      type: 'library',
      'bom-ref': purl,
      name,
      ...(version === null ? {} : { version }),
      purl,
    })),
    vulnerabilities: [...byId.values()].map(({ one, refs }) => ({
      'bom-ref': one.id,
      id: one.id,
      source: { name: 'OSV' },
      references: one.aliases.map((id) => ({ id, source: { name: 'OSV' } })),
      ratings: [{ severity: one.severity, method: 'other' }],
      ...(Number.isNaN(Date.parse(one.published))
        ? {}
        : { published: new Date(one.published).toISOString() }),
      ...(one.fixed === null ? {} : { recommendation: `update to ${one.fixed} or later` }),
      affects: [...refs].map((ref) => ({ ref })),
      properties: [{ name: 'sallyport:exploited', value: String(one.exploited) }],
    })),
  };
}

/** A scan as a bill of materials for machine learning, CycloneDX 1.7 (ECMA-424). @param serial a UUID */
export function toCycloneDx(report: JudgedFiles, version: string, serial: string): object {
  const packages = isDependencyReport(report) ? packagesOf(report) : { components: [], vulnerabilities: [] };
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
    components: [...report.files.map(component), ...packages.components],
    vulnerabilities: [...vulnerabilities(report), ...packages.vulnerabilities],
  };
}

import { pathToFileURL } from 'node:url';
import { type Severity, visible } from '@sallyport/core';
import type { JudgedFiles } from '../scan-files.ts';
import { TECHNIQUES, type Technique } from '../techniques.ts';

const LEVELS: Readonly<Record<Severity, string>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
};
/** What code-scanning viewers sort by: CVSS-like, as a text. */
const SCORES: Readonly<Record<Severity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '3.0',
  info: '1.0',
};

const uriOf = (path: string): string =>
  path.startsWith('/')
    ? pathToFileURL(path.toWellFormed()).href
    : path.toWellFormed().split('/').map(encodeURIComponent).join('/');

/** A foreign text as viewers show it: what is not seen is escaped, and nothing in it is a link (SARIF 2.1.0, 3.11.6). */
const textOf = (text: string): string => visible(text).replaceAll('](', ']\\u0028');

/** A scan as SARIF 2.1.0 (OASIS). */
export function toSarif(report: JudgedFiles, version: string): object {
  const used = [
    ...new Set(report.files.flatMap(({ detections }) => detections.map(({ technique }) => technique))),
  ].sort();
  const rules = used.map((id) => {
    const technique = (TECHNIQUES as Readonly<Record<string, Technique>>)[id];
    return {
      id,
      name: id,
      shortDescription: { text: technique?.about ?? id },
      help: { text: technique?.remedy ?? 'see the message' },
      defaultConfiguration: { level: LEVELS[technique?.severity ?? 'medium'] },
      properties: {
        tags: ['security', ...(technique?.references ?? [])],
        'security-severity': SCORES[technique?.severity ?? 'medium'],
      },
    };
  });
  const results = report.files.flatMap(({ path, detections }) =>
    detections.map(({ technique, severity, message, location, references }) => ({
      ruleId: technique,
      ruleIndex: used.indexOf(technique),
      level: LEVELS[severity],
      message: { text: textOf(message) },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: uriOf(path) },
            ...(location.line === undefined && location.offset === undefined
              ? {}
              : {
                  region: {
                    ...(location.line === undefined ? {} : { startLine: location.line }),
                    ...(location.offset === undefined ? {} : { byteOffset: location.offset, byteLength: 1 }),
                  },
                }),
          },
          logicalLocations: [
            {
              fullyQualifiedName: visible(
                `${location.path}${location.pointer === undefined ? '' : `#${location.pointer}`}`,
              ),
            },
          ],
        },
      ],
      partialFingerprints: {
        'sallyport/v1': `${technique}:${location.path.slice(path.length)}:${location.pointer ?? location.offset ?? ''}`,
      },
      properties: { references, ...(location.opcode === undefined ? {} : { opcode: location.opcode }) },
    })),
  );
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'sallyport scan', version, semanticVersion: version, rules } },
        artifacts: report.files.map(({ path, bytes, sha256 }) => ({
          location: { uri: uriOf(path) },
          length: bytes,
          ...(sha256 === null ? {} : { hashes: { 'sha-256': sha256 } }),
        })),
        results,
      },
    ],
  };
}

import { basename } from 'node:path';
import { clock } from '@sallyport/core';
import type { JudgedFiles } from '../scan-files.ts';
import { isModelFormat } from './model-formats.ts';

/** What an inventory knows of a model beyond its file, by the path of the file. */
export interface ModelFacts {
  readonly supplier: string;
  readonly version: string;
  /** RFC 3339. */
  readonly releasedAt: string;
}

const NOT_KNOWN = 'NOASSERTION';
const whole = (time: string): string => `${time.slice(0, 19)}Z`;

/**
 * A scan as SPDX 3.0.1 in JSON-LD, models as packages of the AI profile (spdx.github.io/spdx-spec/v3.0.1). It says that it conforms
 * to that profile only where the facts that the profile needs are known of every model: a scan alone knows no supplier.
 * @param serial a UUID
 * @param facts of models, by path
 */
export function toSpdx(
  report: JudgedFiles,
  version: string,
  serial: string,
  facts: ReadonlyMap<string, ModelFacts> = new Map(),
): object {
  const id = (part: string): string => `urn:uuid:${serial}#${part}`;
  const creationInfo = '_:creation';
  const element = (type: string, part: string, fields: object): object => ({
    type,
    spdxId: id(part),
    creationInfo,
    ...fields,
  });
  const suppliers = [...new Set([...facts.values()].map(({ supplier }) => supplier))];
  const supplierId = (name: string): string => `supplier-${suppliers.indexOf(name) + 1}`;
  const models = report.files.filter(({ format }) => isModelFormat(format));
  const isWhole = models.length > 0 && models.every(({ path }) => facts.has(path));
  const artefacts = report.files.map((file, index) => {
    const known = facts.get(file.path);
    const hashes =
      file.sha256 === null
        ? {}
        : { verifiedUsing: [{ type: 'Hash', algorithm: 'sha256', hashValue: file.sha256 }] };
    if (!isModelFormat(file.format))
      return element('software_File', `file-${index + 1}`, {
        name: basename(file.path),
        software_fileKind: 'file',
        ...hashes,
      });
    return element('ai_AIPackage', `file-${index + 1}`, {
      name: basename(file.path),
      ...hashes,
      software_primaryPurpose: 'model',
      software_packageVersion: known?.version ?? file.sha256 ?? NOT_KNOWN,
      software_downloadLocation: /^https?:/.test(file.path) ? file.path : NOT_KNOWN,
      ai_informationAboutApplication: `format ${file.format}; scan verdict ${file.verdict}`,
      ...(known ? { suppliedBy: id(supplierId(known.supplier)), releaseTime: whole(known.releasedAt) } : {}),
    });
  });
  const annotations = report.files.flatMap(({ detections }, index) =>
    detections.map(({ technique, severity, message, references, remedy }, at) =>
      element('Annotation', `file-${index + 1}-detection-${at + 1}`, {
        annotationType: 'review',
        subject: id(`file-${index + 1}`),
        statement: `${severity}: ${technique}: ${message}; ${remedy} (${references.join(', ')})`,
      }),
    ),
  );
  const described = report.files.map((_, index) => id(`file-${index + 1}`));
  return {
    '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
    '@graph': [
      {
        type: 'CreationInfo',
        '@id': creationInfo,
        specVersion: '3.0.1',
        created: whole(clock.nowIso()),
        createdBy: [id('agent')],
        createdUsing: [id('tool')],
      },
      element('SoftwareAgent', 'agent', { name: 'sallyport' }),
      element('Tool', 'tool', { name: `sallyport scan ${version}` }),
      ...suppliers.map((name) => element('Organization', supplierId(name), { name })),
      element('SpdxDocument', 'document', {
        name: 'sallyport scan',
        rootElement: [id('bom')],
        profileConformance: ['core', 'software', ...(isWhole ? ['ai'] : [])],
      }),
      element('software_Sbom', 'bom', {
        software_sbomType: ['analyzed'],
        ...(described.length > 0 ? { rootElement: described, element: described } : {}),
      }),
      ...artefacts,
      ...annotations,
    ],
  };
}

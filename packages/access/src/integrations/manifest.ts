import { type Manifest, type SeenCertificate, seenDigest } from '@sallyport/core';
import { outsideScope } from '../key-scope.ts';

/** A tool as its server defines it. */
export interface ToolDefinition {
  readonly name: string;
  readonly [member: string]: unknown;
}

/** What can be seen of a third party from here. */
export interface Seen {
  /** By origin; null where none answered, absent where there is no TLS. */
  readonly certificates: Readonly<Record<string, SeenCertificate | null>>;
  /** SHA-256 of each definition, hex, by name of the tool. */
  readonly tools: Readonly<Record<string, string>>;
}

/** Something that is about to go to a third party. */
export interface EgressCall {
  readonly origin: string;
  readonly system?: string | undefined;
  readonly model?: string | null | undefined;
  readonly operation?: string | undefined;
  readonly tool?: string | undefined;
  readonly dataClasses?: readonly string[] | undefined;
}

/** Digest of everything that a tool says of itself: words are instructions to a model, so words count. */
export const toolDigest = (tool: ToolDefinition): string => seenDigest(tool);

/** What of a call lies outside a manifest, in words; null where nothing does. */
export function outsideManifest(manifest: Manifest, call: EgressCall): string | null {
  const { origins, systems, tools, dataClasses } = manifest;
  if (!origins.includes(call.origin)) return `the origin ${call.origin}`;
  if (call.system !== undefined && !systems.includes(call.system)) return `the system \`${call.system}\``;
  const foreign = (call.dataClasses ?? []).find((one) => !dataClasses.includes(one));
  if (foreign !== undefined) return `data of the class \`${foreign}\``;
  if (call.tool !== undefined && tools !== undefined && !tools.includes(call.tool))
    return `the tool \`${call.tool.slice(0, 64)}\``;
  if (call.operation === undefined) return null;
  const { models, operations } = manifest;
  const scope = { ...(models ? { models } : {}), ...(operations ? { operations } : {}) };
  return outsideScope(scope, { model: call.model ?? null, operation: call.operation, address: '', atMs: 0 });
}

/** What changed between two looks, in words. What did not answer says nothing. */
export function differences(manifest: Manifest, before: Seen, now: Seen): string[] {
  const words: string[] = [];
  const kept = manifest.certificate;
  for (const [origin, seen] of Object.entries(now.certificates)) {
    const known = before.certificates[origin];
    if (seen && known && seen[kept] !== known[kept])
      words.push(`${origin} shows another ${kept === 'key' ? 'key' : 'issuer'} than when it was approved`);
  }
  for (const [name, digest] of Object.entries(now.tools)) {
    const known = before.tools[name];
    if (known === undefined) words.push(`the tool \`${name}\` is new`);
    else if (known !== digest) words.push(`the tool \`${name}\` is defined otherwise`);
  }
  for (const name of Object.keys(before.tools))
    if (now.tools[name] === undefined) words.push(`the tool \`${name}\` is gone`);
  return words;
}

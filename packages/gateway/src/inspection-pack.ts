import type { Detection, InspectionRequest } from '@sallyport/core';

type Kind = Omit<InspectionRequest, 'text' | 'pointer'>;

/** Requests on their way to a thread: one long text instead of many, and what they share once. */
export interface PackedRequests {
  readonly texts: string;
  /** Where each text ends. */
  readonly ends: Uint32Array;
  readonly kinds: readonly Kind[];
  /** Which of {@link kinds} each request is of. */
  readonly kindOf: Uint16Array;
}

/** What was found, and in which of the requests. */
export interface PackedDetections {
  readonly found: readonly Detection[];
  readonly requestOf: Uint32Array;
}

const KINDS_MAX = 65_535;

const OWN = new Set(['text', 'pointer']);

/** Whether a request is of a kind: the same in everything, whatever fields there are. */
function isOf(request: InspectionRequest, kind: Kind): boolean {
  for (const field in request)
    if (!OWN.has(field) && request[field as keyof Kind] !== kind[field as keyof Kind]) return false;
  for (const field in kind) if (!(field in request)) return false;
  return true;
}

/** Kinds that are compared with; requests of one call have a few. */
const COMPARED_MAX = 16;

function kindOf(kinds: Kind[], request: InspectionRequest): number {
  for (let i = kinds.length - 1; i >= 0 && i >= kinds.length - COMPARED_MAX; i--)
    if (isOf(request, kinds[i]!)) return i;
  if (kinds.length === KINDS_MAX) throw new RangeError('too many kinds of requests');
  const { text: _text, pointer: _pointer, ...kind } = request;
  return kinds.push(kind) - 1;
}

/** Packs requests, so that sending very many of them takes little time. */
export function pack(requests: readonly InspectionRequest[]): PackedRequests {
  const ends = new Uint32Array(requests.length);
  const which = new Uint16Array(requests.length);
  const kinds: Kind[] = [];
  const texts: string[] = [];
  let end = 0;
  requests.forEach((request, i) => {
    texts.push(request.text);
    end += request.text.length;
    ends[i] = end;
    which[i] = kindOf(kinds, request);
  });
  return { texts: texts.join(''), ends, kinds, kindOf: which };
}

/** Inspects packed requests one by one. */
export function inspectPacked(
  { texts, ends, kinds, kindOf: which }: PackedRequests,
  inspect: (request: InspectionRequest) => readonly Detection[],
): PackedDetections {
  const found: Detection[] = [];
  const requestOf: number[] = [];
  let start = 0;
  for (let i = 0; i < ends.length; i++) {
    const end = ends[i]!;
    for (const detection of inspect({ ...kinds[which[i]!]!, text: texts.slice(start, end), pointer: '' })) {
      found.push(detection);
      requestOf.push(i);
    }
    start = end;
  }
  return { found, requestOf: Uint32Array.from(requestOf) };
}

/** Detections of packed requests, each with its place again. */
export function unpack(
  { found, requestOf }: PackedDetections,
  requests: readonly InspectionRequest[],
): Detection[] {
  return found.map((detection, i) => ({
    ...detection,
    location: { ...detection.location, pointer: requests[requestOf[i]!]!.pointer },
  }));
}

/** Bounds on everything, each with a name. Bytes unless the name says otherwise. */
export const LIMITS = {
  /** Largest request body taken in, after decompression. */
  bodyBytesMax: 32 * 1024 * 1024,
  /** Largest answer that is not a stream. */
  responseBytesMax: 32 * 1024 * 1024,
  /** Largest answer in all that is a stream. */
  streamBytesMax: 256 * 1024 * 1024,
  /** Largest single event within a stream. */
  streamEventBytesMax: 16 * 1024 * 1024,
  /** Characters of stream text held while a verdict is open, over all channels. */
  streamHeldBytesMax: 8 * 1024 * 1024,
  /** Events of a stream held while a verdict is open. */
  streamHeldEventsMax: 65_536,
  /** Channels (choices, tool calls, reasoning parts) one stream may open. */
  streamChannelsMax: 256,
  /** Items, calls of tools, their ids and their places that one stream may name, and the characters of those names. */
  streamNamesMax: 65_536,
  streamNamesCharactersMax: 4 * 1024 * 1024,
  /** Nesting of JSON in requests and answers. */
  jsonDepthMax: 64,
  /** Strings one body may hold, names of members that no program would choose among them. */
  jsonStringsMax: 50_000,
  /** The same of an answer: the probabilities of its words are many. */
  answerStringsMax: 1_000_000,
  /** Members of objects, and lists and objects, that one body may hold: building each costs time on the event loop. */
  jsonMembersMax: 200_000,
  jsonContainersMax: 200_000,
  /** Values in lists and objects of one body, numbers among them: a picture of 640 by 640 is 1.2 million. */
  jsonValuesMax: 2_000_000,
  /** The same of an answer: vectors of a batch are many. */
  answerValuesMax: 4_000_000,
  /** Characters of the names of members that lead to one place of a body. */
  jsonPathCharactersMax: 2_048,
  /** Characters of all pointers into one body, answer or event that are kept. */
  pointersCharactersMax: 4 * 1024 * 1024,
  /**
   * Characters of a call that are inspected on the event loop; more go to a thread. Of texts made to be slow 99 of
   * 100 took less than 1 µs a character (docs/MEASURED.md), so this many take less than 2 ms.
   */
  inspectInlineCharactersMax: 2_048,
  /** Detections of one exchange and direction that the record names. */
  detectionsMax: 64,
  /** Detections in one text: a text with more is refused, as what was not counted would pass. */
  detectionsPerTextMax: 50_000,
  /** One leaf of the log (C2SP tlog-tiles entries carry a 16-bit length). */
  leafBytesMax: 65_535,
  /** Bytes that bodies and answers of all calls in flight on one worker hold; a body counts twice, as it is held as text, too. */
  heldBytesMax: 256 * 1024 * 1024,
  /** Content kept, sealed, for one direction of an exchange. */
  payloadBytesMax: 4 * 1024 * 1024,
  /** Content of streams in flight kept for the record, over all streams of a worker; beyond it only a beginning is. */
  streamsKeptBytesMax: 64 * 1024 * 1024,
  /** Header block of a request. */
  headerBytesMax: 16 * 1024,
  /** Connections that callers hold to all workers. */
  connectionsMax: 16_384,
  /** Calls in flight on one worker. */
  inFlightMax: 4096,
  /**
   * How many early refusals (before anything was taken from a limit) one worker records singly each minute, for each key or,
   * without a key, for each address. Further ones are only counted.
   */
  refusalRecordsPerMinute: 60,
  /** The same of all calls without a key that is known. */
  unknownRefusalRecordsPerMinute: 120,
  /** Addresses tracked for that purpose. */
  addressesTrackedMax: 10_000,
} as const;

/** Limits of a key or a system; zero lets nothing of that kind pass. */
export interface UsageLimits {
  /** Requests a minute. */
  readonly requestsPerMinute: number;
  /** Tokens a minute, in and out. */
  readonly tokensPerMinute: number;
  /** Calls at the same time. */
  readonly concurrent: number;
  /** Spend a day (UTC), in millionths of a US dollar. */
  readonly spendMicroUsdPerDay: number;
}

/** Limits a key or system has when nobody chose any: high enough to be a fuse, not a plan. */
export const DEFAULT_USAGE_LIMITS: UsageLimits = {
  requestsPerMinute: 60_000,
  tokensPerMinute: 50_000_000,
  concurrent: 1024,
  spendMicroUsdPerDay: 100_000_000,
};

/** The limits chosen, completed by the defaults. */
export const usageLimits = (own: { [K in keyof UsageLimits]?: number | undefined }): UsageLimits => ({
  requestsPerMinute: own.requestsPerMinute ?? DEFAULT_USAGE_LIMITS.requestsPerMinute,
  tokensPerMinute: own.tokensPerMinute ?? DEFAULT_USAGE_LIMITS.tokensPerMinute,
  concurrent: own.concurrent ?? DEFAULT_USAGE_LIMITS.concurrent,
  spendMicroUsdPerDay: own.spendMicroUsdPerDay ?? DEFAULT_USAGE_LIMITS.spendMicroUsdPerDay,
});

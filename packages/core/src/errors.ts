/** What an error code means: its HTTP status, what happened, and what the person reading it should do. */
export interface ErrorMeaning {
  readonly status: number;
  readonly meaning: string;
  readonly action: string;
}

const row = (status: number, meaning: string, action: string): ErrorMeaning => ({ status, meaning, action });

/** Every code Sallyport can answer or throw. `docs/ERRORS.md` is checked against this table. */
export const ERRORS = {
  'key-missing': row(401, 'the call carries no API key', 'send `authorization: Bearer sp_…`'),
  'key-malformed': row(
    401,
    'the API key has a typo: its checksum does not match',
    'copy the key again, whole',
  ),
  'key-unknown': row(401, 'no such API key', 'check the key, or create one with `sallyport key create`'),
  'key-expired': row(401, 'the API key is past its expiry', 'create a new key with `sallyport key create`'),
  'key-revoked': row(401, 'the API key was revoked', 'ask the owner of the key for a new one'),
  'not-authorised': row(403, 'no policy permits this key to do this', 'create a key that names the system'),
  'out-of-scope': row(
    403,
    'the API key is not meant for this',
    'make a key with a wider scope, or call as this one is meant to',
  ),
  'integration-refused': row(
    403,
    'the third party behind this is not approved for it',
    'see why under Integrations, or with `sallyport integration list`; an approver approves it',
  ),
  'route-unknown': row(404, 'the gateway serves no such route', 'see the routes in `docs/LIFECYCLE.md`'),
  'system-unknown': row(404, 'no system of this name is known', 'list them with `sallyport upstream list`'),
  'system-ambiguous': row(
    400,
    'the key allows several systems and the call chooses none',
    'call `/s/NAME/…`, or name the system as the model',
  ),
  'method-not-allowed': row(
    405,
    'the route exists but not with this method',
    'use the method the dialect defines',
  ),
  'rate-limited': row(429, 'too many requests or tokens a minute', 'wait as long as `Retry-After` says'),
  'concurrency-limited': row(429, 'too many calls at the same time', 'wait for an earlier call to end'),
  'spend-limited': row(
    429,
    'the spending limit of the day is reached',
    'raise the limit, or wait for 00:00 UTC',
  ),
  'over-limit': row(
    400,
    'the call is larger than a limit ever lets through',
    'ask for fewer tokens or send less, or raise the limit',
  ),
  'body-too-large': row(413, 'the body is over the size limit', 'send less, or raise `limits.bodyBytesMax`'),
  'body-not-json': row(400, 'the body is not valid JSON in UTF-8', 'send JSON encoded as UTF-8'),
  'body-too-deep': row(400, 'the JSON is nested too deeply', 'flatten it'),
  'body-duplicate-key': row(
    400,
    'an object in the body names one key twice',
    'send each key once, in the case that the API documents',
  ),
  'body-lone-surrogate': row(400, 'a string in the body holds half a character', 'send well-formed Unicode'),
  'body-invalid': row(
    400,
    'the body does not have the shape this dialect defines',
    'send what the API of this dialect documents: the message names the member that is not so',
  ),
  'body-encoding-unsupported': row(
    415,
    'the body has a content encoding that cannot be inspected',
    'send gzip, deflate, br, zstd or none',
  ),
  'header-invalid': row(
    400,
    'a header that the AI system would act on is not of its form, or stands there twice',
    'send it once, as its provider documents it',
  ),
  'query-invalid': row(
    400,
    'the query string is not of a form that can be judged',
    'send each parameter once, with a short value of plain characters',
  ),
  'body-type-unsupported': row(
    415,
    'the body is not of a type that can be inspected',
    'send application/json in UTF-8',
  ),
  'body-truncated': row(400, 'the body ended early or arrived too slowly', 'send the whole body in time'),
  'input-denied': row(
    403,
    'the input gate refused the call',
    'the operator finds what was seen, and where, under the id of the exchange',
  ),
  'output-denied': row(
    403,
    'the output gate withheld the answer',
    'the operator finds what was seen, and where, under the id of the exchange',
  ),
  'model-invalid': row(
    500,
    'the injection model is missing or not the one that ships with this version',
    'install the program again, or run `npm run train:guard` and pin its signer',
  ),
  'inspection-failed': row(
    503,
    'a text could not be inspected, so it was not let through',
    'try again; if it stays, run `sallyport doctor`',
  ),
  'record-unavailable': row(
    503,
    'the record cannot be written, so no call is let through',
    'free disk space or mend the data folder, then run `sallyport doctor`',
  ),
  'not-recorded-yet': row(
    503,
    'it is in force, and could not be stored or recorded yet',
    'make room on the disk; it is tried again until it is stored, and is to be done again if the program ends before',
  ),
  overloaded: row(503, 'the gateway is at its limit of calls', 'try again shortly'),
  draining: row(503, 'the gateway is stopping', 'try again; another instance may answer'),
  'upstream-backing-off': row(
    503,
    'the last calls to the AI system failed, and it is left alone for a while',
    'come back after `retry-after` seconds; `backOff` of the system says after how many failures and for how long',
  ),
  'upstream-unreachable': row(
    502,
    'no connection to the AI system could be made',
    'check its address with `sallyport upstream list`',
  ),
  'upstream-refused-address': row(
    502,
    'the address of the AI system is in a private or reserved range',
    'allow it with `--allow-private` if it is meant',
  ),
  'upstream-timeout': row(504, 'the AI system did not answer in time', 'try again, or raise its deadlines'),
  'upstream-redirected': row(
    502,
    'the AI system answered with a redirect, which is never followed',
    'configure the final address',
  ),
  'upstream-invalid': row(
    502,
    'the AI system answered something that is not of its dialect',
    'check the dialect and address of the upstream',
  ),
  'upstream-error': row(
    502,
    'the AI system failed or refused the call, and what it said cannot be read; the status is its own',
    'see the status and `retry-after`; the exchange id finds the call in the record',
  ),
  'upstream-too-large': row(502, 'the answer is over the size limit', 'raise `limits.responseBytesMax`'),
  'upstream-credential-missing': row(
    502,
    'Sallyport has no credential that it could send to the AI system; your API key is not the cause',
    'the operator runs `sallyport doctor`, which names the variable or file',
  ),
  'upstream-credential-refused': row(
    401,
    'the AI system refused the credential that Sallyport sends it; your API key is not the cause',
    'the operator sees which under Alerts, and sets another: the variable or file, or `sallyport upstream edit NAME --api-key-ref`',
  ),
  'client-aborted': row(499, 'the caller went away before the answer was complete', 'none is needed'),
  'not-signed-in': row(401, 'this needs a signed-in person', 'sign in, or use the command line'),
  'not-permitted': row(
    403,
    'no role that you hold permits this',
    'ask an administrator; `sallyport policy explain` says what would permit it',
  ),
  'proof-needed': row(
    403,
    'this is dangerous, and the last proof of who you are is older than five minutes',
    'prove it again, then repeat the request',
  ),
  'factor-needed': row(
    403,
    'your roles need a stronger factor than this session was proven with',
    'add or use a passkey (administrators) or an authenticator app under Account',
  ),
  'sign-on-failed': row(
    403,
    'signing on through the identity provider failed',
    'begin again; if it stays, see the settings under `access.signOn`',
  ),
  'token-invalid': row(
    401,
    'the token of this job stands for no service account',
    'see its claims against `access.workloads`',
  ),
  'factor-invalid': row(403, 'the factor does not prove who you are', 'try again, or use another factor'),
  'setup-link-invalid': row(
    403,
    'the set-up link is used, expired or wrong',
    'make one with `sallyport up` again',
  ),
  'host-not-allowed': row(
    421,
    'the request names a host this server does not answer for',
    'use the address that `sallyport up` printed, or set `control.publicUrl`',
  ),
  'origin-not-allowed': row(403, 'the request comes from another site', 'use the console at its own address'),
  'reference-not-allowed': row(
    403,
    'a secret or file may be named only where the configuration file allows it',
    'do what the message names; `docs/VAULT.md` says what may be named where',
  ),
  'origin-not-approved': row(
    403,
    'a credential that belongs to one address is not sent to another without approval',
    'ask for it under `/api/v1/secret-origins` and have a second person approve it, or use `sallyport upstream add` on the machine itself',
  ),
  'system-quarantined': row(
    503,
    'what is stored about this AI system cannot be used, so nothing goes to it',
    'see the alert, or `sallyport doctor`; mend what it names, or remove the system',
  ),
  'not-found': row(404, 'there is no such thing', 'check the id'),
  'request-invalid': row(
    400,
    'the request does not match the schema',
    'change what the message names, and send it again',
  ),
  conflict: row(409, 'a thing of this name exists already', 'choose another name'),
  'config-invalid': row(400, 'the configuration is not valid', 'mend the field the message names'),
  'policy-invalid': row(
    400,
    'a policy does not parse or does not match the schema',
    'mend the policy file named',
  ),
  'rules-invalid': row(
    400,
    'a rule over texts does not parse, or fails one of its own tests',
    'mend the rule named; `sallyport guard rules FOLDER` checks them',
  ),
  'profile-invalid': row(
    400,
    'a file that was learned from training data is missing or is none',
    'make it with `sallyport guard learn` or `guard learn-texts`, and name it at the system',
  ),
  'people-full': row(
    403,
    'there is no room for more people of the identity provider',
    'raise `access.provisionedPeople`',
  ),
  'data-locked': row(
    409,
    'another server holds the data folder',
    'wait if it is just starting; else stop it, or use another `--data`',
  ),
  'owner-untrusted': row(
    403,
    'a file that another user could have changed is not obeyed',
    'make it yours, or use another `--data` or `--config`',
  ),
  'data-damaged': row(
    500,
    'a file in the data folder is damaged',
    'run `sallyport ledger verify`, restore a backup',
  ),
  'root-key-missing': row(
    500,
    'the root key of this data folder cannot be found',
    'restore it, or name it with `--root-key`',
  ),
  'root-key-wrong': row(500, 'the root key does not belong to this data folder', 'name the right one'),
  'key-provider-unavailable': row(
    503,
    'the key provider that keeps the root key cannot be reached',
    'see that the key provider of `keys.provider` answers; nothing is sealed or opened until it does',
  ),
  'tls-required': row(
    400,
    'an address other than loopback needs TLS',
    'set `tls` for the listener, or use 127.0.0.1',
  ),
  'address-in-use': row(409, 'the port is taken by another program', 'choose another port'),
  'ledger-corrupt': row(500, 'the log does not verify', 'keep a copy of the folder, restore a backup'),
  'file-unusable': row(
    500,
    'a file or folder cannot be used',
    'see that it exists and that the user who runs the command may read and write it',
  ),
  'database-unavailable': row(
    503,
    'the database that keeps the state cannot be used',
    'see that it runs, takes changes and can be reached from here; it is tried again with the next call',
  ),
  'state-lost': row(
    500,
    'the state is not the one that the record goes with',
    'name the database that it was kept in (`database` in sallyport.yaml), put `state.db` back, or bring a backup back with `sallyport restore FILE --data NEW-FOLDER`; nothing was changed',
  ),
  'record-rolled-back': row(
    500,
    'the log is older than what its witnesses saw',
    'restore a newer backup, or fetch what is missing with `sallyport ledger fill`; nothing is signed until then',
  ),
  'entry-too-large': row(500, 'a log entry is over 65,535 bytes', 'report this: entries are bounded'),
  'data-key-used-up': row(
    503,
    'a data key has sealed as often as it may',
    'have new ones made with `sallyport vault rotate data`; no call of its system is let through until then',
  ),
  'backup-untrusted': row(
    500,
    'the backup was not made by an installation that this machine knows',
    'name the key of the installation with `--trust`, once you compared it',
  ),
  'sealed-content-unreadable': row(
    500,
    'sealed content cannot be opened',
    'its key was destroyed, or it was changed',
  ),
  'signature-invalid': row(
    409,
    'a signature does not hold, or what it covers is not what was signed',
    'do not use it; get it again from its signer',
  ),
  'artefact-corrupt': row(
    500,
    'a stored artefact is not what was stored',
    'restore it from a backup, or register it again',
  ),
  'artefact-unreachable': row(
    503,
    'the store of artefacts does not answer, or does not let us in',
    'see that the object store is up and takes this key; nothing that was stored is lost',
  ),
  'gate-closed': row(
    403,
    'a version may not be served yet',
    'see what is missing on the page of the model, or with `sallyport model show`',
  ),
  usage: row(400, 'the command was used wrongly', 'see `sallyport help`'),
  internal: row(500, 'a fault inside Sallyport', 'run `sallyport doctor`, report the exchange id'),
} as const satisfies Record<string, ErrorMeaning>;

/** A stable error code; the same word in denials, logs and `docs/ERRORS.md`. */
export type ErrorCode = keyof typeof ERRORS;

/** A fault with a stable code. Messages are lower case and never hold secrets or prompt text. */
export class CodedError extends Error {
  readonly code: ErrorCode;
  /** When to come back, in milliseconds from now; null where that is not known. */
  readonly retryAfterMs: number | null;
  constructor(
    code: ErrorCode,
    message?: string,
    options?: { cause?: unknown; retryAfterMs?: number | null },
  ) {
    super(message ?? ERRORS[code].meaning, options);
    this.name = 'CodedError';
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs ?? null;
  }
  /** The same in whole seconds, one at least, as `Retry-After` has it. */
  get retryAfterSeconds(): number | null {
    return this.retryAfterMs === null ? null : Math.max(1, Math.ceil(this.retryAfterMs / 1_000));
  }
  /** HTTP status that goes with the code. */
  get status(): number {
    return ERRORS[this.code].status;
  }
}
